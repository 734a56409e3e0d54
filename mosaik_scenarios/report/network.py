"""The network as a one-line diagram: voltages, breakers, faults and attacked meters where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mosaik_scenarios.report.drawing import GREY, INK, RED, figure_of
from mosaik_scenarios.summary.grid import VOLTAGE_BANDS_PU, in_operation
from mosaik_scenarios.summary.tables import quantity
from mosaik_scenarios.topology import read_topology

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

Point = tuple[float, float]
Branch = dict[str, Any]

NUMBERED_BUSES = 60
"""Above this the numbers would cover the drawing."""

BOW = 0.08
"""Open branches are bent by this share of their length: ties often run along other lines. [-]"""

# Low is red, high is blue, and the middle of the band is pale.
VOLTAGE_COLOURS = [(0.0, "#8e1b16"), (0.25, "#e07b5c"), (0.5, "#f2efe9"), (0.75, "#6aa5c9"), (1.0, "#1d4e7a")]


def one_line(result: RunResult) -> Figure | None:
    """Each bus by its lowest voltage in operation; None where the buses have no places or no voltages."""
    topology, vm_pu = read_topology(result.folder), quantity(result.table("bus"), "vm_pu")
    places: dict[int, Point] = {bus["bus"]: (bus["x"], bus["y"]) for bus in topology.get("buses", ()) if "x" in bus}
    if not places or vm_pu.empty:
        return None
    branches = {kind: _drawn(topology[f"{kind}s"], places) for kind in ("line", "trafo")}
    figure = figure_of("", height=460)
    _add_branches(figure, branches, places, topology)
    _add_transformers(figure, branches["trafo"], places)
    _add_buses(figure, vm_pu, places, {slack["bus"] for slack in topology["slacks"]})
    if len(places) <= NUMBERED_BUSES:
        _number_buses(figure, branches, places)
    _add_breakers(figure, result, branches["line"], places, topology)
    _add_attacked_meters(figure, result, branches, places)
    _add_faults(figure, result, branches["line"], places)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure.update_layout(hovermode="closest")


def bus_of_channel(channel: str, branches: dict[str, dict[int, Branch]]) -> int | None:
    """Where a channel such as ``"v bus 7"`` or ``"p line 3 from"`` is metered."""
    _, element_type, index, *side = channel.split()
    if element_type == "bus":
        return int(index)
    branch = branches.get(element_type, {}).get(int(index))
    if branch is None:
        return None
    return branch["to_bus"] if side and side[0] in ("to", "lv") else branch["from_bus"]


def _drawn(branches: Sequence[Branch], places: dict[int, Point]) -> dict[int, Branch]:
    return {
        branch["index"]: branch for branch in branches if branch["from_bus"] in places and branch["to_bus"] in places
    }


def _add_branches(
    figure: Figure, branches: dict[str, dict[int, Branch]], places: dict[int, Point], topology: dict[str, Any]
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
    centres = [_between(places, trafo, share) for trafo in trafos.values() for share in (0.42, 0.58)]
    marks = {"symbol": "circle-open", "size": 15, "color": INK, "line": {"width": 1.6}}
    text = [f"trafo {index}" for index in trafos for _ in range(2)]
    _add_marks(figure, centres, marks, text, "transformer")


def _add_buses(figure: Figure, vm_pu: pd.DataFrame, places: dict[int, Point], slacks: set[int]) -> None:
    lowest = in_operation(vm_pu).min().reindex(list(places))
    low, high = VOLTAGE_BANDS_PU[0]
    marks = {
        "color": lowest.to_numpy(), "colorscale": VOLTAGE_COLOURS, "cmin": low, "cmax": high, "size": 13,
        "line": {"color": INK, "width": 1}, "symbol": ["square" if bus in slacks else "circle" for bus in places],
        "colorbar": {"title": {"text": "lowest<br>voltage [pu]"}, "thickness": 12, "outlinewidth": 0},
    }  # fmt: skip
    text = [f"bus {bus}: {voltage:.4f} pu" for bus, voltage in lowest.items()]
    _add_marks(figure, list(places.values()), marks, text, "bus", showlegend=False)


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


def _add_breakers(
    figure: Figure, result: RunResult, lines: dict[int, Branch], places: dict[int, Point], topology: dict[str, Any]
) -> None:
    breakers = [s for s in topology.get("switches", ()) if s["is_breaker"] and s["line"] in lines]
    at = [
        _between(places, lines[s["line"]], 0.3 if s["bus"] == lines[s["line"]]["from_bus"] else 0.7) for s in breakers
    ]
    operated = set(result.events.loc[result.events["kind"] == "switch", "element"].astype(str))
    fill = [RED if str(breaker["index"]) in operated else "white" for breaker in breakers]
    marks = {"symbol": "square", "size": 9, "color": fill, "line": {"color": INK, "width": 1.4}}
    _add_marks(
        figure, at, marks, [f"breaker in line {breaker['line']}" for breaker in breakers], "breaker (red: operated)"
    )


def _add_attacked_meters(
    figure: Figure, result: RunResult, branches: dict[str, dict[int, Branch]], places: dict[int, Point]
) -> None:
    forged = quantity(result.table("measurement"), "forged")
    at_bus: dict[int, list[str]] = {}
    for channel in forged.columns[forged.any().to_numpy(dtype=bool)]:
        bus = bus_of_channel(str(channel), branches)
        if bus in places:
            at_bus.setdefault(bus, []).append(str(channel))
    marks = {"symbol": "circle-open", "size": 24, "color": RED, "line": {"width": 2.2}}
    text = [f"attacked: {', '.join(channels)}" for channels in at_bus.values()]
    _add_marks(figure, [places[bus] for bus in at_bus], marks, text, "attacked meter")


def _add_faults(figure: Figure, result: RunResult, lines: dict[int, Branch], places: dict[int, Point]) -> None:
    at, text = [], []
    begins = result.events[(result.events["kind"] == "fault") & (result.events["after"] == 1)]
    for fault, (time, event) in zip(result.scenario.faults, begins.iterrows(), strict=False):
        line = lines.get(int(str(event["element"]).rpartition(" ")[2]))
        if fault.bus in places:
            at.append(places[fault.bus])
        elif line is not None:
            at.append(_between(places, line, fault.position))
        else:
            continue
        text.append(f"{fault.kind} fault, {event['element']}, {time:%H:%M:%S}")
    marks = {"symbol": "x", "size": 14, "color": RED, "line": {"color": "white", "width": 1}}
    _add_marks(figure, at, marks, text, "fault")


def _add_marks(
    figure: Figure, at: Sequence[Point], marks: dict[str, Any], text: Sequence[str], name: str, **more: Any
) -> None:
    from plotly import graph_objects

    if not at:
        return
    x, y = zip(*at, strict=True)
    figure.add_trace(
        graph_objects.Scatter(x=x, y=y, mode="markers", marker=marks, text=text, hoverinfo="text", name=name, **more)
    )


def _between(places: dict[int, Point], branch: Branch, share: float) -> Point:
    (x_from, y_from), (x_to, y_to) = places[branch["from_bus"]], places[branch["to_bus"]]
    return x_from + share * (x_to - x_from), y_from + share * (y_to - y_from)
