"""What an attacker has recorded of its targets."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.telemetry.quality import Telemetry


class Heard(NamedTuple):
    """The targets at one time: value, timestamp [s] and quality of each. (n_target,)"""

    value: NDArray[np.float64]
    timestamp_s: NDArray[np.float64]
    quality: NDArray[np.int8]


class Recording:
    """The targets' telemetry of the last `length_s`, oldest first.

    Parameters
    ----------
    targets
        (n_target,) Positions of the channels that are recorded.
    length_s
        How far back it reaches at least, if it began that early. [s]
    """

    def __init__(self, targets: NDArray[np.int64], length_s: float) -> None:
        self._targets = targets
        self._length_s = length_s
        self._seconds: deque[float] = deque()
        self._heard: deque[Heard] = deque()

    def __len__(self) -> int:
        return len(self._seconds)

    def add(self, seconds: float, telemetry: Telemetry) -> None:
        """Record the targets at `seconds` and forget what is no longer needed."""
        self._seconds.append(seconds)
        self._heard.append(Heard(*(getattr(telemetry, part)[self._targets] for part in Heard._fields)))
        # The entry before the oldest time asked for is what stood at that time.
        while len(self._seconds) > 1 and self._seconds[1] <= seconds - self._length_s:
            self._seconds.popleft()
            self._heard.popleft()

    def at(self, seconds: float) -> Heard:
        """What stood at `seconds`; the oldest entry if the recording began later."""
        return self._heard[max(bisect_right(self._seconds, seconds + 1e-9) - 1, 0)]
