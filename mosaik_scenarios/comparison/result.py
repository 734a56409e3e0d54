"""What a comparison found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mosaik_scenarios.comparison.distances import Distances
from mosaik_scenarios.comparison.metrics import PowerErrors, TapErrors, VoltageErrors, metric_table
from mosaik_scenarios.comparison.references.reference import IntArray, Reference

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Comparison:
    """A feeder beside a reference.

    Attributes
    ----------
    feeder, solver
        What was solved, and by what.
    reference
        What it is compared with.
    voltages, source, taps, branches
        The differences, None where the reference does not say.
    hours
        Hours of the year that were compared, None for a snapshot. (n_time,)
    unsolved
        Hours at which the twin's power flow has no solution; they are in no figure.
    how_matched
        How the reference's buses were found in the feeder.
    unmatched_reference
        What of the reference is not compared, and why.
    unmatched_feeder
        Buses of the feeder that the reference does not have.
    distances
        Of the feeder's buses from its source.
    notes
        What one has to know to judge the differences, a sentence each.
    approximations
        What the balanced network simplifies of its source, a line each.
    tolerance
        As stated: pu of voltage; where the reference has no voltages, percent of P, or taps.
    """

    feeder: str
    solver: str
    reference: Reference
    voltages: VoltageErrors | None
    source: PowerErrors | None
    taps: TapErrors | None
    branches: PowerErrors | None
    hours: IntArray | None
    unsolved: tuple[int, ...]
    how_matched: str
    unmatched_reference: Mapping[str, str]
    unmatched_feeder: tuple[str, ...]
    distances: Distances
    notes: tuple[str, ...] = ()
    approximations: tuple[str, ...] = ()
    tolerance: float | None = None

    def table(self) -> DataFrame:
        """Each compared quantity: unit, number of values, largest, mean and 95th percentile, and where it is worst."""
        return metric_table(self._metrics())

    @property
    def worst(self) -> DataFrame:
        """Every bus (or node, or branch, or hour) with its largest difference, the worst first."""
        errors = self.voltages or self.source or self.taps or self.branches
        assert errors is not None
        return errors.worst()

    @property
    def matched(self) -> DataFrame:
        """What the reference calls each voltage, the feeder's bus and phase, and its distance from the source."""
        from pandas import DataFrame

        pairs = self.voltages.pairs if self.voltages else ()
        rows = [(" ".join(pair.labels), pair.bus, pair.phase) for pair in pairs]
        table = DataFrame(rows, columns=["reference", "bus", "phase"])
        table["distance"] = self.voltages.distance if self.voltages else []
        return table

    @property
    def unmatched(self) -> DataFrame:
        """What is not compared: on which side it stands, its name, and why."""
        from pandas import DataFrame

        rows = [("reference", name, why) for name, why in self.unmatched_reference.items()]
        rows += [("feeder", name, "the reference does not have it") for name in self.unmatched_feeder]
        return DataFrame(rows, columns=["side", "name", "why"])

    @property
    def judged(self) -> tuple[float, str]:
        """The largest difference that a tolerance is held against, and its unit."""
        table = self.table()
        if self.voltages is not None:
            return float(table["max"].iloc[0]), "pu"
        if self.taps is not None:
            return float(table["max"].iloc[0]), "taps"
        percent = table["max"][table["unit"] == "%"]
        return (float(percent.iloc[0]), "% of P") if len(percent) else (float("nan"), "% of P")

    @property
    def within_tolerance(self) -> bool | None:
        """Whether the largest difference keeps the tolerance, None where none was stated.

        An hour without a solution is a miss.
        """
        if self.tolerance is None:
            return None
        return not self.unsolved and self.judged[0] <= self.tolerance

    def text(self) -> str:
        """The comparison in words, for a terminal."""
        from mosaik_scenarios.comparison.text import comparison_text

        return comparison_text(self)

    def write_page(self, path: str | Path) -> Path:
        """Write the page with the figures, which needs no network; returns where it lies."""
        from mosaik_scenarios.comparison.page import write_page

        return write_page(self, Path(path))

    def write(self, folder: str | Path, force: bool = False) -> Path:
        """Write the page and its tables into a folder; returns where the page lies.

        Raises
        ------
        ComparisonError
            The folder holds a comparison and `force` is not set, or something else.
        """
        from mosaik_scenarios.comparison.folder import write_folder

        return write_folder(self, Path(folder), force)

    def _metrics(self) -> Iterator[tuple]:
        for errors in (self.voltages, self.source, self.taps, self.branches):
            if errors is not None:
                yield from errors.metrics()
