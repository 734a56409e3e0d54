"""The curves around an alarm: what the channel it points at did, J(x), and the detectors' scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from mosaik_scenarios.report.drawing import BLUE, GREEN, GREY, RED
from mosaik_scenarios.summary.tables import inside, quantity

if TYPE_CHECKING:
    import pandas as pd

    from mosaik_scenarios.results import RunResult

LIVES = {"expected": GREY, "measured": BLUE, "received": RED, "estimated": GREEN}
"""What a channel was forecast to read, did read, what arrived of that, what the estimated state makes of it; and the
colours that all figures give them."""
TEST = ("objective", "chi_square_threshold")
MARGIN = 0.25
"""Of an alarm's length, shown before and after it. [-]"""
LEAST_MARGIN_SCANS = 30
"""Shown before and after it at least. [scans]"""


class Around(NamedTuple):
    """The curves in one window of time; what the run did not record is left out, or an empty series."""

    start: datetime
    end: datetime
    lives: dict[str, dict[str, pd.Series]]
    """By channel, and by `LIVES`. [unit of the channel]"""
    objective: pd.Series
    """J(x). [-]"""
    chi_square_threshold: pd.Series
    """Of J(x). [-]"""
    scores: dict[str, pd.Series]
    """By detector, in units of its threshold. [-]"""


class Curves:
    """What a run recorded of some channels and of all detectors, read once for many windows.

    Parameters
    ----------
    result
        The run.
    channels
        Those that will be asked for.
    """

    def __init__(self, result: RunResult, channels: Collection[str]) -> None:
        self._scenario = result.scenario
        lives = [f"value_{life}/{channel}" for channel in dict.fromkeys(channels) for life in LIVES]
        verdicts = [f"{name}/{seer}" for name in ("score", "threshold") for seer in self._scenario.detectors]
        self._measurement = result.columns_of("measurement", lives)
        self._estimate = result.columns_of("estimate", TEST)
        self._detection = result.columns_of("detection", verdicts)

    def around(self, raised: datetime, ended: datetime, channels: Sequence[str], detectors: Sequence[str]) -> Around:
        """The curves from somewhat before `raised` until somewhat after `ended`."""
        margin = max((ended - raised) * MARGIN, LEAST_MARGIN_SCANS * self._scenario.scan_period)
        start, end = max(raised - margin, self._scenario.start), min(ended + margin, self._scenario.end)
        measurement, estimate, detection = (
            frame.loc[inside(frame.index, start, end)] for frame in (self._measurement, self._estimate, self._detection)
        )
        score, threshold = quantity(detection, "score"), quantity(detection, "threshold")
        objective, chi_square_threshold = (_scalar(estimate, name) for name in TEST)
        return Around(
            start,
            end,
            {channel: _lives(measurement, channel) for channel in channels},
            objective,
            chi_square_threshold,
            {seer: score[seer] / threshold[seer] for seer in detectors if seer in score and seer in threshold},
        )


def _lives(measurement: pd.DataFrame, channel: str) -> dict[str, pd.Series]:
    columns = {life: (f"value_{life}", channel) for life in LIVES}
    return {life: measurement[column] for life, column in columns.items() if column in measurement}


def _scalar(table: pd.DataFrame, name: str) -> pd.Series:
    import pandas as pd

    return table[(name, "")] if (name, "") in table else pd.Series(dtype=float)
