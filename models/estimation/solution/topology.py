"""Estimation in one topology state: its rows, its states, its observability, and the last state as a warm start."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.estimation.measurements.measurement_set import FAINT_CURRENT, MeasurementSet, Readings
from models.estimation.measurements.metering_plan import Channels
from models.estimation.measurements.pseudo_measurements import InjectionForecast
from models.estimation.network_equations import NetworkEquations
from models.estimation.solution.gain_matrix import StateLayout, layout_of
from models.estimation.solution.measurement_model import (
    ACTIVE_POWER,
    REACTIVE_POWER,
    RowCollector,
    Rows,
    predict,
    sums_of,
)
from models.estimation.solution.wls import GaussNewton, Solution
from models.estimation.verdict.bad_data import normalised_residuals
from models.estimation.verdict.observability import NodeIsland, Observability
from models.network_model import TO_END, BoolArray, ComplexArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Fit:
    """A state fitted to readings."""

    solution: Solution
    weight: FloatArray
    """1 / variance of the rows that counted, else zero, (n_row,). [1/pu^2]"""
    degrees_of_freedom: int

    @cached_property
    def objective(self) -> float:
        """J(x), the weighted sum of squared residuals. [-]"""
        return self.solution.objective


class TopologyEstimation:
    """Fits states to readings in one topology state.

    Parameters
    ----------
    admittances
        The topology state.
    channels
        The metering plan.
    forecast
        What is expected of injections that nobody measures.
    """

    def __init__(self, admittances: NetworkEquations, channels: Channels, forecast: InjectionForecast) -> None:
        self.node_of_bus = admittances.node_of_bus
        self._admittances = admittances
        self.measurements = MeasurementSet(admittances, channels, forecast)
        self._elimination = self.measurements.elimination
        self._live_buses = np.flatnonzero(self.node_of_bus >= 0)
        buses = RowCollector()
        for node in self.node_of_bus[self._live_buses].tolist():
            buses.voltage(node)
            buses.angle(node)
        self._bus_rows = buses.rows(admittances, self._elimination)
        rows = self.measurements.rows
        self._problem = GaussNewton(admittances, rows, self._elimination.kept, (self._bus_rows,))
        whole = self.measurements.rows_of_whole_network
        self._observability = Observability(whole, len(rows.quantity), admittances)
        self._last: Solution | None = None

    def unobservable_nodes(self, readings: Readings) -> NDArray[np.int64]:
        """Nodes whose state the readings leave open."""
        return self._observability.unobservable_nodes(readings.active)

    def unobservable_islands(self, readings: Readings) -> tuple[NodeIsland, ...]:
        """The same in groups of nodes whose voltages are known against one another."""
        return self._observability.islands(readings.active)

    def critical_rows(self, readings: Readings) -> tuple[BoolArray, list[list[int]]]:
        """Critical rows, and the others in groups whose residuals are proportional, see `critical`. (n_row,)"""
        return self._observability.critical_rows(readings.active | readings.faint)

    def fit(self, readings: Readings) -> Fit | None:
        """The state that fits best; None if Gauss-Newton does not converge from any start."""
        fit = self._fit_rows(readings, readings.active)
        if fit is None or not readings.faint.any():
            return fit
        # A faint reading where current is expected does tell something: that meter and estimate disagree.
        expected = readings.measured - fit.solution.residual
        contradicted = readings.faint & (expected > 2.0 * FAINT_CURRENT * np.sqrt(readings.variance))
        refit = self._fit_rows(readings, readings.active | contradicted) if contradicted.any() else None
        return refit or fit

    def normalised_residuals(self, fit: Fit) -> FloatArray:
        """|r| over its standard deviation of the metered rows, NaN where inactive or critical. (n_metered,)"""
        return normalised_residuals(self._problem, fit.solution, fit.weight, self.measurements.n_metered)

    def residual_std_dev(self, fit: Fit) -> FloatArray:
        """Standard deviation of every row's residual, NaN where inactive or critical. (n_row,) [pu]"""
        ones = fit.solution._replace(residual=np.ones(self.measurements.n_row))
        return 1.0 / normalised_residuals(self._problem, ones, fit.weight, self.measurements.n_row)

    def residual_covariance(self, fit: Fit, row: int) -> FloatArray:
        """Covariance of every row's residual with that of one, Omega = R - H G^-1 H'. (n_row,) [pu^2]

        Of no meaning for rows that do not count.
        """
        covariance = -self._problem.propagate(fit.solution, row)
        covariance[row] += 1.0 / fit.weight[row]
        return covariance

    def deviations(self, readings: Readings, v: ComplexArray | None = None) -> FloatArray:
        """How far readings are from a state, None being the one a search begins with. (n_row,) [standard deviations]"""
        state = next(self._starts()) if v is None else v
        off = np.abs(readings.measured - predict(self.measurements.rows, state))
        return off * np.sqrt(readings.weights(readings.active))

    def refit(self, readings: Readings, weight: FloatArray, fit: Fit) -> Fit | None:
        """The state for other weights, from that of another fit; None if Gauss-Newton does not converge."""
        solution = self._problem.solve(readings.measured, weight, fit.solution.v)
        return replace(fit, solution=solution, weight=weight) if solution.converged else None

    def linear_model(self, readings: Readings, fit: Fit) -> tuple[csr_matrix, FloatArray]:
        """Jacobian in the state of a fit and residual of the rows that count, else zero. (n_row, n_state), (n_row,)"""
        return self._problem.linear_model(readings.measured, fit.weight, fit.solution.v)

    def moved(self, fit: Fit, step: FloatArray) -> Fit:
        """A fit whose state is a step (n_state,) away from another's; the rest is left as it was."""
        return replace(fit, solution=fit.solution._replace(v=self._problem.moved(fit.solution.v, step)))

    def at_buses(self, fit: Fit) -> tuple[FloatArray, FloatArray]:
        """Magnitude [pu] and angle [degree] of every bus, NaN where de-energised. (n_bus,)"""
        return voltages_at(self._live_buses, len(self.node_of_bus), self._bus_rows, fit.solution.v)

    def std_dev_at_buses(self, fit: Fit) -> tuple[FloatArray, FloatArray]:
        """Standard deviations of magnitude [pu] and angle [degree] of every bus, NaN where de-energised. (n_bus,)"""
        std_dev = np.sqrt(self._problem.variance_of(fit.solution, self._bus_rows, self._bus_layout))
        vm_pu, va_degree = np.full((2, len(self.node_of_bus)), np.nan)
        vm_pu[self._live_buses], va_degree[self._live_buses] = std_dev[0::2], np.degrees(std_dev[1::2])
        return vm_pu, va_degree

    def into_low_voltage_sides(self, fit: Fit) -> ComplexArray:
        """Power into every transformer at its low-voltage side, 0 where out of service. (n_trafo,) [MVA]"""
        flow = predict(self._low_voltage_rows, fit.solution.v)
        power = np.zeros(len(self._admittances.branch_of_trafo), dtype=complex)
        power[self._admittances.branch_of_trafo >= 0] = (flow[0::2] + 1j * flow[1::2]) * self._admittances.base_mva
        return power

    @cached_property
    def _low_voltage_rows(self) -> Rows:
        """P and Q into the low-voltage side of every transformer in service."""
        flows = RowCollector()
        for branch in self._admittances.branch_of_trafo.tolist():
            if branch >= 0:
                flows.flow(ACTIVE_POWER, branch, TO_END)
                flows.flow(REACTIVE_POWER, branch, TO_END)
        return flows.rows(self._admittances, self._elimination)

    @cached_property
    def _bus_layout(self) -> StateLayout:
        """Where the variances of the buses' voltages are in the inverse of the gain matrix."""
        return layout_of(self._bus_rows, self._problem.layout, self._problem.pattern)

    def _fit_rows(self, readings: Readings, active: NDArray[np.bool_]) -> Fit | None:
        weight = readings.weights(active)
        for start in self._starts():
            solution = self._problem.solve(readings.measured, weight, start)
            if solution.converged:
                self._last = solution
                return Fit(solution, weight, int(np.count_nonzero(active)) - self._problem.n_state)
        return None

    def _starts(self) -> Iterator[ComplexArray]:
        if self._last is not None:
            yield self._last.v
        yield from self._problem.cold_starts


@dataclass(frozen=True, eq=False)
class FitParticulars:
    """What is worked out of a fit only when somebody asks: see `models.estimation.estimate.Particulars`."""

    topology: TopologyEstimation
    fit: Fit

    def into_low_voltage_sides(self) -> ComplexArray:
        """Power into every transformer at its low-voltage side, (n_trafo,). [MVA]"""
        return self.topology.into_low_voltage_sides(self.fit)

    def std_dev_at_buses(self) -> tuple[FloatArray, FloatArray]:
        """Standard deviations of magnitude [pu] and angle [degree] of every bus, (n_bus,)."""
        return self.topology.std_dev_at_buses(self.fit)


@numba.njit(cache=True)
def voltages_at(live_buses: IntArray, n_bus: int, bus_rows: Rows, v: ComplexArray) -> tuple[FloatArray, FloatArray]:
    """Magnitude [pu] and angle [degree] of every bus, NaN where it is dead; each live one has two rows."""
    vm_pu, va_degree = np.full(n_bus, np.nan), np.full(n_bus, np.nan)
    for k in range(len(live_buses)):
        voltage, _ = sums_of(bus_rows, 2 * k, v)
        vm_pu[live_buses[k]] = abs(voltage)
        va_degree[live_buses[k]] = np.degrees(np.arctan2(voltage.imag, voltage.real))
    return vm_pu, va_degree
