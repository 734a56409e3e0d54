"""Weighted least squares by Gauss-Newton on the normal equations, one compiled call a solution.

Minimises J(x) = sum of ((z - h(x)) / sigma)^2 by repeating G dx = H' W (z - h(x)), G = H' W H, until dx is small. Rows
may be switched off by a zero weight without any change of pattern.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 2.
"""

from typing import NamedTuple

import numba
import numpy as np
from scipy.sparse import csr_matrix

from models.estimation.gain_matrix import StateLayout, elimination_order, factor_of_gain, lay_out
from models.estimation.measurement_model import CURRENT, Rows, linearise
from models.estimation.network_equations import NetworkEquations
from models.estimation.sparse_ldl import FactorPattern, solve
from models.network_model import FloatArray

# The last step changes no angle [rad] or magnitude [pu] by more than this,
TOLERANCE = 1e-8
# and J by next to nothing beside its standard deviation.
NEGLIGIBLE_IMPROVEMENT = 1e-2
# Current magnitudes near zero make the end slow: when these run out, a negligible improvement alone is good enough.
MAX_ITERATIONS = 25
# A current magnitude fits either direction of flow. The other rows, which determine the state without it, choose the
# direction: currents join once a step without them is shorter than this.
CURRENTS_JOIN_BELOW = 1e-2
# A longer Gauss-Newton step leaves the region in which the linearisation means anything; it is shortened to this.
LONGEST_STEP = 0.35


class Solution(NamedTuple):
    """Where Gauss-Newton ended.

    Attributes
    ----------
    converged
        Whether the last step was negligible; if not, the other fields mean nothing.
    iterations
        Number of linear solutions.
    va_radian, vm_pu
        State of every node. (n_node,) [rad], [pu]
    residual
        z - h(x) of every row. (n_row,) [pu]
    jacobian, factor
        Derivatives and factor of the gain matrix there, in the order of the rows' terms and of the factor's pattern.
    """

    converged: bool
    iterations: int
    va_radian: FloatArray
    vm_pu: FloatArray
    residual: FloatArray
    jacobian: FloatArray
    factor: FloatArray


class GaussNewton:
    """The estimation problem of one topology state: rows, states, gain pattern.

    Parameters
    ----------
    admittances
        The topology state.
    rows
        All rows that may ever be switched on in it.
    """

    def __init__(self, admittances: NetworkEquations, rows: Rows) -> None:
        self.rows = rows
        self.references = admittances.reference_nodes
        self.layout, self.pattern = lay_out(rows, elimination_order(rows, admittances.n_node), self.references)
        flat, unloaded = admittances.flat_start, admittances.unloaded_start
        self._starts = (flat, unloaded) if len(admittances.pv_nodes) else (unloaded, flat)

    @property
    def n_state(self) -> int:
        """Number of states: two a node less one angle an island."""
        return self.layout.n_state

    def cold_starts(self) -> list[tuple[FloatArray, FloatArray]]:
        """What a first estimate starts from: angles [rad] and magnitudes [pu] without load, and at set-points.

        Feeders with regulators in series have wrong minima near the set-points; where generators hold the voltage,
        these are nearer than the unloaded network.
        """
        return [(np.angle(start), np.abs(start)) for start in self._starts]

    def solve(self, measured: FloatArray, weight: FloatArray, va_radian: FloatArray, vm_pu: FloatArray) -> Solution:
        """Minimise J from the given state; `weight` is 1 / sigma^2 of every row, zero where it is switched off."""
        return Solution(*gauss_newton(self.rows, self.layout, self.pattern, measured, weight, va_radian, vm_pu))

    def propagate(self, solution: Solution, row: int) -> FloatArray:
        """Covariance H G^-1 h' of what all rows would read, by the estimate, with what one row would. (n_row,) [pu^2]"""
        rows, entry_state = self.rows, self.layout.entry_state
        state = np.zeros(self.n_state + 1)
        entries = slice(2 * rows.term_start[row], 2 * rows.term_start[row + 1])
        np.add.at(state, entry_state[entries], solution.jacobian[entries])
        state[self.n_state] = 0.0
        solve(solution.factor, self.pattern, state)
        return np.add.reduceat(solution.jacobian * state[entry_state], 2 * rows.term_start[:-1])

    def jacobian(self, solution: Solution) -> csr_matrix:
        """The derivatives of h as a matrix. (n_row, n_state)"""
        entries = (solution.jacobian, self.layout.entry_state, 2 * self.rows.term_start)
        with_references = csr_matrix(entries, shape=(len(self.rows.quantity), self.n_state + 1))
        return with_references[:, : self.n_state]

    def moved(self, solution: Solution, measured: FloatArray, step: FloatArray) -> Solution:
        """Residuals and derivatives in the state that is `step` away; the factor is left as it was."""
        change = np.append(step, 0.0)
        va_radian = solution.va_radian + change[self.layout.angle_state]
        vm_pu = solution.vm_pu + change[self.layout.magnitude_state]
        residual, jacobian = np.empty_like(solution.residual), np.empty_like(solution.jacobian)
        compare(self.rows, measured, va_radian, vm_pu, residual, jacobian)
        return solution._replace(va_radian=va_radian, vm_pu=vm_pu, residual=residual, jacobian=jacobian)


@numba.njit(cache=True)
def gauss_newton(
    rows: Rows,
    layout: StateLayout,
    pattern: FactorPattern,
    measured: FloatArray,
    weight: FloatArray,
    start_va_radian: FloatArray,
    start_vm_pu: FloatArray,
) -> tuple[bool, int, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """The fields of `Solution`."""
    va_radian, vm_pu = start_va_radian.copy(), start_vm_pu.copy()
    residual = np.empty(len(rows.quantity))
    jacobian = np.empty(2 * len(rows.term_node))
    factor = np.empty(0)
    longest = improvement = np.inf
    iteration = 0
    directed = weight_of_directed_rows(rows, weight)
    all_rows = directed.sum() == weight.sum()
    compare(rows, measured, va_radian, vm_pu, residual, jacobian)
    while iteration < MAX_ITERATIONS:
        iteration += 1
        in_force = weight if all_rows else directed
        downhill = gradient(rows, layout, jacobian, in_force, residual)
        determined, factor = factor_of_gain(rows, layout, pattern, jacobian, in_force)
        step = downhill.copy()
        solve(factor, pattern, step)
        longest, improvement = size_of_step(downhill, step)
        if not (determined and np.isfinite(improvement)):
            improvement = np.inf
            break
        shortening = min(1.0, LONGEST_STEP / longest) if longest > 0.0 else 1.0
        for node in range(len(vm_pu)):
            va_radian[node] += shortening * step[layout.angle_state[node]]
            vm_pu[node] += shortening * step[layout.magnitude_state[node]]
        compare(rows, measured, va_radian, vm_pu, residual, jacobian)
        if all_rows and longest < TOLERANCE and improvement < NEGLIGIBLE_IMPROVEMENT:
            break
        all_rows = all_rows or longest < CURRENTS_JOIN_BELOW
    converged = all_rows and improvement < NEGLIGIBLE_IMPROVEMENT
    return converged, iteration, va_radian, vm_pu, residual, jacobian, factor


@numba.njit(cache=True)
def weight_of_directed_rows(rows: Rows, weight: FloatArray) -> FloatArray:
    """The weights with those of current magnitudes zero."""
    result = weight.copy()
    for row in range(len(weight)):
        if rows.quantity[row] == CURRENT:
            result[row] = 0.0
    return result


@numba.njit(cache=True)
def compare(
    rows: Rows,
    measured: FloatArray,
    va_radian: FloatArray,
    vm_pu: FloatArray,
    residual: FloatArray,
    jacobian: FloatArray,
) -> None:
    """Fill in the residuals z - h(x) and the Jacobian of h."""
    linearise(rows, va_radian, vm_pu, residual, jacobian)
    for row in range(len(residual)):
        residual[row] = measured[row] - residual[row]


@numba.njit(cache=True)
def gradient(
    rows: Rows, layout: StateLayout, jacobian: FloatArray, weight: FloatArray, residual: FloatArray
) -> FloatArray:
    """H' W (z - h(x)), with one entry more for the reference angles, zero."""
    result = np.zeros(layout.n_state + 1)
    for row in range(len(weight)):
        for a in range(2 * rows.term_start[row], 2 * rows.term_start[row + 1]):
            result[layout.entry_state[a]] += jacobian[a] * weight[row] * residual[row]
    result[layout.n_state] = 0.0
    return result


@numba.njit(cache=True)
def size_of_step(downhill: FloatArray, step: FloatArray) -> tuple[float, float]:
    """Largest change of a state [rad or pu], and by how much J falls if h is linear."""
    longest = improvement = 0.0
    for state in range(len(step)):
        longest = max(longest, abs(step[state]))
        improvement += downhill[state] * step[state]
    return longest, improvement
