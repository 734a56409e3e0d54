"""The network as a drawing: where its buses are and what connects them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from models.recording.run_folder import RunFolder, written_at_once
from networks.layout import place_of

if TYPE_CHECKING:
    from pandas import DataFrame

OF_METERS = ["name", "measurement_type", "element_type", "element", "side", "phase", "accuracy_class"]


def topology_of(net: Any, meters: DataFrame | None = None) -> dict[str, list[dict[str, Any]]]:
    """Buses with coordinates (none where the net has none), the branches between them, their switches and meters.

    Parameters
    ----------
    net
        pandapower net; the coordinates are those of ``net.bus.geo``.
    meters
        The metering plan; None where nothing is metered.
    """
    places = net.bus.get("geo", {})
    buses = [
        {"bus": int(bus), "name": str(net.bus.at[bus, "name"] or ""), **_place(places, bus)} for bus in net.bus.index
    ]
    lines = _branches(net.line, "from_bus", "to_bus")
    trafos = _branches(net.trafo, "hv_bus", "lv_bus")
    slacks = [{"bus": int(bus)} for bus in net.ext_grid.bus]
    return {
        "buses": buses,
        "lines": lines,
        "trafos": trafos,
        "joints": _joints(net.switch),
        "slacks": slacks,
        "switches": _line_switches(net.switch),
        "meters": [] if meters is None else _meters(meters),
    }


def write_topology(folder: RunFolder, net: Any, meters: DataFrame | None = None) -> None:
    """Leave the drawing in the run's folder, for the report."""
    with written_at_once(folder.topology) as draft:
        draft.write_text(json.dumps(topology_of(net, meters)) + "\n", encoding="utf-8")


def read_topology(folder: RunFolder) -> dict[str, list[dict[str, Any]]]:
    """The drawing in the run's folder; empty if there is none."""
    if not folder.topology.exists():
        return {}
    return json.loads(folder.topology.read_text(encoding="utf-8"))


def _place(places: Any, bus: int) -> dict[str, float]:
    place = place_of(places.get(bus))
    return {} if place is None else {"x": place[0], "y": place[1]}


def _branches(table: Any, start: str, end: str) -> list[dict[str, int]]:
    return [
        {"index": int(index), "from_bus": int(from_bus), "to_bus": int(to_bus), "in_service": bool(in_service)}
        for index, from_bus, to_bus, in_service in zip(
            table.index, table[start], table[end], table.in_service, strict=True
        )
    ]


def _joints(table: Any) -> list[dict[str, int]]:
    """The switches between two buses, as branches; an open one is out of service."""
    joints = table[table.et == "b"]
    return _branches(joints.assign(in_service=joints.closed.astype(bool)), "bus", "element")


def _meters(plan: DataFrame) -> list[dict[str, Any]]:
    """What is measured where and how well; the phase, where meters have one."""
    columns = [column for column in OF_METERS if column in plan]
    return json.loads(plan[columns].to_json(orient="records"))


def _line_switches(table: Any) -> list[dict[str, Any]]:
    """The switches at ends of lines, as they stand at the start."""
    return [
        {"index": int(index), "bus": int(bus), "line": int(line), "closed": bool(closed), "is_breaker": kind == "CB"}
        for index, bus, line, closed, kind in zip(
            table.index, table.bus, table.element, table.closed, table.type, strict=True
        )
        if table.et.at[index] == "l"
    ]
