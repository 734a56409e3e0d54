"""Coordinates for buses that have none: a tree drawn from the slack outwards."""

import json
from collections.abc import Iterable
from typing import Any

Point = tuple[float, float]


def add_missing_coordinates(net: Any) -> None:
    """Give every bus without `geo` a place; buses that have one keep it.

    The places come from a layered tree (distance from the slack to the right, branches downwards) stretched over the
    rectangle that the existing coordinates span, so that both can be looked at in one picture.
    """
    missing = [bus for bus in net.bus.index if not _has_coordinates(net, bus)]
    if not missing:
        return
    present = [coordinates(net, bus) for bus in net.bus.index if _has_coordinates(net, bus)]
    places = stretch(layered_tree(net), present)
    if "geo" not in net.bus:
        net.bus["geo"] = None
    net.bus["geo"] = net.bus["geo"].astype(object)
    for bus in missing:
        net.bus.at[bus, "geo"] = json.dumps({"coordinates": list(places[bus]), "type": "Point"})


def layered_tree(net: Any) -> dict[int, Point]:
    """Place of each bus: x is its number of branches from the slack, y the middle of what hangs on it."""
    import networkx
    import pandapower.topology

    graph = pandapower.topology.create_nxgraph(net, respect_switches=False, multi=False, include_out_of_service=True)
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


def stretch(places: dict[int, Point], over: Iterable[Point]) -> dict[int, Point]:
    """The same picture in the rectangle that the points `over` span; as it is where they span none."""
    over = list(over)
    if len(over) < 2:
        return places
    for axis in (0, 1):
        source = [place[axis] for place in places.values()]
        target = [point[axis] for point in over]
        scale = (max(target) - min(target)) / ((max(source) - min(source)) or 1.0)
        shift = min(target) - scale * min(source)
        places = {bus: _with(place, axis, scale * place[axis] + shift) for bus, place in places.items()}
    return places


def _with(place: Point, axis: int, value: float) -> Point:
    return (value, place[1]) if axis == 0 else (place[0], value)


def _roots(net: Any, graph: Any) -> list[int]:
    """Slack buses first, then every bus, so that parts that hang on nothing are placed as well."""
    return [*net.ext_grid.bus.tolist(), *net.gen.bus[net.gen.slack].tolist(), *sorted(graph.nodes)]


def _has_coordinates(net: Any, bus: int) -> bool:
    return "geo" in net.bus and isinstance(net.bus.at[bus, "geo"], str) and bool(net.bus.at[bus, "geo"])


def coordinates(net: Any, bus: int) -> Point:
    x, y = json.loads(net.bus.at[bus, "geo"])["coordinates"][:2]
    return float(x), float(y)
