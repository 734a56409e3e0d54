"""Weighted least squares by Gauss-Newton on the normal equations, one compiled call a solution.

Minimises J(x) = sum of ((z - h(x)) / sigma)^2 by repeating G dx = H' W (z - h(x)), G = H' W H, until dx is small. Rows
may be switched off by a zero weight without any change of pattern.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, sections 2.6 and 3.2.
"""

from typing import NamedTuple

import numba
import numpy as np

from models.estimation.gain_matrix import StateLayout, elimination_order, factor_of_gain, lay_out, reference_nodes
from models.estimation.measurement_model import Floats, Rows, linearise
from models.estimation.sparse_ldl import FactorPattern, solve
from models.network_model import Admittances

# Largest change of any angle [rad] or magnitude [pu] at which an iteration counts as the last.
TOLERANCE = 1e-8
MAX_ITERATIONS = 25
# Current magnitudes near zero make the last iterations slow. When they run out, a state that J can improve by no more
# than this, next to nothing beside its standard deviation, counts as found.
NEGLIGIBLE_IMPROVEMENT = 1e-2
# A longer Gauss-Newton step leaves the region in which the linearisation means anything; it is shortened to this.
LONGEST_STEP = 0.35


class Solution(NamedTuple):
    """Where Gauss-Newton ended.

    Attributes
    ----------
    converged
        Whether the last step was small; if not, the other fields mean nothing.
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
    va_radian: Floats
    vm_pu: Floats
    residual: Floats
    jacobian: Floats
    factor: Floats


class GaussNewton:
    """The estimation problem of one topology state: rows, states, gain pattern.

    Parameters
    ----------
    admittances
        The topology state.
    rows
        All rows that may ever be switched on in it.
    """

    def __init__(self, admittances: Admittances, rows: Rows) -> None:
        self.rows = rows
        self.references = reference_nodes(admittances)
        self.layout, self.pattern = lay_out(rows, elimination_order(rows, admittances.n_node), self.references)
        self._start = admittances.flat_start

    @property
    def n_state(self) -> int:
        """Number of states: two a node less one angle an island."""
        return self.layout.n_state

    def flat_start(self) -> tuple[Floats, Floats]:
        """Angles [rad] of the unloaded network and set-point magnitudes [pu]; what a first estimate starts from."""
        return np.angle(self._start), np.abs(self._start)

    def solve(self, measured: Floats, weight: Floats, va_radian: Floats, vm_pu: Floats) -> Solution:
        """Minimise J from the given state; `weight` is 1 / sigma^2 of every row, zero where it is switched off."""
        return Solution(
            *gauss_newton(
                self.rows, self.layout, self.pattern, measured, weight, va_radian, vm_pu, TOLERANCE, MAX_ITERATIONS
            )
        )


@numba.njit(cache=True)
def gradient(rows: Rows, layout: StateLayout, jacobian: Floats, weight: Floats, residual: Floats) -> Floats:
    """H' W (z - h(x)), with one entry more for the reference angles, zero."""
    result = np.zeros(layout.n_state + 1)
    for row in range(len(weight)):
        for a in range(2 * rows.term_start[row], 2 * rows.term_start[row + 1]):
            result[layout.entry_state[a]] += jacobian[a] * weight[row] * residual[row]
    result[layout.n_state] = 0.0
    return result


@numba.njit(cache=True)
def gauss_newton(
    rows: Rows,
    layout: StateLayout,
    pattern: FactorPattern,
    measured: Floats,
    weight: Floats,
    start_va_radian: Floats,
    start_vm_pu: Floats,
    tolerance: float,
    max_iterations: int,
) -> tuple[bool, int, Floats, Floats, Floats, Floats, Floats]:
    """The fields of `Solution`."""
    va_radian, vm_pu = start_va_radian.copy(), start_vm_pu.copy()
    predicted = np.empty(len(rows.quantity))
    jacobian = np.empty(2 * len(rows.term_node))
    factor = np.empty(0)
    longest = improvement = np.inf
    iteration = 0
    linearise(rows, va_radian, vm_pu, predicted, jacobian)
    while iteration < max_iterations and longest > tolerance:
        iteration += 1
        downhill = gradient(rows, layout, jacobian, weight, measured - predicted)
        determined, factor = factor_of_gain(rows, layout, pattern, jacobian, weight)
        step = downhill.copy()
        solve(factor, pattern, step)
        improvement = downhill @ step if determined else np.inf
        if not np.isfinite(improvement):
            break
        longest = np.max(np.abs(step))
        if longest > LONGEST_STEP:
            step *= LONGEST_STEP / longest
        for node in range(len(vm_pu)):
            va_radian[node] += step[layout.angle_state[node]]
            vm_pu[node] += step[layout.magnitude_state[node]]
        linearise(rows, va_radian, vm_pu, predicted, jacobian)
    converged = improvement < NEGLIGIBLE_IMPROVEMENT
    return converged, iteration, va_radian, vm_pu, measured - predicted, jacobian, factor
