"""Does a moving average of the innovations leave its band?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.innovation_chart import Array, InnovationChart
from models.parameters import require_number

KEPT = 1.25
"""An average remembers no more than this, so that its alarm ends soon after its cause. [alarm levels]"""


class InnovationEwmaDetector(InnovationChart):
    """EWMA charts of the innovations, a quick one for jumps and slow ones for what is small and stays.

    Parameters
    ----------
    weight_of_newest
        Smoothing constant of each chart; 1 is no smoothing, and the chart Shewhart's. [0 to 1]

    References
    ----------
    .. [1] S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics 1(3), 1959.
    .. [2] J. M. Lucas, M. S. Saccucci, "Exponentially Weighted Moving Average Control Schemes: Properties and
       Enhancements", Technometrics 32(1), 1990: combined with a Shewhart chart in section 3.
    """

    name = "innovation_ewma"

    def __init__(self, weight_of_newest: Sequence[float] = (1.0, 0.4, 0.1)) -> None:
        for weight in weight_of_newest:
            require_number("weight_of_newest", weight, above=0, at_most=1)
        super().__init__()
        self.weight_of_newest = tuple(weight_of_newest)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"weight_of_newest": list(self.weight_of_newest)}

    @property
    def _number_of_charts(self) -> int:
        return len(self.weight_of_newest)

    @property
    def _least_unit(self) -> float:
        return 0.1

    def _clear(self, alarm_level: Array) -> None:
        self._weight = np.array(self.weight_of_newest)[:, None]
        self._most = KEPT * alarm_level
        self._average = np.zeros(alarm_level.shape)

    def _accumulate(self, innovation: Array, known: NDArray[np.bool_]) -> Array:
        average = self._average + self._weight * np.where(known, innovation - self._average, 0.0)
        self._average = np.clip(average, -self._most, self._most)
        return np.abs(average)
