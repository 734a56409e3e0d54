"""Hours of the year: which of a file's rows are compared, and which hour each of them is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosaik_scenarios.errors import ComparisonError

IntArray = NDArray[np.int64]

HOUR_S = 3600.0

_RANGE = re.compile(r"\s*(\d*)\s*:\s*(\d*)\s*")


def parse_hours(hours: str | Sequence[int] | range | None, recorded: int) -> range | None:
    """The hours from ``"0:168"`` (the last one not included), from a pair of numbers, or from a range; None for none.

    Parameters
    ----------
    hours
        An end left out is the begin or the end of what is recorded.
    recorded
        How many hours the feeder's loads are recorded.

    Raises
    ------
    ComparisonError
        No range, an empty one, or one that the record does not cover.
    """
    if hours is None:
        return None
    chosen = _as_range(hours, recorded)
    if not 0 <= chosen.start < chosen.stop:
        raise ComparisonError(f"expected hours such as 0:168, the first one below the second, got {_text(hours)}.")
    if chosen.stop > recorded:
        raise ComparisonError(f"expected hours within the {recorded} that the loads are recorded, got {_text(hours)}.")
    return chosen


def choose_rows(
    source: Path, rows: int, hours: IntArray | None, wanted: range | None, recorded: int
) -> tuple[IntArray, IntArray]:
    """Which rows of a table over time are meant, and the hour of the year of each, in order of time.

    Parameters
    ----------
    source
        The file, for messages.
    rows
        How many it has.
    hours
        The hour of each row, where the file says so: it may hold any hours in any order. Else row k is hour k of what
        is wanted, or of the whole record.
    wanted
        The hours to compare; None for all that the file holds.
    recorded
        How many hours the feeder's loads are recorded.

    Raises
    ------
    ComparisonError
        The file has a different number of hours, an hour twice, or none of those wanted.
    """
    if hours is not None:
        return _stated(source, hours, wanted, recorded)
    if wanted is not None and rows == len(wanted):
        return np.arange(rows), np.arange(wanted.start, wanted.stop)
    if rows == recorded:
        chosen = np.arange(recorded) if wanted is None else np.arange(wanted.start, wanted.stop)
        return chosen, chosen
    expected = f"{recorded} rows, the hours of the feeder's loads"
    if wanted is not None:
        expected = f"{len(wanted)} rows for the hours {wanted.start}:{wanted.stop}, or {expected}"
    raise ComparisonError(
        f"{source}: expected {expected}, got {rows}; choose the hours it holds with --hours, or add a column hour."
    )


def _stated(source: Path, hours: IntArray, wanted: range | None, recorded: int) -> tuple[IntArray, IntArray]:
    order = np.argsort(hours, kind="stable")
    ordered = hours[order]
    twice = ordered[1:][np.diff(ordered) == 0]
    if len(twice):
        raise ComparisonError(f"{source}: hour {twice[0]} is there twice; leave one of its rows.")
    if ordered[0] < 0 or ordered[-1] >= recorded:
        beyond = ordered[0] if ordered[0] < 0 else ordered[-1]
        raise ComparisonError(
            f"{source}: expected hours from 0 to {recorded - 1}, for which loads are recorded, got {beyond}."
        )
    if wanted is not None:
        inside = (ordered >= wanted.start) & (ordered < wanted.stop)
        if not inside.any():
            raise ComparisonError(
                f"{source}: expected hours within {wanted.start}:{wanted.stop}, got none; "
                f"it holds {len(ordered)} from {ordered[0]} to {ordered[-1]}."
            )
        order, ordered = order[inside], ordered[inside]
    return order, ordered


def _as_range(hours: str | Sequence[int] | range, recorded: int) -> range:
    if isinstance(hours, range):
        if hours.step != 1:
            raise ComparisonError(f"expected hours in a row, got {_text(hours)}.")
        return hours
    if isinstance(hours, str):
        match = _RANGE.fullmatch(hours)
        if match is None:
            raise ComparisonError(f"expected hours such as 0:168, got {hours!r}.")
        return range(int(match[1] or 0), int(match[2] or recorded))
    if len(hours) != 2:
        raise ComparisonError(f"expected the first hour and the one after the last, got {_text(hours)}.")
    return range(int(hours[0]), int(hours[1]))


def _text(hours: str | Sequence[int] | range) -> str:
    if isinstance(hours, str):
        return hours
    if isinstance(hours, range):
        return f"{hours.start}:{hours.stop}"
    return ":".join(str(hour) for hour in hours)
