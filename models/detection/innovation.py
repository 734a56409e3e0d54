"""Innovations: how far measurement, estimate and expectation lie apart, beyond what is usual just now."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detection.history import DetectorFrame, History
from models.detection.recalibration import Pace, RollingCalibration
from models.telemetry.quality import Quality

Array = NDArray[np.float64]

KINDS = ("residual", "estimate", "measurement")
"""Value less estimate, estimate less expectation, value less expectation: the rows of every array of innovations."""

LEAST_OF_RESIDUAL = 0.1
"""No innovation is on a finer scale than this share of the channel's residual: less is no meter's business. [-]"""

LEAST_OF_VALUE = 1e-6
"""Nor on a finer one than this share of the channel's usual magnitude: computers round. [-]"""


class Innovations:
    """Innovations of a stream of scans, raw.

    An old value says nothing about now: what is stale is passed over, and what repeats the last value is passed over
    once, since its message was lost or had nothing to tell beyond the deadband. What repeats once more is judged: it
    may be held on purpose.
    """

    def __init__(self) -> None:
        self._last_value: Array | None = None
        self._repeated: NDArray[np.bool_] | None = None

    def of(self, frame: DetectorFrame) -> Array:
        """(3, n_channel) Innovations by `KINDS`, NaN where there is none. [channel's unit]"""
        value = np.where(frame.known & (frame.quality != Quality.STALE), frame.value, np.nan)
        fresh = np.where(self._old_for_the_first_time(value), np.nan, value)
        return np.stack([fresh - frame.estimated, frame.estimated - frame.expected, fresh - frame.expected])

    def _old_for_the_first_time(self, value: Array) -> NDArray[np.bool_]:
        repeats = np.zeros(len(value), dtype=bool) if self._last_value is None else value == self._last_value
        first_time = repeats if self._repeated is None else repeats & ~self._repeated
        self._last_value, self._repeated = value, repeats
        return first_time


class Usual(NamedTuple):
    """(3, n_channel) each: where the innovations of clean days lie, and their scale. [channel's unit]"""

    location: Array
    scale: Array


class StandardisedInnovations:
    """Innovations of a stream, less their rolling location and over their rolling scale.

    Customers stray from their forecast and meters have bias nearly all day: it is the change that tells. The scale is
    that of a change within about an hour, so that the estimate is asked as well how fast it may move.

    Parameters
    ----------
    usual
        What training found, `learn_usual`.
    pace
        How fast that may change.
    """

    def __init__(self, usual: Usual, pace: Pace | None = None) -> None:
        self._innovations = Innovations()
        self._calibration = RollingCalibration(usual.location, usual.scale, pace)

    def of(self, frame: DetectorFrame) -> Array:
        """(3, n_channel) Standardised innovations by `KINDS`, NaN where there is none. [scales]"""
        return self._calibration.deviation(self._innovations.of(frame))

    def learn(self, standardised: Array) -> None:
        """Take in what `of` gave as usual, where it is quiet."""
        self._calibration.learn(standardised)


def learn_usual(clean: Sequence[History], pace: Pace | None = None) -> Usual:
    """Median of the innovations of clean days and of their rolling scale, on average over the records."""
    records = [_of_record(record, pace) for record in clean]
    return Usual(*(np.mean(learnt, axis=0) for learnt in zip(*records, strict=True)))


def _of_record(record: History, pace: Pace | None) -> Usual:
    innovations = Innovations()
    raw = np.array([innovations.of(frame) for frame in record])
    location = _median(raw)
    spread = _median(np.abs(raw - location))
    value = _median(np.where(record.known, np.abs(record.value), np.nan))
    least = np.maximum(LEAST_OF_RESIDUAL * spread[0], LEAST_OF_VALUE * (value + LEAST_OF_VALUE))
    rough = Usual(location, np.maximum(spread, least))
    return Usual(location, np.maximum(_rolling_scale(raw, rough, pace), least))


def _rolling_scale(raw: Array, rough: Usual, pace: Pace | None) -> Array:
    """(3, n_channel) Median of the scale that follows the (n_time, 3, n_channel) innovations. [channel's unit]"""
    calibration = RollingCalibration(rough.location, rough.scale, pace)
    scales = np.empty_like(raw)
    for scan, innovation in enumerate(raw):
        calibration.standardise(innovation)
        scales[scan] = calibration.scale
    return np.median(scales, axis=0)


def _median(series: Array) -> Array:
    """Median over time of what is known; 0 where nothing ever is."""
    nothing = np.isnan(series).all(axis=0)
    return np.nanmedian(np.where(nothing, 0.0, series), axis=0)
