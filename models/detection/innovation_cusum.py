"""Do the innovations add up to more than they should?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.innovation_chart import Array, InnovationChart
from models.parameters import require_number


class InnovationCusumDetector(InnovationChart):
    """Two-sided CUSUM charts of the innovations.

    Parameters
    ----------
    reference
        Reference value of each chart, by which the sum forgets; a chart is best at finding a shift of twice its
        reference value. [scales]

    References
    ----------
    .. [1] E. S. Page, "Continuous Inspection Schemes", Biometrika 41, 1954.
    .. [2] D. M. Hawkins, D. H. Olwell, "Cumulative Sum Charts and Charting for Quality Improvement", Springer 1998:
       the two-sided chart in section 1.7, winsorised for outliers in section 3.3.
    """

    name = "innovation_cusum"

    def __init__(self, reference: Sequence[float] = (1.0, 2.0)) -> None:
        for value in reference:
            require_number("reference", value, above=0)
        super().__init__()
        self.reference = tuple(reference)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"reference": list(self.reference)}

    @property
    def _number_of_charts(self) -> int:
        return len(self.reference)

    @property
    def _least_unit(self) -> float:
        return 1.0

    def _clear(self, limit: Array) -> None:
        self._limit = limit
        self._upward, self._downward = np.zeros(limit.shape), np.zeros(limit.shape)

    def _accumulate(self, innovation: Array, known: NDArray[np.bool_]) -> Array:
        reference = np.array(self.reference)[:, None]
        up, down = (np.where(known, sign * innovation - reference, 0.0) for sign in (1, -1))
        self._upward = np.clip(self._upward + up, 0.0, self._limit)
        self._downward = np.clip(self._downward + down, 0.0, self._limit)
        return np.maximum(self._upward, self._downward)
