"""A MATPOWER case as arrays, in MATPOWER's own columns and units, checked.

Columns and their meaning: Zimmerman, Murillo-Sanchez, MATPOWER User's Manual, version 8, appendix B, tables B-1 to B-3.
Columns are counted from zero here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from networks.errors import InvalidFeederError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BUS_I, BUS_TYPE, PD, QD, GS, BS, BUS_AREA, VM, VA, BASE_KV, ZONE, VMAX, VMIN = range(13)
GEN_BUS, PG, QG, QMAX, QMIN, VG, MBASE, GEN_STATUS, PMAX, PMIN = range(10)
F_BUS, T_BUS, BR_R, BR_X, BR_B, RATE_A, RATE_B, RATE_C, TAP, SHIFT, BR_STATUS = range(11)
PF, QF, PT, QT = range(13, 17)

PQ, PV, REF, NONE = 1, 2, 3, 4

TABLES = ("bus", "gen", "branch")
FEWEST_COLUMNS = {"bus": BASE_KV + 1, "gen": GEN_STATUS + 1, "branch": BR_STATUS + 1}
# What a power flow reads; limits and costs may be infinite or missing.
FINITE_COLUMNS = {
    "bus": (BUS_I, BUS_TYPE, PD, QD, GS, BS, VM, VA, BASE_KV),
    "gen": (GEN_BUS, PG, QG, VG, GEN_STATUS),
    "branch": (F_BUS, T_BUS, BR_R, BR_X, BR_B, TAP, SHIFT, BR_STATUS),
}
COLUMN_NAMES = {
    "bus": ("bus_i", "type", "Pd", "Qd", "Gs", "Bs", "area", "Vm", "Va", "baseKV"),
    "gen": ("bus", "Pg", "Qg", "Qmax", "Qmin", "Vg", "mBase", "status"),
    "branch": ("fbus", "tbus", "r", "x", "b", "rateA", "rateB", "rateC", "ratio", "angle", "status"),
}
# Optional parts that runpf would solve with, and what they are.
UNSUPPORTED_PARTS = {
    "bus3p": "a three-phase part",
    "userfcn": "callbacks that change the case when it is solved",
}
# Per-unit impedances know no base voltage, so any will do where the case has none.
ASSUMED_KV = 1.0
LARGEST_BUS_NUMBER = 2**53  # beyond this, a bus number read as a float is no longer exact


@dataclass(frozen=True, eq=False)
class MatpowerCase:
    """What a power flow needs of a MATPOWER case.

    Attributes
    ----------
    name
        The case's own name, or that of its file.
    base_mva
        Power base of all per-unit values. [MVA]
    bus, gen, branch
        MATPOWER's tables, rows and columns as in the file. [MW, Mvar, pu, degree, kV]
    notes
        What was left out or assumed when the file was read, one sentence each.

    Raises
    ------
    InvalidFeederError
        A table of the wrong shape, numbers that are none, buses that do not exist, nothing that holds the voltage, or
        a transformer without impedance.
    """

    name: str
    base_mva: float
    bus: FloatArray
    gen: FloatArray
    branch: FloatArray
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.base_mva < np.inf:
            raise InvalidFeederError(f"{self.name}: baseMVA is {self.base_mva:g}; expected a power base above 0 MVA.")
        for table in TABLES:
            self._check_numbers(table)
        self._check_buses()
        self._check_references()
        self._check_impedances()
        self._check_voltage_control()

    @property
    def bus_number(self) -> IntArray:
        """MATPOWER's number of every row of `bus`."""
        return self.bus[:, BUS_I].astype(np.int64)

    def bus_row(self, numbers: FloatArray) -> IntArray:
        """Rows of `bus` that hold these bus numbers."""
        order = np.argsort(self.bus[:, BUS_I], kind="stable")
        return order[np.searchsorted(self.bus[:, BUS_I], numbers, sorter=order)]

    @property
    def bus_in_service(self) -> BoolArray:
        """False for isolated buses (type 4)."""
        return self.bus[:, BUS_TYPE] != NONE

    @property
    def vn_kv(self) -> FloatArray:
        """Base voltage of every bus, `ASSUMED_KV` where the case has none (0). [kV]"""
        return np.where(self.bus[:, BASE_KV] == 0, ASSUMED_KV, self.bus[:, BASE_KV])

    @property
    def gen_in_service(self) -> BoolArray:
        """Generators switched on, at buses that are not isolated."""
        return (self.gen[:, GEN_STATUS] > 0) & self.bus_in_service[self.bus_row(self.gen[:, GEN_BUS])]

    @property
    def branch_in_service(self) -> BoolArray:
        """Branches switched on, between buses that are not isolated."""
        ends = self.bus_in_service[self.bus_row(self.branch[:, F_BUS])]
        ends &= self.bus_in_service[self.bus_row(self.branch[:, T_BUS])]
        return (self.branch[:, BR_STATUS] != 0) & ends

    @property
    def transforms(self) -> BoolArray:
        """Branches that are transformers: with a ratio or a phase shift, or between two base voltages."""
        from_kv, to_kv = (self.vn_kv[self.bus_row(self.branch[:, end])] for end in (F_BUS, T_BUS))
        return (self.branch[:, TAP] != 0) | (self.branch[:, SHIFT] != 0) | (from_kv != to_kv)

    def _check_numbers(self, name: str) -> None:
        table = getattr(self, name)
        for column in FINITE_COLUMNS[name]:
            wrong = np.flatnonzero(~np.isfinite(table[:, column]))
            if len(wrong):
                row = int(wrong[0])
                raise InvalidFeederError(
                    f"{self.name}: {name} row {row + 1} has {table[row, column]:g} as {COLUMN_NAMES[name][column]}; "
                    "expected a finite number."
                )

    def _check_buses(self) -> None:
        if not len(self.bus):
            raise InvalidFeederError(f"{self.name}: the bus table is empty; a case has at least one bus.")
        numbers = self.bus[:, BUS_I]
        wrong = (numbers != np.round(numbers)) | (numbers <= 0) | (numbers > LARGEST_BUS_NUMBER)
        self._refuse_bus(wrong, BUS_I, "bus numbers are positive integers")
        repeated = np.ones(len(numbers), dtype=bool)
        repeated[np.unique(numbers, return_index=True)[1]] = False
        self._refuse_bus(repeated, BUS_I, "every bus number comes once")
        self._refuse_bus(~np.isin(self.bus[:, BUS_TYPE], (PQ, PV, REF, NONE)), BUS_TYPE, "expected 1, 2, 3 or 4")
        self._refuse_bus(self.bus[:, BASE_KV] < 0, BASE_KV, "expected kilovolts, or 0 where nobody said")

    def _refuse_bus(self, wrong: BoolArray, column: int, expected: str) -> None:
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            what = COLUMN_NAMES["bus"][column]
            raise InvalidFeederError(
                f"{self.name}: bus row {row + 1} has {self.bus[row, column]:g} as {what}; {expected}."
            )

    def _check_references(self) -> None:
        for table, column in (("gen", GEN_BUS), ("branch", F_BUS), ("branch", T_BUS)):
            numbers = getattr(self, table)[:, column]
            unknown = np.flatnonzero(~np.isin(numbers, self.bus[:, BUS_I]))
            if len(unknown):
                row = int(unknown[0])
                raise InvalidFeederError(
                    f"{self.name}: {table} row {row + 1} names bus {numbers[row]:g}, which the bus table does not have."
                )

    def _check_impedances(self) -> None:
        branch = self.branch
        without = self.transforms & (branch[:, BR_R] == 0) & (branch[:, BR_X] == 0) & self.branch_in_service
        if without.any():
            row = int(np.flatnonzero(without)[0])
            ends = " and ".join(f"{number:g}" for number in branch[row, [F_BUS, T_BUS]])
            raise InvalidFeederError(
                f"{self.name}: branch row {row + 1}, a transformer between buses {ends}, has no impedance; "
                "give it a small reactance."
            )

    def _check_voltage_control(self) -> None:
        held = self.bus_in_service & np.isin(self.bus[:, BUS_TYPE], (PV, REF))
        at_row = self.bus_row(self.gen[:, GEN_BUS])
        controlling = self.gen_in_service & held[at_row]
        if not controlling.any():
            raise InvalidFeederError(
                f"{self.name}: no generator in service at a bus of type 2 or 3, so that nothing holds the voltage."
            )
        wrong = controlling & (self.gen[:, VG] <= 0)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise InvalidFeederError(
                f"{self.name}: gen row {row + 1} holds {self.gen[row, VG]:g} pu; expected more than 0."
            )


def case_from_fields(name: str, fields: Mapping[str, Any]) -> MatpowerCase:
    """The case that a struct with MATPOWER's field names describes, whatever kind of file it came from.

    Raises
    ------
    InvalidFeederError
        A field that every case has is missing or no table of numbers, or the case has a part that is not supported.
    """
    missing = [field for field in ("baseMVA", *TABLES) if field not in fields]
    if missing:
        raise InvalidFeederError(
            f"{name}: no {' and no '.join(missing)}; a MATPOWER case has baseMVA, bus, gen and branch."
        )
    for part, what in UNSUPPORTED_PARTS.items():
        if _is_filled(fields.get(part)):
            raise InvalidFeederError(f"{name}: the case has {what} ({part}), which is not supported; take it out.")
    return MatpowerCase(
        name=name,
        base_mva=_number(name, "baseMVA", fields["baseMVA"]),
        notes=tuple(_notes_on(fields)),
        **{table: table_of(name, table, fields[table]) for table in TABLES},
    )


def table_of(name: str, table: str, values: Any) -> FloatArray:
    """A table of the case as floats, with the columns that a power flow needs."""
    array = _numeric(name, table, values)
    fewest = FEWEST_COLUMNS[table]
    if array.size == 0:
        return np.zeros((0, fewest))
    if array.ndim != 2 or array.shape[1] < fewest:
        shape = " x ".join(str(length) for length in array.shape)
        raise InvalidFeederError(f"{name}: {table} is {shape}; expected one row each with at least {fewest} columns.")
    return array


def _number(name: str, field: str, values: Any) -> float:
    array = _numeric(name, field, values)
    if array.size != 1:
        raise InvalidFeederError(f"{name}: {field} has {array.size} values; expected one number.")
    return float(array.reshape(-1)[0])


def _numeric(name: str, field: str, values: Any) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InvalidFeederError(f"{name}: {field} does not hold real numbers; expected MATPOWER's table of numbers.")
    return array.astype(np.float64)


def _is_filled(part: Any) -> bool:
    return part is not None and np.size(part) > 0


def _notes_on(fields: Mapping[str, Any]) -> list[str]:
    dc_lines = fields.get("dcline")
    if _is_filled(dc_lines):
        count = len(np.atleast_2d(np.asarray(dc_lines)))
        return [f"{count} dc line{'s are' if count > 1 else ' is'} left out, as runpf does unless toggle_dcline is on."]
    return []
