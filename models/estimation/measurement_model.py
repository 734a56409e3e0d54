"""What meters would read in a given state: h(x) and its analytic Jacobian, row by row, on a pattern that stays.

Every row looks at one place: a node's voltage, or what flows from a node into the network, all of it (injection) or
through one branch (flow). Both flows are a sum of admittance times voltage over a few nodes, the row's *terms*, so that
one formula serves them. The state is polar: angle and magnitude of every node.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 2: measurement
   function and Jacobian.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numba
import numpy as np

from models.estimation.network_equations import NetworkEquations
from models.network_model import ComplexArray, FloatArray, IntArray

VOLTAGE, ACTIVE_POWER, REACTIVE_POWER, CURRENT, ANGLE = range(5)


class Rows(NamedTuple):
    """The rows of h(x) for the kernels.

    Attributes
    ----------
    quantity
        `VOLTAGE`, `ACTIVE_POWER`, `REACTIVE_POWER`, `CURRENT` or `ANGLE`. (n_row,)
    own_node
        Node whose voltage is read, or from which power or current flows into the network. (n_row,)
    term_start
        First term of each row; one more for the end. (n_row + 1,)
    term_node
        Node of each term. (n_term,)
    term_admittance
        Current from the own node per voltage at the term's node. (n_term,) [pu]
    """

    quantity: IntArray
    own_node: IntArray
    term_start: IntArray
    term_node: IntArray
    term_admittance: ComplexArray


@dataclass
class RowCollector:
    """Collects rows one by one for one topology state; each method returns the number of the row it added."""

    admittances: NetworkEquations
    quantity: list[int] = field(default_factory=list)
    own_node: list[int] = field(default_factory=list)
    term_count: list[int] = field(default_factory=list)
    term_node: list[int] = field(default_factory=list)
    term_admittance: list[complex] = field(default_factory=list)

    def voltage(self, node: int) -> int:
        """Voltage magnitude at a node. [pu]"""
        return self._add(VOLTAGE, node, [node], [1.0])

    def angle(self, node: int) -> int:
        """Voltage angle at a node, against the set-point of the reference. [rad]"""
        return self._add(ANGLE, node, [node], [1.0])

    def injection(self, quantity: int, node: int) -> int:
        """Active or reactive power from a node into the network, its shunts included. [pu]"""
        ybus = self.admittances.ybus
        entries = slice(ybus.indptr[node], ybus.indptr[node + 1])
        nodes = ybus.indices[entries].tolist()
        return self._add(quantity, node, nodes, ybus.data[entries].tolist())

    def flow(self, quantity: int, branch: int, end: int) -> int:
        """Active or reactive power or current magnitude into a branch at one end. [pu]"""
        node, nodes, admittance = self.admittances.terminal(branch, end)
        return self._add(quantity, node, *_summed_by_node(nodes, admittance))

    def rows(self) -> Rows:
        """What was collected, as arrays."""
        return Rows(
            quantity=np.array(self.quantity, dtype=np.int64),
            own_node=np.array(self.own_node, dtype=np.int64),
            term_start=np.concatenate(([0], np.cumsum(self.term_count))).astype(np.int64),
            term_node=np.array(self.term_node, dtype=np.int64),
            term_admittance=np.array(self.term_admittance, dtype=complex),
        )

    def _add(self, quantity: int, own_node: int, nodes: list[int], admittance: list[complex]) -> int:
        self.quantity.append(quantity)
        self.own_node.append(own_node)
        self.term_count.append(len(nodes))
        self.term_node += nodes
        self.term_admittance += admittance
        return len(self.quantity) - 1


def _summed_by_node(nodes: list[int], admittance: list[complex]) -> tuple[list[int], list[complex]]:
    """Every node once: a branch between buses that a closed switch joins begins and ends in the same one."""
    total: dict[int, complex] = {}
    for node, y in zip(nodes, admittance, strict=True):
        total[node] = total.get(node, 0.0) + y
    return list(total), list(total.values())


@numba.njit(cache=True)
def linearise(
    rows: Rows, va_radian: FloatArray, vm_pu: FloatArray, predicted: FloatArray, jacobian: FloatArray
) -> None:
    """Fill in h(x) and its Jacobian.

    Parameters
    ----------
    va_radian, vm_pu
        State of every node. (n_node,) [rad], [pu]
    predicted
        Receives h(x). (n_row,) [pu]
    jacobian
        Receives, for term t, the derivatives by angle (entry 2t) and magnitude (entry 2t + 1) of its node. (2 n_term,)
    """
    v = np.empty(len(vm_pu), dtype=np.complex128)
    for node in range(len(vm_pu)):
        v[node] = vm_pu[node] * complex(np.cos(va_radian[node]), np.sin(va_radian[node]))
    for row in range(len(rows.quantity)):
        own = rows.own_node[row]
        terms = range(rows.term_start[row], rows.term_start[row + 1])
        quantity = rows.quantity[row]
        if quantity == VOLTAGE:
            predicted[row] = vm_pu[own]
            for t in terms:
                jacobian[2 * t] = 0.0
                jacobian[2 * t + 1] = 1.0
            continue
        if quantity == ANGLE:
            predicted[row] = va_radian[own]
            for t in terms:
                jacobian[2 * t] = 1.0
                jacobian[2 * t + 1] = 0.0
            continue

        current = 0.0 + 0.0j
        for t in terms:
            current += rows.term_admittance[t] * v[rows.term_node[t]]

        if quantity == CURRENT:
            # d|I|/dx = Re(conj(I)/|I| dI/dx); without current there is no direction and the row says nothing.
            magnitude = abs(current)
            direction = np.conj(current) / magnitude if magnitude > 0.0 else 0.0 + 0.0j
            predicted[row] = magnitude
            for t in terms:
                node = rows.term_node[t]
                share = direction * rows.term_admittance[t] * v[node]
                jacobian[2 * t] = -share.imag
                jacobian[2 * t + 1] = share.real / vm_pu[node]
            continue

        # S = V conj(I) is the sum over terms of V_own conj(y V_node): dS/d(angle) = -j share, dS/d(magnitude) =
        # share / magnitude; the own voltage stands before the sum as well and adds j S and S / magnitude.
        power = v[own] * np.conj(current)
        predicted[row] = power.real if quantity == ACTIVE_POWER else power.imag
        for t in terms:
            node = rows.term_node[t]
            share = v[own] * np.conj(rows.term_admittance[t] * v[node])
            by_angle = -1j * share
            by_magnitude = share / vm_pu[node]
            if node == own:
                by_angle += 1j * power
                by_magnitude += power / vm_pu[own]
            jacobian[2 * t] = by_angle.real if quantity == ACTIVE_POWER else by_angle.imag
            jacobian[2 * t + 1] = by_magnitude.real if quantity == ACTIVE_POWER else by_magnitude.imag
