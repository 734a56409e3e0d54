"""Coordinates for buses that have none: beside their neighbours, or a tree drawn from the slack outwards."""

import json
from collections import deque
from math import cos, dist, radians, sin
from statistics import median
from typing import Any

Point = tuple[float, float]

BESIDE = 0.6
"""Distance from a neighbour that has a place, over the typical distance between buses. [-]"""

# Turns of this angle never meet again.
GOLDEN_ANGLE_DEGREE = 137.508


def add_missing_coordinates(net: Any) -> None:
    """Give every bus without `geo` a place; buses that have one keep it.

    A bus whose neighbours have places stands beside the nearest of them, as a transformer's secondary beside its
    primary. A network without any place is drawn as a layered tree: distance from the slack to the right, branches
    downwards.
    """
    missing = [bus for bus in net.bus.index if not _has_coordinates(net, bus)]
    if not missing:
        return
    present = {bus: coordinates(net, bus) for bus in net.bus.index if _has_coordinates(net, bus)}
    places = beside_neighbours(net, present or layered_tree(net))
    if "geo" not in net.bus:
        net.bus["geo"] = None
    net.bus["geo"] = net.bus["geo"].astype(object)
    for bus in missing:
        net.bus.at[bus, "geo"] = geojson(*places[bus])


def beside_neighbours(net: Any, present: dict[int, Point]) -> dict[int, Point]:
    """Places for all buses: those `present`, and from them outwards every other one a little beside its neighbour.

    "A little" is a share of the typical distance between neighbours that have places; those beside one bus are spread
    around it. What hangs together with no place at all stands beside the first of those present.
    """
    graph = _graph_of(net, live=False)
    places = dict(present)
    reach = BESIDE * _typical_distance(graph, present)
    waiting, anchor = deque(present), next(iter(present))
    while len(places) < len(graph):
        if not waiting:
            waiting.append(next(bus for bus in graph if bus not in places))
            places[waiting[0]] = _beside(places[anchor], reach, len(places))
        bus = waiting.popleft()
        for turn, neighbour in enumerate(sorted(n for n in graph.neighbors(bus) if n not in places)):
            places[neighbour] = _beside(places[bus], reach, turn)
            waiting.append(neighbour)
    return places


def layered_tree(net: Any) -> dict[int, Point]:
    """Place of each live bus: x is its number of branches from the slack, y the middle of what hangs on it."""
    import networkx

    graph = _graph_of(net, live=True)
    places: dict[int, Point] = {}
    next_leaf_y = 0.0
    for root in _roots(net, graph):
        if root in places:
            continue
        tree = networkx.bfs_tree(graph, root, sort_neighbors=sorted)
        depth = networkx.shortest_path_length(tree, root)
        for bus in networkx.dfs_postorder_nodes(tree, root):
            children = [places[child][1] for child in tree.successors(bus)]
            if children:
                y = sum(children) / len(children)
            else:
                y, next_leaf_y = next_leaf_y, next_leaf_y - 1.0
            places[bus] = (float(depth[bus]), y)
    return places


def _graph_of(net: Any, live: bool) -> Any:
    """Buses and what connects them: all there is, or what is in service behind closed switches."""
    import pandapower.topology

    return pandapower.topology.create_nxgraph(net, respect_switches=live, multi=False, include_out_of_service=not live)


def _typical_distance(graph: Any, places: dict[int, Point]) -> float:
    """Median distance of neighbours that both have places; 1 where there are none."""
    lengths = [dist(places[a], places[b]) for a, b in graph.edges if a in places and b in places]
    return median(length for length in lengths if length > 0) if any(lengths) else 1.0


def _beside(place: Point, reach: float, turn: int) -> Point:
    """A place at the distance `reach`; each turn in another direction."""
    angle = radians(-45.0 + turn * GOLDEN_ANGLE_DEGREE)
    return place[0] + reach * cos(angle), place[1] + reach * sin(angle)


def _roots(net: Any, graph: Any) -> list[int]:
    """Slack buses first, then every bus, so that parts that hang on nothing are placed as well."""
    return [*net.ext_grid.bus.tolist(), *net.gen.bus[net.gen.slack].tolist(), *sorted(graph.nodes)]


def _has_coordinates(net: Any, bus: int) -> bool:
    return "geo" in net.bus and place_of(net.bus.at[bus, "geo"]) is not None


def coordinates(net: Any, bus: int) -> Point:
    """Where a bus with coordinates is."""
    place = place_of(net.bus.at[bus, "geo"])
    assert place is not None, f"bus {bus} has no coordinates"
    return place


def place_of(geo: Any) -> Point | None:
    """The point that a cell of ``net.bus.geo`` holds; None where it holds none."""
    if not isinstance(geo, str) or not geo:
        return None
    x, y = json.loads(geo)["coordinates"][:2]
    return float(x), float(y)


def geojson(x: float, y: float) -> str:
    """A point as pandapower keeps it in ``net.bus.geo``."""
    return json.dumps({"coordinates": [x, y], "type": "Point"})
