"""The one-line diagram of a network: its buses where they are, coloured by their voltage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mosaik_scenarios.report.drawing import GREY, INK, figure_of
from mosaik_scenarios.summary.grid import VOLTAGE_BANDS_PU

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Point = tuple[float, float]
Branch = dict[str, Any]
Topology = Mapping[str, Sequence[dict[str, Any]]]

NUMBERED_BUSES = 60
"""Above this the numbers would cover the drawing."""

BUS_SIZES = ((60, 13), (250, 9), (float("inf"), 5))
"""Diameter of a bus in a drawing of at most so many of them. [pixel]"""

BOW = 0.08
"""Open branches are bent by this share of their length: ties often run along other lines. [-]"""

# Low is red, high is blue, and the middle of the band is pale.
VOLTAGE_COLOURS = [(0.0, "#8e1b16"), (0.25, "#e07b5c"), (0.5, "#f2efe9"), (0.75, "#6aa5c9"), (1.0, "#1d4e7a")]


def places_of(topology: Topology) -> dict[int, Point]:
    """Where the buses are; those without coordinates are left out."""
    return {bus["bus"]: (bus["x"], bus["y"]) for bus in topology.get("buses", ()) if "x" in bus}


def branches_of(topology: Topology) -> dict[str, dict[int, Branch]]:
    """Lines, transformers and bus-bus switches between buses that have places, by kind and index."""
    places = places_of(topology)
    return {kind: _drawn(topology.get(f"{kind}s", ()), places) for kind in ("line", "trafo", "joint")}


def one_line(
    topology: Topology,
    vm_pu: pd.Series,
    colorbar_title: str = "voltage [pu]",
    height: int = 460,
    bus_notes: Mapping[int, str] | None = None,
) -> Figure:
    """The diagram of a network.

    Parameters
    ----------
    topology
        As `mosaik_scenarios.topology.topology_of` describes it.
    vm_pu
        Voltage by bus, which colours it; a bus without one stays grey. [pu]
    bus_notes
        What is said of a bus where one points at it, beside its voltage.
    """
    places, branches = places_of(topology), branches_of(topology)
    figure = figure_of("", height=height)
    _add_branches(figure, branches, places, topology)
    _add_transformers(figure, branches["trafo"], places)
    slacks = {slack["bus"] for slack in topology["slacks"]}
    _add_buses(figure, vm_pu, places, slacks, colorbar_title, bus_notes or {})
    if len(places) <= NUMBERED_BUSES:
        _number_buses(figure, branches, places)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure.update_layout(hovermode="closest")


def bus_size(places: Mapping[int, Point]) -> int:
    """Diameter of a bus, the smaller the more there are. [pixel]"""
    return next(size for most, size in BUS_SIZES if len(places) <= most)


def _drawn(branches: Sequence[Branch], places: dict[int, Point]) -> dict[int, Branch]:
    return {
        branch["index"]: branch for branch in branches if branch["from_bus"] in places and branch["to_bus"] in places
    }


def _add_branches(
    figure: Figure, branches: dict[str, dict[int, Branch]], places: dict[int, Point], topology: Topology
) -> None:
    from plotly import graph_objects

    opened = {switch["line"] for switch in topology.get("switches", ()) if not switch["closed"]}
    closed: list[Branch] = []
    idle: list[Branch] = []
    for kind, of_kind in branches.items():
        for index, branch in of_kind.items():
            is_open = not branch["in_service"] or (kind == "line" and index in opened)
            (idle if is_open else closed).append(branch)
    for chosen, line, name in (
        (closed, {"color": INK, "width": 1.6}, "in service"),
        (idle, {"color": GREY, "width": 1.2, "dash": "dot"}, "open or out of service"),
    ):
        x, y = _segments(places, chosen, bow=0.0 if chosen is closed else BOW)
        figure.add_trace(graph_objects.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", name=name))


def _segments(places: dict[int, Point], branches: Sequence[Branch], bow: float) -> tuple[list, list]:
    """Coordinates of the branches, with a gap after each; `bow` bends them aside by that share of their length."""
    x: list[float | None] = []
    y: list[float | None] = []
    for branch in branches:
        (x_from, y_from), (x_to, y_to) = places[branch["from_bus"]], places[branch["to_bus"]]
        for share in (0.0, 0.25, 0.5, 0.75, 1.0) if bow else (0.0, 1.0):
            aside = bow * 4 * share * (1 - share)
            x.append(x_from + share * (x_to - x_from) - aside * (y_to - y_from))
            y.append(y_from + share * (y_to - y_from) + aside * (x_to - x_from))
        x.append(None)
        y.append(None)
    return x, y


def _add_transformers(figure: Figure, trafos: dict[int, Branch], places: dict[int, Point]) -> None:
    """Two circles that overlap."""
    centres = [between(places, trafo, share) for trafo in trafos.values() for share in (0.42, 0.58)]
    marks = {"symbol": "circle-open", "size": bus_size(places) + 2, "color": INK, "line": {"width": 1.6}}
    text = [f"trafo {index}" for index in trafos for _ in range(2)]
    add_marks(figure, centres, marks, text, "transformer")


def _add_buses(
    figure: Figure,
    vm_pu: pd.Series,
    places: dict[int, Point],
    slacks: set[int],
    colorbar_title: str,
    notes: Mapping[int, str],
) -> None:
    voltages = vm_pu.reindex(list(places))
    low, high = VOLTAGE_BANDS_PU[0]
    marks = {
        "color": voltages.to_numpy(), "colorscale": VOLTAGE_COLOURS, "cmin": low, "cmax": high,
        "size": bus_size(places), "line": {"color": INK, "width": 1},
        "symbol": ["square" if bus in slacks else "circle" for bus in places],
        "colorbar": {"title": {"text": colorbar_title}, "thickness": 12, "outlinewidth": 0},
    }  # fmt: skip
    text = [
        f"bus {bus}: {voltage:.4f} pu" + (f"<br>{notes[bus]}" if bus in notes else "")
        for bus, voltage in zip(places, voltages, strict=True)
    ]
    add_marks(figure, list(places.values()), marks, text, "bus", showlegend=False)


def _number_buses(figure: Figure, branches: dict[str, dict[int, Branch]], places: dict[int, Point]) -> None:
    """Above each bus, or below where its branches come from above."""
    rise = dict.fromkeys(places, 0.0)
    for branch in [branch for of_kind in branches.values() for branch in of_kind.values() if branch["in_service"]]:
        start, end = branch["from_bus"], branch["to_bus"]
        rise[start] += places[end][1] - places[start][1]
        rise[end] += places[start][1] - places[end][1]
    for bus, (x, y) in places.items():
        shift = -16 if rise[bus] > 0 else 16
        figure.add_annotation(x=x, y=y, text=str(bus), showarrow=False, yshift=shift, font={"size": 10, "color": INK})


def add_marks(
    figure: Figure, at: Sequence[Point], marks: dict[str, Any], text: Sequence[str], name: str, **more: Any
) -> None:
    """Marks at the points `at`, with a text each."""
    from plotly import graph_objects

    if not at:
        return
    x, y = zip(*at, strict=True)
    look = {"hoverinfo": "text", **more}
    figure.add_trace(graph_objects.Scatter(x=x, y=y, mode="markers", marker=marks, text=text, name=name, **look))


def between(places: dict[int, Point], branch: Branch, share: float) -> Point:
    """The point at this share of a branch from its "from" bus."""
    (x_from, y_from), (x_to, y_to) = places[branch["from_bus"]], places[branch["to_bus"]]
    return x_from + share * (x_to - x_from), y_from + share * (y_to - y_from)
