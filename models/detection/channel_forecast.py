"""What every channel by itself foretells of its next scan."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

AVERAGE_WEIGHT = 0.15
"""Weight of the newest value in the average that a forecast rests on beside the last value. [0 to 1]"""

BELIEVED_ERROR = 3.0
"""Of a larger error no more than this is believed by the next forecast: customers move on, a forgery does not become
usual at once. [standard deviations]"""

RIDGE = 1e-3
"""Share of a series' variance that is added for the sake of channels that never move. [-]"""


class ChannelForecast:
    """Linear forecasts of many series side by side, from the last value and an average of those before.

    With both a forecast can tell what lasts from what was noise, as an ARMA(1, 1) process does [1]_; errors are cleaned
    before they are learnt from.

    Parameters
    ----------
    coefficients
        (2, n_channel) Of the last value and of the average. [-]
    error_scale
        (n_channel,) Standard deviation of the errors on clean days. [unit of the series]

    References
    ----------
    .. [1] G. E. P. Box, G. M. Jenkins, "Time Series Analysis: Forecasting and Control", Holden-Day 1970, section 5.4.
    """

    def __init__(self, coefficients: Array, error_scale: Array) -> None:
        self._coefficients = coefficients
        self._error_scale = error_scale
        self._forecast = np.zeros(len(error_scale))
        self._average = np.zeros(len(error_scale))

    def update(self, value: Array) -> Array:
        """(n_channel,) How far the values are from their forecasts; NaN where unknown. [standard deviations]"""
        error = (value - self._forecast) / self._error_scale
        believed = np.clip(np.nan_to_num(error), -BELIEVED_ERROR, BELIEVED_ERROR)
        last = self._forecast + believed * self._error_scale
        self._average += AVERAGE_WEIGHT * (last - self._average)
        self._forecast = self._coefficients[0] * last + self._coefficients[1] * self._average
        return error


def fitted(records: Sequence[Array]) -> tuple[Array, Array]:
    """Coefficients and error scale by least squares over clean records (n_time, n_channel); unknown counts as zero."""
    regressors, targets = zip(*map(_regression, records), strict=True)
    regressor, target = np.concatenate(regressors, axis=1), np.concatenate(targets)
    moments = np.einsum("atj,btj->jab", regressor, regressor)
    products = np.einsum("atj,tj->ja", regressor, target)
    ridge = np.maximum(RIDGE * moments[:, 0, 0], 1.0)
    coefficients = np.linalg.solve(moments + ridge[:, None, None] * np.eye(2), products[:, :, None])[:, :, 0].T
    error = target - np.einsum("aj,atj->tj", coefficients, regressor)
    scale = np.sqrt(np.square(error).mean(axis=0))
    return coefficients, np.where(scale > 0, scale, 1.0)


def _regression(record: Array) -> tuple[Array, Array]:
    """(2, n_time - 1, n_channel) Last values and averages, and (n_time - 1, n_channel) what followed them."""
    value = np.nan_to_num(record)
    average, averages = np.zeros(value.shape[1]), np.empty_like(value)
    for scan, now in enumerate(value):
        average = average + AVERAGE_WEIGHT * (now - average)
        averages[scan] = average
    return np.stack([value[:-1], averages[:-1]]), value[1:]
