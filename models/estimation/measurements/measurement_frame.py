"""Measurements as a table that a pandapower user knows: the columns, units and signs of pandapower's `net.measurement`.

One row a measurement: magnitude v [pu] and angle va [degree] at a bus, P [MW] and Q [Mvar] drawn at a bus (consumption
positive), P, Q and I [kA] into a line or transformer at one side. A row without a value is a meter that delivers none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.errors import InvalidMeasurementError
from models.estimation.measurements.metering_plan import MEASURED_AT, QUANTITIES, STATUS
from models.network_model import BoolArray, FloatArray

if TYPE_CHECKING:
    from pandapower import pandapowerNet

COLUMNS = ("name", "measurement_type", "element_type", "element", "value", "std_dev", "side")
NUMBERS = ("element", "value", "std_dev")
# A line of a CSV file is found by its number in an editor: the header is line 1.
FIRST_LINE = 2
ENDS_AND_BUSES = {
    "line": {"from": "from_bus", "to": "to_bus"},
    "trafo": {"hv": "hv_bus", "lv": "lv_bus"},
}


@dataclass(frozen=True, eq=False)
class MeasurementFrame:
    """A checked table of measurements.

    Parameters
    ----------
    table
        With `COLUMNS`; a name may be empty, a side may be an end (from, to, hv, lv) or the bus there, as in
        pandapower. Other columns are left out.
    rows
        What each row is called in a refusal, such as "line 7 of meters.csv"; its index unless given.

    Attributes
    ----------
    table
        The same with numbers as numbers, and a unique name in every row: "v bus 5" where none was given.

    Raises
    ------
    InvalidMeasurementError
        A column is missing, a number is none, a quantity cannot be measured where the row says, or a standard deviation
        is not positive. Several meters for one quantity are allowed.
    """

    table: pd.DataFrame
    rows: Sequence[str] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        missing = [column for column in COLUMNS if column not in self.table]
        if missing:
            came = ", ".join(map(str, self.table)) or "none"
            raise InvalidMeasurementError(
                f"expected the columns {', '.join(COLUMNS)}, got {came}; add {', '.join(missing)}."
            )
        table = self.table[list(COLUMNS)].copy()
        if not self.rows:
            object.__setattr__(self, "rows", tuple(f"row {index}" for index in table.index))
        for column in NUMBERS:
            table[column] = self._numbers(table[column])
        self._check(table)
        table["element"] = table["element"].astype(np.int64)
        table["side"] = [_side(side) for side in table["side"]]
        table["name"] = _unique_names(table)
        object.__setattr__(self, "table", table)

    @classmethod
    def from_net(cls, net: pandapowerNet) -> MeasurementFrame:
        """The measurements that lie in ``net.measurement``."""
        return cls(net.measurement, [f"row {index} of net.measurement" for index in net.measurement.index])

    @classmethod
    def from_csv(cls, path: str | Path) -> MeasurementFrame:
        """The measurements in a file, such as ``net.measurement.to_csv(path)`` writes; an empty value is none."""
        path = Path(path)
        try:
            table = pd.read_csv(path, dtype=str, skip_blank_lines=False, skipinitialspace=True)
        except FileNotFoundError:
            raise InvalidMeasurementError(f"no file {path}; give a CSV file with {', '.join(COLUMNS)}.") from None
        except (OSError, ValueError) as error:  # parser, decoder and empty-file errors are ValueErrors
            first_line = (str(error).splitlines() or [""])[0]
            raise InvalidMeasurementError(f"{path} is no readable CSV file ({first_line}).") from None
        if not isinstance(table.index, pd.RangeIndex):
            raise InvalidMeasurementError(f"{path.name}: rows have more fields than the header; name every column.")
        table.columns = table.columns.str.strip()
        blank = table.isna().all(axis=1).to_numpy(dtype=bool)
        lines = np.arange(len(table)) + FIRST_LINE
        try:
            return cls(table[~blank].reset_index(drop=True), [f"{path.name}, line {line}" for line in lines[~blank]])
        except InvalidMeasurementError as error:
            about_a_line = str(error).startswith(path.name)
            raise error if about_a_line else InvalidMeasurementError(f"{path.name}: {error}") from None

    @classmethod
    def from_plan(cls, plan: pd.DataFrame, value: Any) -> MeasurementFrame:
        """What the channels of a metering plan read, NaN where nothing came. (n_channel,) [pu, degree, MW, Mvar, kA]"""
        value = np.asarray(value, dtype=float)
        if value.shape != (len(plan),):
            raise InvalidMeasurementError(
                f"expected one value for each of the {len(plan)} channels of the plan, got shape {value.shape}."
            )
        return cls(plan.assign(value=value))

    def __len__(self) -> int:
        return len(self.table)

    @property
    def value(self) -> FloatArray:
        """What was measured, NaN where nothing came. (n_channel,) [pu, degree, MW, Mvar, kA]"""
        return self.table["value"].to_numpy(dtype=float)

    @property
    def usable(self) -> BoolArray:
        """Which rows have a value. (n_channel,)"""
        return np.isfinite(self.value)

    def element(self, row: int) -> int:
        """pandapower index of what a row measures at."""
        return int(self.table["element"].iloc[row])

    def plan_on(self, net: pandapowerNet) -> pd.DataFrame:
        """The metering plan of these rows on a network, as `StateEstimator` takes it: every side is an end.

        Raises
        ------
        InvalidMeasurementError
            An element is not in the net, or a side is neither an end of its branch nor the bus there.
        """
        table = self.table.copy()
        for row, (kind, element) in enumerate(zip(table["element_type"], table["element"], strict=True)):
            if element not in net[kind].index:
                self._refuse(row, f"expected a {kind} of the network, got {kind} {element}, which it does not have")
        table["side"] = [
            self._end(row, net, kind, element, side)
            for row, (kind, element, side) in enumerate(
                zip(table["element_type"], table["element"], table["side"], strict=True)
            )
        ]
        return table

    def to_csv(self, path: str | Path) -> None:
        """Write the table so that `from_csv` reads it again."""
        self.table.to_csv(path, index=False)

    def _numbers(self, column: pd.Series) -> pd.Series:
        """The column as floats; what is empty is NaN, what is neither is refused."""
        if pd.api.types.is_numeric_dtype(column):
            return column.astype(float)
        numbers = pd.to_numeric(column, errors="coerce").astype(float)
        empty = column.isna() | column.astype(str).str.strip().isin(["", "nan", "None"])
        wrong = np.flatnonzero(numbers.isna() & ~empty)
        if len(wrong):
            self._refuse(wrong[0], f"expected a number as {column.name}, got {column.iloc[wrong[0]]!r}")
        return numbers

    def _check(self, table: pd.DataFrame) -> None:
        """Refuse rows that no meter could be."""
        possible = "; ".join(f"{', '.join(quantities)} at a {at}" for at, quantities in MEASURED_AT.items())
        for row, (kind, quantity) in enumerate(zip(table["element_type"], table["measurement_type"], strict=True)):
            if quantity not in MEASURED_AT.get(kind, ()):
                self._refuse(row, f"expected {possible}; got {quantity!r} at a {kind!r}")
        is_status = table["measurement_type"].map(QUANTITIES) == STATUS
        index, value, std_dev = table["element"], table["value"], table["std_dev"]
        self._require("the index of an element", index, (index >= 0) & (index % 1 == 0))
        self._require("a finite number or nothing", value, ~np.isinf(value))
        self._require("a positive number", std_dev, is_status | ((std_dev > 0) & np.isfinite(std_dev)))

    def _require(self, expected: str, column: pd.Series, right: pd.Series) -> None:
        wrong = np.flatnonzero(~right)
        if len(wrong):
            self._refuse(wrong[0], f"expected {expected} as {column.name}, got {column.iloc[wrong[0]]:g}")

    def _end(self, row: int, net: pandapowerNet, kind: str, element: int, side: str | int | None) -> str | None:
        """The end of a branch that a side means; of what has no ends None."""
        ends = ENDS_AND_BUSES.get(kind, {})
        if not ends or self.table["measurement_type"].iloc[row] == "tap":
            return None
        if side in ends:
            return str(side)
        buses = {end: int(net[kind].at[element, column]) for end, column in ends.items()}
        at_bus = [end for end, bus in buses.items() if bus == side]
        if not at_bus:
            either = " or ".join(f"{end} (bus {bus})" for end, bus in buses.items())
            self._refuse(row, f"expected {either} as the side of {kind} {element}, got {side!r}")
        return at_bus[0]

    def _refuse(self, row: int, what: str) -> None:
        raise InvalidMeasurementError(f"{self.rows[row]}: {what}.")


def _side(side: Any) -> str | int | None:
    """An end by name, a bus by number; tables write an absent side as None, NaN or nothing."""
    if side is None or side != side or str(side).strip() in ("", "None"):
        return None
    try:
        return int(float(side))
    except ValueError:
        return str(side).strip()


def _unique_names(table: pd.DataFrame) -> list[str]:
    """The names given, else what the row measures and where; a second one of the same name is numbered."""
    names: dict[str, None] = {}
    for given, *what in table[["name", "measurement_type", "element_type", "element", "side"]].itertuples(index=False):
        has_name = isinstance(given, str) and given.strip()
        name = given if has_name else " ".join(str(part) for part in what if part is not None)
        candidates = chain([name], (f"{name} ({number})" for number in count(2)))
        names[next(candidate for candidate in candidates if candidate not in names)] = None
    return list(names)
