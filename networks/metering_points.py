"""Where meters stand: the points of a network that each kind of metering plan measures.

A point is a quantity at an element: measurement type (v, p, q, i), element type (bus, line, trafo), element and side.
Beside measurements there are states: the position of a tap changer (``tap`` at a trafo) and of a switch (``closed``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

Point = tuple[str, str, int, str | None]

STATUS_TYPES = ("tap", "closed")

LOW_VOLTAGE_KV = 1.0
V_EVERY_BUS = 4
I_EVERY_LINE = 10
# What a small utility tends to add to its stations: this share of the other buses, but at least some.
SPARSE_VOLTAGE_SHARE = 0.05
FEWEST_SPARSE_VOLTAGES = 2


def full_points(net: Any, random: np.random.Generator) -> list[Point]:
    """Everything: V, P and Q at every bus, P and Q at both ends and |I| at one end of every line and transformer.

    And the state of every tap changer and every switch.
    """
    return [
        *((kind, "bus", bus, None) for bus in live_buses(net) for kind in "vpq"),
        *((kind, "line", line, side) for line in live_lines(net) for side in ("from", "to") for kind in "pq"),
        *(("i", "line", line, "from") for line in live_lines(net)),
        *((kind, "trafo", trafo, side) for trafo in live_trafos(net) for side in ("hv", "lv") for kind in "pq"),
        *(("i", "trafo", trafo, "hv") for trafo in live_trafos(net)),
        *_states(tap_changers(net), net.switch.index),
    ]


def typical_points(net: Any, random: np.random.Generator) -> list[Point]:
    """What a distribution operator tends to have.

    V at slack buses, transformers' low-voltage buses, buses with generation and one of every four other buses, drawn; P
    and Q injected at slack buses, at buses with generation and at the larger half of the load buses; P, Q and |I|
    flowing into lines at the busbars (slack and transformers' low-voltage buses) and into transformers; |I| in one of
    every ten other lines, drawn; the state of every on-load tap changer and of every switch in service. Transformers
    here are those of stations: one that serves customers without a line between has no meter.
    """
    buses, lines, stations = live_buses(net), live_lines(net), busbars(net)
    generating = set(_in_service(net, "sgen").bus) | set(_in_service(net, "gen").bus)
    others = [bus for bus in buses if bus not in stations | generating]
    with_voltage = stations | generating | set(one_of_every(V_EVERY_BUS, others, random))
    with_power = _slack_buses(net) | generating | larger_half(load_mva_by_bus(net))
    heads = line_heads(net)
    head_lines = {line for line, _ in heads}
    spread = one_of_every(I_EVERY_LINE, [line for line in lines if line not in head_lines], random)
    return [
        *(("v", "bus", bus, None) for bus in buses if bus in with_voltage),
        *((kind, "bus", bus, None) for bus in buses if bus in with_power for kind in "pq"),
        *((kind, "line", line, side) for line, side in heads for kind in "pqi"),
        *(("i", "line", line, "from") for line in spread),
        *((kind, "trafo", trafo, "hv") for trafo in station_trafos(net) for kind in "pq"),
        *(("i", "trafo", trafo, "lv") for trafo in station_trafos(net)),
        *_states(on_load_tap_changers(net), switches_in_service(net)),
    ]


def sparse_points(net: Any, random: np.random.Generator) -> list[Point]:
    """What a small utility has: its stations and little else, so that most loads are pseudo-measured.

    V at the busbars; P and Q flowing into lines at the busbars and into station transformers; V, P and Q at power
    stations; V at a twentieth of the other buses (at least two), drawn; the state of every on-load tap changer and of
    the switches at the busbars. Nobody tells of a switch out on the feeder.
    """
    stations = busbars(net)
    generating = set(_in_service(net, "gen").bus)
    others = [bus for bus in live_buses(net) if bus not in stations | generating]
    count = min(max(FEWEST_SPARSE_VOLTAGES, round(SPARSE_VOLTAGE_SHARE * len(others))), len(others))
    drawn = {int(bus) for bus in random.choice(others, size=count, replace=False)}
    with_voltage = stations | generating | drawn
    at_stations = [switch for switch in switches_in_service(net) if net.switch.bus.at[switch] in stations]
    return [
        *(("v", "bus", bus, None) for bus in live_buses(net) if bus in with_voltage),
        *((kind, "bus", bus, None) for bus in live_buses(net) if bus in generating for kind in "pq"),
        *((kind, "line", line, side) for line, side in line_heads(net) for kind in "pq"),
        *((kind, "trafo", trafo, "hv") for trafo in station_trafos(net) for kind in "pq"),
        *_states(on_load_tap_changers(net), at_stations),
    ]


POINTS: dict[str, Callable[[Any, np.random.Generator], list[Point]]] = {
    "full": full_points,
    "typical": typical_points,
    "sparse": sparse_points,
}


def _states(trafos: Sequence[Any], switches: Sequence[Any]) -> list[Point]:
    return [
        *(("tap", "trafo", int(trafo), None) for trafo in trafos),
        *(("closed", "switch", int(switch), None) for switch in switches),
    ]


def one_of_every(number: int, elements: Sequence[int], random: np.random.Generator) -> list[int]:
    """One of every `number` neighbours, drawn; what is left over at the end has its share of a chance."""
    groups = [elements[start : start + number] for start in range(0, len(elements), number)]
    places = random.integers(number, size=len(groups))
    return [group[place] for group, place in zip(groups, places, strict=True) if place < len(group)]


def busbars(net: Any) -> set[int]:
    """Slack buses and the low-voltage buses of station transformers."""
    return _slack_buses(net) | {int(bus) for bus in net.trafo.lv_bus[station_trafos(net)]}


def line_heads(net: Any) -> list[tuple[int, str]]:
    """The lines that leave a busbar, and their side there."""
    stations, lines = busbars(net), live_lines(net)
    return [(line, side) for line in lines for side in ("from", "to") if net.line.at[line, f"{side}_bus"] in stations]


def load_mva_by_bus(net: Any) -> dict[int, float]:
    """Apparent power of the loads in service at each bus that has one. [MVA]"""
    loads = _in_service(net, "load")
    mva = (loads.p_mw**2 + loads.q_mvar**2) ** 0.5
    by_bus = mva.groupby(loads.bus).sum()
    return {int(bus): float(by_bus[bus]) for bus in by_bus.index[by_bus > 0]}


def larger_half(mva_by_bus: dict[int, float]) -> set[int]:
    """The half (rounded up) of the buses with the larger loads; of equals the lower index first."""
    ranked = sorted(mva_by_bus, key=lambda bus: (-mva_by_bus[bus], bus))
    return set(ranked[: (len(ranked) + 1) // 2])


def live_buses(net: Any) -> list[int]:
    """Buses with voltage in the nominal power flow."""
    return [int(bus) for bus in net.bus.index[net.res_bus.vm_pu.reindex(net.bus.index).notna()]]


def live_lines(net: Any) -> list[int]:
    """Lines in service between live buses."""
    return _live_branches(net, "line", ("from_bus", "to_bus"))


def live_trafos(net: Any) -> list[int]:
    """Two-winding transformers in service between live buses."""
    return _live_branches(net, "trafo", ("hv_bus", "lv_bus"))


def station_trafos(net: Any) -> list[int]:
    """Live two-winding transformers but those that serve low-voltage customers at their very terminals."""
    with_line = set(net.line.from_bus) | set(net.line.to_bus)
    low_voltage = net.bus.vn_kv < LOW_VOLTAGE_KV
    return [trafo for trafo in live_trafos(net) if not low_voltage[bus := net.trafo.lv_bus[trafo]] or bus in with_line]


def tap_changers(net: Any) -> list[int]:
    """Transformers in service with a tap changer of any kind."""
    return [int(trafo) for trafo in net.trafo.index[net.trafo.in_service.astype(bool) & net.trafo.tap_pos.notna()]]


def on_load_tap_changers(net: Any) -> list[int]:
    """Transformers in service whose taps a regulator may move: on the way to medium voltage, with range and step."""
    return [trafo for trafo in tap_changers(net) if has_on_load_taps(net, trafo)]


def has_on_load_taps(net: Any, trafo: int) -> bool:
    """Whether tap range and step are stated and the secondary is above 1 kV: below, transformers are tapped off load.

    The secondary must be live in the nominal power flow.
    """
    row = net.trafo.loc[trafo]
    if any(row.get(column, None) is None for column in ("tap_step_percent", "tap_min", "tap_max")):
        return False
    return bool(
        row.in_service
        and row.tap_step_percent > 0
        and row.tap_max > row.tap_min
        and net.bus.vn_kv.at[row.lv_bus] >= LOW_VOLTAGE_KV
        and net.res_bus.vm_pu.at[row.lv_bus] > 0
    )


def switches_in_service(net: Any) -> list[int]:
    """Switches between elements that are in service, open or closed."""
    tables = {"b": "bus", "l": "line", "t": "trafo", "t3": "trafo3w"}
    return [
        int(switch)
        for switch, bus, kind, element in net.switch[["bus", "et", "element"]].itertuples()
        if net.bus.in_service.at[bus] and net[tables[kind]].in_service.at[element]
    ]


def _live_branches(net: Any, element_type: str, ends: tuple[str, str]) -> list[int]:
    live = set(live_buses(net))
    branches = _in_service(net, element_type)
    return [int(index) for index, *buses in branches[list(ends)].itertuples() if live.issuperset(buses)]


def _slack_buses(net: Any) -> set[int]:
    generators = _in_service(net, "gen")
    return {int(bus) for bus in (*_in_service(net, "ext_grid").bus, *generators.bus[generators.slack])}


def _in_service(net: Any, element_type: str) -> DataFrame:
    elements = net[element_type]
    return elements[elements.in_service.astype(bool)]
