"""Nodes where nothing is drawn leave the equations exactly: what is left is a smaller network of the same voltages.

At a node where nothing is injected Kirchhoff's law reads sum_k Y_jk V_k = 0, which is linear in complex voltages and
knows no uncertainty. It gives the node's voltage as a fixed sum of its neighbours', and put into their equations leaves
an admittance matrix without the node (Kron reduction). Cables in series become one, zero injections hold exactly, and
the equations lose what conditions them worst: rows sharper than any meter's between nodes all but joined.

References
----------
.. [1] G. Kron, Tensor Analysis of Networks, Wiley 1939; F. Dörfler, F. Bullo, Kron reduction of graphs with
   applications to electrical networks, IEEE Trans. Circuits and Systems I 60 (1), 2013.
"""

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

import numpy as np
from scipy.sparse import csr_matrix

from models.network_model import BoolArray, IntArray

# A node with two neighbours leaves one branch where there were two, one with three a triangle for a star. With four it
# leaves six branches for four, which its own two equations, the sharpest of all, still outweigh; with more it does not.
MOST_NEIGHBOURS = 4
# Share of its largest admittance below which a node's own is a resonance with its shunt: nothing to divide by.
RESONANCE = 1e-9

Sum = dict[int, complex]
"""A linear form: by node, the coefficient of its voltage."""


class Elimination:
    """A network without the nodes that may go.

    Parameters
    ----------
    ybus
        Nodal admittance matrix. (n_node, n_node) [pu]
    eliminated
        The nodes to eliminate, in this order; nothing is injected there.

    Attributes
    ----------
    kept
        The nodes that are left, in ascending order; their numbers in the smaller network are their places here.
    place_of_node
        Place of every node among `kept`, -1 where eliminated. (n_node,)
    """

    def __init__(self, ybus: csr_matrix, eliminated: Iterable[int] = ()) -> None:
        self._admittance = _rows_of(ybus)
        gone = list(eliminated)
        shares = {node: _take_out(self._admittance, node) for node in gone}
        for node in reversed(gone):
            shares[node] = _substituted(shares[node], shares)
        self._shares = shares
        is_kept = np.ones(ybus.shape[0], dtype=bool)
        is_kept[gone] = False
        self.kept: IntArray = np.flatnonzero(is_kept)
        self.place_of_node: IntArray = np.where(is_kept, np.cumsum(is_kept) - 1, -1)

    def voltage(self, node: int) -> Sum:
        """The voltage of any node, as a sum over places."""
        return self._by_place(self._shares.get(node, {node: 1.0}))

    def injection(self, node: int) -> Sum:
        """The current from any node into the network; nothing at an eliminated one. [pu]"""
        return {} if node in self._shares else self._by_place(self._admittance[node])

    def current(self, nodes: Iterable[int], admittance: Iterable[complex]) -> Sum:
        """The current that these admittances times the voltages of `nodes` add up to. [pu]"""
        total: Sum = {}
        for node, y in zip(nodes, admittance, strict=True):
            total[node] = total.get(node, 0.0) + y
        return self._by_place(_substituted(total, self._shares))

    def _by_place(self, total: Mapping[int, complex]) -> Sum:
        return {int(self.place_of_node[node]): coefficient for node, coefficient in total.items()}


def nodes_to_eliminate(ybus: csr_matrix, silent: BoolArray) -> list[int]:
    """Which of the `silent` nodes (n_node,), where nothing is injected, to eliminate, in which order.

    Those with the fewest neighbours go first, and none that has more than `MOST_NEIGHBOURS` when its turn comes.
    Neighbours are counted in bundles: nodes that are connected to each other and to the same others, as the phases of a
    bus are, and are all silent or all not.
    """
    bundle_of_node, bundles = _bundles(ybus, silent)
    neighbours = [{int(b) for b in bundle_of_node[_neighbours(ybus, nodes)]} - {k} for k, nodes in enumerate(bundles)]
    may_go = [bool(silent[nodes[0]]) for nodes in bundles]
    queue = [(len(neighbours[k]), k) for k in range(len(bundles)) if may_go[k]]
    heapify(queue)
    pivot, largest = abs(ybus.diagonal()), abs(ybus).max(axis=1).toarray().ravel()
    order: list[int] = []
    while queue:
        count, bundle = heappop(queue)
        if not may_go[bundle] or count != len(neighbours[bundle]):
            continue
        if not 0 < count <= MOST_NEIGHBOURS or (pivot < RESONANCE * largest)[bundles[bundle]].any():
            continue
        may_go[bundle] = False
        order += bundles[bundle]
        for other in neighbours[bundle]:
            neighbours[other] |= neighbours[bundle] - {other}
            neighbours[other].remove(bundle)
            if may_go[other]:
                heappush(queue, (len(neighbours[other]), other))
    return order


def _rows_of(ybus: csr_matrix) -> list[Sum]:
    """The matrix as sums, with both of an entry and its mirror image or none."""
    rows: list[Sum] = [
        dict(zip(ybus.indices[start:end].tolist(), ybus.data[start:end].tolist(), strict=True))
        for start, end in zip(ybus.indptr[:-1], ybus.indptr[1:], strict=True)
    ]
    for node, row in enumerate(rows):
        for other in list(row):
            rows[other].setdefault(node, 0.0)
    return rows


def _take_out(admittance: list[Sum], node: int) -> Sum:
    """Eliminate a node from the matrix; its voltage as a sum over what were its neighbours ([1])."""
    row = admittance[node]
    pivot = row.pop(node)
    share = {other: -y / pivot for other, y in row.items()}
    admittance[node] = {}
    for other in share:
        into = admittance[other].pop(node)
        if into != 0.0:
            for third, part in share.items():
                admittance[other][third] = admittance[other].get(third, 0.0) + into * part
        else:
            for third in share:
                admittance[other].setdefault(third, 0.0)
    return share


def _substituted(total: Mapping[int, complex], shares: Mapping[int, Sum]) -> Sum:
    """The same sum with the nodes in `shares` replaced by what they consist of."""
    result: Sum = {}
    for node, coefficient in total.items():
        for part, share in shares.get(node, {node: 1.0}).items():
            result[part] = result.get(part, 0.0) + coefficient * share
    return result


def _bundles(ybus: csr_matrix, silent: BoolArray) -> tuple[IntArray, list[list[int]]]:
    """Nodes alike, with equal neighbours, themselves included: each node's bundle, and the nodes of each bundle."""
    number: dict[tuple[frozenset[int], bool], int] = {}
    bundle_of_node = np.empty(ybus.shape[0], dtype=np.int64)
    bundles: list[list[int]] = []
    for node in range(ybus.shape[0]):
        alike = frozenset(_neighbours(ybus, [node])), bool(silent[node])
        bundle_of_node[node] = number.setdefault(alike, len(number))
        if bundle_of_node[node] == len(bundles):
            bundles.append([])
        bundles[bundle_of_node[node]].append(node)
    return bundle_of_node, bundles


def _neighbours(ybus: csr_matrix, nodes: Iterable[int]) -> list[int]:
    """Those of `nodes` themselves included."""
    return [*nodes, *(int(k) for node in nodes for k in ybus.indices[ybus.indptr[node] : ybus.indptr[node + 1]])]
