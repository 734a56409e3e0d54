"""What a table of a run says: rows are time, columns are elements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Extreme:
    """The value that stood out, with its element (a bus, a line, ...; None for a scalar) and its time."""

    value: float
    element: object
    at: datetime


def quantity(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """One quantity of a table, time x element; a scalar has one column, an unknown quantity none."""
    if table.columns.nlevels < 2:
        return table.iloc[:, :0]
    chosen = table.loc[:, table.columns.get_level_values("quantity") == name]
    return chosen.droplevel("quantity", axis="columns")


def lowest(table: pd.DataFrame) -> Extreme | None:
    """The smallest value with its element and time; None if there is no number."""
    return _extreme(table, np.nanargmin)


def highest(table: pd.DataFrame) -> Extreme | None:
    """The largest value with its element and time; None if there is no number."""
    return _extreme(table, np.nanargmax)


def _extreme(table: pd.DataFrame, position_of: Callable[[np.ndarray], Any]) -> Extreme | None:
    values = table.to_numpy(dtype=float)
    if not np.isfinite(values).any():
        return None
    row, column = np.unravel_index(position_of(values), values.shape)
    element, time = table.columns[column], cast(pd.Timestamp, table.index[row])
    return Extreme(float(values[row, column]), None if element == "" else element, time.to_pydatetime())


def row_hours(index: pd.Index) -> np.ndarray:
    """How long each row stands: until the next one; the last as long as the one before. [h]"""
    hours = np.diff(index.to_numpy()) / np.timedelta64(1, "h")
    return np.append(hours, hours[-1:]) if len(hours) else np.zeros(len(index))


def inside(index: pd.Index, start: datetime, end: datetime) -> np.ndarray:
    """Which times lie in the half-open window [start, end)."""
    return np.asarray((index >= start) & (index < end))
