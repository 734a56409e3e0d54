"""The control room's state estimator: from what telemetry delivers to the most likely voltage of every bus."""

from collections import OrderedDict
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError, NotObservableError
from models.estimation.bad_data import chi_square_test, residual_threshold
from models.estimation.estimate import Estimate, NoParticulars
from models.estimation.metering_plan import read_plan
from models.estimation.pseudo_measurements import PSEUDO_STD_DEV_FRACTION, ExpectedConsumption, InjectionForecast
from models.estimation.topology import Fit, FitParticulars, TopologyEstimation
from models.network_model import Admittances, BoolArray, FloatArray, NetworkModel

if TYPE_CHECKING:
    from pandas import DataFrame

CACHED_TOPOLOGIES = 32


@dataclass(frozen=True, eq=False)
class _Snapshot:
    """All that one estimate knows."""

    topology: TopologyEstimation
    value: FloatArray
    usable: BoolArray
    consumption: ExpectedConsumption
    extra_variance: FloatArray | None


class StateEstimator:
    """Weighted-least-squares estimator over the whole network, every node a state.

    Parameters
    ----------
    network
        The network as the control room believes it to be.
    plan
        Metering plan: one row a channel, with the columns of `metering_plan.COLUMNS`; units pu, MW, Mvar, kA.
        Injections at buses are consumption positive and do not include the net's shunts.
    significance
        Rate of false alarms of the chi-square test, and of removals without bad data. [-]
    identification_threshold
        Normalised residual above which the channel with the largest one is removed; None derives it from
        `significance` and the number of channels. [-]
    max_removals
        Most removals in one estimate.
    pseudo_std_dev_fraction
        Standard deviation of a load's forecast over the forecast. [-]

    Raises
    ------
    InvalidParameterError
        If the plan or a parameter is not what it should be.
    NotObservableError
        If even with every channel delivering the state of some bus stays open.

    Notes
    -----
    An injection that no usable channel measures is taken from the forecast (`pseudo_measurements`); nodes with nothing
    connected are measured as zero, all but exactly. Only channels can be removed as bad data, never a forecast, and
    never a critical channel, whose residual is zero whatever it reads.
    """

    def __init__(
        self,
        network: NetworkModel,
        plan: "DataFrame",
        *,
        significance: float = 0.01,
        identification_threshold: float | None = None,
        max_removals: int = 10,
        pseudo_std_dev_fraction: float = PSEUDO_STD_DEV_FRACTION,
    ) -> None:
        if not 0.0 < significance < 1.0:
            raise InvalidParameterError(f"significance is a rate between 0 and 1, got {significance}; usual is 0.01.")
        if pseudo_std_dev_fraction <= 0.0:
            raise InvalidParameterError(
                f"pseudo_std_dev_fraction is positive, got {pseudo_std_dev_fraction}; "
                f"usual is {PSEUDO_STD_DEV_FRACTION}."
            )
        self.network = network
        self.channels = read_plan(plan, network)
        self.significance = significance
        self.identification_threshold = (
            residual_threshold(significance, len(self.channels))
            if identification_threshold is None
            else identification_threshold
        )
        self.max_removals = max_removals
        self.forecast = InjectionForecast(network, pseudo_std_dev_fraction)
        self._topologies: OrderedDict[Admittances, TopologyEstimation] = OrderedDict()
        self._refuse_if_unobservable()

    def estimate(
        self,
        value: Any,
        usable: Any,
        load_p_mw_forecast: FloatArray | None = None,
        load_q_mvar_forecast: FloatArray | None = None,
        tap_pos: Any = None,
        switch_closed: Any = None,
        extra_variance: FloatArray | None = None,
        sgen_p_mw_forecast: FloatArray | None = None,
        sgen_q_mvar_forecast: FloatArray | None = None,
        forecast_variance_factor: FloatArray | None = None,
    ) -> Estimate:
        """The most likely state at one time.

        Parameters
        ----------
        value
            What the channels read, NaN where nothing came. (n_channel,) [pu, MW, Mvar, kA]
        usable
            Which of them count. (n_channel,)
        load_p_mw_forecast, load_q_mvar_forecast
            What the loads are expected to draw; None is nominal. (n_load,) [MW], [Mvar]
        tap_pos, switch_closed
            Believed states of transformers and switches; None is as built. (n_trafo,), (n_switch,)
        extra_variance
            Variance that channels have beside their meters', such as that of a stale value; None is none. (n_channel,)
        sgen_p_mw_forecast, sgen_q_mvar_forecast
            What static generators are expected to feed in; None is anything up to nominal. (n_sgen,) [MW], [Mvar]
        forecast_variance_factor
            How much larger the forecasts' variance is at every bus than they say themselves, for active, then reactive
            power; None is 1. (2 n_bus,)

        Raises
        ------
        InvalidParameterError
            If `value` or `usable` does not have one entry a channel.
        """
        value = np.asarray(value, dtype=float)
        usable = np.asarray(usable, dtype=bool)
        if not value.shape == usable.shape == (len(self.channels),):
            raise InvalidParameterError(
                f"value and usable have one entry for each of the {len(self.channels)} channels of the plan, "
                f"got shapes {value.shape} and {usable.shape}."
            )
        consumption = self.forecast.consumption(
            load_p_mw_forecast, load_q_mvar_forecast, sgen_p_mw_forecast, sgen_q_mvar_forecast
        )
        if forecast_variance_factor is not None:
            consumption = consumption._replace(variance=consumption.variance * forecast_variance_factor)
        snapshot = _Snapshot(
            topology=self._topology(self.network.admittances(tap_pos, switch_closed)),
            value=value,
            usable=usable & np.isfinite(value),
            consumption=consumption,
            extra_variance=extra_variance,
        )
        open_nodes, fit = self._fit(snapshot, snapshot.usable)
        if fit is None:
            return self._no_estimate(self._buses_at(snapshot.topology, open_nodes), observable=not len(open_nodes))
        return self._judge(snapshot, fit)

    def _judge(self, snapshot: _Snapshot, fit: Fit) -> Estimate:
        """Test a first fit, remove what is bad, and put the estimate together."""
        residuals = snapshot.topology.normalised_residuals(fit)
        test = chi_square_test(fit.objective, fit.degrees_of_freedom, self.significance)
        cleaned, removed = self._remove_bad_data(snapshot, fit, residuals)
        vm_pu, va_degree = snapshot.topology.at_buses(cleaned)
        return Estimate(
            converged=True,
            observable=True,
            vm_pu=vm_pu,
            va_degree=va_degree,
            objective=test.objective,
            degrees_of_freedom=test.degrees_of_freedom,
            chi_square_threshold=test.threshold,
            p_value=test.p_value,
            normalised_residual=snapshot.topology.measurements.at_channels(residuals, snapshot.usable),
            removed=removed,
            objective_after_removal=cleaned.objective,
            unobservable_buses=(),
            iterations=cleaned.solution.iterations,
            _particulars=FitParticulars(snapshot.topology, cleaned),
        )

    def _remove_bad_data(self, snapshot: _Snapshot, fit: Fit, residuals: FloatArray) -> tuple[Fit, BoolArray]:
        """Remove the row with the largest normalised residual and fit again until none is above the threshold.

        What a removed injection measured is taken from the forecast. A removal without which the rest cannot be
        fitted is taken back and ends the search.
        """
        removed = np.zeros(len(self.channels), dtype=bool)
        for _ in range(self.max_removals):
            suspicious = residuals > self.identification_threshold  # false for NaN
            if not suspicious.any():
                break
            suspects = snapshot.topology.measurements.channels_in(int(np.nanargmax(residuals))) & snapshot.usable
            _, refit = self._fit(snapshot, snapshot.usable & ~removed & ~suspects)
            if refit is None:
                break
            fit, removed = refit, removed | suspects
            residuals = snapshot.topology.normalised_residuals(fit)
        return fit, removed

    def _fit(self, snapshot: _Snapshot, usable: BoolArray) -> tuple[NDArray[np.int64], Fit | None]:
        """Nodes that stay open, and the fit if there are none."""
        readings = snapshot.topology.measurements.read(
            snapshot.value, usable, snapshot.consumption, snapshot.extra_variance
        )
        open_nodes = snapshot.topology.unobservable_nodes(readings)
        return open_nodes, None if len(open_nodes) else snapshot.topology.fit(readings)

    def _topology(self, admittances: Admittances) -> TopologyEstimation:
        """The compiled topology state, from the cache if it was met lately."""
        if admittances not in self._topologies:
            self._topologies[admittances] = TopologyEstimation(admittances, self.channels, self.forecast)
            if len(self._topologies) > CACHED_TOPOLOGIES:
                self._topologies.popitem(last=False)
        self._topologies.move_to_end(admittances)
        return self._topologies[admittances]

    def _buses_at(self, topology: TopologyEstimation, nodes: NDArray[np.int64]) -> tuple[int, ...]:
        return tuple(self.network.bus_index[np.isin(topology.node_of_bus, nodes)].tolist())

    def _refuse_if_unobservable(self) -> None:
        topology = self._topology(self.network.admittances())
        every_channel = np.ones(len(self.channels), dtype=bool)
        readings = topology.measurements.read(
            np.ones(len(self.channels)), every_channel, self.forecast.consumption(None, None)
        )
        open_nodes = topology.unobservable_nodes(readings)
        if len(open_nodes):
            buses = self._buses_at(topology, open_nodes)
            raise NotObservableError(
                f"the metering plan leaves the state of {len(buses)} of {self.network.n_bus} buses open: "
                f"{', '.join(map(str, buses))}; add voltage or power meters there.",
                buses,
            )

    def _no_estimate(self, unobservable_buses: tuple[int, ...], *, observable: bool) -> Estimate:
        """The answer when no state could be found."""
        n_channel = len(self.channels)
        return Estimate(
            converged=False,
            observable=observable,
            vm_pu=np.full(self.network.n_bus, nan),
            va_degree=np.full(self.network.n_bus, nan),
            objective=nan,
            degrees_of_freedom=0,
            chi_square_threshold=nan,
            p_value=nan,
            normalised_residual=np.full(n_channel, nan),
            removed=np.zeros(n_channel, dtype=bool),
            objective_after_removal=nan,
            unobservable_buses=unobservable_buses,
            iterations=0,
            _particulars=NoParticulars(self.network.n_bus, len(self.network.trafo_index)),
        )
