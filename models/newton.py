"""Newton's method on a nodal admittance matrix: power flow mathematics that plant and control room share."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from models.network_model import ComplexArray, IntArray

TOLERANCE_PU = 1e-10
MAX_ITERATIONS = 20


class NewtonSolver:
    """Newton-Raphson by lightsim2grid, one symbolic factorisation for each topology state."""

    def __init__(self) -> None:
        self._solvers: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def solve(
        self,
        topology: Any,
        ybus: Any,
        start: ComplexArray,
        injection: ComplexArray,
        slack_nodes: IntArray,
        pv_nodes: IntArray,
    ) -> ComplexArray | None:
        """Voltages of all nodes, None without a solution.

        Parameters
        ----------
        topology
            The topology state that `ybus` is of; its pattern does not change for the same one.
        ybus
            Nodal admittance matrix by column, (n_node, n_node). [pu]
        start
            Where to begin; the slacks' phasors and the generators' magnitudes are kept. (n_node,) [pu]
        injection
            Power into the network. (n_node,) [pu]
        slack_nodes, pv_nodes
            Nodes whose phasor, and whose magnitude, is held.
        """
        n_node = len(start)
        if len(slack_nodes) == n_node:
            return start
        slack_weights = np.zeros(n_node)
        slack_weights[slack_nodes] = 1.0 / len(slack_nodes)
        held = np.zeros(n_node, dtype=bool)
        held[slack_nodes] = held[pv_nodes] = True
        solver = self._solver(topology)
        solved = solver.solve(
            ybus,
            start,
            injection,
            slack_nodes.astype(np.int32),
            slack_weights,
            pv_nodes.astype(np.int32),
            np.flatnonzero(~held).astype(np.int32),
            MAX_ITERATIONS,
            TOLERANCE_PU,
        )
        if not solved:
            solver.reset()
            return None
        v: ComplexArray = solver.get_V().copy()  # the solver hands out a view of its own memory
        return v if np.isfinite(v).all() else None

    def _solver(self, topology: Any) -> Any:
        from lightsim2grid.algorithm import NRSing_KLU

        if topology not in self._solvers:
            self._solvers[topology] = NRSing_KLU()
        return self._solvers[topology]
