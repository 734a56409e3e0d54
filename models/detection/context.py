"""What is known of a scan before it comes: the control room's forecasts, the time of day and the weather."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detection.history import DetectorFrame, History
from models.detection.standardisation import mean_and_spread

CONTEXT_OF_ALL = 4
"""Sine and cosine of the time of day, irradiance, temperature."""

LEVEL_LIMIT = 4.0
"""Forecasts of another season reach a network no further than this. [standard deviations]"""

USUAL_GHI_W_PER_M2 = 500.0
USUAL_AMBIENT_C, AMBIENT_SPREAD_C = 10.0, 10.0


class Level(NamedTuple):
    """(n_channel,) each: mean and standard deviation of what channels are expected to read. [channel's unit]"""

    level_mean: NDArray[np.float64]
    level_spread: NDArray[np.float64]

    @classmethod
    def of(cls, clean: Sequence[History]) -> "Level":
        """Of clean records; 0 and 1 for a channel of which nothing is expected."""
        expected = np.concatenate([record.expected for record in clean])
        return cls(*mean_and_spread(expected, np.isfinite(expected)))


def context_of(seen: DetectorFrame | History, level: Level) -> NDArray[np.float32]:
    """(..., n_channel + 4) Expected level of every channel [standard deviations], then what concerns them all."""
    expected = np.nan_to_num((seen.expected - level.level_mean) / level.level_spread)
    return np.concatenate([np.clip(expected, -LEVEL_LIMIT, LEVEL_LIMIT), clock_and_weather(seen)], axis=-1).astype(
        np.float32
    )


def clock_and_weather(seen: DetectorFrame | History) -> NDArray[np.float32]:
    """(..., 4) Time of day without a jump at midnight, irradiance and temperature. [-]"""
    angle = seen.day_angle_rad
    ghi = np.asarray(seen.ghi_w_per_m2) / USUAL_GHI_W_PER_M2
    ambient = (np.asarray(seen.ambient_c) - USUAL_AMBIENT_C) / AMBIENT_SPREAD_C
    return np.stack([np.sin(angle), np.cos(angle), ghi, ambient], axis=-1).astype(np.float32)
