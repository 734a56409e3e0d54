"""How large do statistics become on rare occasions, more rare than there were scans to see one?"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

TAIL, RARE = 1e-2, 1e-3
"""The tail of a statistic is drawn through what it exceeds with these probabilities, [-]"""

DECADES_BEYOND = 2
"""and as many decades further, to where hundreds of charts together alarm once in days. [-]"""


def rare_size(statistics: Iterable[NDArray[np.floating]], scans: int) -> NDArray[np.float64]:
    """(...) Size that each statistic exceeds once in 10^5 scans, if its tail is exponential [1]_.

    Parameters
    ----------
    statistics
        (n_time, ...) each, one array a record, not negative; NaN where there is none. Only the tail of each is kept.
    scans
        Of all records together.

    References
    ----------
    .. [1] S. Coles, "An Introduction to Statistical Modeling of Extreme Values", Springer 2001, section 4.3.3,
       equation 4.12 with shape 0.
    """
    kept = int(np.ceil(TAIL * scans))
    tails, known = [], np.zeros((), dtype=np.int64)
    for record in statistics:
        known = known + np.isfinite(record).sum(axis=0)
        largest = min(kept, len(record))
        tails.append(np.partition(np.nan_to_num(record), -largest, axis=0)[-largest:])
    tail = np.sort(np.concatenate(tails), axis=0)
    common, rare = (_exceeded_with(probability, tail, known) for probability in (TAIL, RARE))
    return rare + DECADES_BEYOND * (rare - common)


def _exceeded_with(probability: float, ascending: NDArray[np.float64], known: NDArray[np.int64]) -> NDArray[np.float64]:
    place = len(ascending) - np.maximum(np.ceil(probability * known).astype(int), 1)
    return np.take_along_axis(ascending, place[None], axis=0)[0]
