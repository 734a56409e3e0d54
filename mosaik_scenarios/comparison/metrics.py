"""How far the twin is from the reference: differences, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mosaik_scenarios.comparison.matching import Pair
from mosaik_scenarios.comparison.references.reference import MEGAWATTS, REACTIVE, FloatArray, IntArray
from mosaik_scenarios.errors import ComparisonError

if TYPE_CHECKING:
    from pandas import DataFrame

METRIC_COLUMNS = ("quantity", "unit", "values", "max", "mean", "percentile_95", "worst")
VOLTAGE, THREE_PHASE_VOLTAGE, ANGLE = "|ΔV|", "|ΔV| at three-phase buses", "|Δθ|"

# Thousands between units: a median ratio this near to one of them is no error of a model.
UNIT_RATIOS = (1e-6, 1e-3, 1e3, 1e6)
RATIO_BAND = 3.0

PLAUSIBLE_VOLTAGE_RATIO = (0.5, 2.0)


@dataclass(frozen=True, eq=False)
class VoltageErrors:
    """Voltages side by side.

    Attributes
    ----------
    pairs
        What is compared. (n_pair,)
    distance, distance_unit
        Of each from the source. (n_pair,) [km or branches]
    hours
        Hour of the year of every row, None for a snapshot. (n_time,)
    twin, reference
        (n_time, n_pair) [pu]
    angle
        Twin less reference, both relative to the bus nearest to the source; None where the reference has no angles.
        (n_time, n_pair) [degree]
    """

    pairs: tuple[Pair, ...]
    distance: FloatArray
    distance_unit: str
    hours: IntArray | None
    twin: FloatArray
    reference: FloatArray
    angle: FloatArray | None

    @property
    def error(self) -> FloatArray:
        """Twin less reference. (n_time, n_pair) [pu]"""
        return self.twin - self.reference

    def metrics(self) -> Iterator[tuple]:
        """Rows of the table of metrics."""
        yield _row(VOLTAGE, "pu", self.error, self._place)
        three_phase = np.array([len(pair.phases) == 3 for pair in self.pairs])
        if any(not pair.phase and pair.phases for pair in self.pairs) and 0 < three_phase.sum() < len(three_phase):
            places = np.flatnonzero(three_phase)
            yield _row(
                THREE_PHASE_VOLTAGE, "pu", self.error[:, places], lambda row, column: self._place(row, places[column])
            )
        if self.angle is not None:
            yield _row(ANGLE, "degree", self.angle, self._place)

    def worst(self) -> DataFrame:
        """Every bus or node with its largest difference, the worst first."""
        from pandas import DataFrame

        error = self.error
        at = np.abs(error).argmax(axis=0)
        columns = np.arange(len(self.pairs))
        table = DataFrame({
            "bus": [pair.bus for pair in self.pairs],
            "phase": [pair.phase for pair in self.pairs],
            "in_reference": [" ".join(pair.labels) for pair in self.pairs],
            f"distance_{self.distance_unit}": self.distance,
            "twin_pu": self.twin[at, columns],
            "reference_pu": self.reference[at, columns],
            "error_pu": error[at, columns],
            "mean_error_pu": np.abs(error).mean(axis=0),
        })  # fmt: skip
        if self.hours is not None:
            table.insert(3, "hour", self.hours[at])
        return table.sort_values("error_pu", key=np.abs, ascending=False, ignore_index=True, kind="stable")

    def _place(self, row: int, column: int) -> str:
        return f"bus {self.pairs[column].name}" + ("" if self.hours is None else f", hour {self.hours[row]}")


@dataclass(frozen=True, eq=False)
class PowerErrors:
    """Powers side by side, at places or over time.

    Attributes
    ----------
    what
        ``source`` or ``branches``.
    places
        What each row is: branches, or hours; a single nameless one for the source of a snapshot.
    p_twin, p_reference, q_twin, q_reference
        None where the reference does not say. (n_row,) [MW, Mvar]
    unit
        In which they are shown.
    """

    what: str
    places: Sequence[str]
    p_twin: FloatArray
    q_twin: FloatArray
    p_reference: FloatArray | None
    q_reference: FloatArray | None
    unit: str

    def metrics(self) -> Iterator[tuple]:
        """Rows of the table of metrics."""
        scale = 1.0 / MEGAWATTS[self.unit]
        if self.p_reference is not None:
            yield _row(f"|ΔP| {self.what}", self.unit, (self.p_twin - self.p_reference)[:, None] * scale, self._place)
            if self.what == "source":
                yield _row("|ΔP| source", "%", self.percent()[:, None], self._place)
        if self.q_reference is not None:
            error = (self.q_twin - self.q_reference)[:, None] * scale
            yield _row(f"|ΔQ| {self.what}", REACTIVE[self.unit], error, self._place)

    def percent(self) -> FloatArray:
        """Difference of P over the reference's. (n_row,) [percent]"""
        assert self.p_reference is not None
        with np.errstate(divide="ignore", invalid="ignore"):
            percent = 100.0 * (self.p_twin - self.p_reference) / np.abs(self.p_reference)
        return np.where(self.p_twin == self.p_reference, 0.0, percent)

    def table(self) -> DataFrame:
        """Both sides and their difference, in the unit of the reference, in its order."""
        from pandas import DataFrame

        scale = 1.0 / MEGAWATTS[self.unit]
        columns: dict[str, object] = {"place": list(self.places)}
        for name, unit, twin, reference in (
            ("p", self.unit, self.p_twin, self.p_reference),
            ("q", REACTIVE[self.unit], self.q_twin, self.q_reference),
        ):
            if reference is not None:
                columns[f"{name}_twin_{unit.lower()}"] = twin * scale
                columns[f"{name}_reference_{unit.lower()}"] = reference * scale
                columns[f"{name}_error_{unit.lower()}"] = (twin - reference) * scale
        return DataFrame(columns)

    def worst(self) -> DataFrame:
        """The table, the worst first: by P, or by Q where there is no P."""
        table = self.table()
        by = next(str(name) for name in table if "_error_" in str(name))
        return table.sort_values(by, key=np.abs, ascending=False, ignore_index=True, kind="stable")

    def _place(self, row: int, column: int) -> str:
        return self.places[row]


@dataclass(frozen=True, eq=False)
class TapErrors:
    """Tap positions side by side.

    Attributes
    ----------
    columns
        What the reference calls the tap changers; one median stands for the phases of a balanced twin.
    hours
        Hour of the year of every row. (n_time,)
    twin, reference
        (n_time, n_column) [-]
    """

    columns: tuple[str, ...]
    hours: IntArray
    twin: FloatArray
    reference: FloatArray

    @property
    def error(self) -> FloatArray:
        """Twin less reference. (n_time, n_column) [-]"""
        return self.twin - self.reference

    @property
    def within_percent(self) -> tuple[float, float]:
        """Share of hours at which all taps are equal, and of those at which none is more than one off. [percent]"""
        largest = np.abs(self.error).max(axis=1)
        return float(100.0 * (largest == 0).mean()), float(100.0 * (largest <= 1).mean())

    def metrics(self) -> Iterator[tuple]:
        """Rows of the table of metrics."""
        yield _row("|Δtap|", "taps", self.error, lambda row, column: f"{self.columns[column]}, hour {self.hours[row]}")

    def worst(self) -> DataFrame:
        """Every hour, those with the largest difference of a tap first."""
        from pandas import DataFrame

        columns: dict[str, object] = {"hour": self.hours}
        for place, name in enumerate(self.columns):
            columns[f"{name}_twin"] = self.twin[:, place]
            columns[f"{name}_reference"] = self.reference[:, place]
        table = DataFrame(columns)
        order = np.argsort(-np.abs(self.error).max(axis=1), kind="stable")
        return table.iloc[order].reset_index(drop=True)


def metric_table(rows: Iterator[tuple]) -> DataFrame:
    """Rows as a table with the columns of `METRIC_COLUMNS`."""
    from pandas import DataFrame

    return DataFrame(list(rows), columns=list(METRIC_COLUMNS))


def require_same_unit(what: str, twin: FloatArray, reference: FloatArray, unit: str, source: object) -> None:
    """Refuse powers that differ by a unit, or by a sign.

    Raises
    ------
    ComparisonError
        The medians are a thousand or a million apart, or of opposite signs, or the reference is zero throughout.
    """
    ours, theirs = float(np.median(twin)), float(np.median(reference))
    if not reference.any():
        raise ComparisonError(f"{source}: its {what} is zero throughout; expected what the feeder draws.")
    if ours == 0.0 or theirs == 0.0:
        return
    ratio = theirs / ours
    for step in UNIT_RATIOS:
        if 1.0 / RATIO_BAND < abs(ratio) / step < RATIO_BAND:
            shown = [f"{median / MEGAWATTS[unit]:.6g}" for median in (theirs, ours)]
            raise ComparisonError(
                f"{source}: its {what} is about {abs(ratio):.4g} times the twin's "
                f"(median {shown[0]} against {shown[1]} {unit}) and seems not to be in {unit}; "
                f"state its unit with --unit {_likely(unit, ratio)}."
            )
    if -RATIO_BAND < ratio < -1.0 / RATIO_BAND:
        raise ComparisonError(
            f"{source}: its {what} has the other sign than the twin's (median {theirs:.6g} against {ours:.6g} MW); "
            "expected consumption to be positive."
        )


def require_per_unit(twin: FloatArray, reference: FloatArray, source: object) -> None:
    """Refuse voltages in volts or percent.

    Raises
    ------
    ComparisonError
        The medians are not within a factor of two.
    """
    ratio = float(np.median(reference)) / float(np.nanmedian(twin))
    low, high = PLAUSIBLE_VOLTAGE_RATIO
    if not low < ratio < high:
        raise ComparisonError(
            f"{source}: expected voltages in pu, got {np.median(reference):g} in the middle, "
            f"where the twin has {np.nanmedian(twin):.4f}; divide them by each bus's base."
        )


def _row(quantity: str, unit: str, error: FloatArray, place: Callable[[int, int], str]) -> tuple:
    size = np.abs(error)
    row, column = np.unravel_index(int(size.argmax()), size.shape)
    percentile_95 = float(np.percentile(size, 95))
    worst = place(int(row), int(column))
    return quantity, unit, size.size, float(size[row, column]), float(size.mean()), percentile_95, worst


def _likely(unit: str, ratio: float) -> str:
    """The unit in which the reference would be of the twin's size."""
    return min(MEGAWATTS, key=lambda other: abs(np.log10(abs(ratio) * MEGAWATTS[other] / MEGAWATTS[unit])))
