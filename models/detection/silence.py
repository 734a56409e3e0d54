"""How surprising is it that a channel has told nothing new for so long?"""

import numpy as np
from numpy.typing import NDArray

TOLERATED_SCANS = 2
"""Silence beyond the longest one learned that is still no more surprising than that one. [scans]"""


def longest_silence(value: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n_channel,) The longest each channel went without a new value in a record. [scans]

    Parameters
    ----------
    value
        (n_time, n_channel) Received values. [channel's unit]
    known
        (n_time, n_channel) Whether there was one.
    """
    watch = SilenceWatch(np.ones(value.shape[1]), scans_learned=len(value))
    longest = np.zeros(value.shape[1])
    for value_now, known_now in zip(value, known, strict=True):
        np.maximum(longest, watch.count(value_now, known_now), out=longest)
    return longest


class SilenceWatch:
    """Counts the scans since each channel last told something new, be it missing or frozen, and rates the count.

    Silences of random length have a geometric distribution. The longest of `scans_learned` scans has a probability of
    about one in `scans_learned`; a silence that is x times as long has that probability to the power of x. The rating
    is the number of standard deviations at which a normal variable is as improbable (to leading order), so that it can
    be laid beside residuals: 4.1 for the longest silence of three days of minutes (and `TOLERATED_SCANS` more), 8.2 for
    four times as long.

    Parameters
    ----------
    longest_scans
        (n_channel,) Longest silence in the clean record. [scans]
    scans_learned
        Length of that record. [scans]
    """

    def __init__(self, longest_scans: NDArray[np.float64], scans_learned: int) -> None:
        # Losses strike every channel alike, so the middle channel's luck speaks for all.
        tolerated = np.maximum(longest_scans, np.median(longest_scans)) + TOLERATED_SCANS
        self._surprise_per_scan = 2 * np.log(max(scans_learned, 2)) / tolerated
        self._last_value = np.full(len(longest_scans), np.nan)
        self._silent_scans = np.zeros(len(longest_scans))

    def count(self, value: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(n_channel,) Scans since each channel's last new value, this one included. [scans]"""
        told_something = known & (value != self._last_value)
        self._last_value = np.where(told_something, value, self._last_value)
        self._silent_scans = np.where(told_something, 0.0, self._silent_scans + 1)
        return self._silent_scans

    def rate(self, value: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(n_channel,) Surprise at the silence of each channel. [standard deviations]"""
        return np.sqrt(self._surprise_per_scan * self.count(value, known))

    def reset(self) -> None:
        """Forget what the channels said."""
        self._last_value = np.full_like(self._last_value, np.nan)
        self._silent_scans = np.zeros_like(self._silent_scans)
