"""What the channels of a metering plan would read in a given state: h(x) in the channels' own units."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from scipy.sparse import csr_matrix

from models.estimation.measurements.metering_plan import read_plan
from models.estimation.solution.measurement_model import ACTIVE_POWER, ANGLE, CURRENT, REACTIVE_POWER, VOLTAGE
from models.network_model import Admittances, ComplexArray, FloatArray, IntArray, NetworkModel, solve_linear

if TYPE_CHECKING:
    from pandas import DataFrame

DEAD = -1


@dataclass(frozen=True, eq=False)
class _Terminals:
    """Where the channels look in one topology state.

    Attributes
    ----------
    node
        Node of every channel, `DEAD` where there is none. (n_channel,)
    current
        What flows there per voltage of every node: `current @ v`. (n_channel, n_node) [pu]
    sign
        -1 for injections, whose consumption is positive, over the number of metered buses in the node. (n_channel,)
    """

    node: IntArray
    current: csr_matrix
    sign: FloatArray


class ChannelValues:
    """h(x) of a metering plan on a network.

    Parameters
    ----------
    network
        As the one who asks believes it to be.
    plan
        Channels that measure; states of taps and breakers have no place in it.
    """

    def __init__(self, network: NetworkModel, plan: DataFrame) -> None:
        self._channels = read_plan(plan, network)
        self._terminals: WeakKeyDictionary[Admittances, _Terminals] = WeakKeyDictionary()

    def at(self, admittances: Admittances, vm_pu: FloatArray, va_degree: FloatArray) -> FloatArray:
        """Readings in the state given by bus, NaN where nothing is alive. (n_channel,) [pu, degree, MW, Mvar, kA]

        Metered buses that closed bus-bus switches join into one node are given equal parts of its injection.
        """
        if admittances not in self._terminals:
            self._terminals[admittances] = self._locate(admittances)
        there = self._terminals[admittances]
        v = node_voltages(admittances, vm_pu, va_degree)
        own = v[there.node]
        current = there.current @ v
        power = there.sign * own * np.conj(current) * admittances.base_mva
        read_as = {
            VOLTAGE: np.abs(own),
            ANGLE: np.degrees(np.angle(own)),
            ACTIVE_POWER: power.real,
            REACTIVE_POWER: power.imag,
            CURRENT: np.abs(current) * admittances.base_ka[there.node],
        }
        value = np.full(len(self._channels), np.nan)
        for quantity, reading in read_as.items():
            at = (self._channels.quantity == quantity) & (there.node != DEAD)
            value[at] = reading[at]
        return value

    def _locate(self, admittances: Admittances) -> _Terminals:
        channels = self._channels
        branch_of = {"line": admittances.branch_of_line, "trafo": admittances.branch_of_trafo}
        node, rows, columns, entries = [], [], [], []
        for channel, (element_type, position) in enumerate(zip(channels.element_type, channels.position, strict=True)):
            if element_type == "bus":
                own = int(admittances.node_of_bus[position])
                around, admittance = _injection(admittances, own)
            else:
                own, around, admittance = _flow(admittances, branch_of[element_type][position], channels.end[channel])
            node.append(own)
            rows += [channel] * len(around)
            columns += around
            entries += admittance
        own_node = np.array(node, dtype=np.int64)
        shape = (len(channels), admittances.n_node)
        return _Terminals(own_node, csr_matrix((entries, (rows, columns)), shape=shape), self._signs(own_node))

    def _signs(self, node: IntArray) -> FloatArray:
        channels = self._channels
        at_bus = np.array([element_type == "bus" for element_type in channels.element_type], dtype=bool)
        places = list(zip(node.tolist(), channels.quantity.tolist(), strict=True))
        buses_at: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        for channel in np.flatnonzero(at_bus):
            buses_at[places[channel]].add(int(channels.position[channel]))
        sharing = np.array([max(len(buses_at[place]), 1) for place in places])
        return np.where(at_bus, -1.0 / sharing, 1.0)


def node_voltages(admittances: Admittances, vm_pu: FloatArray, va_degree: FloatArray) -> ComplexArray:
    """Voltage of every node; those that are no bus, such as the open end of a line, carry no current. [pu]"""
    v_bus = np.asarray(vm_pu * np.exp(1j * np.radians(va_degree)), dtype=complex)
    alive = admittances.node_of_bus >= 0
    known, first = np.unique(admittances.node_of_bus[alive], return_index=True)
    v_known: ComplexArray = v_bus[alive][first]
    if len(known) == admittances.n_node:
        return v_known
    return solve_linear(admittances.ybus, known, v_known)


def _injection(admittances: Admittances, node: int) -> tuple[list[int], list[complex]]:
    if node < 0:
        return [], []
    entries = slice(admittances.ybus.indptr[node], admittances.ybus.indptr[node + 1])
    return admittances.ybus.indices[entries].tolist(), admittances.ybus.data[entries].tolist()


def _flow(admittances: Admittances, branch: int, end: int) -> tuple[int, list[int], list[complex]]:
    return admittances.terminal(int(branch), int(end)) if branch >= 0 else (DEAD, [], [])
