"""MATPOWER's generators as pandapower's external grids, generators and static generators.

What a generator is follows from its bus, as in MATPOWER's `bustypes`: at a slack (type 3) the first running one takes
up the balance and the others keep their power; at a bus of type 2 it holds power and voltage; at a bus of type 1 it is
a fixed injection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from networks.importers.matpower.case import (
    BUS_TYPE,
    GEN_BUS,
    PG,
    PMAX,
    PMIN,
    PV,
    QG,
    QMAX,
    QMIN,
    REF,
    VA,
    VG,
    BoolArray,
    FloatArray,
    IntArray,
    MatpowerCase,
)
from networks.importers.matpower.wording import counted

if TYPE_CHECKING:
    from pandapower import pandapowerNet


def add_generation(net: pandapowerNet, case: MatpowerCase, notes: list[str]) -> None:
    """Create what generates; `notes` gains what was assumed."""
    import pandapower

    on, bus = case.gen_in_service, case.bus_row(case.gen[:, GEN_BUS])
    slacks, controlled = _voltage_controlled(case, bus, on, notes)
    vm_pu = _set_points(case, bus, on & controlled[bus], notes)
    names = np.array([f"gen {row + 1}" for row in range(len(case.gen))], dtype=object)

    takes_balance = np.zeros(len(case.gen), dtype=bool)
    takes_balance[[np.flatnonzero(on & (bus == slack))[0] for slack in np.flatnonzero(slacks)]] = True
    for row in np.flatnonzero(takes_balance):
        va_degree = float(case.bus[bus[row], VA])
        pandapower.create_ext_grid(net, int(bus[row]), vm_pu=float(vm_pu[row]), va_degree=va_degree, name=names[row])

    holds_voltage = ~takes_balance & (controlled[bus] | ~on)
    if holds_voltage.any():
        described = _described(case, names, holds_voltage)
        pandapower.create_gens(net, bus[holds_voltage], vm_pu=vm_pu[holds_voltage], **described)
    fixed = ~takes_balance & ~holds_voltage
    if fixed.any():
        described = _described(case, names, fixed)
        pandapower.create_sgens(net, bus[fixed], q_mvar=case.gen[fixed, QG], **described)


def _voltage_controlled(
    case: MatpowerCase, gen_bus: IntArray, on: BoolArray, notes: list[str]
) -> tuple[BoolArray, BoolArray]:
    """Which buses are slacks, and which hold their voltage (slacks included): only those with a generator that runs.

    Where no slack is left the first bus that holds its voltage becomes one.
    """
    generating = np.zeros(len(case.bus), dtype=bool)
    generating[gen_bus[on]] = True
    slacks = generating & (case.bus[:, BUS_TYPE] == REF)
    controlled = slacks | (generating & (case.bus[:, BUS_TYPE] == PV))
    if not slacks.any():
        first = int(np.flatnonzero(controlled)[0])
        slacks[first] = True
        notes.append(
            f"no running generator at a slack bus (type 3): bus {case.bus_number[first]} is the slack instead."
        )
    return slacks, controlled


def _set_points(case: MatpowerCase, gen_bus: IntArray, holding: BoolArray, notes: list[str]) -> FloatArray:
    """The voltage that every generator holds; of several at one bus the last one's counts, as in MATPOWER. [pu]"""
    of_bus = np.ones(len(case.bus))
    of_bus[gen_bus[holding]] = case.gen[holding, VG]  # of repeated indices NumPy keeps the last
    vm_pu = np.where(holding, of_bus[gen_bus], np.where(case.gen[:, VG] > 0, case.gen[:, VG], 1.0))
    overruled = holding & (vm_pu != case.gen[:, VG])
    if overruled.any():
        notes.append(
            f"{counted(overruled, 'generator wants', 'generators want')} another voltage than the last one at the same "
            "bus, which counts in runpf."
        )
    return vm_pu


def _described(case: MatpowerCase, names: Any, rows: BoolArray) -> dict[str, Any]:
    """What `gen` and `sgen` have in common, for these rows; a limit that is infinite is none."""
    limits = {column: np.full(int(rows.sum()), np.nan) for column in (QMIN, QMAX, PMIN, PMAX)}
    for column in limits.keys() & set(range(case.gen.shape[1])):
        given = case.gen[rows, column]
        limits[column] = np.where(np.isfinite(given), given, np.nan)
    return {
        "p_mw": case.gen[rows, PG],
        "name": names[rows].tolist(),
        "in_service": case.gen_in_service[rows],
        "min_q_mvar": limits[QMIN],
        "max_q_mvar": limits[QMAX],
        "min_p_mw": limits[PMIN],
        "max_p_mw": limits[PMAX],
    }
