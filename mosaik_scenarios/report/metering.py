"""The metering plan on the one-line diagram: what is measured where, and how well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mosaik_scenarios.report.drawing import GREEN, ORANGE
from mosaik_scenarios.report.one_line import (
    Branch,
    Point,
    Topology,
    add_marks,
    between,
    branches_of,
    bus_size,
    places_of,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Place = tuple[str, int, str | None]
Channel = dict[str, Any]

WORDS = {"v": "V", "va": "angle", "p": "P", "q": "Q", "i": "I", "tap": "tap", "closed": "state"}
# Neither the red nor the blue of voltages and attacks.
COLOURS = (GREEN, ORANGE, "#7d5ba6", "#8a6d3b", "#c2559d", "#4a9aa8")
FAR_ENDS = ("to", "lv")
NEAR_END = 0.22
"""Where the meter at the end of a branch is drawn, as a share of the branch from there. [-]"""


def metered_places(topology: Topology) -> dict[Place, list[Channel]]:
    """The channels at every bus, branch end, transformer and switch that has any."""
    at_place: dict[Place, list[Channel]] = defaultdict(list)
    for channel in topology.get("meters", ()):
        at_place[channel["element_type"], channel["element"], channel["side"]].append(channel)
    return at_place


def bus_notes(topology: Topology) -> dict[int, str]:
    """What is measured at each metered bus, and how well."""
    return {place[1]: accuracies(channels) for place, channels in metered_places(topology).items() if place[0] == "bus"}


def add_meters(figure: Figure, topology: Topology) -> None:
    """A ring around every metered bus and a diamond at every metered branch end, coloured by what is measured there."""
    points: dict[tuple[str, bool], list[tuple[Point, str]]] = defaultdict(list)
    point_of = _points(topology)
    for place, channels in metered_places(topology).items():
        point = point_of(place)
        if point is not None:
            element_type, element, side = place
            where = f"{element_type} {element}{f', {side}' if side else ''}"
            points[quantities(channels), element_type == "bus"].append((point, f"{where}: {accuracies(channels)}"))
    colour = dict(zip(dict.fromkeys(measured for measured, _ in points), COLOURS * len(points), strict=False))
    size = bus_size(places_of(topology))
    for (measured, at_bus), marked in points.items():
        at, text = zip(*marked, strict=True)
        if at_bus:
            ring = {"symbol": "circle-open", "size": size + 6, "color": colour[measured], "line": {"width": 2}}
            add_marks(figure, at, ring, text, f"{measured} at buses", hoverinfo="skip")
        else:
            edge = {"color": "white", "width": 1}
            diamond = {"symbol": "diamond", "size": max(size - 3, 6), "color": colour[measured], "line": edge}
            add_marks(figure, at, diamond, text, f"{measured} at branches")


def quantities(channels: list[Channel]) -> str:
    """What is measured, each once: "V, P, Q"."""
    return ", ".join(dict.fromkeys(WORDS[channel["measurement_type"]] for channel in channels))


def accuracies(channels: list[Channel]) -> str:
    """What is measured and how well: "V class 0.5, P class 1"; of meters by phase "V class 0.5 in abc".

    A state or a tap's position has no class.
    """
    phases: dict[str, str] = defaultdict(str)
    for channel in channels:
        accuracy_class = channel["accuracy_class"]
        what = f"{WORDS[channel['measurement_type']]}{f' class {accuracy_class:g}' if accuracy_class else ''}"
        phases[what] += channel.get("phase") or ""
    return ", ".join(f"{what} in {of_what}" if of_what else what for what, of_what in phases.items())


def _points(topology: Topology) -> Callable[[Place], Point | None]:
    """Where a meter is drawn; None where its element is not."""
    places, branches = places_of(topology), branches_of(topology)
    switches = {switch["index"]: switch for switch in topology.get("switches", ())}

    def point(place: Place) -> Point | None:
        element_type, element, side = place
        if element_type == "bus":
            return places.get(element)
        if element_type == "switch" and element in switches:
            bus, line = switches[element]["bus"], branches["line"].get(switches[element]["line"])
            side = "from" if line and bus == line["from_bus"] else "to"
            return _between(places, line, side)
        branch = branches["joint" if element_type == "switch" else element_type].get(element)
        return _between(places, branch, side)

    return point


def _between(places: dict[int, Point], branch: Branch | None, side: str | None) -> Point | None:
    """Near one end of a branch, or in its middle."""
    if branch is None:
        return None
    return between(places, branch, 0.5 if side is None else 1 - NEAR_END if side in FAR_ENDS else NEAR_END)
