"""Do the measurements determine the state? If not, where not?

The active rows leave the state open where it may change without any of them noticing, on the generic network of the
same graph. Current magnitudes, which do not tell a direction, have no say.

References
----------
.. [1] A. Monticelli, F. F. Wu, Network observability: theory, IEEE Trans. PAS 104 (5), 1985: observable islands are
   joined by branches whose flow is determined.
.. [2] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 4.
.. [3] A. Abur, A. Gomez-Exposito, Detecting multiple solutions in state estimation in the presence of current
   magnitude measurements, IEEE Trans. Power Systems 12 (1), 1997.
"""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from models.estimation.network_equations import NetworkEquations
from models.estimation.solution.measurement_model import CURRENT, Rows
from models.estimation.verdict.generic_network import GenericNetwork, ratios
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
    rows
        On the whole network: first those that may be active or not, then those that always are.
    n_row
        Number of the former.
    admittances
        The topology state.
    """

    def __init__(self, rows: Rows, n_row: int, admittances: NetworkEquations) -> None:
        self._network = GenericNetwork(rows, admittances.n_node, admittances.reference_nodes)
        self._graph = admittances.ybus.tocoo()
        self._always = np.ones(len(rows.quantity) - n_row, dtype=bool)
        self._counts = rows.quantity[:n_row] != CURRENT
        self._known_good = np.zeros(n_row, dtype=bool)

    def unobservable_nodes(self, active: BoolArray) -> NDArray[np.int64]:
        """Nodes whose angle or magnitude the active rows leave open; empty if the network is observable."""
        if holds(self._known_good, active):
            return np.empty(0, dtype=np.int64)
        counting = active & self._counts
        open_nodes = np.flatnonzero(self._change_by_node(counting).any(axis=1))
        if not len(open_nodes):
            self._known_good = counting
        return open_nodes

    def islands(self, active: BoolArray) -> tuple[NodeIsland, ...]:
        """The unobservable nodes in groups within which all flows are known ([1])."""
        change = self._change_by_node(active & self._counts)
        known = (change[self._graph.row] == change[self._graph.col]).all(axis=1)
        ends = self._graph.row[known], self._graph.col[known]
        kept = coo_matrix((known[known], ends), shape=self._graph.shape)
        _, label = connected_components(kept, directed=False)
        moves = change.any(axis=1)
        islands = [np.flatnonzero((label == name) & moves) for name in dict.fromkeys(label[moves].tolist())]
        return tuple(NodeIsland(tuple(nodes.tolist()), *(change[nodes] != 0).any(axis=0).tolist()) for nodes in islands)

    def critical_rows(self, active: BoolArray) -> tuple[BoolArray, list[list[int]]]:
        """Rows whose residual is zero whatever is read, and all others in groups with proportional residuals. (n_row,)

        Current magnitudes count: beside what makes the network observable, they check it.
        """
        everything = np.concatenate((active, self._always))
        first, second, third = self._network.residuals(everything, n_reading=3)[: len(active)].T
        critical = active & (first == 0) & (second == 0) & (third == 0)
        groups: dict[tuple[int, int], list[int]] = {}
        keys = zip(ratios(second, first).tolist(), ratios(third, first).tolist(), strict=True)
        for row, key in enumerate(keys):
            if active[row] and not critical[row]:
                groups.setdefault(key, []).append(row)
        return critical, list(groups.values())

    def _change_by_node(self, active: BoolArray) -> IntArray:
        """A random change of angle and magnitude that no active row notices. (n_node, 2)"""
        return self._network.unnoticed_change(np.concatenate((active, self._always)))


@numba.njit(cache=True)
def holds(known_good: BoolArray, active: BoolArray) -> bool:
    """Whether all rows of an observable choice, if there is one, are active again."""
    n_good = 0
    for row in range(len(active)):
        if known_good[row]:
            n_good += 1
            if not active[row]:
                return False
    return n_good > 0
