"""The declared extensions of the 33-bus feeder, from the csv tables in data/ieee33 (see SOURCE.md there)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from networks.checks import check_network
from networks.feeder import PV_COLUMNS, RECLOSER_COLUMNS, REGULATOR_COLUMNS, TRANSFORMER_COLUMNS, Feeder, table
from networks.layout import coordinates, geojson
from networks.metering import Point, metering_plan

if TYPE_CHECKING:
    from pandas import DataFrame

DATA = Path(__file__).parent / "data" / "ieee33"


def draw_diagram(feeder: Feeder) -> Feeder:
    """The buses at their places in the paper's one-line diagram, which is no map."""
    for bus, place in diagram().items():
        feeder.net.bus.at[bus, "geo"] = geojson(*place)
    return feeder


def diagram() -> dict[int, tuple[float, float]]:
    """Place of each published bus: the main line to the right, its three laterals beside it."""
    places = {bus: (float(bus), 0.0) for bus in range(18)}
    places |= {18 + position: (2.0 + position, 2.0) for position in range(4)}
    places |= {22 + position: (3.0 + position, -4.0) for position in range(3)}
    places |= {25 + position: (6.0 + position, -2.0) for position in range(8)}
    return places


def add_substation(feeder: Feeder) -> Feeder:
    """A 110/12.66 kV transformer with on-load taps before bus 0; the external grid moves to its high side.

    The published buses keep their indices; the high side is the new bus 33.
    """
    import pandapower

    net = feeder.net
    (row,) = _read("transformers").to_dict("records")
    nameplate = {str(quantity): value for quantity, value in row.items()}
    cooling = nameplate.pop("cooling")
    high_side = pandapower.create_bus(net, nameplate["vn_hv_kv"], name="Substation 110 kV", geodata=_beside_bus_0(net))
    trafo = pandapower.create_transformer_from_parameters(net, hv_bus=high_side, lv_bus=0, **nameplate)
    net.ext_grid["bus"] = high_side
    return replace(
        feeder,
        regulators=_read("regulators")[list(REGULATOR_COLUMNS)],
        transformers=table(TRANSFORMER_COLUMNS, [(trafo, cooling)]),
    )


def add_pv(feeder: Feeder) -> Feeder:
    """Photovoltaic sites as static generators, their nominal power the peak."""
    import pandapower

    sites = _read("pv")
    for site in sites.itertuples(index=False):
        pandapower.create_sgen(
            feeder.net, site.bus, p_mw=site.peak_mw, sn_mva=site.peak_mw, type="PV", name=f"PV {site.bus}"
        )
    return replace(feeder, pv=sites[list(PV_COLUMNS)])


def add_protection(feeder: Feeder) -> Feeder:
    """Line ratings, and a recloser with its line switch at the feeder's head and one halfway down the main line."""
    import pandapower

    net = feeder.net
    ratings = _read("lines").set_index("line").max_i_ka
    net.line["max_i_ka"] = ratings.reindex(net.line.index).to_numpy()
    reclosers = _read("reclosers")
    reclosers["switch"] = [
        int(pandapower.create_switch(net, row.bus, row.line, et="l", type="CB", name=f"Recloser line {row.line}"))
        for row in reclosers.itertuples()
    ]
    return replace(feeder, reclosers=reclosers[list(RECLOSER_COLUMNS)])


def add_metering(feeder: Feeder) -> Feeder:
    """The metering plan of the csv table; its rows at the substation count only where that stands."""
    check_network(feeder.net)
    rows = _read("meters").fillna({"side": ""}).itertuples(index=False, name=None)
    points: list[Point] = [(quantity, kind, element, side or None) for quantity, kind, element, side in rows]
    points = [point for point in points if point[2] in feeder.net[point[1]].index]
    return replace(feeder, meters=metering_plan(feeder.net, points))


def _read(name: str) -> DataFrame:
    from pandas import read_csv

    return read_csv(DATA / f"{name}.csv", comment="#")


def _beside_bus_0(net: object) -> tuple[float, float]:
    x, y = coordinates(net, 0)
    return x - 1.0, y
