"""One reading alone proves nothing."""

import numpy as np
from numpy.typing import NDArray

READING_LIMIT = 4.5
"""A single reading counts for no more. [standard deviations]"""


class ConfirmedReadings:
    """Lets a deviation beyond `READING_LIMIT` count as far as the scan before was off to the same side.

    A message that comes late is far off for one scan; what is forged or broken stays off for longer.
    """

    def __init__(self, n_channel: int) -> None:
        self._last = np.zeros(n_channel)

    def of(self, deviation: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n_channel,) What the deviations count for; NaN stays NaN. [standard deviations]"""
        same_side = deviation * self._last > 0
        limit = np.maximum(READING_LIMIT, np.where(same_side, np.abs(self._last), 0.0))
        self._last = np.nan_to_num(deviation)
        return np.clip(deviation, -limit, limit)
