"""Does a moving average of the innovations leave its band?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.innovation_chart import Array, InnovationChart
from models.detection.residual_memory import ResidualMemory
from models.parameters import require_number


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

    def _clear(self, limit: Array) -> None:
        self._memory = ResidualMemory(self.weight_of_newest, limit)

    def _accumulate(self, innovation: Array, known: NDArray[np.bool_]) -> Array:
        return np.abs(self._memory.update(innovation, known))
