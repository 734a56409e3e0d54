"""A pandapower net of a MATPOWER case, with the same power flow to the last digits.

Rows are found again by name: buses carry their number, loads and shunts the number of their bus (``load 5``), and
everything else its row in MATPOWER's table, counted from one (``branch 17``, ``gen 3``). `docs/matpower-traps.md` says
why pandapower's own converter is not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from networks.importers.matpower.branches import add_branches
from networks.importers.matpower.case import ASSUMED_KV, BASE_KV, BS, GS, PD, QD, VA, VM, VMAX, VMIN, MatpowerCase
from networks.importers.matpower.generation import add_generation
from networks.importers.matpower.wording import counted

if TYPE_CHECKING:
    from pandapower import pandapowerNet


def net_of(case: MatpowerCase) -> tuple[pandapowerNet, tuple[str, ...]]:
    """The pandapower net of a case, and what was left out or assumed on the way, one sentence each.

    Bus indices are rows of MATPOWER's bus table. The case's own voltages stand in `res_bus`, so that
    ``runpp(net, calculate_voltage_angles=True, init="results")`` starts where MATPOWER does; without
    `calculate_voltage_angles` pandapower leaves phase shifts out of networks below 70 kV. Loads that generate are
    static generators.
    """
    import pandapower

    net = pandapower.create_empty_network(name=case.name, sn_mva=case.base_mva)
    notes = list(case.notes)
    _add_buses(net, case, notes)
    _add_loads(net, case)
    _add_shunts(net, case)
    add_generation(net, case, notes)
    add_branches(net, case, notes)
    vm_pu = np.where(case.bus[:, VM] > 0, case.bus[:, VM], 1.0)
    net.res_bus = net.bus[[]].assign(vm_pu=vm_pu, va_degree=case.bus[:, VA])
    return net, tuple(notes)


def _add_buses(net: pandapowerNet, case: MatpowerCase, notes: list[str]) -> None:
    """Buses in the order of the case."""
    import pandapower

    unknown = case.bus[:, BASE_KV] == 0
    if unknown.any():
        notes.append(
            f"{counted(unknown, 'bus has', 'buses have')} no base voltage (baseKV 0): {ASSUMED_KV:g} kV assumed."
        )
    has_limits = case.bus.shape[1] > VMIN
    pandapower.create_buses(
        net,
        len(case.bus),
        vn_kv=case.vn_kv,
        name=[str(number) for number in case.bus_number],
        in_service=case.bus_in_service,
        max_vm_pu=case.bus[:, VMAX] if has_limits else np.nan,
        min_vm_pu=case.bus[:, VMIN] if has_limits else np.nan,
    )
    isolated = ~case.bus_in_service
    if isolated.any():
        notes.append(f"{counted(isolated, 'bus is', 'buses are')} isolated (type 4) and out of service.")


def _add_loads(net: pandapowerNet, case: MatpowerCase) -> None:
    import pandapower

    p_mw, q_mvar = case.bus[:, PD], case.bus[:, QD]
    consuming = np.flatnonzero((p_mw > 0) | ((p_mw == 0) & (q_mvar != 0)))
    generating = np.flatnonzero(p_mw < 0)
    for create, buses, sign in ((pandapower.create_loads, consuming, 1.0), (pandapower.create_sgens, generating, -1.0)):
        if len(buses):
            create(
                net,
                buses,
                p_mw=sign * p_mw[buses],
                q_mvar=sign * q_mvar[buses],
                name=[f"load {number}" for number in case.bus_number[buses]],
                in_service=case.bus_in_service[buses],
            )


def _add_shunts(net: pandapowerNet, case: MatpowerCase) -> None:
    """MATPOWER's Gs draws megawatts and its Bs injects megavars, both at 1 pu."""
    import pandapower

    buses = np.flatnonzero((case.bus[:, GS] != 0) | (case.bus[:, BS] != 0))
    if len(buses):
        pandapower.create_shunts(
            net,
            buses,
            p_mw=case.bus[buses, GS],
            q_mvar=-case.bus[buses, BS],
            vn_kv=net.bus.vn_kv.to_numpy()[buses],
            name=[f"shunt {number}" for number in case.bus_number[buses]],
            in_service=case.bus_in_service[buses],
        )
