"""A solved bus table: one row a bus or node, with its voltage."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mosaik_scenarios.comparison.names import NodeName, full_key, node_of, phase_of
from mosaik_scenarios.comparison.references.csv_file import CsvFile
from mosaik_scenarios.comparison.references.reference import FloatArray, Reference, Voltages
from mosaik_scenarios.errors import ComparisonError

KIND = "bus table"

BUS = ("bus", "bus_i", "bus_name", "bus_number", "name", "node")
NODE = ("node", "phase", "phases", "ph")
VM_PU = ("vm_pu", "vm", "v_pu", "vmag_pu", "vpu", "voltage_pu", "mag_pu", "v")
VA_DEGREE = ("va_degree", "va_deg", "va", "angle", "angle_deg", "angle_degree", "vang")

# MATPOWER manual, appendix B, table B-1: positions of BUS_I, BUS_TYPE, VM and VA in the 13 columns of a bus table.
MATPOWER_COLUMNS = 13
MATPOWER_BUS, MATPOWER_TYPE, MATPOWER_VM, MATPOWER_VA = 0, 1, 7, 8
ISOLATED = 4


def fits(file: CsvFile) -> bool:
    """Whether the file has a column of buses and one of voltages, or MATPOWER's 13 columns and no header."""
    if not file.has_header:
        return len(file.header) >= MATPOWER_COLUMNS
    return _column(file, BUS) is not None and _column(file, VM_PU) is not None


def read(file: CsvFile, unit: str | None = None) -> Reference:
    """The table's voltages.

    Raises
    ------
    ComparisonError
        A cell holds no number, a unit is given though there are no powers, or the table is none of solved buses.
    """
    if unit is not None:
        raise ComparisonError(f"{file.path}: a bus table holds no powers to compare; leave --unit out.")
    return _with_header(file) if file.has_header else _without_header(file)


def of_matpower(path: Path, bus: FloatArray) -> Reference:
    """Voltages of MATPOWER's bus matrix; isolated buses have none."""
    number, kind = bus[:, MATPOWER_BUS], bus[:, MATPOWER_TYPE]
    if not (np.all(number == np.round(number)) and np.all(number > 0) and np.isin(kind, (1, 2, 3, ISOLATED)).all()):
        raise ComparisonError(f"{path}: expected MATPOWER's bus columns, number and type first, got other numbers.")
    if not np.isfinite(bus[:, [MATPOWER_VM, MATPOWER_VA]][kind != ISOLATED]).all():
        raise ComparisonError(f"{path}: expected a solved bus table, got buses without a voltage (NaN).")
    energised = bus[kind != ISOLATED]
    if not len(energised):
        raise ComparisonError(f"{path}: expected energised buses, got isolated ones only.")
    nodes = tuple(NodeName(f"{n:.0f}", f"{n:.0f}") for n in energised[:, MATPOWER_BUS])
    return Reference(
        kind=KIND,
        source=path,
        voltages=Voltages(nodes, energised[None, :, MATPOWER_VM], energised[None, :, MATPOWER_VA]),
        matpower_numbers=True,
        ignored={f"{n:.0f}": "isolated in the reference" for n in number[kind == ISOLATED]},
    )


def _without_header(file: CsvFile) -> Reference:
    table = file.read()
    return of_matpower(file.path, np.column_stack([file.numbers(table, column) for column in file.header]))


def _with_header(file: CsvFile) -> Reference:
    bus, vm, va = _column(file, BUS), _column(file, VM_PU), _column(file, VA_DEGREE)
    node = next((name for name in file.header if full_key(name) in NODE and name != bus), None)
    assert bus is not None
    assert vm is not None
    table = file.read(text=tuple(name for name in (bus, node) if name))
    nameless = np.flatnonzero(table[bus].isna())
    if len(nameless):
        raise ComparisonError(f"{file.path} row {nameless[0] + 2} column {bus!r}: expected a bus, got an empty cell.")
    if node is None:
        nodes = tuple(node_of(name) for name in table[bus])
    else:
        phases = [phase_of(phase) for phase in table[node].fillna("")]
        nodes = tuple(
            NodeName(f"{name}.{number}", name, phase)
            for name, number, phase in zip(table[bus], table[node], phases, strict=True)
        )
    return Reference(
        kind=KIND,
        source=file.path,
        voltages=Voltages(nodes, file.numbers(table, vm)[None], None if va is None else file.numbers(table, va)[None]),
        matpower_numbers=full_key(bus) == "bus_i",
    )


def _column(file: CsvFile, aliases: tuple[str, ...]) -> str | None:
    """The column called by the first of the aliases that is there."""
    by_key = {full_key(name): name for name in file.header}
    return next((by_key[alias] for alias in aliases if alias in by_key), None)
