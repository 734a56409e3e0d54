"""What detectors are shown that know neither grid nor time: the numbers of one scan."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.detection.history import History
from models.detection.scanwise import believed

MOST_SCANS = 4096
"""Clean scans that are kept: enough of several days, and a file of 16 MB for 500 channels. [scans]"""

Features = NDArray[np.float32]


def features_of(value: NDArray[np.float64], normalised_residual: NDArray[np.float64]) -> Features:
    """(n_time, 2 n_channel) Values, then normalised residuals, both (n_time, n_channel); NaN where unknown.

    In single precision, as records are kept, so that what was the same value twice stays the same.
    """
    return np.hstack([value, normalised_residual]).astype(np.float32)


def sample_of_clean_scans(clean: Sequence[History], seed: int) -> Features:
    """(n_sample, 2 n_channel) Features of random clean scans: all of them, or `MOST_SCANS` where there are more."""
    features = np.vstack([features_of(believed(record), record.normalised_residual) for record in clean])
    drawn = np.random.default_rng(seed).permutation(len(features))[:MOST_SCANS]
    return features[np.sort(drawn)]


def medians(features: Features) -> Features:
    """(n_feature,) The middle known value of each feature; 0 where none was ever known."""
    ascending = np.sort(features, axis=0)  # NaN comes last
    middle = np.isfinite(features).sum(axis=0, keepdims=True) // 2
    return np.nan_to_num(np.take_along_axis(ascending, np.minimum(middle, len(features) - 1), axis=0)[0], nan=0.0)


def filled(features: Features, typical: Features) -> Features:
    """The features with what is unknown replaced by what is typical (n_feature,)."""
    return np.where(np.isfinite(features), features, typical)
