"""A run on the one-line diagram: lowest voltages, meters, breakers, faults and attacked meters where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mosaik_scenarios.report.drawing import INK, RED
from mosaik_scenarios.report.metering import add_meters, bus_notes
from mosaik_scenarios.report.one_line import (
    Branch,
    Point,
    Topology,
    add_marks,
    between,
    branches_of,
    one_line,
    places_of,
)
from mosaik_scenarios.summary.grid import in_operation
from mosaik_scenarios.summary.tables import quantity
from mosaik_scenarios.topology import read_topology

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult


def network_of(result: RunResult) -> Figure | None:
    """Each bus by its lowest voltage in operation; None where the buses have no places or no voltages."""
    topology, vm_pu = read_topology(result.folder), quantity(result.table("bus"), "vm_pu")
    places, branches = places_of(topology), branches_of(topology) if topology else {}
    if not places or vm_pu.empty:
        return None
    figure = one_line(topology, in_operation(vm_pu).min(), "lowest<br>voltage [pu]", bus_notes=bus_notes(topology))
    add_meters(figure, topology)
    _add_breakers(figure, result, branches["line"], places, topology)
    _add_attacked_meters(figure, result, branches, places)
    _add_faults(figure, result, branches["line"], places)
    return figure


def bus_of_channel(channel: str, branches: dict[str, dict[int, Branch]]) -> int | None:
    """Where a channel such as ``"v bus 7"`` or ``"p line 3 from"`` is metered."""
    _, element_type, index, *side = channel.split()
    if element_type == "bus":
        return int(index)
    branch = branches.get(element_type, {}).get(int(index))
    if branch is None:
        return None
    return branch["to_bus"] if side and side[0] in ("to", "lv") else branch["from_bus"]


def _add_breakers(
    figure: Figure, result: RunResult, lines: dict[int, Branch], places: dict[int, Point], topology: Topology
) -> None:
    breakers = [s for s in topology.get("switches", ()) if s["is_breaker"] and s["line"] in lines]
    at = [between(places, lines[s["line"]], 0.3 if s["bus"] == lines[s["line"]]["from_bus"] else 0.7) for s in breakers]
    operated = set(result.events.loc[result.events["kind"] == "switch", "element"].astype(str))
    fill = [RED if str(breaker["index"]) in operated else "white" for breaker in breakers]
    marks = {"symbol": "square", "size": 9, "color": fill, "line": {"color": INK, "width": 1.4}}
    add_marks(
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
    add_marks(figure, [places[bus] for bus in at_bus], marks, text, "attacked meter")


def _add_faults(figure: Figure, result: RunResult, lines: dict[int, Branch], places: dict[int, Point]) -> None:
    at, text = [], []
    begins = result.events[(result.events["kind"] == "fault") & (result.events["after"] == 1)]
    for fault, (time, event) in zip(result.scenario.faults, begins.iterrows(), strict=False):
        line = lines.get(int(str(event["element"]).rpartition(" ")[2]))
        if fault.bus in places:
            at.append(places[fault.bus])
        elif line is not None:
            at.append(between(places, line, fault.position))
        else:
            continue
        text.append(f"{fault.kind} fault, {event['element']}, {time:%H:%M:%S}")
    marks = {"symbol": "x", "size": 14, "color": RED, "line": {"color": "white", "width": 1}}
    add_marks(figure, at, marks, text, "fault")
