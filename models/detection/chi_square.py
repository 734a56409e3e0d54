"""Is the whole set of residuals larger than meter noise explains?"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from models.detection.base import Detector
from models.detection.history import DetectorFrame
from models.errors import InvalidParameterError


class ChiSquareDetector(Detector):
    """Chi-square test on the objective of the state estimation.

    The score is J(x) over the quantile of the chi-square distribution with the estimate's degrees of freedom: 1 is the
    textbook threshold whatever the number of channels that got through. The test judges the set; it names no channel.

    Parameters
    ----------
    false_alarm_probability
        Probability with which meter noise alone exceeds the quantile at one scan. [0 to 1]

    References
    ----------
    .. [1] A. Abur, A. Gomez Exposito, "Power System State Estimation", Marcel Dekker 2004, section 5.5.
    """

    name = "chi_square"

    def __init__(self, false_alarm_probability: float = 0.01) -> None:
        if not 0 < false_alarm_probability < 1:
            raise InvalidParameterError(
                f"false_alarm_probability must lie between 0 and 1, got {false_alarm_probability}; 0.01 is usual."
            )
        super().__init__(threshold=1.0)
        self.false_alarm_probability = false_alarm_probability

    @property
    def parameters(self) -> dict[str, float]:
        """The constructor's arguments."""
        return {"false_alarm_probability": self.false_alarm_probability}

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """J(x) over its quantile; NaN where there is no redundancy or no estimate."""
        nobody = np.full(len(frame.value), np.nan)
        if not frame.degrees_of_freedom > 0:
            return np.nan, nobody
        return float(frame.objective / chdtri(frame.degrees_of_freedom, self.false_alarm_probability)), nobody
