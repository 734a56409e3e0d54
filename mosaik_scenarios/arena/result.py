"""What an arena has found out, as tables."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from mosaik_scenarios.errors import RunNotFoundError

if TYPE_CHECKING:
    import pandas as pd

TABLES = "tables"
ALL = "all"
"""In the column `kind`: of every kind."""

ALL_LEVELS = 0
"""In the column `level`: of every level."""


@dataclass(frozen=True, eq=False)
class ArenaResult:
    """The tables of an arena. All columns are plain; what does not apply is NaN or missing.

    Attributes
    ----------
    events
        One row an event and detector. feeder, detector, timeline (its folder's name), seed, event, kind, family, level,
        magnitude, first_scan, last_scan (rows of the timeline's history, inclusive); detected; standing (an alarm stood
        already at the onset); alarm_scan (of the first alarm raised in the event, missing if none); delay_scans (from
        the onset to it, NaN if none); threshold; peak (largest score in the event); channel (that the alarm named
        first, empty if none); top1, top3 (whether the first, or one of three channels named is aimed at, or measures at
        a bus that is; missing where the event was missed or is aimed at nothing).
    rates
        One row a feeder, detector, kind and level, and for `ALL` kinds and `ALL_LEVELS`. feeder, detector, kind, level,
        magnitude (NaN where several), events, detected, detection_rate; low, high (95 % Wilson interval); chance (rate
        that false alarms alone would give); median_delay_scans, p90_delay_scans (a missed event counts as infinite);
        top1_rate, top3_rate (of the detected events that are aimed at something).
    false_alarms
        One row a feeder, detector and role of timelines: "clean", or "attacked" (between its events). feeder, detector,
        role, days, alarms, per_day; low, high (exact 95 % Poisson interval); alarmed_share (of these scans, in alarm).
    curves
        Detection against false alarms as the threshold moves, for each kind and `ALL`. feeder, detector, kind,
        threshold, false_alarms_per_day (on clean timelines), events, detection_rate.
    ranking
        One row a feeder, detector, kind and level, and `ALL_LEVELS`. feeder, detector, kind, level, events, base_rate
        (VUS-PR of a score by lot), vus_pr, affiliation_precision, affiliation_recall, affiliation_f1.
    cost
        One row a feeder and detector. feeder, detector, channels, fit_cpu_s (fitting and calibrating), update_ms,
        watch_ms (CPU time a scan, one by one and a record at once).
    textbook
        Detectors that have a threshold of their own before calibration, at it and at the calibrated one. feeder,
        detector, thresholds ("own" or "calibrated"), threshold, events, detected, detection_rate, low, high (Wilson);
        days, alarms, per_day, per_day_low, per_day_high, alarmed_share (of clean timelines).
    """

    events: pd.DataFrame
    rates: pd.DataFrame
    false_alarms: pd.DataFrame
    curves: pd.DataFrame
    ranking: pd.DataFrame
    cost: pd.DataFrame
    textbook: pd.DataFrame

    def save(self, out: Path) -> None:
        """Write every table as Parquet and CSV into a folder of the arena's."""
        folder = Path(out) / TABLES
        folder.mkdir(parents=True, exist_ok=True)
        for name in table_names():
            table: pd.DataFrame = getattr(self, name)
            half_written = folder / f".{name}"
            table.to_parquet(half_written, index=False)
            os.replace(half_written, folder / f"{name}.parquet")
            table.to_csv(half_written, index=False)
            os.replace(half_written, folder / f"{name}.csv")

    @classmethod
    def load(cls, out: str | Path) -> ArenaResult:
        """The tables in an arena's folder.

        Raises
        ------
        RunNotFoundError
            If it holds none.
        """
        import pandas as pd

        folder = Path(out) / TABLES
        missing = [name for name in table_names() if not (folder / f"{name}.parquet").is_file()]
        if missing:
            raise RunNotFoundError(
                f"{out} holds no arena's result ({', '.join(missing)} missing in {TABLES}/); "
                "gridtwin arena makes one, and goes on where it was stopped."
            )
        return cls(**{name: pd.read_parquet(folder / f"{name}.parquet") for name in table_names()})


def table_names() -> tuple[str, ...]:
    """Of all tables."""
    return tuple(field.name for field in fields(ArenaResult))
