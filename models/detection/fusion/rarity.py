"""One scale for all evidence: how rare is a score as large as this on clean scans?"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

TAIL_SHARE = 0.005
"""Share of the clean scans that counts as the tail of an aspect. [-]"""

RAREST = 100.0
"""Nothing is rarer than this: what is beyond all experience need not be compared. [-]"""


def tail_of(score: Array, least_excess: ArrayLike) -> Array:
    """(2, n_aspect) Where the upper tail of every aspect begins, and its mean excess there.

    A share `TAIL_SHARE` of the clean scores lies beyond the beginning, by exponentially distributed amounts: the
    generalised Pareto distribution of [1]_ with shape 0. What was never judged on clean scans begins at 0.

    Parameters
    ----------
    score
        (n_time, n_aspect) Scores of clean scans, NaN where not judged. [-]
    least_excess
        (n_aspect,) The mean excess is no less. [-]

    References
    ----------
    .. [1] S. Coles, "An Introduction to Statistical Modeling of Extreme Values", Springer 2001, equation 4.2; the mean
       of the excesses is the likeliest scale for shape 0.
    """
    least = np.asarray(least_excess, dtype=float)
    begins, excess = np.zeros(len(least)), least.copy()
    for aspect, scores in enumerate(score.T):
        known = scores[np.isfinite(scores)]
        if len(known):
            begins[aspect] = np.quantile(known, 1 - TAIL_SHARE)
            beyond = known[known > begins[aspect]] - begins[aspect]
            excess[aspect] = max(beyond.mean(), least[aspect]) if len(beyond) else least[aspect]
    return np.stack([begins, excess])


def rarity(score: Array, tail: Array) -> Array:
    """-log10 of the share of clean scans with a score as large, NaN where there is no score. [-]

    Below the tail the same line goes on, so that order is kept.

    Parameters
    ----------
    score
        (n_aspect, ...)
    tail
        As `tail_of` gave it.
    """
    begins, excess = tail.reshape(2, -1, *(1,) * (score.ndim - 1))
    return np.clip((score - begins) / (excess * np.log(10)) - np.log10(TAIL_SHARE), -RAREST, RAREST)
