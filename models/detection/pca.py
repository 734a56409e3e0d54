"""Do the channels move together as they did on clean days?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from models.detection.base import Progress
from models.detection.history import History
from models.detection.scanwise import ScanwiseDetector, believed
from models.detection.standardisation import mean_and_spread
from models.detection.stored_arrays import of_shapes
from models.errors import InvalidParameterError

LEAST_VARIANCE = 1e-12
"""Least variance left to the residuals, lest their limit be 0 / 0 where the components explain all there is. [-]"""


class PcaDetector(ScanwiseDetector):
    """Squared prediction error (Q statistic [1]_) of a principal component analysis of the standardised channels.

    The first components span the plane in which clean scans lie; the score is the squared distance of a scan from it,
    each channel's score its part of that sum (its contribution). Where values are missing, the point of the plane
    nearest to the known ones stands for the scan [2]_, and the known ones are judged; a scan with no more known values
    than there are components lies on the plane whatever it says, and is not judged. Training takes a missing value for
    the channel's mean.

    The threshold is the limit for normally distributed channels until `calibrate` replaces it.

    Parameters
    ----------
    explained_share
        Share of the standardised channels' variance that the components explain: as many as it takes. [0 to 1]
    false_alarm_probability
        Probability with which a clean scan, were it normally distributed, exceeds the limit. [0 to 1]

    References
    ----------
    .. [1] J. E. Jackson, G. S. Mudholkar, "Control Procedures for Residuals Associated With Principal Component
       Analysis", Technometrics 21(3), 1979: the Q statistic.
    .. [2] P. R. C. Nelson, P. A. Taylor, J. F. MacGregor, "Missing data methods in PCA and PLS: Score calculations with
       incomplete observations", Chemometrics and Intelligent Laboratory Systems 35, 1996: projection to the plane.
    """

    name = "pca"

    def __init__(self, explained_share: float = 0.95, false_alarm_probability: float = 0.01) -> None:
        for name, value in (("explained_share", explained_share), ("false_alarm_probability", false_alarm_probability)):
            if not 0 < value < 1:
                raise InvalidParameterError(f"{name} must lie between 0 and 1, got {value}; 0.95 and 0.01 are usual.")
        super().__init__(threshold=np.nan)
        self.explained_share = explained_share
        self.false_alarm_probability = false_alarm_probability

    @property
    def parameters(self) -> dict[str, float]:
        """The constructor's arguments."""
        return {"explained_share": self.explained_share, "false_alarm_probability": self.false_alarm_probability}

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Find the components of attack-free days; parameters as of `Detector.fit`, `seed` without influence."""
        super().fit(clean)
        value = np.concatenate([believed(record) for record in clean])
        mean, spread = mean_and_spread(value, np.isfinite(value))
        standardised = np.nan_to_num((value - mean) / spread, nan=0.0)
        variance, direction = np.linalg.eigh(standardised.T @ standardised / len(standardised))
        variance, direction = np.maximum(variance[::-1], 0.0), direction[:, ::-1]
        n_component = _components_needed(variance, self.explained_share)
        self._learned = {"mean": mean, "spread": spread, "components": direction[:, :n_component].copy()}
        self.threshold = limit_of_squared_error(variance[n_component:], self.false_alarm_probability)

    def judge_scans(
        self, value: NDArray[np.float64], normalised_residual: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Squared prediction errors and the channels' contributions. [variances of the channels]"""
        standardised = (value - self._learned["mean"]) / self._learned["spread"]
        contribution = np.square(standardised - self._nearest_in_plane(standardised))
        judged = np.isfinite(standardised).sum(axis=1) > self._learned["components"].shape[1]
        contribution[~judged] = np.nan
        return np.where(judged, np.nansum(contribution, axis=1), np.nan), contribution

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `learned` gave.

        Raises
        ------
        InvalidParameterError
            If an array is missing or of another shape than the channels ask for.
        """
        n_channel = len(self.channels)
        shapes = {"mean": (n_channel,), "spread": (n_channel,), "components": (n_channel, None)}
        self._learned = of_shapes(learned, shapes)

    def _nearest_in_plane(self, standardised: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n_time, n_channel) The points of the plane that are nearest to the known values of each scan."""
        components = self._learned["components"]
        known = np.isfinite(standardised)
        score = np.where(known, standardised, 0.0) @ components
        for scan in np.flatnonzero(~known.all(axis=1)):
            seen = components[known[scan]]
            # The components are orthonormal over all channels, not over some of them.
            score[scan] = np.linalg.pinv(seen.T @ seen, hermitian=True) @ score[scan]
        return score @ components.T


def limit_of_squared_error(variance: NDArray[np.float64], false_alarm_probability: float) -> float:
    """What a sum of squared, independent normal variables exceeds with a probability.

    The sum is taken for a multiple of a chi-square variable with the same mean and variance [1]_. Jackson and
    Mudholkar's own limit is as close where it exists; a few large variances beside many small ones leave it without a
    value.

    Parameters
    ----------
    variance
        (n,) Of the variables. [-]
    false_alarm_probability
        Probability with which the limit is exceeded. [0 to 1]

    References
    ----------
    .. [1] G. E. P. Box, "Some Theorems on Quadratic Forms Applied in the Study of Analysis of Variance Problems, I",
       Annals of Mathematical Statistics 25(2), 1954, theorem 3.1.
    """
    first, second = (np.sum(np.maximum(variance, LEAST_VARIANCE) ** power) for power in (1, 2))
    return float(second / first * chdtri(first**2 / second, false_alarm_probability))


def _components_needed(variance: NDArray[np.float64], explained_share: float) -> int:
    """The fewest that explain the share; never all, lest nothing be left to judge by."""
    explained = np.cumsum(variance) / max(variance.sum(), LEAST_VARIANCE)
    return min(int(np.searchsorted(explained, explained_share)) + 1, len(variance) - 1)
