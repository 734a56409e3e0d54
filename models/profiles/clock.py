"""Seconds since the scenario's start, and the wall clock they mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from models.errors import InvalidParameterError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Clock:
    """The scenario's start in the feeder's own time.

    Parameters
    ----------
    start
        ISO date and time, e.g. ``"2024-06-21T00:00"``; without an offset it is wall-clock time in `timezone`.
    timezone
        IANA name. Daylight saving follows from it: seconds run on while the wall clock jumps.
    """

    start: str
    timezone: str

    def __post_init__(self) -> None:
        _ = self.start_time

    @cached_property
    def start_time(self) -> pd.Timestamp:
        """The start, aware of its timezone."""
        import pandas as pd

        try:
            start = pd.Timestamp(self.start)
        except ValueError:
            raise InvalidParameterError(
                f"start {self.start!r} is no date and time; write it as 2024-06-21T00:00."
            ) from None
        try:
            return start.tz_localize(self.timezone) if start.tzinfo is None else start.tz_convert(self.timezone)
        except Exception as error:  # unknown zone, or an hour that daylight saving skips or repeats
            raise InvalidParameterError(
                f"start {self.start!r} is no time in {self.timezone!r} ({error}); "
                "give an IANA timezone and, in the hour of a clock change, an offset as +01:00."
            ) from None

    def times(self, seconds: np.ndarray) -> pd.DatetimeIndex:
        """The instants that many seconds after the start, in the feeder's timezone."""
        import pandas as pd

        return self.start_time + pd.to_timedelta(seconds, unit="s")

    def seconds(self, times: pd.DatetimeIndex) -> np.ndarray:
        """Seconds from the start to each instant. [s]"""
        return (times - self.start_time).total_seconds().to_numpy()
