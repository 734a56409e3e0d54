"""The control room: what it believes of the network, how far it trusts what came in, what it estimates and expects."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import InvalidParameterError
from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.estimation.expected_state import ExpectedState, ForecastPowerFlow
from models.estimation.measurements.believed_topology import BelievedTopology
from models.estimation.measurements.channel_readings import ChannelReadings
from models.estimation.measurements.forecast_accuracy import ForecastAccuracy
from models.estimation.measurements.staleness import AgeVariance, Reporting
from models.estimation.network_equations import EstimatedNetwork
from models.network_model import FloatArray
from models.telemetry.quality import Quality, Telemetry

if TYPE_CHECKING:
    from pandas import DataFrame

USABLE = (Quality.VALID, Quality.STALE)


@dataclass(frozen=True, eq=False)
class Picture:
    """What the control room makes of one scan.

    Attributes
    ----------
    estimate
        The state, as measurements and forecasts together say.
    estimated
        (n_channel,) What the channels read in that state. [channel's unit]
    expectation
        The state that the forecasts alone say.
    expected
        (n_channel,) What the channels read in that one. [channel's unit]
    """

    estimate: Estimate
    estimated: FloatArray
    expectation: ExpectedState
    expected: FloatArray


class ControlRoom:
    """Estimates the state from one scan after the other, learns from each, and knows what it had expected.

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
        self._power_flow = ForecastPowerFlow(self.estimator.forecast)
        self._readings = ChannelReadings(channels)
        self._ages = AgeVariance(channels, _full_scale(plan, reporting), reporting)
        self._accuracy = ForecastAccuracy(
            channels, self.estimator.forecast.load_buses, network.n_bus, _class_of_bus(network, load_class)
        )

    def scan(
        self,
        seconds: float,
        telemetry: Telemetry,
        load_p_mw_forecast: FloatArray | None = None,
        load_q_mvar_forecast: FloatArray | None = None,
        sgen_p_mw_forecast: FloatArray | None = None,
        sgen_q_mvar_forecast: FloatArray | None = None,
    ) -> Picture:
        """What one scan shows.

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
        self._topology.update(value, usable)
        believed = self._topology.tap_pos, self._topology.switch_closed
        forecast = self.estimator.expected_consumption(
            load_p_mw_forecast, load_q_mvar_forecast, sgen_p_mw_forecast, sgen_q_mvar_forecast
        )
        estimate = self.estimator.estimate_given(
            value,
            usable,
            forecast.widened(self._accuracy.update(seconds, value, usable, forecast)),
            *believed,
            extra_variance=self._ages.update(seconds, value, telemetry.timestamp_s, telemetry.quality),
        )
        equations = self.estimator.network.admittances(*believed)
        expectation = self._power_flow.solve(equations, forecast)
        return Picture(
            estimate=estimate,
            estimated=self._readings.at(equations, estimate.vm_pu, estimate.va_degree),
            expectation=expectation,
            expected=self._readings.at(equations, *expectation),
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
