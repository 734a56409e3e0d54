"""How large are the residuals of clean days, and how large must they be to mean something?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SCALE_QUANTILE = 0.99
NORMAL_QUANTILE = 2.5758
"""What a normal variable's magnitude exceeds with probability 1 - `SCALE_QUANTILE`. [standard deviations]"""

LEAST_SCALE = 1e-3
"""Least scale of a residual. [unit of the residual]"""


def tail_scale(residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., n_channel) Standard deviation of residuals (n_time, ..., n_channel), judged by their rare large values.

    The middle of the distribution would mislead: the night tells little about a channel with sun behind it.
    """
    return np.maximum(np.quantile(np.abs(residual), SCALE_QUANTILE, axis=0) / NORMAL_QUANTILE, LEAST_SCALE)


def deviation_from_other_days(
    residual: Sequence[NDArray[np.float64]], days: int, training_scale: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Every record's residuals over the scale that training and the other days give.

    A load that is high today stays high all day, so thousands of scans hold no more than a few days of experience: a
    day that is laid on its own scale seems quieter than the next one will.

    Parameters
    ----------
    residual
        (n_time, ..., n_channel) of each record.
    days
        Into so many parts a single record is cut; several stand for themselves. [-]
    training_scale
        (..., n_channel) Least scale.
    """
    parts = list(residual) if len(residual) > 1 else np.array_split(residual[0], max(days, 2))
    judged = []
    for number, part in enumerate(parts):
        others = np.concatenate([other for position, other in enumerate(parts) if position != number])
        judged.append(np.abs(part) / np.maximum(training_scale, tail_scale(others)))
    return judged if len(residual) > 1 else [np.concatenate(judged)]
