"""MATPOWER's branches as pandapower's lines and transformers.

MATPOWER's one branch is a series impedance with half its charging at either end, all behind an ideal transformer at
the "from" bus (User's Manual, version 8, section 3.2, equation 3.2)::

    from o--(ratio : 1, shift)--+--[ r + jx ]--+--o to
                              jb/2           jb/2

With neither ratio nor shift, between buses of one base voltage, this is a line, or, where the impedance is too small to
show in any result, a switch: its admittance would leave nothing of the others' in double precision, so that Newton's
method never gets below its tolerance. Anything else is a transformer:

- its high-voltage side is the bus with the higher base voltage ("from", where they are equal). pandapower refers the
  impedance to the rated voltage of the low-voltage side, which is the base voltage there, times the ratio where that
  side is "from"; in percent it is MATPOWER's per-unit value either way;
- the ratio is in the rated voltage of the side that is "from", so that no tap changer is claimed;
- pandapower's `i0_percent` is a magnitude, taken as inductive, so that charging becomes two shunts at the buses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from networks.importers.matpower.case import (
    BR_B,
    BR_R,
    BR_X,
    F_BUS,
    RATE_A,
    SHIFT,
    T_BUS,
    TAP,
    FloatArray,
    IntArray,
    MatpowerCase,
)
from networks.importers.matpower.wording import counted

if TYPE_CHECKING:
    from pandapower import pandapowerNet

# pandapower's own value where nobody said how much a branch can carry. [kA, MVA]
UNLIMITED = 99_999.0
CHARGING = "charging"
# The voltage drop of a current of 1 pu, below which a branch is a switch. [pu]
NEGLIGIBLE_PU = 1e-8


def add_branches(net: pandapowerNet, case: MatpowerCase, notes: list[str]) -> None:
    """Create lines, switches and transformers called ``branch <row>``; `notes` gains what was assumed.

    `net.trafo.from_side` says which side is MATPOWER's "from" ("hv" or "lv"). The shunts of a transformer's charging
    are called ``branch <row> charging from`` and ``branch <row> charging to``.
    """
    from_bus, to_bus = case.bus_row(case.branch[:, F_BUS]), case.bus_row(case.branch[:, T_BUS])
    transforms = case.transforms
    negligible = ~transforms & (np.hypot(case.branch[:, BR_R], case.branch[:, BR_X]) < NEGLIGIBLE_PU)
    for add, chosen in (
        (_add_lines, ~transforms & ~negligible),
        (_add_switches, negligible),
        (_add_transformers, transforms),
    ):
        if chosen.any():
            add(net, case, _Rows(np.flatnonzero(chosen), from_bus[chosen], to_bus[chosen]))
    if negligible.any():
        notes.append(f"{counted(negligible, 'branch has', 'branches have')} next to no impedance: switches.")
    unrated = case.branch[:, RATE_A] == 0
    if unrated.any():
        notes.append(f"{counted(unrated, 'branch has', 'branches have')} no rating (rateA 0): loading is not known.")


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some rows of the branch table, and the rows of their buses."""

    branch: IntArray
    from_bus: IntArray
    to_bus: IntArray

    @property
    def names(self) -> list[str]:
        return [f"branch {row + 1}" for row in self.branch]


def _add_lines(net: pandapowerNet, case: MatpowerCase, rows: _Rows) -> None:
    """Lines of one kilometre: MATPOWER knows no length."""
    import pandapower

    branch, line_vn_kv = case.branch[rows.branch], case.vn_kv[rows.from_bus]
    base_ohm = line_vn_kv**2 / case.base_mva
    pandapower.create_lines_from_parameters(
        net,
        rows.from_bus,
        rows.to_bus,
        length_km=1.0,
        r_ohm_per_km=branch[:, BR_R] * base_ohm,
        x_ohm_per_km=branch[:, BR_X] * base_ohm,
        c_nf_per_km=branch[:, BR_B] / base_ohm / (2 * np.pi * net.f_hz) * 1e9,
        max_i_ka=np.where(branch[:, RATE_A] > 0, branch[:, RATE_A] / (np.sqrt(3) * line_vn_kv), UNLIMITED),
        name=rows.names,
        in_service=case.branch_in_service[rows.branch],
    )


def _add_switches(net: pandapowerNet, case: MatpowerCase, rows: _Rows) -> None:
    import pandapower

    closed = case.branch_in_service[rows.branch]
    pandapower.create_switches(net, rows.from_bus, rows.to_bus, et="b", closed=closed, name=rows.names)
    _add_charging(net, case, rows, np.ones(len(rows.branch)))


def _add_transformers(net: pandapowerNet, case: MatpowerCase, rows: _Rows) -> None:
    import pandapower

    branch, vn_kv = case.branch[rows.branch], case.vn_kv
    ratio = np.where(branch[:, TAP] == 0, 1.0, branch[:, TAP])
    from_is_hv = vn_kv[rows.from_bus] >= vn_kv[rows.to_bus]
    hv_bus = np.where(from_is_hv, rows.from_bus, rows.to_bus)
    lv_bus = np.where(from_is_hv, rows.to_bus, rows.from_bus)
    sn_mva = np.where(branch[:, RATE_A] > 0, branch[:, RATE_A], UNLIMITED)
    vk_percent, vkr_percent = _short_circuit_percent(branch[:, BR_R], branch[:, BR_X], sn_mva / case.base_mva)
    pandapower.create_transformers_from_parameters(
        net,
        hv_bus,
        lv_bus,
        sn_mva=sn_mva,
        vn_hv_kv=vn_kv[hv_bus] * np.where(from_is_hv, ratio, 1.0),
        vn_lv_kv=vn_kv[lv_bus] * np.where(from_is_hv, 1.0, ratio),
        vkr_percent=vkr_percent,
        vk_percent=vk_percent,
        pfe_kw=0.0,
        i0_percent=0.0,
        shift_degree=np.where(from_is_hv, branch[:, SHIFT], -branch[:, SHIFT]),
        name=rows.names,
        in_service=case.branch_in_service[rows.branch],
        from_side=np.where(from_is_hv, "hv", "lv"),
    )
    _add_charging(net, case, rows, ratio)


def _short_circuit_percent(r_pu: FloatArray, x_pu: FloatArray, rating: FloatArray) -> tuple[FloatArray, FloatArray]:
    """`vk_percent`, with the sign of the reactance as pandapower reads it, and `vkr_percent`, on the rated power.

    Rounding must not leave vk below vkr: pandapower takes the root of the difference of their squares.
    """
    vkr_percent = 100 * r_pu * rating
    vk_percent = np.maximum(100 * np.hypot(r_pu, x_pu) * rating, np.abs(vkr_percent))
    return np.copysign(vk_percent, x_pu), vkr_percent


def _add_charging(net: pandapowerNet, case: MatpowerCase, rows: _Rows, ratio: FloatArray) -> None:
    """Half a branch's charging at either bus, that at "from" seen through the ratio."""
    import pandapower

    charging_mvar = case.base_mva * case.branch[rows.branch, BR_B] / 2
    for bus, side, at_bus_mvar in (
        (rows.from_bus, "from", charging_mvar / ratio**2),
        (rows.to_bus, "to", charging_mvar),
    ):
        has = charging_mvar != 0
        if has.any():
            pandapower.create_shunts(
                net,
                bus[has],
                q_mvar=-at_bus_mvar[has],
                vn_kv=net.bus.vn_kv.to_numpy()[bus[has]],
                name=[f"branch {row + 1} {CHARGING} {side}" for row in rows.branch[has]],
                in_service=case.branch_in_service[rows.branch[has]],
            )
