"""Estimation in one topology state: its rows, its states, its observability, and the last state as a warm start."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.estimation.bad_data import normalised_residuals
from models.estimation.critical import critical_rows
from models.estimation.measurement_set import FAINT_CURRENT, MeasurementSet, Readings
from models.estimation.metering_plan import Channels
from models.estimation.observability import NodeIsland, Observability
from models.estimation.pseudo_measurements import InjectionForecast
from models.estimation.wls import GaussNewton, Solution
from models.network_model import Admittances, BoolArray, ComplexArray, FloatArray


@dataclass(frozen=True, eq=False)
class Fit:
    """A state fitted to readings."""

    solution: Solution
    weight: FloatArray
    """1 / variance of the rows that counted, else zero, (n_row,). [1/pu^2]"""
    degrees_of_freedom: int

    @property
    def objective(self) -> float:
        """J(x), the weighted sum of squared residuals. [-]"""
        return float(self.weight @ self.solution.residual**2)


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

    def __init__(self, admittances: Admittances, channels: Channels, forecast: InjectionForecast) -> None:
        self.node_of_bus = admittances.node_of_bus
        self._admittances = admittances
        self.measurements = MeasurementSet(admittances, channels, forecast)
        self._problem = GaussNewton(admittances, self.measurements.rows)
        self._observability = Observability(self._problem)
        self._last: Solution | None = None

    def unobservable_nodes(self, readings: Readings) -> NDArray[np.int64]:
        """Nodes whose state the readings leave open."""
        return self._observability.unobservable_nodes(readings.active)

    def unobservable_islands(self, readings: Readings) -> tuple[NodeIsland, ...]:
        """The same in groups of nodes whose voltages are known against one another."""
        return self._observability.islands(readings.active, self._admittances.ybus)

    def critical_rows(self, readings: Readings) -> tuple[BoolArray, list[list[int]]]:
        """Critical rows, and the others in groups whose residuals are proportional, see `critical`. (n_row,)"""
        return critical_rows(self._observability.network, readings.active | readings.faint)

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
        of_ones = fit.solution._replace(residual=np.ones(self.measurements.n_row))
        return 1.0 / normalised_residuals(self._problem, of_ones, fit.weight, self.measurements.n_row)

    def residual_covariance(self, fit: Fit, row: int) -> FloatArray:
        """Covariance of every row's residual with that of one, Omega = R - H G^-1 H'. (n_row,) [pu^2]

        Of no meaning for rows that do not count.
        """
        covariance = -self._problem.propagate(fit.solution, row)
        covariance[row] += 1.0 / fit.weight[row]
        return covariance

    def refit(self, readings: Readings, weight: FloatArray, fit: Fit) -> Fit | None:
        """The state for other weights, from that of another fit; None if Gauss-Newton does not converge."""
        solution = self._problem.solve(readings.measured, weight, fit.solution.va_radian, fit.solution.vm_pu)
        return replace(fit, solution=solution, weight=weight) if solution.converged else None

    def linearised(self, fit: Fit) -> tuple[csr_matrix, FloatArray]:
        """Jacobian and residual of every row in a state. (n_row, n_state), (n_row,)"""
        return self._problem.jacobian(fit.solution), fit.solution.residual

    def moved(self, readings: Readings, fit: Fit, step: FloatArray) -> Fit:
        """The same weights in another state, `step` away. (n_state,)"""
        return replace(fit, solution=self._problem.moved(fit.solution, readings.measured, step))

    def at_buses(self, fit: Fit) -> tuple[FloatArray, FloatArray]:
        """Magnitude [pu] and angle [degree] of every bus, NaN where de-energised. (n_bus,)"""
        dead = self.node_of_bus < 0
        vm_pu = np.where(dead, np.nan, fit.solution.vm_pu[self.node_of_bus])
        return vm_pu, np.where(dead, np.nan, np.degrees(fit.solution.va_radian)[self.node_of_bus])

    def into_low_voltage_sides(self, fit: Fit) -> ComplexArray:
        """Power into every transformer at its low-voltage side, 0 where out of service. (n_trafo,) [MVA]"""
        a, branch = self._admittances, self._admittances.branch_of_trafo
        in_service = branch >= 0
        branch = branch[in_service]
        v = fit.solution.vm_pu * np.exp(1j * fit.solution.va_radian)
        v_hv, v_lv = v[a.from_node[branch]], v[a.to_node[branch]]
        power = np.zeros(len(in_service), dtype=complex)
        power[in_service] = v_lv * np.conj(a.y_tf[branch] * v_hv + a.y_tt[branch] * v_lv) * a.base_mva
        return power

    def _fit_rows(self, readings: Readings, active: NDArray[np.bool_]) -> Fit | None:
        weight = readings.weights(active)
        for va_radian, vm_pu in self._starts():
            solution = self._problem.solve(readings.measured, weight, va_radian, vm_pu)
            if solution.converged:
                self._last = solution
                return Fit(solution, weight, int(active.sum()) - self._problem.n_state)
        self._last = None
        return None

    def _starts(self) -> list[tuple[FloatArray, FloatArray]]:
        warm = [] if self._last is None else [(self._last.va_radian, self._last.vm_pu)]
        return [*warm, *self._problem.cold_starts()]
