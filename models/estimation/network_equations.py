"""What the estimator asks of a network in one topology state, balanced or phase by phase."""

from typing import Protocol

from scipy.sparse import csr_matrix

from models.network_model import ComplexArray, FloatArray, IntArray


class Branches(Protocol):
    """What connects nodes."""

    @property
    def ybus(self) -> csr_matrix:
        """Nodal admittance matrix, (n_node, n_node). [pu]"""

    def terminal(self, branch: int, end: int) -> tuple[int, list[int], list[complex]]:
        """The node at one end of a branch, and the nodes and admittances whose products add up to the current there."""


class NetworkEquations(Branches, Protocol):
    """Admittances per unit between nodes, and where buses, lines and transformers are among them.

    `models.network_model.Admittances` is the balanced one. Phase by phase a node is one phase of a bus, and a "bus" (or
    "line", "transformer") of the vectors below one phase of it, in the order bus 0 a, b, c, bus 1 a, ...
    """

    @property
    def n_node(self) -> int:
        """Number of energised nodes."""

    @property
    def slack_nodes(self) -> IntArray:
        """Nodes at external grids."""

    @property
    def reference_nodes(self) -> IntArray:
        """Nodes whose angle is known."""

    @property
    def pv_nodes(self) -> IntArray:
        """Nodes whose magnitude a generator holds."""

    @property
    def fixed_injection(self) -> ComplexArray:
        """Node injections other than loads and static generators. [pu]"""

    @property
    def node_of_bus(self) -> IntArray:
        """Node of every bus, -1 where de-energised."""

    @property
    def branch_of_line(self) -> IntArray:
        """Branch of every line, -1 where out of service or de-energised."""

    @property
    def branch_of_trafo(self) -> IntArray:
        """Branch of every transformer, -1 where out of service or de-energised."""

    @property
    def base_mva(self) -> float:
        """Power of 1 pu. [MVA]"""

    @property
    def base_ka(self) -> FloatArray:
        """Current of 1 pu at every node. [kA]"""

    @property
    def flat_start(self) -> ComplexArray:
        """Voltages at the set-points' magnitude and the unloaded network's angle. [pu]"""

    @property
    def unloaded_start(self) -> ComplexArray:
        """Voltages of the unloaded network. [pu]"""
