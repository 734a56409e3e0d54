"""Tables over time: one row an hour, of voltages of buses or nodes, totals at the source, or tap positions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mosaik_scenarios.comparison.names import full_key, node_of
from mosaik_scenarios.comparison.references.csv_file import CsvFile
from mosaik_scenarios.comparison.references.kinds import kinds_text, no_kind
from mosaik_scenarios.comparison.references.reference import (
    MEGAWATTS,
    FloatArray,
    IntArray,
    Reference,
    Taps,
    Totals,
    Voltages,
)
from mosaik_scenarios.errors import ComparisonError

if TYPE_CHECKING:
    from pandas import DataFrame, DatetimeIndex, Series

VOLTAGES, TOTALS, TAPS = "voltages over time", "totals over time", "taps over time"

HOUR = ("hour", "hours", "hour_of_year")
TIME = ("time", "timestamp", "datetime", "date_time")
DEFAULT_UNIT = "kW"

# Nine voltages in ten lie in here, whatever the feeder suffers; volts, percent, or the loads of buses do not.
PLAUSIBLE_PU = (0.4, 1.6)
PLAUSIBLE_SHARE = 0.9

_UNIT = r"[\s_\[(]*(?P<unit>[km]?(?:w|var))?[\])]*"
_ACTIVE = re.compile(r"(?:total[\s_]*)?(?:p|active(?:[\s_]*power)?)(?:[\s_]*total)?" + _UNIT, re.IGNORECASE)
_REACTIVE = re.compile(r"(?:total[\s_]*)?(?:q|reac\w*(?:[\s_]*power)?)(?:[\s_]*total)?" + _UNIT, re.IGNORECASE)
_TAP = re.compile(r"tap[\s_]*(?:pos\w*[\s_]*)?[abc\d]?", re.IGNORECASE)


def fits(file: CsvFile) -> bool:
    """Whether the file has named columns beside those of time."""
    return file.has_header and len(value_columns(file)) > 0


def is_tap(column: str) -> bool:
    """Whether a column is called as tap positions are: ``TapA``, ``tap_b``, ``tap``."""
    return _TAP.fullmatch(column.strip()) is not None


def read(file: CsvFile, unit: str | None = None) -> Reference:
    """Voltages, totals or taps over time.

    Raises
    ------
    ComparisonError
        A cell holds no number, the values are no voltages in pu, or a total is not to be recognised.
    """
    if any(_is_total(name) for name in value_columns(file)):
        return _totals(file, unit)
    if unit is not None:
        raise ComparisonError(f"{file.path}: it holds no powers; leave --unit out.")
    return _taps(file) if all(is_tap(name) for name in value_columns(file)) else _voltages(file)


def time_of(file: CsvFile, table: DataFrame) -> tuple[IntArray | None, DatetimeIndex | None]:
    """Hours of the year or wall-clock times of the rows, as far as the file says.

    Raises
    ------
    ComparisonError
        An hour is not whole, or a time none.
    """
    for column in file.header:
        if full_key(column) in HOUR:
            return _hours(file, table, column), None
        if full_key(column) in TIME:
            return None, _times(file, table, column)
    return None, None


def value_columns(file: CsvFile) -> list[str]:
    """All columns but those of time."""
    return [name for name in file.header if full_key(name) not in (*HOUR, *TIME)]


def _is_total(column: str) -> bool:
    return any(pattern.fullmatch(column.strip()) for pattern in (_ACTIVE, _REACTIVE))


def _totals(file: CsvFile, unit: str | None) -> Reference:
    columns = value_columns(file)
    active = [(name, match) for name in columns if (match := _ACTIVE.fullmatch(name.strip()))]
    reactive = [(name, match) for name in columns if (match := _REACTIVE.fullmatch(name.strip()))]
    rest = [name for name in columns if not _is_total(name)]
    strange = [name for name in rest if not is_tap(name)]
    for what, found in (("P", active), ("Q", reactive)):
        if len(found) > 1:
            raise ComparisonError(
                f"{file.path}: {found[0][0]!r} and {found[1][0]!r} both mean {what}; leave one of them."
            )
        if not found and strange:
            raise ComparisonError(
                f"{file.path}: expected a column of {what}, called as Total_Active_Power and Total_Reac_Power or p_kw "
                f"and q_kvar, got {', '.join(repr(name) for name in strange[:6])}; rename it."
            )
    table = file.read()
    stated = next((found[0][1]["unit"] for found in (active, reactive) if found and found[0][1]["unit"]), None)
    unit = unit or _unit_of(stated)
    hours, times = time_of(file, table)
    return Reference(
        kind=TOTALS,
        source=file.path,
        rows=len(table),
        totals=Totals(*(_power(file, table, found, unit) for found in (active, reactive))),
        hours=hours,
        times=times,
        unit=unit,
        ignored={name: "tap positions are not compared" if is_tap(name) else "no total at the source" for name in rest},
    )


def _power(file: CsvFile, table: DataFrame, found: list[tuple[str, re.Match[str]]], unit: str) -> FloatArray | None:
    return file.numbers(table, found[0][0]) * MEGAWATTS[unit] if found else None


def _unit_of(stated: str | None) -> str:
    """``kW`` where the header says kw or kvar, and so on; the default where it says nothing."""
    if not stated:
        return DEFAULT_UNIT
    return {"k": "kW", "m": "MW"}.get(stated[0].lower(), "W")


def _taps(file: CsvFile) -> Reference:
    table, columns = file.read(), value_columns(file)
    hours, times = time_of(file, table)
    return Reference(
        kind=TAPS,
        source=file.path,
        rows=len(table),
        taps=Taps(tuple(columns), np.column_stack([file.numbers(table, name) for name in columns])),
        hours=hours,
        times=times,
    )


def _voltages(file: CsvFile) -> Reference:
    table = file.read()
    columns = value_columns(file)
    if any(_is_text(table[name]) for name in columns):
        raise no_kind(file.path, file.header)
    # A column without a single value is a phase or a meter that is not there; a hole in a column is an error.
    empty = [name for name in columns if table[name].isna().all()]
    columns = [name for name in columns if name not in set(empty)]
    if not columns:
        raise ComparisonError(f"{file.path}: expected voltages, got columns without values.")
    vm_pu = np.column_stack([file.numbers(table, name) for name in columns])
    _require_per_unit(file, vm_pu)
    hours, times = time_of(file, table)
    return Reference(
        kind=VOLTAGES,
        source=file.path,
        rows=len(table),
        voltages=Voltages(tuple(node_of(name) for name in columns), vm_pu),
        hours=hours,
        times=times,
        ignored=dict.fromkeys(empty, "a column without values"),
    )


def _is_text(column: Series) -> bool:
    """Whether a column holds words, not one number."""
    import pandas as pd

    return bool(column.notna().any() and pd.to_numeric(column, errors="coerce").isna().all())


def _require_per_unit(file: CsvFile, vm_pu: FloatArray) -> None:
    low, high = PLAUSIBLE_PU
    if ((vm_pu > low) & (vm_pu < high)).mean() < PLAUSIBLE_SHARE:
        raise ComparisonError(
            f"{file.path}: expected voltages in pu of each bus's base, which are near 1, "
            f"got {np.median(vm_pu):g} in the middle; divide them by their base, or give another kind of results: a "
            f"{kinds_text()}."
        )


def _hours(file: CsvFile, table: DataFrame, column: str) -> IntArray:
    hours = file.numbers(table, column)
    broken = np.flatnonzero(hours != np.round(hours))
    if len(broken):
        raise ComparisonError(
            f"{file.path} row {broken[0] + 2} column {column!r}: expected a whole hour, got {hours[broken[0]]:g}."
        )
    return hours.astype(np.int64)


def _times(file: CsvFile, table: DataFrame, column: str) -> DatetimeIndex:
    import pandas as pd

    text = table[column]
    if pd.api.types.is_numeric_dtype(text):
        raise ComparisonError(
            f"{file.path} column {column!r}: expected dates with times, got numbers; call the column hour if it holds "
            "hours of the year."
        )
    times = pd.to_datetime(text, errors="coerce", format="ISO8601")
    wrong = np.flatnonzero(times.isna())
    if len(wrong):
        raise ComparisonError(
            f"{file.path} row {wrong[0] + 2} column {column!r}: expected a time such as 2017-01-01 00:00, "
            f"got {str(text.iloc[wrong[0]])!r}."
        )
    if times.dt.tz is not None:
        raise ComparisonError(
            f"{file.path} column {column!r}: expected wall-clock times at the feeder without an offset, "
            f"got {text.iloc[0]!r}."
        )
    return pd.DatetimeIndex(times)
