"""Do the innovations add up to more than they should?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.innovation_chart import Array, InnovationChart
from models.parameters import require_number

HEAD_START = 0.5
"""Where a sum goes on after its alarm, so that it ends soon after its cause and goes on as long as that. [alarm levels]
"""


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
       two-sided charts, and sums of winsorised values against outliers.
    .. [3] J. M. Lucas, R. B. Crosier, "Fast Initial Response for CUSUM Quality-Control Schemes: Give Your CUSUM a Head
       Start", Technometrics 24(3), 1982: half of the alarm level.
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

    def _clear(self, alarm_level: Array) -> None:
        self._reference = np.array(self.reference)[:, None]
        self._alarm_level = alarm_level
        self._upward, self._downward = np.zeros(alarm_level.shape), np.zeros(alarm_level.shape)

    def _accumulate(self, innovation: Array, known: NDArray[np.bool_]) -> Array:
        counted = np.where(known, innovation, 0.0)
        reference = self._reference * known
        upward = np.maximum(self._upward + counted - reference, 0.0)
        downward = np.maximum(self._downward - counted - reference, 0.0)
        self._upward, self._downward = self._restarted(upward), self._restarted(downward)
        return np.maximum(upward, downward)

    def _restarted(self, total: Array) -> Array:
        return np.where(total > self._alarm_level, HEAD_START * self._alarm_level, total)
