"""The control room's state estimator: from what telemetry delivers to the most likely voltage of every bus."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError, NotObservableError
from models.estimation.estimate import Estimate, NoParticulars
from models.estimation.measurements.measurement_set import Readings
from models.estimation.measurements.metering_plan import read_plan
from models.estimation.measurements.pseudo_measurements import (
    NO_INJECTION_BUS,
    PSEUDO_STD_DEV_FRACTION,
    ExpectedConsumption,
    InjectionForecast,
)
from models.estimation.network_equations import EstimatedNetwork, NetworkEquations
from models.estimation.solution.least_absolute_value import least_absolute_value
from models.estimation.solution.robust import huber, schweppe_huber
from models.estimation.solution.snapshot import Snapshot
from models.estimation.solution.topology import Fit, FitParticulars, TopologyEstimation
from models.estimation.verdict import critical
from models.estimation.verdict.bad_data import ChiSquareTest, chi_square_test, residual_threshold
from models.estimation.verdict.critical import ObservabilityReport
from models.estimation.verdict.identification import Identifier
from models.estimation.verdict.implausible import Plausible, plausible_part
from models.network_model import BoolArray, FloatArray
from models.parameters import require_length

if TYPE_CHECKING:
    from pandas import DataFrame

CACHED_TOPOLOGIES = 32
ROBUST_METHODS: Mapping[str, Callable[[TopologyEstimation, Readings, Fit], Fit | None]] = {
    "huber": huber,
    "shgm": schweppe_huber,
    "lav": least_absolute_value,
}
METHODS = ("wls", *ROBUST_METHODS)
NOTHING = np.empty(0)


class StateEstimator:
    """Estimator of the state of the whole network, magnitude and angle of every node.

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
    pseudo_measurements
        Whether the forecast of loads and the like stands in for meters they do not have.
    zero_injection
        Which nodes count as measured zero, in pandapower's words: ``"no_inj_bus"``, all with nothing connected;
        ``"aux_bus"`` or None, only those that the model of a line or transformer adds (open ends, star points); or
        these and the buses given.
    method
        What the state is: ``wls``, least squares without the channels taken for bad data; ``huber`` or ``shgm``
        (`robust`) or ``lav`` (`least_absolute_value`), a robust estimate from everything that came in.

    Raises
    ------
    InvalidParameterError
        If the plan or a parameter is not what it should be.
    NotObservableError
        If even with every channel delivering the state of some bus stays open.

    Notes
    -----
    An injection that no usable channel measures is taken from the forecast (`pseudo_measurements`); nodes with nothing
    connected are measured as zero, all but exactly. A channel is removed as bad data only if no other measurement
    explains the residuals as well (`identification`), so never a critical one, whose residual is always zero.
    """

    def __init__(
        self,
        network: EstimatedNetwork,
        plan: "DataFrame",
        *,
        significance: float = 0.01,
        identification_threshold: float | None = None,
        max_removals: int = 10,
        pseudo_std_dev_fraction: float = PSEUDO_STD_DEV_FRACTION,
        pseudo_measurements: bool = True,
        zero_injection: str | Iterable[int] | None = NO_INJECTION_BUS,
        method: str = "wls",
    ) -> None:
        if not 0.0 < significance < 1.0:
            raise InvalidParameterError(f"significance is a rate between 0 and 1, got {significance}; usual is 0.01.")
        if pseudo_std_dev_fraction <= 0.0:
            raise InvalidParameterError(
                f"pseudo_std_dev_fraction is positive, got {pseudo_std_dev_fraction}; "
                f"usual is {PSEUDO_STD_DEV_FRACTION}."
            )
        if method not in METHODS:
            raise InvalidParameterError(f"method is one of {', '.join(METHODS)}, got {method!r}.")
        self.network = network
        self.method = method
        self.channels = read_plan(plan, network)
        self.significance = significance
        self.identification_threshold = (
            residual_threshold(significance, len(self.channels))
            if identification_threshold is None
            else identification_threshold
        )
        self.max_removals = max_removals
        self.forecast = InjectionForecast(
            network,
            pseudo_std_dev_fraction,
            pseudo_measurements=pseudo_measurements,
            zero_injection=zero_injection,
        )
        self._topologies: OrderedDict[NetworkEquations, TopologyEstimation] = OrderedDict()
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

        Raises
        ------
        InvalidParameterError
            If a vector does not have one entry for each element it is of, a believed tap is no number, or a variance is
            negative or NaN.
        """
        forecasts = (load_p_mw_forecast, load_q_mvar_forecast, sgen_p_mw_forecast, sgen_q_mvar_forecast)
        expected = self.expected_consumption(*forecasts)
        return self.estimate_given(value, usable, expected, tap_pos, switch_closed, extra_variance)

    def expected_consumption(
        self,
        load_p_mw_forecast: FloatArray | None = None,
        load_q_mvar_forecast: FloatArray | None = None,
        sgen_p_mw_forecast: FloatArray | None = None,
        sgen_q_mvar_forecast: FloatArray | None = None,
    ) -> ExpectedConsumption:
        """What buses are expected to draw; the parameters are as of `estimate`.

        Raises
        ------
        InvalidParameterError
            If a forecast does not have one entry for each element it is of.
        """
        network = self.network
        require_length("load_p_mw_forecast", load_p_mw_forecast, len(network.load_weight))
        require_length("load_q_mvar_forecast", load_q_mvar_forecast, len(network.load_weight))
        require_length("sgen_p_mw_forecast", sgen_p_mw_forecast, len(network.sgen_weight))
        require_length("sgen_q_mvar_forecast", sgen_q_mvar_forecast, len(network.sgen_weight))
        return self.forecast.consumption(
            load_p_mw_forecast, load_q_mvar_forecast, sgen_p_mw_forecast, sgen_q_mvar_forecast
        )

    def estimate_given(
        self,
        value: Any,
        usable: Any,
        expected: ExpectedConsumption,
        tap_pos: Any = None,
        switch_closed: Any = None,
        extra_variance: FloatArray | None = None,
    ) -> Estimate:
        """The most likely state where `expected` is what buses without meters draw; else as `estimate`."""
        value = np.asarray(value, dtype=float)
        usable = np.asarray(usable, dtype=bool)
        if not value.shape == usable.shape == (len(self.channels),):
            raise InvalidParameterError(
                f"value and usable have one entry for each of the {len(self.channels)} channels of the plan, "
                f"got shapes {value.shape} and {usable.shape}."
            )
        self._refuse_misfits(tap_pos, switch_closed, extra_variance)
        snapshot = Snapshot(
            topology=self._topology(self.network.admittances(tap_pos, switch_closed)),
            value=value,
            usable=usable & np.isfinite(value),
            consumption=expected,
            extra_variance=extra_variance,
        )
        open_nodes = snapshot.topology.unobservable_nodes(snapshot.readings)
        plausible = None if len(open_nodes) else plausible_part(snapshot, self.max_removals)
        if plausible is None:
            return self._no_estimate(self._buses_at(snapshot.topology, open_nodes), observable=not len(open_nodes))
        return self._judge(plausible)

    def observability_report(
        self, usable: Any = None, tap_pos: Any = None, switch_closed: Any = None
    ) -> ObservabilityReport:
        """What the channels can and cannot tell, by name, whatever they read.

        Parameters
        ----------
        usable
            Which channels count; None is all of them. (n_channel,)
        tap_pos, switch_closed
            Believed states of transformers and switches; None is as built. (n_trafo,), (n_switch,)
        """
        usable = np.ones(len(self.channels), dtype=bool) if usable is None else np.asarray(usable, dtype=bool)
        topology = self._topology(self.network.admittances(tap_pos, switch_closed))
        readings = self._readings_of_ones(topology, usable)
        return critical.report(topology, readings, usable, self.network.bus_index)

    def _judge(self, plausible: Plausible) -> Estimate:
        """Test a first fit, remove what is bad or refit robustly, and put the estimate together."""
        snapshot, fit = plausible.snapshot, plausible.fit
        topology, measurements = snapshot.topology, snapshot.topology.measurements
        residuals = topology.normalised_residuals(fit)
        found = self._identifier(snapshot).identify(fit, self._test(fit), residuals)
        test = self._test(fit, plausible.deviation[plausible.set_aside])
        state = found.fit
        if self.method != "wls":
            robust = ROBUST_METHODS[self.method](topology, snapshot.readings, fit)
            if robust is None:
                return self._no_estimate((), observable=True)
            state = robust
        vm_pu, va_degree = topology.at_buses(state)
        is_critical = (fit.weight[: measurements.n_metered] > 0.0) & np.isnan(residuals)
        return Estimate(
            converged=True,
            observable=True,
            vm_pu=vm_pu,
            va_degree=va_degree,
            objective=test.objective,
            degrees_of_freedom=test.degrees_of_freedom,
            chi_square_threshold=test.threshold,
            p_value=test.p_value,
            normalised_residual=np.where(
                plausible.set_aside, plausible.deviation, measurements.at_channels(residuals, snapshot.usable)
            ),
            critical=measurements.at_channels(is_critical.astype(float), snapshot.usable) == 1.0,
            removed=found.removed.channels | plausible.set_aside,
            suspects=found.suspects,
            identifiable=found.identifiable,
            contradicted_forecasts=self._buses(measurements.forecast_buses(found.removed.forecasts)),
            objective_after_removal=found.fit.objective,
            unobservable_buses=(),
            iterations=state.solution.iterations,
            _particulars=FitParticulars(topology, state),
        )

    def _test(self, fit: Fit, deviation: FloatArray = NOTHING) -> ChiSquareTest:
        """The chi-square test of a fit and of what was set aside, so many standard deviations from it."""
        with np.errstate(over="ignore"):
            objective = fit.objective + float(deviation @ deviation)
        return chi_square_test(objective, fit.degrees_of_freedom + len(deviation), self.significance)

    def _identifier(self, snapshot: Snapshot) -> Identifier:
        return Identifier(
            snapshot,
            threshold=self.identification_threshold,
            significance=self.significance,
            max_removals=self.max_removals,
        )

    def _refuse_misfits(self, tap_pos: Any, switch_closed: Any, extra_variance: FloatArray | None) -> None:
        """Refuse what would otherwise be taken for something else, or fail deep inside."""
        require_length("tap_pos", tap_pos, len(self.network.initial_tap_pos))
        require_length("switch_closed", switch_closed, len(self.network.initial_switch_closed))
        require_length("extra_variance", extra_variance, len(self.channels))
        # A place without a tap changer is NaN both as built and as believed.
        if tap_pos is not None and (~np.isfinite(tap_pos) & np.isfinite(self.network.initial_tap_pos)).any():
            raise InvalidParameterError(f"tap_pos must be numbers, got {list(tap_pos)}; keep the last one known.")
        if extra_variance is not None and not (np.asarray(extra_variance) >= 0.0).all():
            raise InvalidParameterError("extra_variance must not be negative or NaN; inf leaves a channel out.")

    def _topology(self, admittances: NetworkEquations) -> TopologyEstimation:
        """The compiled topology state, from the cache if it was met lately."""
        if admittances not in self._topologies:
            self._topologies[admittances] = TopologyEstimation(admittances, self.channels, self.forecast)
            if len(self._topologies) > CACHED_TOPOLOGIES:
                self._topologies.popitem(last=False)
        self._topologies.move_to_end(admittances)
        return self._topologies[admittances]

    def _buses_at(self, topology: TopologyEstimation, nodes: NDArray[np.int64]) -> tuple[int, ...]:
        return self._buses(np.flatnonzero(np.isin(topology.node_of_bus, nodes)))

    def _buses(self, positions: NDArray[np.int64]) -> tuple[int, ...]:
        return tuple(self.network.bus_index[positions].tolist())

    def _refuse_if_unobservable(self) -> None:
        topology = self._topology(self.network.admittances())
        readings = self._readings_of_ones(topology, np.ones(len(self.channels), dtype=bool))
        open_nodes = topology.unobservable_nodes(readings)
        if len(open_nodes):
            buses = self._buses_at(topology, open_nodes)
            raise NotObservableError(
                f"the metering plan leaves the state of {len(buses)} of {self.network.n_bus} buses open: "
                f"{', '.join(map(str, buses))}; add voltage or power meters there.",
                buses,
            )

    def _readings_of_ones(self, topology: TopologyEstimation, usable: BoolArray) -> Readings:
        """Readings for questions that do not depend on what is read."""
        ones, nominal = np.ones(len(self.channels)), self.forecast.consumption(None, None)
        return topology.measurements.read(ones, usable, nominal)

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
            critical=np.zeros(n_channel, dtype=bool),
            removed=np.zeros(n_channel, dtype=bool),
            suspects=np.zeros(n_channel, dtype=bool),
            identifiable=False,
            contradicted_forecasts=(),
            objective_after_removal=nan,
            unobservable_buses=unobservable_buses,
            iterations=0,
            _particulars=NoParticulars(self.network.n_bus, len(self.network.trafo_index)),
        )
