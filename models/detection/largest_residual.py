"""Is one measurement further from the estimate than its noise explains?"""

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector
from models.detection.history import DetectorFrame
from models.errors import InvalidParameterError


class LargestResidualDetector(Detector):
    """Largest normalised residual of the state estimation.

    Parameters
    ----------
    sigma
        Textbook threshold, in standard deviations of a normalised residual. [-]

    References
    ----------
    .. [1] A. Abur, A. Gomez Exposito, "Power System State Estimation", Marcel Dekker 2004, section 5.7.
    """

    name = "largest_residual"

    def __init__(self, sigma: float = 3.0) -> None:
        if not sigma > 0:
            raise InvalidParameterError(f"sigma must be positive, got {sigma}; 3 or 4 is usual.")
        super().__init__(threshold=sigma)
        self.sigma = sigma

    @property
    def parameters(self) -> dict[str, float]:
        """The constructor's arguments."""
        return {"sigma": self.sigma}

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """The largest of the channels' residuals; NaN where no channel has one."""
        residual = np.abs(frame.normalised_residual)
        # fmax skips NaN: a missing or critical measurement has no normalised residual.
        return float(np.fmax.reduce(residual)), residual
