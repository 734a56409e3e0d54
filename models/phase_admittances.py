"""One topology state of a circuit phase by phase, as the estimator wants it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from models.network_model import BoolArray, ComplexArray, FloatArray, IntArray, solve_linear


@dataclass(frozen=True, eq=False)
class BranchEnds:
    """One end of all branches."""

    node: IntArray
    """Node of the end, -1 where the phase is absent there or dead, (n_branch,)."""
    usable: BoolArray
    """False where a phase that is there is dead, (n_branch,)."""
    admittance: csr_matrix
    """Current into every branch per voltage at every node, (n_branch, n_node). [pu]"""


@dataclass(frozen=True, eq=False)
class PhaseAdmittances:
    """One topology state phase by phase; satisfies `models.estimation.network_equations.NetworkEquations`.

    Per unit of `base_mva` a phase and of the nodes' base voltages, line to neutral. Vectors by bus, line or transformer
    are by phases of them, in the order element 0 a, b, c, element 1 a, ...; -1 where a phase is absent or dead. The
    branches are the phases of all lines, then those of all transformers.
    """

    ybus: csr_matrix
    """Nodal admittance matrix, (n_node, n_node). [pu]"""
    emf: ComplexArray
    """Voltage of the source's phases, (3,). [pu]"""
    slack_nodes: IntArray
    """Nodes of the source's phases, (3,)."""
    node_of_bus: IntArray
    """(3 n_bus,)"""
    branch_of_line: IntArray
    """(3 n_line,)"""
    branch_of_trafo: IntArray
    """(3 n_trafo,)"""
    ends: tuple[BranchEnds, BranchEnds]
    """The from (or hv) and the to (or lv) ends of all branches."""
    base_ka: FloatArray
    """Current of 1 pu at every node. [kA]"""
    base_mva: float
    """Power of 1 pu, of one phase. [MVA]"""

    @property
    def n_node(self) -> int:
        """Number of energised nodes."""
        return self.ybus.shape[0]

    @property
    def reference_nodes(self) -> IntArray:
        """The source's phases: a balanced EMF's angles are all known."""
        return self.slack_nodes

    @property
    def pv_nodes(self) -> IntArray:
        """None: an OpenDSS circuit has no generator that holds a voltage."""
        return np.empty(0, dtype=np.int64)

    @property
    def fixed_injection(self) -> ComplexArray:
        """None: whatever injects is a load or a static generator. (n_node,) [pu]"""
        return np.zeros(self.n_node, dtype=complex)

    @cached_property
    def flat_start(self) -> ComplexArray:
        """The source's magnitude everywhere, angles of the unloaded circuit. [pu]"""
        return np.abs(self.emf).mean() * np.exp(1j * np.angle(self.unloaded_start))

    @cached_property
    def unloaded_start(self) -> ComplexArray:
        """Voltages of the unloaded circuit. [pu]"""
        return solve_linear(self.ybus, self.slack_nodes, self.emf)

    def terminal(self, branch: int, end: int) -> tuple[int, list[int], list[complex]]:
        """The node at one end of a branch, and the nodes and admittances whose products add up to the current there.

        The node need not be among them: the source's is behind its impedance.
        """
        rows = self.ends[end].admittance
        entries = slice(rows.indptr[branch], rows.indptr[branch + 1])
        return int(self.ends[end].node[branch]), rows.indices[entries].tolist(), rows.data[entries].tolist()
