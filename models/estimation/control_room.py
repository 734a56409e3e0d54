"""The control room: what it believes of the network, how far it trusts what came in, and its estimate of the state."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import InvalidParameterError
from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.estimation.measurements.believed_topology import BelievedTopology
from models.estimation.measurements.forecast_accuracy import ForecastAccuracy
from models.estimation.measurements.staleness import AgeVariance, Reporting
from models.estimation.network_equations import EstimatedNetwork
from models.network_model import FloatArray
from models.telemetry.quality import Quality, Telemetry

if TYPE_CHECKING:
    from pandas import DataFrame

USABLE = (Quality.VALID, Quality.STALE)


class ControlRoom:
    """Estimates the state from one scan after the other, and learns from each.

    From telemetry alone it knows where taps and switches stand (`BelievedTopology`), how fast what a channel measures
    wanders (`AgeVariance`), and how well its forecasts do (`ForecastAccuracy`). `StateEstimator` itself remembers
    nothing.

    Parameters
    ----------
    network
        The network as built.
    plan
        Metering plan; with a deadband it needs the column `full_scale`.
    reporting
        How values are sent.
    load_class
        Class of the customers at every load, in the order of the net's loads; None takes them for all alike.
    settings
        Of `StateEstimator`.

    Attributes
    ----------
    estimator
        The estimator of the state.
    """

    def __init__(
        self,
        network: EstimatedNetwork,
        plan: "DataFrame",
        reporting: Reporting | None = None,
        load_class: Sequence[Hashable] | None = None,
        **settings: Any,
    ) -> None:
        reporting = reporting or Reporting()
        self.estimator = StateEstimator(network, plan, **settings)
        channels = self.estimator.channels
        self._topology = BelievedTopology(network, channels)
        self._ages = AgeVariance(channels, _full_scale(plan, reporting), reporting)
        self._accuracy = ForecastAccuracy(
            channels, self.estimator.forecast.load_buses, network.n_bus, _class_of_bus(network, load_class)
        )

    def estimate(
        self,
        seconds: float,
        telemetry: Telemetry,
        load_p_mw_forecast: FloatArray | None = None,
        load_q_mvar_forecast: FloatArray | None = None,
        sgen_p_mw_forecast: FloatArray | None = None,
        sgen_q_mvar_forecast: FloatArray | None = None,
    ) -> Estimate:
        """The state at one time.

        Parameters
        ----------
        seconds
            Never less than in the call before. [s]
        telemetry
            What came in; only VALID and STALE values count.
        load_p_mw_forecast, load_q_mvar_forecast, sgen_p_mw_forecast, sgen_q_mvar_forecast
            As in `StateEstimator.estimate`.
        """
        value, usable = telemetry.value, np.isin(telemetry.quality, USABLE)
        forecasts = (load_p_mw_forecast, load_q_mvar_forecast, sgen_p_mw_forecast, sgen_q_mvar_forecast)
        self._topology.update(value, usable)
        expected = self.estimator.forecast.consumption(*forecasts)
        return self.estimator.estimate(
            value,
            usable,
            load_p_mw_forecast=load_p_mw_forecast,
            load_q_mvar_forecast=load_q_mvar_forecast,
            sgen_p_mw_forecast=sgen_p_mw_forecast,
            sgen_q_mvar_forecast=sgen_q_mvar_forecast,
            tap_pos=self._topology.tap_pos,
            switch_closed=self._topology.switch_closed,
            extra_variance=self._ages.update(seconds, value, telemetry.timestamp_s, telemetry.quality),
            forecast_variance_factor=self._accuracy.update(seconds, value, usable, expected),
        )


def _full_scale(plan: "DataFrame", reporting: Reporting) -> FloatArray:
    if "full_scale" in plan.columns:
        return plan["full_scale"].to_numpy(dtype=float)
    if reporting.deadband_percent > 0.0:
        raise InvalidParameterError(
            "a deadband is a percentage of full scale: add the column full_scale to the metering plan."
        )
    return np.zeros(len(plan))


def _class_of_bus(network: EstimatedNetwork, load_class: Sequence[Hashable] | None) -> list[Hashable] | None:
    """The classes found at every bus, as one label."""
    if load_class is None:
        return None
    found: list[set[Hashable]] = [set() for _ in range(network.n_bus)]
    for bus, load in zip(network.load_shares.bus.tolist(), network.load_shares.element.tolist(), strict=True):
        found[bus].add(load_class[load])
    return [frozenset(labels) for labels in found]
