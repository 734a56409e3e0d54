"""How far loads really stray from their forecast, measured where they are metered and believed of those that are not.

At a metered bus with loads alone the forecast's error is seen at every scan. Its square over the variance that the
forecast claims, less the meter's own, is 1 on average if the claim is right. The average over an hour and over all such
buses, and, as far as there are enough of them, over those of one class of customers, is the factor by which the claim
is widened for that class. Few meters say little: the claim counts like so many meters that agree with it, and all
classes together like so many of one class (an inverse-gamma prior and its posterior mean [1]_).

References
----------
.. [1] A. Gelman et al., Bayesian Data Analysis, 3rd edition, CRC Press 2014, section 2.6: normal distribution with
   known mean but unknown variance.
"""

from collections.abc import Hashable, Sequence
from math import exp, inf

import numpy as np
from numpy.typing import NDArray

from models.estimation.measurements.metering_plan import Channels
from models.estimation.measurements.pseudo_measurements import ExpectedConsumption
from models.estimation.solution.measurement_model import ACTIVE_POWER
from models.network_model import BoolArray, FloatArray

# The customers' hour is another after an hour. [s]
MEMORY_S = 3600.0
PRIOR_METERS = 20
# An error counts no more than this many of its expected standard deviations: a forged meter is one bad customer.
LARGEST_ERROR = 3.0
# However well the metered did: meters stand at the larger customers, whose relative errors are smaller, and make the
# small ones no steadier. [-]
LEAST_FACTOR = 1.0


class ForecastAccuracy:
    """Watches the metered loads and tells how much larger the forecasts' variance is than they say themselves.

    Parameters
    ----------
    channels
        The metering plan.
    load_buses
        Positions of the buses with loads and nothing else.
    class_of_bus
        What customers are at every bus, (n_bus,); None takes them for all alike.
    """

    def __init__(
        self, channels: Channels, load_buses: frozenset[int], n_bus: int, class_of_bus: Sequence[Hashable] | None = None
    ) -> None:
        of_bus = np.array(channels.element_type) == "bus"
        at_load = np.isin(channels.position, list(load_buses))
        self._meter = np.flatnonzero(of_bus & at_load & (channels.quantity == ACTIVE_POWER))
        self._bus = channels.position[self._meter]
        self._meter_variance = channels.variance[self._meter]
        self._class: NDArray[np.int64] = _numbered(class_of_bus or [None] * n_bus)
        self._n_class = int(self._class.max(initial=-1)) + 1
        self._factor = np.ones(self._n_class)
        self._ratio = np.full(len(self._meter), np.nan)
        self._scans = np.zeros(len(self._meter))
        self._last_s = -inf

    def update(
        self, seconds: float, value: FloatArray, usable: BoolArray, consumption: ExpectedConsumption
    ) -> FloatArray:
        """Learn from what is metered and say by what the variance of every bus's forecast is to be multiplied.

        Parameters
        ----------
        seconds
            Time of the estimate. [s]
        value, usable
            What the channels read, and which of them count. (n_channel,)
        consumption
            What is expected.

        Returns
        -------
        (2 n_bus,) For active, then reactive power, which strays in the same way. [-]
        """
        expected, claimed = consumption.power[self._bus], consumption.variance[self._bus]
        seen = usable[self._meter] & np.isfinite(value[self._meter]) & (claimed > 0.0)
        credible = LARGEST_ERROR**2 * (self._factor[self._class[self._bus]] * claimed + self._meter_variance)
        squared_error = np.minimum((value[self._meter] - expected) ** 2, credible) - self._meter_variance
        ratio = np.divide(squared_error, claimed, out=np.zeros_like(claimed), where=seen)

        self._scans += seen
        weight = np.maximum(1.0 - exp(-(seconds - self._last_s) / MEMORY_S), 1.0 / np.maximum(self._scans, 1.0))
        self._last_s = seconds
        known = np.where(np.isnan(self._ratio), 0.0, self._ratio)
        self._ratio = np.where(seen, known + weight * (ratio - known), self._ratio)
        self._factor = self._pooled()
        return np.tile(self._factor[self._class], 2)

    def _pooled(self) -> FloatArray:
        """The factor of every class, from all meters and from its own."""
        told = np.isfinite(self._ratio)
        ratio, of_class = self._ratio[told], self._class[self._bus[told]]
        of_all = (PRIOR_METERS + ratio.sum()) / (PRIOR_METERS + len(ratio))
        total = np.bincount(of_class, weights=ratio, minlength=self._n_class)
        count = np.bincount(of_class, minlength=self._n_class)
        return np.maximum((PRIOR_METERS * of_all + total) / (PRIOR_METERS + count), LEAST_FACTOR)


def _numbered(labels: Sequence[Hashable]) -> NDArray[np.int64]:
    """Equal labels get equal numbers, counted from 0."""
    number: dict[Hashable, int] = {}
    return np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)
