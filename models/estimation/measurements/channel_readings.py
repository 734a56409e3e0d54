"""What the channels of a metering plan read in a given state: h(x) in the channels' own units."""

from collections import defaultdict
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from scipy.sparse import csr_matrix

from models.estimation.measurements.metering_plan import STATUS, Channels
from models.estimation.network_equations import NetworkEquations
from models.estimation.solution.measurement_model import ACTIVE_POWER, ANGLE, CURRENT, REACTIVE_POWER, VOLTAGE
from models.network_model import ComplexArray, FloatArray, IntArray, solve_linear

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


class ChannelReadings:
    """h(x) of a metering plan.

    Parameters
    ----------
    channels
        The channels; states of taps and switches read NaN.
    """

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._terminals: WeakKeyDictionary[NetworkEquations, _Terminals] = WeakKeyDictionary()

    def at(self, equations: NetworkEquations, vm_pu: FloatArray, va_degree: FloatArray) -> FloatArray:
        """Readings in the state given by bus, NaN where nothing is alive. (n_channel,) [pu, degree, MW, Mvar, kA]

        Metered buses that closed bus-bus switches join into one node are given equal parts of its injection.
        """
        if equations not in self._terminals:
            self._terminals[equations] = self._locate(equations)
        there = self._terminals[equations]
        v = node_voltages(equations.node_of_bus, equations.ybus, vm_pu, va_degree)
        own = v[there.node]
        current = there.current @ v
        power = there.sign * own * np.conj(current) * equations.base_mva
        read_as = {
            VOLTAGE: np.abs(own),
            ANGLE: np.degrees(np.angle(own)),
            ACTIVE_POWER: power.real,
            REACTIVE_POWER: power.imag,
            CURRENT: np.abs(current) * equations.base_ka[there.node],
        }
        value = np.full(len(self._channels), np.nan)
        for quantity, reading in read_as.items():
            at = (self._channels.quantity == quantity) & (there.node != DEAD)
            value[at] = reading[at]
        return value

    def _locate(self, equations: NetworkEquations) -> _Terminals:
        channels = self._channels
        branch_of = {"line": equations.branch_of_line, "trafo": equations.branch_of_trafo}
        node: list[int] = []
        rows: list[int] = []
        columns: list[int] = []
        entries: list[complex] = []
        around: list[int]
        admittance: list[complex]
        for channel, (element_type, position) in enumerate(zip(channels.element_type, channels.position, strict=True)):
            if channels.quantity[channel] == STATUS:
                own, around, admittance = DEAD, [], []
            elif element_type == "bus":
                own = int(equations.node_of_bus[position])
                around, admittance = _injection(equations, own)
            else:
                own, around, admittance = _flow(equations, branch_of[element_type][position], channels.end[channel])
            node.append(own)
            rows += [channel] * len(around)
            columns += around
            entries += admittance
        own_node = np.array(node, dtype=np.int64)
        shape = (len(channels), equations.n_node)
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


def node_voltages(node_of_bus: IntArray, ybus: csr_matrix, vm_pu: FloatArray, va_degree: FloatArray) -> ComplexArray:
    """Voltages of all nodes from those of the buses; a node without a bus injects nothing. (n_node,) [pu]

    Parameters
    ----------
    node_of_bus
        -1 where de-energised. (n_bus,)
    vm_pu, va_degree
        (n_bus,) [pu], [degree]
    """
    alive = node_of_bus >= 0
    v = np.zeros(ybus.shape[0], dtype=complex)
    v[node_of_bus[alive]] = (vm_pu * np.exp(1j * np.radians(va_degree)))[alive]
    with_bus = np.unique(node_of_bus[alive])
    return v if len(with_bus) == len(v) else solve_linear(ybus, with_bus, v[with_bus])


def _injection(equations: NetworkEquations, node: int) -> tuple[list[int], list[complex]]:
    if node < 0:
        return [], []
    entries = slice(equations.ybus.indptr[node], equations.ybus.indptr[node + 1])
    return equations.ybus.indices[entries].tolist(), equations.ybus.data[entries].tolist()


def _flow(equations: NetworkEquations, branch: int, end: int) -> tuple[int, list[int], list[complex]]:
    return equations.terminal(int(branch), int(end)) if branch >= 0 else (DEAD, [], [])
