"""Tap positions recorded elsewhere, imposed on the twin: by phase, or their mean where it is balanced."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mosaik_scenarios.comparison.hours import choose_rows
from mosaik_scenarios.comparison.names import full_key
from mosaik_scenarios.comparison.references.csv_file import CsvFile
from mosaik_scenarios.comparison.references.over_time import time_of, value_columns
from mosaik_scenarios.comparison.references.reference import FloatArray, IntArray, Reference
from mosaik_scenarios.errors import ComparisonError
from networks.three_phase.tables import PHASES

if TYPE_CHECKING:
    from networks.feeder import Feeder

UNIT_NAMES = ("regulator", "reg", "transformer")
POSITIONS = ("tap_pos", "tap")

_TAP = re.compile(r"tap_?(?:pos_?)?")


@dataclass(frozen=True, eq=False)
class TapRecord:
    """Tap positions as a file has them.

    Attributes
    ----------
    source
        The file.
    columns
        What it calls the tap changers.
    positions
        (n_row, n_column). [-]
    time
        Hours or times of the rows, where the file says so.
    """

    source: Path
    columns: tuple[str, ...]
    positions: FloatArray
    time: Reference


@dataclass(frozen=True, eq=False)
class ImposedTaps:
    """Taps of every transformer of the net over time.

    Attributes
    ----------
    tap_pos
        The one tap of the balanced net, a fraction where it is the mean of taps by phase, (n_time, n_trafo). [-]
    phase_tap_pos
        The taps by phase, NaN where there is none, (n_time, n_trafo, 3). [-]
    """

    tap_pos: FloatArray
    phase_tap_pos: FloatArray


@dataclass(frozen=True)
class TapChanger:
    """A unit with taps: its row among the net's transformers, and its phase (empty for a ganged one)."""

    trafo: int
    phase: str


def read_taps(path: str | Path) -> TapRecord:
    """Tap positions over time (columns such as TapA, TapB, TapC), or one row a regulator (columns regulator and tap).

    Raises
    ------
    ComparisonError
        No file, or a cell that is no whole tap position.
    """
    path = Path(path)
    if not path.is_file():
        raise ComparisonError(
            f"no file {path}; give a CSV file of tap positions with columns such as TapA, TapB, TapC."
        )
    file = CsvFile.open(path)
    by_key = {full_key(name): name for name in file.header}
    unit = next((by_key[name] for name in UNIT_NAMES if name in by_key), None)
    position = next((by_key[name] for name in POSITIONS if name in by_key), None)
    if unit is not None and position is not None:
        table = file.read(text=(unit,))
        positions = file.numbers(table, position)[None]
        columns = tuple(str(name) for name in table[unit])
        time = Reference("taps", path)
    else:
        table = file.read()
        columns = tuple(value_columns(file))
        positions = np.column_stack([file.numbers(table, name) for name in columns])
        hours, times = time_of(file, table)
        time = Reference("taps", path, rows=len(table), hours=hours, times=times)
    _require_whole(path, positions)
    return TapRecord(path, columns, positions, time)


def impose(record: TapRecord, feeder: Feeder, rows: IntArray | slice = slice(None)) -> ImposedTaps:
    """The recorded taps on the feeder's transformers; what is not recorded keeps its own tap.

    Raises
    ------
    ComparisonError
        A column means no tap changer, a bank's units are not all there, or a tap is beyond its range.
    """
    changers = _tap_changers(feeder)
    found = find_changers(record.columns, feeder, record.source)
    trafo, positions = feeder.net.trafo, record.positions[rows]
    tap_pos = np.tile(trafo.tap_pos.fillna(0).to_numpy(dtype=float), (len(positions), 1))
    phase_tap_pos = np.full((*tap_pos.shape, len(PHASES)), np.nan)
    for row in dict.fromkeys(changer.trafo for changer in found.values()):
        at = [place for place, column in enumerate(record.columns) if found[column].trafo == row]
        of_trafo = [found[record.columns[place]] for place in at]
        _require_all_units(record, of_trafo, changers)
        _require_within_range(record, positions[:, at], trafo.iloc[row])
        tap_pos[:, row] = ganged_tap(positions[:, at].mean(axis=1), _published_mean(feeder, row), trafo.iloc[row])
        for place, changer in zip(at, of_trafo, strict=True):
            phases = [PHASES.index(changer.phase)] if changer.phase else slice(None)
            phase_tap_pos[:, row, phases] = positions[:, [place]]
    return ImposedTaps(tap_pos, phase_tap_pos)


def find_changers(columns: Sequence[str], feeder: Feeder, source: Path) -> dict[str, TapChanger]:
    """The tap changer that each column means.

    Raises
    ------
    ComparisonError
        A column means none, or two mean the same.
    """
    changers = _tap_changers(feeder)
    found = {column: _changer_of(column, changers, source) for column in columns}
    first: dict[TapChanger, str] = {}
    for column, changer in found.items():
        if changer in first:
            raise ComparisonError(f"{source}: {first[changer]!r} and {column!r} mean the same tap changer.")
        first[changer] = column
    return found


def rows_at(record: TapRecord, hours: IntArray, wanted: range | None, recorded: int, start: str) -> IntArray:
    """The record's row for each of the hours.

    Raises
    ------
    ComparisonError
        The record has another number of hours, or lacks one of those.
    """
    rows, there = choose_rows(record.source, record.time.rows, record.time.hours_since(start), wanted, recorded)
    row_of = dict(zip(there.tolist(), rows.tolist(), strict=True))
    missing = [hour for hour in hours.tolist() if hour not in row_of]
    if missing:
        raise ComparisonError(
            f"{record.source}: no taps for {len(missing)} of {len(hours)} hours, the first is {missing[0]}; "
            "give taps for every hour of the reference."
        )
    return np.array([row_of[hour] for hour in hours.tolist()], dtype=np.int64)


def ganged_tap(mean: FloatArray, published_mean: float, trafo: Any) -> FloatArray:
    """The tap of a balanced net's transformer that stands for the mean tap of a bank's units. [-]

    The net's own tap is the published mean rounded, what is left of that being part of the rated voltage: the voltage
    it makes at a tap `t` is proportional to ``(1 + published s) (1 + t s) / (1 + own s)``, with the step ``s``.
    """
    step = float(trafo.tap_step_percent) / 100.0
    own = float(trafo.tap_pos)
    return ((1.0 + mean * step) * (1.0 + own * step) / (1.0 + published_mean * step) - 1.0) / step


def _tap_changers(feeder: Feeder) -> dict[str, TapChanger]:
    """By what a file may call them, as `_key` writes it: units by their names, or by phase where one bank has taps."""
    net, tables = feeder.net, feeder.three_phase
    rows = {full_key(str(name)): row for row, name in enumerate(net.trafo.name) if name}
    changers: dict[str, TapChanger] = {}
    if tables is not None:
        bank = dict(zip(tables.transformer.transformer, tables.transformer.bank, strict=True))
        for unit in tables.regulator.itertuples():
            changer = TapChanger(rows[full_key(str(bank[unit.transformer]))], str(unit.phases)[0])
            changers[full_key(str(unit.regulator))] = changer
            changers.setdefault(full_key(str(unit.transformer)), changer)
    tapped = {changer.trafo for changer in changers.values()} or set(_tapped_trafos(net))
    if not changers:
        changers = {name: TapChanger(row, "") for name, row in rows.items() if row in tapped}
        changers |= {f"trafo_{net.trafo.index[row]}": TapChanger(row, "") for row in tapped}
    if len(tapped) == 1:
        (row,) = tapped
        phases = {changer.phase for changer in changers.values()} - {""} or set(PHASES)
        changers |= {phase: TapChanger(row, phase) for phase in phases} | {"": TapChanger(row, "")}
    return changers


def _tapped_trafos(net: Any) -> list[int]:
    """Rows of the transformers whose taps change something."""
    tapped = net.trafo.tap_pos.notna() & (net.trafo.tap_step_percent.fillna(0) > 0)
    return np.flatnonzero(tapped.to_numpy(dtype=bool)).tolist()


def _changer_of(column: str, changers: Mapping[str, TapChanger], source: Path) -> TapChanger:
    """The tap changer that a column means: by its name, else by what follows the word tap."""
    key = full_key(column)
    short = _TAP.sub("", key, count=1)
    for name in (key, short, f"trafo_{short}"):
        if name in changers and (name or key != short):
            return changers[name]
    known = ", ".join(name for name in changers if name not in ("", *PHASES)) or "none"
    by_phase = "TapA, TapB and TapC, or " if "" in changers else ""
    raise ComparisonError(
        f"{source}: column {column!r} means no tap changer of the feeder; "
        f"expected {by_phase}the feeder's own names: {known}."
    )


def _require_all_units(record: TapRecord, there: Sequence[TapChanger], changers: Mapping[str, TapChanger]) -> None:
    """The mean of some of a bank's units says nothing of the bank; a ganged tap is all of them."""
    expected = {unit for unit in changers.values() if unit.trafo == there[0].trafo and unit.phase}
    missing = sorted(unit.phase for unit in expected - set(there))
    if missing and any(unit.phase for unit in there):
        raise ComparisonError(
            f"{record.source}: no taps for phase {', '.join(missing)} of a bank that has others; give all of its units."
        )


def _require_whole(path: Path, positions: FloatArray) -> None:
    broken = positions[positions != np.round(positions)]
    if len(broken):
        raise ComparisonError(
            f"{path}: expected whole tap positions such as -3 or 4, got {broken[0]:g}; "
            "divide a ratio's distance from 1 by the size of a step."
        )


def _require_within_range(record: TapRecord, positions: FloatArray, trafo: Any) -> None:
    low, high = float(trafo.tap_min), float(trafo.tap_max)
    if positions.min() < low or positions.max() > high:
        beyond = positions.min() if positions.min() < low else positions.max()
        raise ComparisonError(f"{record.source}: expected taps from {low:g} to {high:g}, got {beyond:g}.")


def _published_mean(feeder: Feeder, row: int) -> float:
    """Mean of the published taps of a bank's units; of a balanced net's transformer, its own."""
    tables = feeder.three_phase
    if tables is None or tables.regulator.empty:
        return float(feeder.net.trafo.tap_pos.iloc[row])
    bank = dict(zip(tables.transformer.transformer, tables.transformer.bank, strict=True))
    of_bank = [bank[unit] == feeder.net.trafo.name.iloc[row] for unit in tables.regulator.transformer]
    return float(tables.regulator.tap_pos[of_bank].mean())
