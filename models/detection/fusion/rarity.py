"""One scale for all evidence: how rare is a score as large as this on clean scans?"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TAIL_SHARE = 0.005
"""Share of the clean scans that counts as the tail of an aspect. [-]"""

LEAST_EXCESS = 1e-6
"""Least mean excess, as a share of the tail's start: what never varied must not be infinitely rare. [-]"""


RAREST = 100.0
"""Nothing is rarer than this: beyond all experience is beyond all experience. [-]"""


def tail_of(score: Array) -> Array:
    """(2, n_aspect) Where the upper tail of every aspect begins and its mean excess there.

    Beyond the beginning u of the tail, a share `TAIL_SHARE` of scores exceeds u by an exponentially distributed amount:
    the generalised Pareto distribution of [1]_ with shape 0.

    Parameters
    ----------
    score
        (n_time, n_aspect) Scores of clean scans, NaN where not judged. [-]

    References
    ----------
    .. [1] S. Coles, "An Introduction to Statistical Modeling of Extreme Values", Springer 2001, section 4.2, equation
       4.2; estimated by the mean of the excesses, which is the likeliest for shape 0.
    """
    begins, excess = np.zeros(score.shape[1]), np.ones(score.shape[1])
    for aspect, scores in enumerate(score.T):
        known = scores[np.isfinite(scores)]
        if len(known) == 0:
            begins[aspect] = np.finfo(np.float32).max
            continue
        begins[aspect] = np.quantile(known, 1 - TAIL_SHARE)
        beyond = known[known > begins[aspect]] - begins[aspect]
        least = LEAST_EXCESS + LEAST_EXCESS * abs(begins[aspect])
        excess[aspect] = max(beyond.mean() if len(beyond) else 0.0, least)
    return np.stack([begins, excess])


def rarity(score: Array, tail: Array) -> Array:
    """-log10 of the share of clean scans with a score as large, by the tail that `tail_of` gave. [-]

    Parameters
    ----------
    score
        (n_aspect, ...) Below the tail the same line goes on, so that order is kept.
    tail
        (2, n_aspect)
    """
    shape = (-1,) + (1,) * (score.ndim - 1)
    begins, excess = (part.reshape(shape) for part in tail)
    return np.clip((score - begins) / (excess * np.log(10)) - np.log10(TAIL_SHARE), -RAREST, RAREST)
