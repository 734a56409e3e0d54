"""When an alarm begins and when it is over: one cause is one episode, however its score flutters."""

import numpy as np
from numpy.typing import NDArray

HOLD_OFF_SCANS = 10
"""Quiet scans in a row that end an episode. [scans]

Of the attacks of half an hour that chi-square and largest residual see at one scan a minute, 19 in 20 are then one
episode; with half as many quiet scans it is 4 in 5. A release level below the threshold would make up for part of that,
at the price of alarms that stand on for hours where a detector's memory is long.
"""


class OffDelay:
    """Keeps an alarm up until `HOLD_OFF_SCANS` scans in a row were quiet (off-delay of ANSI/ISA-18.2-2016).

    What it says scan by scan is what `alarm_episodes` finds in a whole record: episodes begin at the same scans.
    """

    def __init__(self) -> None:
        self._quiet_scans = HOLD_OFF_SCANS

    def update(self, above: bool) -> bool:
        """Whether the alarm stands, with the newest scan above the threshold or not."""
        self._quiet_scans = 0 if above else self._quiet_scans + 1
        return self._quiet_scans < HOLD_OFF_SCANS


class StandingAlarm:
    """Counts how long an alarm has stood, for detectors that learn as they go and must not learn what it is about.

    Parameters
    ----------
    warm_up_scans
        Scans at the beginning of a stream in which no alarm is raised. [scans]

    Attributes
    ----------
    scans
        Since it was raised, the newest included; 0 while none stands. [scans]
    """

    def __init__(self, warm_up_scans: int) -> None:
        self.scans = 0
        self._scans_to_warm_up = warm_up_scans
        self._off_delay = OffDelay()

    def update(self, above: bool) -> None:
        """Take note of whether the newest scan is above the threshold."""
        stands = self._off_delay.update(above and self._scans_to_warm_up <= 0)
        self._scans_to_warm_up -= 1
        self.scans = self.scans + 1 if stands else 0


def alarm_episodes(above: NDArray[np.bool_], hold_off_scans: int = HOLD_OFF_SCANS) -> NDArray[np.int64]:
    """(n_episode, 2) First and last scan above the threshold of each episode.

    Parameters
    ----------
    above
        (n_time,) Whether the score of each scan is above its threshold.
    hold_off_scans
        Quiet scans that end an episode: two lie more than that apart. [scans]
    """
    scans = np.flatnonzero(above)
    if len(scans) == 0:
        return np.empty((0, 2), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(scans) > hold_off_scans)
    first = scans[np.concatenate(([0], breaks + 1))]
    last = scans[np.concatenate((breaks, [len(scans) - 1]))]
    return np.column_stack([first, last])
