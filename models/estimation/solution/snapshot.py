"""All that one estimate knows, and fits to any part of it."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from models.estimation.measurements.measurement_set import Readings
from models.estimation.measurements.pseudo_measurements import ExpectedConsumption
from models.estimation.solution.topology import Fit, TopologyEstimation
from models.network_model import BoolArray, FloatArray


@dataclass(frozen=True, eq=False)
class Exclusions:
    """What is left out of a fit: channels (whose injections are then forecast) and forecasts."""

    channels: BoolArray
    """(n_channel,)"""
    forecasts: BoolArray
    """Rows, (n_row,)."""

    def add(self, channels: BoolArray, forecasts: BoolArray) -> "Exclusions":
        """These and others."""
        return Exclusions(self.channels | channels, self.forecasts | forecasts)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What the channels read and what is expected at one time, in the topology believed then."""

    topology: TopologyEstimation
    value: FloatArray
    """(n_channel,)"""
    usable: BoolArray
    """(n_channel,)"""
    consumption: ExpectedConsumption
    extra_variance: FloatArray | None
    """Beside the meters' own, (n_channel,)."""

    @property
    def nothing(self) -> Exclusions:
        """No exclusions."""
        return Exclusions(np.zeros_like(self.usable), np.zeros(self.topology.measurements.n_row, dtype=bool))

    @cached_property
    def readings(self) -> Readings:
        """What the rows read."""
        return self._readings_of(self.usable)

    def fit_without(self, without: Exclusions) -> Fit | None:
        """The fit without some channels and forecasts; None if the rest does not determine the state."""
        readings = self._readings_of(self.usable & ~without.channels)
        readings = replace(readings, active=readings.active & ~without.forecasts)
        return None if len(self.topology.unobservable_nodes(readings)) else self.topology.fit(readings)

    def _readings_of(self, usable: BoolArray) -> Readings:
        return self.topology.measurements.read(self.value, usable, self.consumption, self.extra_variance)
