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


def fitted_coefficients(records: Sequence[Array]) -> Array:
    """(2, n_channel) Least squares over the clean records (n_time, n_channel); unknown values count as zero."""
    moments, products = np.zeros((2, 2, records[0].shape[1])), np.zeros((2, records[0].shape[1]))
    for record in records:
        value = np.nan_to_num(record)
        average, averages = np.zeros(value.shape[1]), np.empty_like(value)
        for scan, now in enumerate(value):
            average = average + AVERAGE_WEIGHT * (now - average)
            averages[scan] = average
        regressors = np.stack([value[:-1], averages[:-1]])
        moments += np.einsum("atj,btj->abj", regressors, regressors)
        products += np.einsum("atj,tj->aj", regressors, value[1:])
    ridge = RIDGE * np.maximum(moments[0, 0], 1.0)
    by_channel = moments.transpose(2, 0, 1) + ridge[:, None, None] * np.eye(2)
    return np.linalg.solve(by_channel, products.T[:, :, None])[:, :, 0].T
