"""What a piece of evidence signs: learn its usual from clean records, look at scan after scan."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detection.history import DetectorFrame, History
from models.detection.recalibration import Pace

Array = NDArray[np.float64]
Learned = Mapping[str, NDArray[Any]]


NORMAL_OVER_MEDIAN = 1.4826
"""A normal variable's standard deviation over the median of its magnitude. [-]"""

METER_DAYS = 0.125
"""Time constant with which a meter's error is learnt: what lasts of it changes with the hours' load. [d]"""

MEDIAN_ROWS = 1000
"""As many scans as make a good median. [scans]"""


class Findings(NamedTuple):
    """What a piece of evidence has to say about one scan, one row an aspect, each on a scale of its own."""

    scan: Array
    """(n_aspect,) How strange the scan is; NaN if it could not be judged. [-]"""
    channel: Array
    """(n_aspect, n_channel) How strange each channel is; NaN for a channel not judged. [-]"""

    @classmethod
    def of_channels(cls, channel: Array) -> "Findings":
        """A scan that is as strange as its strangest channel, aspect by aspect."""
        return cls(np.fmax.reduce(channel, axis=1), channel)


class Evidence(ABC):
    """One piece of evidence: several aspects of one idea.

    What is learnt of clean records is plain arrays, which the detector keeps; its own memory is of the stream.

    Attributes
    ----------
    name
        Of the piece.
    aspects
        Names of the rows of its `Findings`, each with the least mean excess that its tail on clean scans may be fitted
        with: however little an aspect varied on a few clean days, it is not rarer than that. [the aspect's scale]
    arrays
        Names of the arrays that it learns.
    """

    name: ClassVar[str]
    aspects: ClassVar[Mapping[str, float]] = {}
    arrays: ClassVar[tuple[str, ...]]

    @abstractmethod
    def learn(self, clean: Sequence[History]) -> dict[str, NDArray[Any]]:
        """What is usual on clean records."""

    @abstractmethod
    def begin(self, learned: Learned) -> None:
        """Start a stream with empty memory."""

    @abstractmethod
    def look(self, frame: DetectorFrame, trusted: bool) -> Findings:
        """Findings at the next scan; nothing is held for usual from a scan that is not `trusted`."""


def pace_of(scans: NDArray[Any]) -> Pace:
    """Location and scale that follow with the same time constant. [scans]"""
    return Pace(location_scans=float(scans), scale_scans=float(scans))


def middle(series: Array) -> Array:
    """(n,) Median of every column's finite values, of `MEDIAN_ROWS` rows at most; NaN where there are none."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")
        return np.asarray(np.nanmedian(series[:: max(1, len(series) // MEDIAN_ROWS)], axis=0))


def usual_scale(scale: Array) -> Array:
    """(n,) Scales with those that are none (a channel that never moved or spoke) replaced by the middle one."""
    some = np.isfinite(scale) & (scale > 0)
    return np.where(some, scale, np.median(scale[some]) if some.any() else 1.0)
