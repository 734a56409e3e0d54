"""What is usual just now, learnt from what stays quiet, so that no attack is learnt with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.parameters import require_number

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pace:
    """How fast, and how far, a series may change what is held for usual.

    Attributes
    ----------
    location_scans, scale_scans
        Time constants with which location and scale follow. [scans]
    clip
        A deviation counts for no more than this when it is learnt. [scales]
    loud
        A deviation above this is not learnt at all, [scales]
    patience_scans
        unless the series has been as loud for longer than this: then the change is there to stay, be it a new plant or
        an attack that operators have known of for hours. [scans]
    least_scale
        The scale never falls below this share of the one that was learnt in training. [-]

    Raises
    ------
    InvalidParameterError
    """

    location_scans: float = 60.0
    scale_scans: float = 360.0
    clip: float = 2.5
    loud: float = 6.0
    patience_scans: int = 360
    least_scale: float = 0.5

    def __post_init__(self) -> None:
        for name in ("location_scans", "scale_scans", "clip", "loud", "patience_scans"):
            require_number(name, getattr(self, name), above=0)
        require_number("least_scale", self.least_scale, above=0, at_most=1)


class RollingCalibration:
    """Location and scale of many series side by side, scan by scan.

    Both are exponentially weighted and robust: a deviation is cleaned before it is learnt, as [1]_ does in exponential
    smoothing. Here a loud one is not learnt at all, until it has lasted.

    Parameters
    ----------
    location, scale
        (...) What training found, the usual at the beginning of a stream. [unit of the series]
    pace
        How fast it may change.

    References
    ----------
    .. [1] S. Gelper, R. Fried, C. Croux, "Robust Forecasting with Exponential and Holt-Winters Smoothing", Journal of
       Forecasting 29(3), 2010, section 2: pre-cleaning with Huber's function, and the recursive scale.
    """

    def __init__(self, location: Array, scale: Array, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self._least_scale = self.pace.least_scale * scale
        self.location = location.copy()
        self.scale = scale.copy()
        self._loud_scans = np.zeros(location.shape)
        self._scans_learnt = np.full(location.shape, FIRST_WEIGHT)

    def standardise(self, series: Array, learns: bool = True) -> Array:
        """(...) Deviation from what was usual before this scan, which is then learnt unless it must not be. [scales]

        A value that is not finite has no deviation and teaches nothing.
        """
        deviation = self.deviation(series)
        if learns:
            self.learn(deviation)
        return deviation

    def deviation(self, series: Array) -> Array:
        """(...) Deviation from what is usual. [scales]"""
        return (series - self.location) / self.scale

    def learn(self, deviation: Array) -> None:
        """Take in the (...) deviations of a scan. [scales]"""
        pace = self.pace
        size = np.abs(deviation)
        known = np.isfinite(size)
        loud = size > pace.loud
        self._loud_scans = np.where(known, (self._loud_scans + 1) * loud, self._loud_scans)
        learns = known & (~loud | (self._loud_scans > pace.patience_scans))
        self._scans_learnt += learns
        clipped = np.where(learns, np.clip(deviation, -pace.clip, pace.clip), 0.0)
        # A running mean at first, so that a stream finds its feet soon.
        weight = np.maximum(1 / self._scans_learnt, 1 / pace.location_scans)
        self.location += weight * clipped * self.scale
        growth = np.where(learns, clipped**2 - 1, 0.0) / pace.scale_scans
        self.scale = np.maximum(self.scale * np.sqrt(1 + growth), self._least_scale)


FIRST_WEIGHT = 4.0
"""Scans that the training's location is worth when a stream begins. [scans]"""
