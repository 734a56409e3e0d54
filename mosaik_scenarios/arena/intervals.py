"""Confidence intervals of counts."""

from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Bounds at a confidence of `CONFIDENCE`."""

    low: float
    high: float


def share_interval(hits: int, tries: int) -> Interval:
    """Of a share, by Wilson's score [1]_; unknown without a try.

    References
    ----------
    .. [1] E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American
       Statistical Association 22 (1927).
    """
    from scipy.stats import binomtest

    if tries == 0:
        return Interval(np.nan, np.nan)
    return Interval(*map(float, binomtest(hits, tries).proportion_ci(CONFIDENCE, method="wilson")))


def rate_interval(count: int, days: float) -> Interval:
    """Of a rate whose events are counted, exact if they are Poisson's [1]_. [1/d]

    References
    ----------
    .. [1] F. Garwood, "Fiducial Limits for the Poisson Distribution", Biometrika 28 (1936).
    """
    from scipy.stats import chi2

    if not days > 0:
        return Interval(np.nan, np.nan)
    tail = (1 - CONFIDENCE) / 2
    low = chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    return Interval(float(low / days), float(chi2.ppf(1 - tail, 2 * count + 2) / 2 / days))
