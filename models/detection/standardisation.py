"""Channels of different units on one scale."""

import numpy as np
from numpy.typing import NDArray

LEAST_SPREAD = 1e-3
"""Least standard deviation of a channel, as a share of its mean: a constant must not have an infinite score. [-]"""


def mean_and_spread(
    value: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n_channel,) each: mean and standard deviation of the known values; 0 and 1 for a channel that never spoke."""
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, value, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, value - mean, 0.0) ** 2).sum(axis=0) / count)
    least = np.maximum(LEAST_SPREAD * np.abs(mean), np.finfo(np.float32).eps)
    return mean, np.where(known.any(axis=0), np.maximum(spread, least), 1.0)


def last_known(standardised: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n_time, n_channel) Every value, or the last one known where it is missing; the mean, 0, before the first."""
    known = np.isfinite(standardised)
    scan = np.maximum.accumulate(np.where(known, np.arange(len(known))[:, None], 0), axis=0)
    return np.take_along_axis(np.where(known, standardised, np.float32(0)), scan, axis=0)
