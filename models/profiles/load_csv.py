"""Reads a user's load data from CSV; every refusal names its row and column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.errors import InvalidProfileError
from models.profiles.recorded import FIRST_DATA_ROW, LoadRecord

if TYPE_CHECKING:
    import pandas as pd

MEGAWATT = {"kW": 1e-3, "MW": 1.0}
# A step longer than this many usual ones means that rows are missing.
LONGEST_STEP = 1.5
OFFSET = r"[T ].*(?:Z|[+-]\d{2}(?::?\d{2})?)$"


def read_load_csv(
    path: str | Path,
    q_path: str | Path | None = None,
    *,
    unit: Literal["kW", "MW"],
    time_column: str | None = None,
) -> LoadRecord:
    """Read recorded loads.

    Parameters
    ----------
    path
        A CSV file with a time column and one column a load or bus: ``p_<name>`` and ``q_<name>``, or, without such
        prefixes, active power under the plain name.
    q_path
        A second file with reactive power under the same plain names and at the same times.
    unit
        Of all powers: ``"kW"`` (and kvar) or ``"MW"`` (and Mvar).
    time_column
        Name of the time column; by default the first one. ISO date and time, with or without offset.

    Raises
    ------
    InvalidProfileError
        A file is missing or empty; a value is missing, NaN, no number, or a negative load; times are unsorted or have
        a gap. The message names the row (the header is row 1) and the column.
    """
    if unit not in MEGAWATT:
        raise InvalidProfileError(f"unknown unit {unit!r}; declare kW or MW.")
    times, columns = _read_table(Path(path), time_column)
    p, q = _split(columns)
    if q_path is not None:
        q = _read_reactive(Path(q_path), time_column, times)
    _refuse_negative(path, p)
    p, q = (table.rename(columns=_plain_name) * MEGAWATT[unit] for table in (p, q))
    return LoadRecord(str(path), times, p, q)


def _read_table(path: Path, time_column: str | None) -> tuple[pd.DatetimeIndex, pd.DataFrame]:
    """Checked times, and all other columns as finite numbers."""
    import pandas as pd

    try:
        table = pd.read_csv(path, index_col=False, skip_blank_lines=False, low_memory=False)
    except pd.errors.EmptyDataError:
        raise InvalidProfileError(f"{path} is empty; expected a header, a time column and loads.") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise InvalidProfileError(f"{path} cannot be read as CSV: {str(error).splitlines()[0]}") from error
    time_column = table.columns[0] if time_column is None else time_column
    if time_column not in table:
        raise InvalidProfileError(f"{path} has no column {time_column!r}; it has {', '.join(map(str, table.columns))}.")
    if table.empty or len(table.columns) < 2:
        raise InvalidProfileError(
            f"{path} holds {len(table)} rows and {len(table.columns) - 1} loads; expected some of both."
        )
    columns = table.drop(columns=time_column)
    return _checked_times(path, table[time_column]), _checked_numbers(path, columns)


def _checked_times(path: Path, written: pd.Series) -> pd.DatetimeIndex:
    """Every row's time, strictly ascending and without gaps."""
    import pandas as pd

    text = written.astype(str)
    with_offset = text.str.contains(OFFSET)
    if with_offset.any() and not with_offset.all():
        row = int(np.flatnonzero(~with_offset)[0])
        raise _refused(path, row, written.name, f"{text.iloc[row]!r} has no offset as others have; write all alike")
    parsed = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=bool(with_offset.any()))
    times = pd.DatetimeIndex(parsed, name=written.name)
    if times.hasnans:
        row = int(np.flatnonzero(times.isna())[0])
        raise _refused(path, row, written.name, f"{written.iloc[row]!r} is no date and time; write 2024-06-21T00:15")
    steps_s = np.diff(times.to_numpy()) / np.timedelta64(1, "s")
    if (steps_s <= 0).any():
        row = int(np.flatnonzero(steps_s <= 0)[0]) + 1
        raise _refused(
            path, row, written.name, f"{times[row]} does not come after {times[row - 1]}; sort the rows by time"
        )
    if len(steps_s) and (steps_s > LONGEST_STEP * np.median(steps_s)).any():
        row = int(np.flatnonzero(steps_s > LONGEST_STEP * np.median(steps_s))[0]) + 1
        raise _refused(
            path, row, written.name, f"rows are missing between {times[row - 1]} and {times[row]}; fill the gap"
        )
    return times


def _checked_numbers(path: Path, columns: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    numbers = columns.apply(pd.to_numeric, errors="coerce").astype(float)
    bad = ~np.isfinite(numbers.to_numpy())
    if bad.any():
        row, column = (int(position) for position in np.argwhere(bad)[0])
        written = columns.iat[row, column]
        what = (
            "the value is missing or NaN"
            if pd.isna(columns.iloc[:, column]).iat[row]
            else f"{written!r} is no finite number"
        )
        raise _refused(path, row, columns.columns[column], f"{what}; fill it in")
    return numbers


def _split(columns: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Active and reactive power by prefix; columns without one are active power."""
    reactive = [name for name in columns if str(name).startswith("q_")]
    return columns.drop(columns=reactive), columns[reactive]


def _read_reactive(path: Path, time_column: str | None, times: pd.DatetimeIndex) -> pd.DataFrame:
    """The second file's columns, at the same times as the first's."""
    q_times, q = _read_table(path, time_column)
    shorter = min(len(times), len(q_times))
    different = np.flatnonzero(times[:shorter] != q_times[:shorter])
    if len(different) or len(times) != len(q_times):
        row = int(different[0]) if len(different) else shorter
        expected = times[row] if row < len(times) else "no further row"
        came = q_times[row] if row < len(q_times) else "no further row"
        raise _refused(path, row, q_times.name, f"{came} where active power has {expected}; give both the same times")
    return q


def _refuse_negative(path: str | Path, p: pd.DataFrame) -> None:
    negative = p.to_numpy() < 0
    if negative.any():
        row, column = (int(position) for position in np.argwhere(negative)[0])
        raise _refused(
            path, row, p.columns[column], f"negative load {p.to_numpy()[row, column]:g}; generation is no load"
        )


def _refused(path: str | Path, row: int, column: object, why: str) -> InvalidProfileError:
    """`row` counts data rows from zero."""
    return InvalidProfileError(f"{path} row {row + FIRST_DATA_ROW} column {column!r}: {why}.")


def _plain_name(column: object) -> str:
    name = str(column)
    return name[2:] if name.startswith(("p_", "q_")) else name
