"""Radial feeders that ship as two tables: buses with their loads, branches with their impedances, in physical units."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from networks.checks import check_network
from networks.feeder import Network

if TYPE_CHECKING:
    from pandas import DataFrame

    from networks.feeder import Feeder

DATA = Path(__file__).parent / "data"

# Renard series R10, in which IEC 60059 prefers rated currents. [kA]
PREFERRED_RATINGS_KA = (0.1, 0.125, 0.16, 0.2, 0.25, 0.315, 0.4, 0.5, 0.63, 0.8, 1.0, 1.25, 1.6, 2.0)
RATING_OVER_NOMINAL = 1.5
UNRATED_KA = 99999.0
# Below this a branch is the drawing's, not a conductor, and its admittance drowns all others in rounding. [ohm]
SMALLEST_OHM = 1e-4


def radial_feeder(name: str, f_hz: float) -> Network:
    """The feeder in ``data/<name>``: its first bus is the source, at 1.0 pu and 0 degree.

    pandapower index k is the published bus k + 1, whose number is its name. Branches that are published as open
    (ties) are out of service; a branch without an impedance worth a name is a closed switch.

    Parameters
    ----------
    name
        Folder with ``bus.csv`` (`bus`, `vn_kv`, `p_mw`, `q_mvar`) and ``branch.csv`` (`from_bus`, `to_bus`, `r_ohm`,
        `x_ohm`, `in_service`).
    f_hz
        Of the country where it stands. [Hz]
    """
    import pandapower
    from pandas import read_csv

    bus, branch = (read_csv(DATA / name / f"{table}.csv") for table in ("bus", "branch"))
    net = pandapower.create_empty_network(name=name, f_hz=f_hz)
    index_of = dict(zip(bus.bus, range(len(bus)), strict=True))
    pandapower.create_buses(net, len(bus), vn_kv=bus.vn_kv, name=bus.bus.astype(str))
    pandapower.create_ext_grid(net, 0, vm_pu=1.0, name="Source")
    _add_loads(net, bus[(bus.p_mw != 0) | (bus.q_mvar != 0)], index_of)
    is_joint = branch.r_ohm + branch.x_ohm < SMALLEST_OHM
    _add_lines(net, branch[~is_joint], index_of)
    _add_joints(net, branch[is_joint], index_of)
    joints = (f"branch {row.from_bus}-{row.to_bus} is a closed switch" for row in branch[is_joint].itertuples())
    return Network(net, approximations=tuple(joints))


def _add_lines(net: Any, branch: DataFrame, index_of: dict[int, int]) -> None:
    import pandapower

    pandapower.create_lines_from_parameters(
        net,
        from_buses=branch.from_bus.map(index_of),
        to_buses=branch.to_bus.map(index_of),
        length_km=1.0,  # impedances are published by branch, lengths are not
        r_ohm_per_km=branch.r_ohm,
        x_ohm_per_km=branch.x_ohm,
        c_nf_per_km=0.0,
        max_i_ka=UNRATED_KA,
        in_service=branch.in_service,
        name=branch.from_bus.astype(str) + "-" + branch.to_bus.astype(str),
    )


def _add_joints(net: Any, branch: DataFrame, index_of: dict[int, int]) -> None:
    import pandapower

    for from_bus, to_bus in zip(branch.from_bus, branch.to_bus, strict=True):
        pandapower.create_switch(net, index_of[from_bus], index_of[to_bus], et="b", name=f"{from_bus}-{to_bus}")


def _add_loads(net: Any, loaded: DataFrame, index_of: dict[int, int]) -> None:
    import pandapower

    names = [f"Load {bus}" for bus in loaded.bus]
    pandapower.create_loads(net, loaded.bus.map(index_of), p_mw=loaded.p_mw, q_mvar=loaded.q_mvar, name=names)


def add_line_ratings(feeder: Feeder) -> Feeder:
    """A rating for every line, since none is published: the next preferred one above 1.5 times its nominal current.

    Open ties carry what the largest line does.
    """
    net = feeder.net
    check_network(net)
    nominal_ka = net.res_line.i_ka.where(net.line.in_service.astype(bool), inf)
    net.line["max_i_ka"] = [_preferred_rating_ka(RATING_OVER_NOMINAL * i_ka) for i_ka in nominal_ka]
    in_use = net.line.in_service.astype(bool)
    net.line.loc[~in_use, "max_i_ka"] = net.line.max_i_ka[in_use].max()
    return replace(feeder, net=net)


def _preferred_rating_ka(least_ka: float) -> float:
    return next((rating for rating in PREFERRED_RATINGS_KA if rating >= least_ka), PREFERRED_RATINGS_KA[-1])
