"""What is left of past residuals: small errors that persist add up, large ones that are over fade."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


class ResidualMemory:
    """Exponentially weighted moving averages of every channel's residual, several side by side [1]_.

    A short average answers a large error at once; a long one averages the noise away, so that a small error that
    persists stands out. A bound keeps an average from remembering a large error long after it is gone.

    Parameters
    ----------
    weight_of_newest
        (n_average,) Smoothing constant of each average; 1 is no smoothing. [0 to 1]
    bound
        (n_average, n_channel) Largest magnitude of each average. [unit of the residual]

    Attributes
    ----------
    average
        (n_average, n_channel) Zero at the beginning. [unit of the residual]

    References
    ----------
    .. [1] S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics 1(3), 1959,
       equation 1.
    """

    def __init__(self, weight_of_newest: ArrayLike, bound: NDArray[np.float64]) -> None:
        self._weight_of_newest = np.asarray(weight_of_newest, dtype=float)[:, None]
        self._bound = bound
        self.average = np.zeros(bound.shape)

    def update(self, residual: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(n_average, n_channel) The averages with the newest (n_channel,) residuals; unknown ones do nothing."""
        change = np.where(known, residual - self.average, 0.0)
        self.average = np.clip(self.average + self._weight_of_newest * change, -self._bound, self._bound)
        return self.average
