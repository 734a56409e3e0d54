"""Declared additions that suit more than one feeder; each takes a feeder and returns it extended."""

from __future__ import annotations

from dataclasses import replace
from math import floor, log10
from pathlib import Path
from typing import Any

from networks.checks import check_network
from networks.errors import InvalidFeederError
from networks.feeder import PV_COLUMNS, RECLOSER_COLUMNS, Feeder, table
from networks.three_phase.tables import SOURCE_IMPEDANCE

# pandapower's standard type "25 MVA 110/20 kV": nine steps of 1.5 % either way at the high-voltage side.
STANDARD_TAPS = {
    "tap_side": "hv",
    "tap_neutral": 0.0,
    "tap_min": -9.0,
    "tap_max": 9.0,
    "tap_step_percent": 1.5,
    "tap_pos": 0.0,
    "tap_changer_type": "Ratio",
    "tap_dependency_table": False,
}

PICKUP_OVER_NOMINAL = 2.0
INSTANTANEOUS_OVER_PICKUP = 8.0
RECLOSER_CURVE = "iec_very_inverse"
RECLOSER_TIME_DIAL = 0.1


def add_tap_changers(feeder: Feeder) -> Feeder:
    """The on-load tap changer of pandapower's standard type on every transformer, in neutral position.

    In neutral position it leaves the published power flow as it is.
    """
    for column, value in STANDARD_TAPS.items():
        feeder.net.trafo[column] = value
    return feeder


def take_peaks_as_nominal(feeder: Feeder) -> Feeder:
    """Every load's nominal power is that of its largest reading: what is sized by it lasts for the recorded year.

    These are the ranges of meters, the pickups of reclosers, and what the control room expects of a load.
    """
    recorded, load = feeder.recorded_loads, feeder.net.load
    if recorded is None:
        raise InvalidFeederError(f"feeder {feeder.name} comes with no recorded loads, so none has a largest reading.")
    at_peak = recorded.p_mw.idxmax()
    for quantity, readings in (("p_mw", recorded.p_mw), ("q_mvar", recorded.q_mvar)):
        load[quantity] = [readings.at[at_peak[index], index] for index in load.index]
    return feeder


def add_pv_sites(table_path: Path, feeder: Feeder) -> Feeder:
    """The photovoltaic sites of a table, as static generators whose nominal power is their peak.

    Parameters
    ----------
    table_path
        CSV with `bus` (its name), `peak_mw`, `tilt_degree` and `azimuth_degree`.
    feeder
        Whose net's buses carry names.
    """
    import pandapower
    from pandas import read_csv

    net = feeder.net
    index_of = {name: index for index, name in net.bus.name.items()}
    sites = read_csv(table_path, dtype={"bus": str})
    sites["sgen"] = [
        pandapower.create_sgen(
            net, index_of[site.bus], p_mw=site.peak_mw, sn_mva=site.peak_mw, type="PV", name=f"PV {site.bus}"
        )
        for site in sites.itertuples()
    ]
    return replace(feeder, pv=sites[list(PV_COLUMNS)])


def add_head_recloser(feeder: Feeder) -> Feeder:
    """A recloser in the most loaded line that leaves a substation busbar, with a line switch where there is none.

    It picks up at twice the line's nominal current and trips without delay at eight times that.

    Raises
    ------
    InvalidFeederError
        If no line leaves a busbar (a slack bus or a transformer's low-voltage bus).
    """
    net = feeder.net
    check_network(net)
    line, bus = most_loaded_head(net)
    switch = line_switch(net, line, bus)
    pickup_ka = _rounded_up(PICKUP_OVER_NOMINAL * net.res_line.i_ka.at[line])
    recloser = (line, switch, pickup_ka, RECLOSER_CURVE, RECLOSER_TIME_DIAL, INSTANTANEOUS_OVER_PICKUP * pickup_ka)
    return replace(feeder, reclosers=table(RECLOSER_COLUMNS, [recloser]))


def most_loaded_head(net: Any) -> tuple[int, int]:
    """The line leaving a busbar with the largest nominal power, and that busbar."""
    stations = joined_busbars(net)
    heads = [
        (abs(complex(result.p_from_mw, result.q_from_mvar)), int(line), int(bus))
        for line, result in net.res_line[net.line.in_service & (net.line.name != SOURCE_IMPEDANCE)].iterrows()
        for bus in net.line.loc[line, ["from_bus", "to_bus"]]
        if bus in stations
    ]
    if not heads:
        raise InvalidFeederError("no line leaves a substation busbar, so there is no place for a recloser.")
    _, line, bus = max(heads)
    return line, bus


def joined_busbars(net: Any) -> set[int]:
    """Slack buses, transformers' low-voltage buses, and what closed switches join to them.

    Behind a source's impedance it is the far end that is a busbar.
    """
    import networkx

    stiff = net.line[net.line.name == SOURCE_IMPEDANCE]
    stations = {*net.ext_grid.bus, *net.trafo.lv_bus, *stiff.from_bus, *stiff.to_bus}
    couplers = net.switch[(net.switch.et == "b") & net.switch.closed]
    joined = networkx.connected_components(networkx.Graph(zip(couplers.bus, couplers.element, strict=True)))
    return stations.union(*(buses for buses in joined if buses & stations))


def line_switch(net: Any, line: int, bus: int) -> int:
    """The line's switch at that bus, created closed where there is none."""
    import pandapower

    switches = net.switch[(net.switch.et == "l") & (net.switch.element == line) & (net.switch.bus == bus)]
    if len(switches):
        return int(switches.index[0])
    return int(pandapower.create_switch(net, bus, line, et="l", type="CB", name=f"Recloser line {line}"))


def _rounded_up(value: float) -> float:
    """To two significant digits, upwards."""
    unit = 10.0 ** (floor(log10(value)) - 1) if value > 0 else 0.01
    return round(unit * (floor(value / unit) + 1), 6)
