"""What meters would read in a given state: h(x) and its analytic Jacobian, row by row, on a pattern that stays.

Every row looks at one place of the network and what is there: a voltage, and the current that flows from there into
the network, all of it (injection) or through one branch (flow). Both are sums of coefficient times voltage over a few
nodes, the row's *terms*, so that one formula serves them all. The voltage is mostly that of one node; where a node has
been eliminated it is a sum as well. Derivatives are by angle and magnitude of every node.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 2: measurement
   function and Jacobian.
"""

from typing import NamedTuple

import numba
import numpy as np

from models.estimation.network_equations import Branches
from models.estimation.solution.elimination import Elimination, Sum
from models.network_model import ComplexArray, FloatArray, IntArray

VOLTAGE, ACTIVE_POWER, REACTIVE_POWER, CURRENT, ANGLE = range(5)
NOWHERE = -1
TURN = 2.0 * np.pi


class Rows(NamedTuple):
    """The rows of h(x) for the kernels; nodes are those that elimination has left.

    Attributes
    ----------
    quantity
        `VOLTAGE`, `ACTIVE_POWER`, `REACTIVE_POWER`, `CURRENT` or `ANGLE`. (n_row,)
    own_node
        Node whose voltage is read, or from which power or current flows; `NOWHERE` where that is a sum. (n_row,)
    partner
        For an active power, the row of the reactive power in the same place, and the other way round; else `NOWHERE`.
        (n_row,)
    term_start
        First term of each row; one more for the end. A row without terms reads zero in any state. (n_row + 1,)
    term_node
        Node of each term. (n_term,)
    term_voltage
        Voltage read per voltage at the term's node. (n_term,)
    term_admittance
        Current read per voltage at the term's node. (n_term,) [pu]
    """

    quantity: IntArray
    own_node: IntArray
    partner: IntArray
    term_start: IntArray
    term_node: IntArray
    term_voltage: ComplexArray
    term_admittance: ComplexArray


class RowCollector:
    """Collects what rows read and where; each method returns the number of the row it added."""

    def __init__(self) -> None:
        self._quantity: list[int] = []
        self._place: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._quantity)

    def voltage(self, node: int) -> int:
        """Voltage magnitude at a node. [pu]"""
        return self._add(VOLTAGE, node, NOWHERE)

    def angle(self, node: int) -> int:
        """Voltage angle at a node, against the set-point of the reference. [rad]"""
        return self._add(ANGLE, node, NOWHERE)

    def injection(self, quantity: int, node: int) -> int:
        """Active or reactive power from a node into the network, its shunts included. [pu]"""
        return self._add(quantity, node, NOWHERE)

    def flow(self, quantity: int, branch: int, end: int) -> int:
        """Active or reactive power or current magnitude into a branch at one end. [pu]"""
        return self._add(quantity, branch, end)

    def rows(self, network: Branches, elimination: Elimination) -> Rows:
        """What was collected, on one network."""
        sums = [self._sums(row, network, elimination) for row in range(len(self))]
        nodes = [list({**voltage, **current}) for voltage, current in sums]
        voltages = [sum_.get(node, 0.0) for (sum_, _), around in zip(sums, nodes, strict=True) for node in around]
        currents = [sum_.get(node, 0.0) for (_, sum_), around in zip(sums, nodes, strict=True) for node in around]
        return Rows(
            quantity=np.array(self._quantity, dtype=np.int64),
            own_node=np.array([_only_node(voltage) for voltage, _ in sums], dtype=np.int64),
            partner=self._partners(),
            term_start=np.concatenate(([0], np.cumsum([len(around) for around in nodes]))).astype(np.int64),
            term_node=np.array([node for around in nodes for node in around], dtype=np.int64),
            term_voltage=np.array(voltages, dtype=complex),
            term_admittance=np.array(currents, dtype=complex),
        )

    def _add(self, quantity: int, node_or_branch: int, end: int) -> int:
        self._quantity.append(quantity)
        self._place.append((node_or_branch, end))
        return len(self) - 1

    def _sums(self, row: int, network: Branches, elimination: Elimination) -> tuple[Sum, Sum]:
        """Voltage and current that a row looks at."""
        place, end = self._place[row]
        if end != NOWHERE:
            node, nodes, admittance = network.terminal(place, end)
            return elimination.voltage(node), elimination.current(nodes, admittance)
        if self._quantity[row] in (VOLTAGE, ANGLE):
            return elimination.voltage(place), {}
        current = elimination.injection(place)
        # Where nothing flows, power is zero in any state.
        return (elimination.voltage(place), current) if current else ({}, {})

    def _partners(self) -> IntArray:
        """Rows of P and Q in the same place, one of each."""
        partner = np.full(len(self), NOWHERE, dtype=np.int64)
        alone: dict[tuple[int, tuple[int, int]], list[int]] = {}
        other = {ACTIVE_POWER: REACTIVE_POWER, REACTIVE_POWER: ACTIVE_POWER}
        for row, (quantity, place) in enumerate(zip(self._quantity, self._place, strict=True)):
            if quantity not in other:
                continue
            waiting = alone.get((other[quantity], place))
            if waiting:
                partner[row] = waiting.pop()
                partner[partner[row]] = row
            else:
                alone.setdefault((quantity, place), []).append(row)
        return partner


def _only_node(voltage: Sum) -> int:
    """The node whose voltage this is."""
    return next(iter(voltage)) if list(voltage.values()) == [1.0] else NOWHERE


@numba.njit(cache=True)
def sums_of(rows: Rows, row: int, v: ComplexArray) -> tuple[complex, complex]:
    """Voltage and current that a row looks at. [pu]"""
    voltage = current = 0.0 + 0.0j
    for t in range(rows.term_start[row], rows.term_start[row + 1]):
        current += rows.term_admittance[t] * v[rows.term_node[t]]
    own = rows.own_node[row]
    if own != NOWHERE:
        return v[own], current
    for t in range(rows.term_start[row], rows.term_start[row + 1]):
        voltage += rows.term_voltage[t] * v[rows.term_node[t]]
    return voltage, current


@numba.njit(cache=True)
def prediction(quantity: int, voltage: complex, current: complex) -> float:
    """h(x) of one row that looks at this voltage and current; an angle between -pi and pi."""
    if quantity == VOLTAGE:
        return abs(voltage)
    if quantity == ANGLE:
        return np.arctan2(voltage.imag, voltage.real)
    if quantity == CURRENT:
        return abs(current)
    if quantity == ACTIVE_POWER:
        return (voltage * np.conj(current)).real
    return (voltage * np.conj(current)).imag


@numba.njit(cache=True)
def deviation(quantity: int, measured: float, voltage: complex, current: complex) -> float:
    """z - h(x) of one row; of angles the way round that is shorter."""
    difference = measured - prediction(quantity, voltage, current)
    return difference - TURN * np.round(difference / TURN) if quantity == ANGLE else difference


@numba.njit(cache=True)
def predict(rows: Rows, v: ComplexArray) -> FloatArray:
    """h(x). (n_row,) [pu or rad]"""
    predicted = np.empty(len(rows.quantity))
    for row in range(len(predicted)):
        voltage, current = sums_of(rows, row, v)
        predicted[row] = prediction(rows.quantity[row], voltage, current)
    return predicted


@numba.njit(cache=True)
def linearise(rows: Rows, v: ComplexArray, weight: FloatArray) -> FloatArray:
    """The Jacobian of h(x) where the nodes' voltages are `v` (n_node,) [pu]; rows without weight are left out (zero).

    Returns
    -------
    For term t, the derivatives by angle (entry 2t) and magnitude (entry 2t + 1) of its node. (2 n_term,)

    Notes
    -----
    A term's voltage u and current i turn with the angle of its node and grow with its magnitude: du/d(angle) = j u,
    du/d(magnitude) = u / magnitude. The rest is the chain rule on |U|, arg U, |I| and S = U conj(I).
    """
    jacobian = np.zeros(2 * len(rows.term_node))
    vm_pu = np.abs(v)
    for row in range(len(rows.quantity)):
        if weight[row] == 0.0:
            continue
        voltage, current = sums_of(rows, row, v)
        by_voltage, by_current = sensitivity(rows.quantity[row], voltage, current)
        for t in range(rows.term_start[row], rows.term_start[row + 1]):
            node = rows.term_node[t]
            share = (by_voltage * rows.term_voltage[t] + by_current * rows.term_admittance[t]) * v[node]
            jacobian[2 * t] = -share.imag
            jacobian[2 * t + 1] = share.real / vm_pu[node]
    return jacobian


@numba.njit(cache=True)
def sensitivity(quantity: int, voltage: complex, current: complex) -> tuple[complex, complex]:
    """What multiplies a small change of a row's voltage and current, so that the real part is its change of h."""
    # What is zero has no direction, and the row says nothing.
    if quantity == VOLTAGE:
        return np.conj(voltage) / abs(voltage) if abs(voltage) > 0.0 else 0.0 + 0.0j, 0.0 + 0.0j
    if quantity == ANGLE:
        return -1j / voltage if abs(voltage) > 0.0 else 0.0 + 0.0j, 0.0 + 0.0j
    if quantity == CURRENT:
        return 0.0 + 0.0j, np.conj(current) / abs(current) if abs(current) > 0.0 else 0.0 + 0.0j
    if quantity == ACTIVE_POWER:
        return np.conj(current), np.conj(voltage)
    return -1j * np.conj(current), 1j * np.conj(voltage)


@numba.njit(cache=True)
def current_curvature(
    rows: Rows, measured: FloatArray, weight: FloatArray, v: ComplexArray
) -> tuple[FloatArray, FloatArray]:
    """Second derivatives of J by the direction of current, as further rows: their Jacobian and weights.

    With z read, w (z - |I|)^2 / 2 curves by w along I and by w (1 - z / |I|) across it; the latter counts where it is
    positive. The derivative across is that of |I| turned by a right angle. (2 n_term,), (n_row,)
    """
    across, across_weight = np.zeros(2 * len(rows.term_node)), np.zeros(len(weight))
    for row in range(len(weight)):
        if rows.quantity[row] != CURRENT or weight[row] == 0.0:
            continue
        _, current = sums_of(rows, row, v)
        if not abs(current) > measured[row]:
            continue
        across_weight[row] = weight[row] * (1.0 - measured[row] / abs(current))
        _, along = sensitivity(CURRENT, 0.0 + 0.0j, current)
        for t in range(rows.term_start[row], rows.term_start[row + 1]):
            node = rows.term_node[t]
            share = along * rows.term_admittance[t] * v[node]
            across[2 * t] = share.real
            across[2 * t + 1] = share.imag / abs(v[node])
    return across, across_weight
