"""Do the measurements determine the state? If not, where not?

The active rows leave the state open where it may change without any of them noticing, on the generic network of the same
graph. Current magnitudes, which do not tell a direction, have no say.

References
----------
.. [1] A. Monticelli, F. F. Wu, Network observability: theory, IEEE Trans. PAS 104 (5), 1985: observable islands are
   joined by branches whose flow is determined.
.. [2] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 4.
.. [3] A. Abur, A. Gomez-Exposito, Detecting multiple solutions in state estimation in the presence of current
   magnitude measurements, IEEE Trans. Power Systems 12 (1), 1997.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from models.estimation.generic_network import GenericNetwork
from models.estimation.measurement_model import CURRENT
from models.estimation.wls import GaussNewton
from models.network_model import BoolArray, IntArray


@dataclass(frozen=True)
class NodeIsland:
    """Nodes whose voltages are known against one another, but not against the reference."""

    nodes: tuple[int, ...]
    angle_is_open: bool
    magnitude_is_open: bool


class Observability:
    """Observability of one topology state for any choice of active rows.

    Parameters
    ----------
    problem
        Rows and states of the topology state.
    """

    def __init__(self, problem: GaussNewton) -> None:
        self.network = GenericNetwork(problem.rows, problem.layout, problem.pattern)
        self._layout = problem.layout
        self._counts = problem.rows.quantity != CURRENT
        self._known_good = np.zeros(len(self._counts), dtype=bool)

    def unobservable_nodes(self, active: BoolArray) -> NDArray[np.int64]:
        """Nodes whose angle or magnitude the active rows leave open; empty if the network is observable."""
        counting = active & self._counts
        if not (self._known_good & ~counting).any() and self._known_good.any():
            return np.empty(0, dtype=np.int64)
        open_nodes = np.flatnonzero(self._change_by_node(counting).any(axis=1))
        if not len(open_nodes):
            self._known_good = counting
        return open_nodes

    def islands(self, active: BoolArray, ybus: csr_matrix) -> tuple[NodeIsland, ...]:
        """The unobservable nodes in groups within which all flows are known ([1])."""
        change = self._change_by_node(active & self._counts)
        branches = ybus.tocoo()
        known = (change[branches.row] == change[branches.col]).all(axis=1)
        kept = coo_matrix((known[known], (branches.row[known], branches.col[known])), shape=ybus.shape)
        _, label = connected_components(kept, directed=False)
        moves = change.any(axis=1)
        islands = [np.flatnonzero((label == name) & moves) for name in dict.fromkeys(label[moves].tolist())]
        return tuple(
            NodeIsland(tuple(nodes.tolist()), *(change[nodes] != 0).any(axis=0).tolist()) for nodes in islands
        )

    def _change_by_node(self, active: BoolArray) -> IntArray:
        """A random change of angle and magnitude that no active row notices. (n_node, 2)"""
        change = self.network.null_vector(active)
        return np.column_stack((change[self._layout.angle_state], change[self._layout.magnitude_state]))
