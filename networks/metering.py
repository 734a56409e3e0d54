"""Metering plans: which quantities are measured where, and how well.

A plan is a list of points (what is measured) that `metering_plan` turns into channels (how well). Bus powers are
injections with consumption positive: loads minus static generators minus generators, the sum that pandapower shows in
`res_bus` without what its shunts take, because those belong to the admittance matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from networks.errors import FeederError
from networks.feeder import METER_COLUMNS, table

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Point = tuple[str, str, int, str | None]

# Instrument transformers and transducers in series, IEC 61869 classes. [percent]
ACCURACY_CLASS_PERCENT = {"v": 0.5, "p": 1.0, "q": 1.0, "i": 1.0}
VOLTAGE_FULL_SCALE_PU = 1.2
HEADROOM = 1.2
# A lightly loaded point still has a real meter with a real range: this share of the largest like it.
SMALLEST_SHARE = 0.02
SMALLEST_FULL_SCALE = 1e-4

LOW_VOLTAGE_KV = 1.0
V_EVERY_BUS = 4
I_EVERY_LINE = 10


def typical_points(net: Any) -> list[Point]:
    """What a distribution operator tends to have.

    V at slack buses, transformers' low-voltage buses, buses with generation and every fourth other bus; P and Q
    injected at slack buses, at buses with generation and at the larger half of the load buses; P, Q and |I| flowing
    into lines at the busbars (slack and transformers' low-voltage buses) and into transformers; |I| in every tenth
    other line. Transformers here are those of stations: one that serves customers without a line between has no meter.
    """
    buses, lines = live_buses(net), live_lines(net)
    trafos = station_trafos(net)
    busbars = _slack_buses(net) | set(net.trafo.lv_bus[trafos])
    generating = set(_in_service(net, "sgen").bus) | set(_in_service(net, "gen").bus)
    others = [bus for bus in buses if bus not in busbars | generating]
    with_voltage = busbars | generating | set(others[::V_EVERY_BUS])
    with_power = _slack_buses(net) | generating | larger_half(load_mva_by_bus(net))
    heads = [(line, side) for line in lines for side in ("from", "to") if net.line.at[line, f"{side}_bus"] in busbars]
    head_lines = {line for line, _ in heads}
    spread = [line for line in lines if line not in head_lines][I_EVERY_LINE // 2 :: I_EVERY_LINE]
    return [
        *(("v", "bus", bus, None) for bus in buses if bus in with_voltage),
        *((kind, "bus", bus, None) for bus in buses if bus in with_power for kind in "pq"),
        *((kind, "line", line, side) for line, side in heads for kind in "pqi"),
        *(("i", "line", line, "from") for line in spread),
        *((kind, "trafo", trafo, "hv") for trafo in trafos for kind in "pq"),
        *(("i", "trafo", trafo, "lv") for trafo in trafos),
    ]


def full_points(net: Any) -> list[Point]:
    """Everything: V, P and Q at every bus, P and Q at both ends and |I| at one end of every line and transformer."""
    return [
        *((kind, "bus", bus, None) for bus in live_buses(net) for kind in "vpq"),
        *((kind, "line", line, side) for line in live_lines(net) for side in ("from", "to") for kind in "pq"),
        *(("i", "line", line, "from") for line in live_lines(net)),
        *((kind, "trafo", trafo, side) for trafo in live_trafos(net) for side in ("hv", "lv") for kind in "pq"),
        *(("i", "trafo", trafo, "hv") for trafo in live_trafos(net)),
    ]


PLANS: dict[str, Callable[[Any], list[Point]]] = {"typical": typical_points, "full": full_points}


def plan_of(net: Any, name: str) -> DataFrame:
    """The channels of a plan by name, see `PLANS`.

    Raises
    ------
    FeederError
        If no plan has that name.
    """
    if name not in PLANS:
        raise FeederError(f"unknown metering plan {name!r}; there are {', '.join(PLANS)}.")
    return metering_plan(net, PLANS[name](net))


def metering_plan(net: Any, points: Iterable[Point]) -> DataFrame:
    """The channels of these points, one row each, with ranges from the net's nominal power flow.

    Parameters
    ----------
    net
        With `res_*` tables of its nominal power flow.
    points
        Measurement type (v, p, q, i), element type (bus, line, trafo), element and side.

    Returns
    -------
    The columns of `METER_COLUMNS`. `full_scale` is 1.2 pu for voltage; 1.2 times the nominal apparent power for P and
    Q, since a meter's range knows no power factor; 1.2 times the nominal current for |I|; never below 2 % of the
    largest of its kind. `std_dev` is a third of the class's limit of error, ``accuracy_class / 100 * full_scale / 3``:
    a Gaussian meter keeps its class in 99.7 % of its readings.
    """
    ratings = {kind: _ratings(net, *kind) for kind in (("power", "bus"), ("power", "line"), ("power", "trafo"))}
    ratings |= {kind: _ratings(net, *kind) for kind in (("current", "line"), ("current", "trafo"))}
    rows = []
    for quantity, element_type, element, side in points:
        accuracy_class = ACCURACY_CLASS_PERCENT[quantity]
        full_scale = _full_scale(ratings, quantity, element_type, element, side)
        std_dev = accuracy_class / 100 * full_scale / 3
        name = channel_name(quantity, element_type, element, side)
        rows.append((name, quantity, element_type, element, side, accuracy_class, full_scale, std_dev))
    return table(METER_COLUMNS, rows)


def channel_name(quantity: str, element_type: str, element: int, side: str | None) -> str:
    """For example ``v bus 5`` or ``p line 3 from``."""
    return " ".join(str(part) for part in (quantity, element_type, element, side) if part is not None)


def _full_scale(ratings: dict, quantity: str, element_type: str, element: int, side: str | None) -> float:
    if quantity == "v":
        return VOLTAGE_FULL_SCALE_PU
    rating = ratings["current" if quantity == "i" else "power", element_type]
    nominal = rating.get((element, side), 0.0)
    largest = max(rating.values(), default=0.0)
    return float(HEADROOM * max(nominal, SMALLEST_SHARE * largest, SMALLEST_FULL_SCALE))


def _ratings(net: Any, quantity: str, element_type: str) -> dict[tuple[int, str | None], float]:
    """Nominal apparent power [MVA] or current [kA] by element and side; zero where nothing flows."""
    if element_type == "bus":
        return {(bus, None): mva for bus, mva in _bus_mva(net).items()}
    result = net[f"res_{element_type}"]
    ratings: dict[tuple[int, str | None], float] = {}
    for side in ("from", "to") if element_type == "line" else ("hv", "lv"):
        values = result[f"i_{side}_ka"] if quantity == "current" else _apparent_mva(result, side)
        ratings |= dict(zip(((element, side) for element in values.index), values.fillna(0.0), strict=True))
    return ratings


def _apparent_mva(result: DataFrame, side: str) -> Series:
    return (result[f"p_{side}_mw"] ** 2 + result[f"q_{side}_mvar"] ** 2) ** 0.5


def _bus_mva(net: Any) -> dict[int, float]:
    """What a bus meter must be able to show: its loads or its generation alone, or what flows nominally. [MVA]"""
    injected = (net.res_bus.p_mw**2 + net.res_bus.q_mvar**2) ** 0.5
    loads = load_mva_by_bus(net)
    generation = _in_service(net, "sgen").groupby("bus").p_mw.apply(lambda p_mw: p_mw.abs().sum()).to_dict()
    nominal = injected.fillna(0.0).to_dict()
    return {int(bus): max(nominal[bus], loads.get(bus, 0.0), generation.get(bus, 0.0)) for bus in net.bus.index}


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
    return [int(bus) for bus in net.bus.index if net.res_bus.vm_pu.notna().at[bus]]


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


def _live_branches(net: Any, element_type: str, ends: tuple[str, str]) -> list[int]:
    live = set(live_buses(net))
    branches = _in_service(net, element_type)
    return [int(index) for index, *buses in branches[list(ends)].itertuples() if live.issuperset(buses)]


def _slack_buses(net: Any) -> set[int]:
    generators = _in_service(net, "gen")
    return set(_in_service(net, "ext_grid").bus) | set(generators.bus[generators.slack])


def _in_service(net: Any, element_type: str) -> DataFrame:
    elements = net[element_type]
    return elements[elements.in_service.astype(bool)]
