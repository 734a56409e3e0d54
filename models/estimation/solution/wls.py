"""Weighted least squares: the estimation problem of one topology state, ready to be solved scan after scan.

Minimises J(x) = sum of ((z - h(x)) / sigma)^2. Rows may be switched off by a zero weight without any change of pattern.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 2.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from models.estimation.network_equations import NetworkEquations
from models.estimation.solution.descent import NO_LINEARISATION, Linearisation, descend
from models.estimation.solution.gain_matrix import StateLayout, elimination_order, lay_out, variance_of_rows
from models.estimation.solution.measurement_model import CURRENT, Rows, linearise
from models.estimation.solution.misfit import misfit
from models.estimation.solution.sparse_ldl import solve, sparse_inverse
from models.network_model import ComplexArray, FloatArray, IntArray

# No angle [rad] or magnitude [pu] is off by more than this at the end, and J by next to nothing beside its standard
# deviation.
TOLERANCE = 1e-8
NEGLIGIBLE_IMPROVEMENT = 1e-2
# A current magnitude fits either direction of flow. The other rows, which determine the state without it, choose the
# direction: currents join once a step without them is shorter than this.
CURRENTS_JOIN_BELOW = 1e-2


class Solution(NamedTuple):
    """Where the search for the smallest J ended.

    Attributes
    ----------
    converged
        Whether the last step was negligible; if not, the other fields mean nothing.
    iterations
        Number of linear solutions.
    v
        Voltage of every node. (n_node,) [pu]
    residual
        z - h(x) of every row. (n_row,) [pu]
    objective
        J(x), the weighted sum of squared residuals. [-]
    linearisation
        Derivatives and factor of the gain matrix, at this state or so near that they are as good as there.
    """

    converged: bool
    iterations: int
    v: ComplexArray
    residual: FloatArray
    objective: float
    linearisation: Linearisation


class GaussNewton:
    """The estimation problem of one topology state: rows, states, gain pattern.

    Parameters
    ----------
    admittances
        The topology state.
    rows
        All rows that may ever be switched on in it.
    kept
        The nodes that the rows number from zero on; None is all.
    besides
        Other rows whose variance may be asked for (`variance_of`).

    Attributes
    ----------
    cold_starts
        What a first estimate starts from: the unloaded network's voltages, and its angles with the magnitudes of the
        set-points. Feeders with regulators in series have wrong minima near the set-points; where generators hold the
        voltage, these are nearer than the unloaded network.
    """

    def __init__(
        self,
        admittances: NetworkEquations,
        rows: Rows,
        kept: IntArray | None = None,
        besides: tuple[Rows, ...] = (),
    ) -> None:
        nodes = np.arange(admittances.n_node) if kept is None else kept
        self.rows = rows
        self.references = np.flatnonzero(np.isin(nodes, admittances.reference_nodes))
        self.layout, self.pattern = lay_out(rows, elimination_order(rows, len(nodes)), self.references, besides)
        self._is_current = rows.quantity == CURRENT
        self._has_currents = bool(self._is_current.any())
        flat, unloaded = admittances.flat_start[nodes], admittances.unloaded_start[nodes]
        self.cold_starts = (flat, unloaded) if len(admittances.pv_nodes) else (unloaded, flat)
        self._directed = self._all = NO_LINEARISATION
        self._variances = NO_LINEARISATION, np.empty(0)

    @property
    def n_state(self) -> int:
        """Number of states: two a node less one angle an island."""
        return self.layout.n_state

    def solve(self, measured: FloatArray, weight: FloatArray, start: ComplexArray) -> Solution:
        """Minimise J from the voltages `start`; `weight` is 1 / sigma^2 of every row, zero where it is switched off."""
        iterations = 0
        if self._has_currents and weight[self._is_current].any():
            directed = np.where(self._is_current, 0.0, weight)
            first = self._descend(measured, directed, start, self._directed, CURRENTS_JOIN_BELOW, np.inf)
            self._directed = first.linearisation
            if not first.converged:
                return first
            iterations, start = first.iterations, first.v
        last = self._descend(measured, weight, start, self._all, TOLERANCE, NEGLIGIBLE_IMPROVEMENT)
        self._all = last.linearisation
        return last._replace(iterations=iterations + last.iterations)

    def row_variance(self, solution: Solution) -> FloatArray:
        """Variance of h(x) in the estimated state of every row with a weight, else NaN. (n_row,) [pu^2]"""
        at = solution.linearisation
        if self._variances[0] is not at:
            inverse = sparse_inverse(at.factor, self.pattern)
            self._variances = at, variance_of_rows(self.rows, self.layout, at.jacobian, at.weight, inverse)
        return self._variances[1]

    def variance_of(self, solution: Solution, rows: Rows, layout: StateLayout) -> FloatArray:
        """The same of other rows, all of them; their pairs are in the pattern. (n_row,) [pu^2]"""
        at = solution.linearisation
        every = np.ones(len(rows.quantity))
        inverse = sparse_inverse(at.factor, self.pattern)
        return variance_of_rows(rows, layout, linearise(rows, at.v, every), every, inverse)

    def propagate(self, solution: Solution, row: int) -> FloatArray:
        """Covariance of the estimated readings of all rows with that of one, H G^-1 h'. (n_row,) [pu^2]"""
        at = solution.linearisation
        jacobian = self._matrix(at.jacobian)
        state = jacobian[row].toarray().ravel()
        state[self.n_state] = 0.0
        solve(at.factor, self.pattern, state)
        state[self.n_state] = 0.0
        return np.asarray(jacobian @ state)

    def linear_model(self, measured: FloatArray, weight: FloatArray, v: ComplexArray) -> tuple[csr_matrix, FloatArray]:
        """Jacobian where the nodes' voltages are `v`, and z - h(x), of the rows that have a weight; zero of the others.

        Returns
        -------
        (n_row, n_state), (n_row,) [pu]
        """
        residual = np.zeros(len(measured))
        misfit(self.rows, measured, weight, v, residual, np.empty_like(v))
        return self._matrix(linearise(self.rows, v, weight))[:, : self.n_state], residual

    def moved(self, v: ComplexArray, step: FloatArray) -> ComplexArray:
        """The voltages `v` after a change of the states. (n_node,) [pu]"""
        change = np.append(step, 0.0)
        vm_pu = np.abs(v) + change[self.layout.magnitude_state]
        return vm_pu * np.exp(1j * (np.angle(v) + change[self.layout.angle_state]))

    def _matrix(self, jacobian: FloatArray) -> csr_matrix:
        """Derivatives by row and state, and by reference angles in the last column. (n_row, n_state + 1)"""
        entries = (jacobian, self.layout.entry_state, 2 * self.rows.term_start)
        return csr_matrix(entries, shape=(len(self.rows.quantity), self.n_state + 1))

    def _descend(
        self,
        measured: FloatArray,
        weight: FloatArray,
        start: ComplexArray,
        known: Linearisation,
        tolerance: float,
        negligible: float,
    ) -> Solution:
        converged, iterations, point, is_new, linearisation = descend(
            self.rows, self.layout, self.pattern, measured, weight, start, known, tolerance, negligible
        )
        if not converged:
            linearisation = NO_LINEARISATION
        elif not is_new:
            linearisation = known
        return Solution(converged, iterations, point.v, point.residual, point.objective, linearisation)
