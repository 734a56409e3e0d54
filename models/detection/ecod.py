"""How far out in the tails of what was seen on clean days do a scan's numbers lie?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Progress
from models.detection.history import History
from models.detection.scan_features import features_of, filled, medians, sample_of_clean_scans
from models.detection.scanwise import ScanwiseDetector
from models.detection.stored_arrays import of_shapes


class EcodDetector(ScanwiseDetector):
    """Empirical cumulative distributions (ECOD) of the values and normalised residuals of a scan, without its past.

    Each feature's surprise is minus the logarithm of the share of the clean scans (and this one) that lie as far out or
    further, on the side where that is rarer; a channel's score is the sum of its two, the scan's the sum of all, as if
    features were independent. No feature needs a scale. What is missing is taken for the clean median of its feature.

    The numbers are those of PyOD's ECOD fitted to the clean sample and asked about one scan at a time. PyOD sorts the
    whole sample anew for each question, and lets scans asked about together count as each other's sample; here the
    sample is kept sorted, and what comes later has no part in a verdict. The method has no threshold of its own:
    `calibrate` sets it.

    References
    ----------
    .. [1] Z. Li, Y. Zhao, X. Hu, N. Botta, C. Ionescu, G. H. Chen, "ECOD: Unsupervised Outlier Detection Using
       Empirical Cumulative Distribution Functions", IEEE Transactions on Knowledge and Data Engineering 35(12), 2023;
       the larger tail feature by feature, as in PyOD.
    """

    name = "ecod"

    def __init__(self) -> None:
        super().__init__(threshold=np.nan)

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Keep a sample of attack-free scans, sorted; parameters as of `Detector.fit`."""
        super().fit(clean)
        sample = sample_of_clean_scans(clean, seed)
        typical = medians(sample)
        self.restore({"ascending": np.sort(filled(sample, typical), axis=0).T.copy(), "typical": typical})

    def judge_scans(
        self, value: NDArray[np.float64], normalised_residual: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums of surprises [nat], NaN for scans of which nothing is known, and the channels' parts of them."""
        features = features_of(value, normalised_residual)
        surprise = self._surprise(filled(features, self._learned["typical"]))
        score = surprise.sum(axis=1)
        score[~np.isfinite(features).any(axis=1)] = np.nan
        return score, np.add(*np.hsplit(surprise, 2))

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `learned` gave.

        Raises
        ------
        InvalidParameterError
            If an array is missing or of another shape than the channels ask for.
        """
        n_feature = 2 * len(self.channels)
        self._learned = of_shapes(learned, {"ascending": (n_feature, None), "typical": (n_feature,)})

    def _surprise(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n_scan, n_feature) Minus the logarithm of the rarer tail's share. [nat]"""
        ascending = self._learned["ascending"]
        n_sample = ascending.shape[1]
        as_far_out = np.empty(features.shape, dtype=np.int64)
        for number, (sample, asked) in enumerate(zip(ascending, features.T, strict=True)):
            not_above = sample.searchsorted(asked, side="right")
            not_below = n_sample - sample.searchsorted(asked, side="left")
            as_far_out[:, number] = np.minimum(not_above, not_below)
        return np.log((n_sample + 1) / (as_far_out + 1))
