"""Do the measurements determine the state? If not, where not?

Observability is a property of where is measured, not of what the readings are. It is examined on a network of the same
graph whose branches all have the same admittance and no shunts, at flat voltage: there a dependent column of the gain
matrix is a pivot of exactly zero, and its null vector shows which angles and magnitudes may move without any row
noticing. Line charging, which pretends to tell voltage from reactive power alone, has no say; neither have current
magnitudes, which do not tell a direction.

References
----------
.. [1] A. Monticelli, F. F. Wu, Network observability: theory, IEEE Trans. PAS 104 (5), 1985.
.. [2] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 4: numerical
   observability by zero pivots.
.. [3] A. Abur, A. Gomez-Exposito, Detecting multiple solutions in state estimation in the presence of current
   magnitude measurements, IEEE Trans. Power Systems 12 (1), 1997.
"""

import numba
import numpy as np

from models.estimation.gain_matrix import StateLayout, gain_matrix
from models.estimation.measurement_model import CURRENT, Rows, linearise
from models.estimation.network_equations import Branches
from models.estimation.sparse_ldl import FactorPattern, factorise, solve_transposed
from models.estimation.wls import GaussNewton
from models.network_model import BoolArray, FloatArray

# Resistive and reactive in equal parts, so that active and reactive rows both see angle and magnitude.
UNIT_ADMITTANCE = (1.0 - 1.0j) / np.sqrt(2.0)
# Pivots over their original diagonals: dependent columns leave 1e-15; a feeder of a thousand nodes in a row 1e-10.
ZERO_PIVOT = 1e-12
# Share of a null vector's largest entry below which a state counts as not moving.
STANDS_STILL = 1e-6


class UnitNetwork:
    """A network of the same graph whose branches all have `UNIT_ADMITTANCE` and whose nodes have no shunts.

    Parameters
    ----------
    branches
        The network whose graph it is.
    """

    def __init__(self, branches: Branches) -> None:
        self._branches = branches
        ybus = branches.ybus.copy()
        row = np.repeat(np.arange(ybus.shape[0]), np.diff(ybus.indptr))
        is_own = ybus.indices == row
        others = np.bincount(row[~is_own], minlength=len(ybus.indptr) - 1)
        ybus.data = UNIT_ADMITTANCE * np.where(is_own, others[row], -1.0)
        self.ybus = ybus

    def terminal(self, branch: int, end: int) -> tuple[int, list[int], list[complex]]:
        """The node at one end of a branch, and the nodes and admittances whose products add up to the current there."""
        node, nodes, _ = self._branches.terminal(branch, end)
        others = sum(other != node for other in nodes)
        return node, nodes, [UNIT_ADMITTANCE * (others if other == node else -1.0) for other in nodes]


class Observability:
    """Observability of one topology state for any choice of active rows.

    Parameters
    ----------
    problem
        Rows and states of the topology state.
    rows
        The same rows on the network's `UnitNetwork`.
    """

    def __init__(self, problem: GaussNewton, rows: Rows) -> None:
        self._problem = problem
        self._rows = rows
        self._counts = rows.quantity != CURRENT
        n_node = len(problem.layout.angle_state)
        self._jacobian = linearise(self._rows, np.ones(n_node, dtype=complex))
        self._known_good = np.zeros(len(self._counts), dtype=bool)

    def moving_nodes(self, active: BoolArray) -> BoolArray:
        """Nodes whose angle or magnitude the active rows leave open; empty if the network is observable. (n_node,)"""
        counting = active & self._counts
        if not (self._known_good & ~counting).any() and self._known_good.any():
            return np.zeros(0, dtype=bool)
        layout = self._problem.layout
        moves = moving_states(self._rows, layout, self._problem.pattern, self._jacobian, counting.astype(float))
        if not moves.any():
            self._known_good = counting
            return np.zeros(0, dtype=bool)
        return moves[layout.angle_state] | moves[layout.magnitude_state]


@numba.njit(cache=True)
def moving_states(
    rows: Rows, layout: StateLayout, pattern: FactorPattern, jacobian: FloatArray, weight: FloatArray
) -> BoolArray:
    """States with a part in the null space of the weighted rows; the place past the end (references) never moves."""
    n_state = layout.n_state
    moves = np.zeros(n_state + 1, dtype=np.bool_)
    deficient = np.empty(n_state, dtype=np.bool_)
    factor = gain_matrix(rows, layout, pattern, jacobian, weight)
    if factorise(factor, pattern, ZERO_PIVOT, deficient) == 0:
        return moves
    for state in range(n_state):
        if deficient[state]:
            null_vector = np.zeros(n_state)
            null_vector[state] = 1.0
            solve_transposed(factor, pattern, null_vector)
            largest = 0.0
            for other in range(n_state):
                largest = max(largest, abs(null_vector[other]))
            for other in range(n_state):
                moves[other] |= abs(null_vector[other]) > STANDS_STILL * largest
    return moves
