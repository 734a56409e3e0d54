"""Where the vectors of an OpenDSS circuit hold what the tables of the balanced net ask for, phase by phase."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from models.network_model import BoolArray, ComplexArray, FloatArray, IntArray, NetworkModel
from models.opendss.engine import OpenDSSEngine, Terminal

# What currents are summed up to, each by row of its table and phase.
SIDES = ("line_from", "line_to", "trafo_hv", "trafo_lv", "bus")
KNOWN_TOPOLOGIES = 64

# The sides of the net's elements, with their rows, that a terminal (element, number) belongs to.
SidesOfTerminals = Mapping[tuple[str, int], tuple[tuple[str, int], ...]]


class CircuitMaps:
    """Maps of one built circuit.

    Parameters
    ----------
    engine
        With the circuit built.
    circuit
        Its description (`networks.three_phase.opendss_circuit.OpenDSSCircuit`).
    network
        The balanced net's order.
    last_section
        The part of a line, by the name of its element, that ends at its "to" bus; of a whole line it is the line.

    Attributes
    ----------
    node
        Position of every bus and phase in the engine's voltages, -1 where there is none, (n_bus, 3).
    rotation
        What turns every phase of a balanced system onto phase a, (n_bus, 3).
    base_v
        Base voltage of every bus, line to neutral. [V]
    switchable
        Element and terminal of everything that opens: both ends of every line of the net, then what its switches open.
    """

    def __init__(
        self, engine: OpenDSSEngine, circuit: Any, network: NetworkModel, last_section: Callable[[str], str] = str
    ) -> None:
        self._position = {name: k for k, name in enumerate(engine.node_names)}
        self._sizes = {"line": len(network.line_index), "trafo": len(network.trafo_index), "bus": network.n_bus}
        self._map_buses(circuit, network)
        self._map_switches(circuit, network, last_section)
        terminals = list(engine.terminals())
        self._map_currents(terminals, _sides(circuit, network, last_section), circuit.winding)
        self._map_connections(terminals, circuit.source["bus"])

    def _map_buses(self, circuit: Any, network: NetworkModel) -> None:
        table = circuit.node
        row, phase = network.bus_position(table.bus), table.phase.to_numpy(dtype=np.int64)
        self.node = np.full((network.n_bus, 3), -1, dtype=np.int64)
        self.node[row, phase] = [self._position.get(name, -1) for name in table.node]
        self.rotation = np.tile(np.exp(2j * np.pi * np.arange(3) / 3), (network.n_bus, 1))
        self.rotation[row, phase] = np.exp(-1j * np.radians(table.va_degree.to_numpy(dtype=float)))
        self.base_v = network.net.bus.vn_kv.to_numpy(dtype=float) * 1000.0 / np.sqrt(3)
        self.base_v[row] = table.vn_kv.to_numpy(dtype=float) * 1000.0 / np.sqrt(3)
        self._place = {name: (int(k), int(p)) for name, k, p in zip(table.node, row, phase, strict=True)}

    def _map_switches(self, circuit: Any, network: NetworkModel, last_section: Callable[[str], str]) -> None:
        lines = list(zip(circuit.line.line, circuit.line.element, strict=True))
        self.switchable = [(f"line.{element}", 1) for _, element in lines]
        self.switchable += [(f"line.{last_section(element)}", 2) for _, element in lines]
        position = {int(index): k for k, index in enumerate(network.line_index)}
        rows = np.array([position[int(line)] for line, _ in lines], dtype=np.int64)
        self._line_of_end = np.concatenate((rows, rows))
        of_element = {
            (f"line.{element}", end): (end - 1) * len(lines) + k
            for k, (_, element) in enumerate(lines)
            for end in (1, 2)
        }
        opened = []
        for element, terminal in zip(circuit.switch.element, circuit.switch.terminal, strict=True):
            target = (f"line.{element}", int(terminal))
            if target not in of_element:
                of_element[target] = len(self.switchable)
                self.switchable.append(target)
            opened.append(of_element[target])
        self._opened_by_switch = np.array(opened, dtype=np.int64)

    def _map_currents(self, terminals: Sequence[Terminal], side_of: SidesOfTerminals, winding: Any) -> None:
        """Which currents add up to each side and phase, and which are those of transformer windings."""
        rated_ka = {
            (f"transformer.{unit.element}", unit.winding): unit.rated_ka for unit in winding.itertuples(index=False)
        }
        sizes = [3 * self._size(side) for side in SIDES]
        first_row = dict(zip(SIDES, np.cumsum([0, *sizes]).tolist(), strict=False))
        entries: list[tuple[int, int]] = []
        windings: list[tuple[int, int, float]] = []
        for terminal in terminals:
            key = (terminal.element, terminal.number)
            for conductor, node in enumerate(terminal.nodes):
                if node not in self._place:
                    continue
                bus, phase = self._place[node]
                current = terminal.first_current + conductor
                for side, row in (("bus", bus), *side_of.get(key, ())):
                    entries.append((first_row[side] + 3 * row + phase, current))
                if key in rated_ka:
                    ((_, trafo),) = side_of[key]
                    windings.append((current, trafo, rated_ka[key]))
        rows, columns = np.array(entries, dtype=np.int64).reshape(-1, 2).T
        n_current = sum(len(terminal.nodes) for terminal in terminals)
        self._sums = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(sum(sizes), n_current))
        self._present = np.zeros(sum(sizes), dtype=bool)
        self._present[rows] = True
        self._winding_current, self._winding_trafo = (
            np.array([winding[k] for winding in windings], dtype=np.int64) for k in (0, 1)
        )
        self._winding_rated_ka = np.array([winding[2] for winding in windings])

    def _map_connections(self, terminals: Sequence[Terminal], source_bus: str) -> None:
        """Pairs of nodes that an element joins, and the switchable terminals (-1: none) they are joined through."""
        switchable = {target: k for k, target in enumerate(self.switchable)}
        of_element: dict[str, list[Terminal]] = {}
        for terminal in terminals:
            of_element.setdefault(terminal.element, []).append(terminal)
        joined = []
        for element, ends in of_element.items():
            pairs = _pairs_of_transformer(ends) if element.startswith("transformer.") else _pairs_of_line(ends)
            through = [switchable.get((element, number), -1) for number in (1, 2)]
            joined += [(self._position[near], self._position[far], *through) for near, far in pairs]
        self._joined: IntArray = np.array(joined, dtype=np.int64).reshape(-1, 4)
        self._sources = [k for name, k in self._position.items() if name.partition(".")[0] == source_bus]
        self._energised: dict[bytes, BoolArray] = {}

    def _size(self, side: str) -> int:
        return self._sizes[side.split("_")[0]]

    def bus_of(self, node: str) -> int:
        """Row of the bus that ``"bus.1"`` belongs to."""
        return self._place[node][0]

    def terminals_closed(self, line_in_service: BoolArray, switch_closed: BoolArray) -> BoolArray:
        """Which of `switchable` are closed."""
        closed = np.ones(len(self.switchable), dtype=bool)
        closed[: len(self._line_of_end)] = line_in_service[self._line_of_end]
        np.logical_and.at(closed, self._opened_by_switch, switch_closed)
        return closed

    def energised(self, closed: BoolArray) -> BoolArray:
        """Which buses have voltage, by phase, (n_bus, 3)."""
        key = closed.tobytes()
        if key not in self._energised:
            if len(self._energised) >= KNOWN_TOPOLOGIES:
                self._energised.clear()
            self._energised[key] = np.append(self.live_nodes(closed), False)[self.node]
        return self._energised[key]

    def live_nodes(self, closed: BoolArray) -> BoolArray:
        """Which of the engine's nodes are connected to the source."""
        # The last entry is what -1 points at: no switch in the way.
        passable = np.append(closed, True)[self._joined[:, 2:]].all(axis=1)
        near, far = self._joined[passable, 0], self._joined[passable, 1]
        size = len(self._position)
        _, island = connected_components(csr_matrix((np.ones(len(near)), (near, far)), shape=(size, size)), False)
        return np.isin(island, island[self._sources])

    def side_currents(self, currents: ComplexArray) -> dict[str, ComplexArray]:
        """Currents into every element, and out of every bus into its elements, (n, 3) each; 0 where there is none."""
        return self._split(self._sums @ currents)

    def side_conductors(self) -> dict[str, csr_matrix]:
        """Which conductors' currents add up to those of `side_currents`, (3 n, n_current) each."""
        ends = np.cumsum([3 * self._size(side) for side in SIDES])
        return {
            side: self._sums[end - 3 * self._size(side) : end] for side, end in zip(SIDES, ends.tolist(), strict=True)
        }

    def present(self) -> dict[str, BoolArray]:
        """Which elements have which phases on which side, (n, 3) each."""
        return self._split(self._present)

    def trafo_loading_percent(self, currents: ComplexArray) -> FloatArray:
        """Of the most loaded winding of every bank, current over rated current. [percent]"""
        loading = np.zeros(self._sizes["trafo"])
        of_winding = 0.1 * np.abs(currents[self._winding_current]) / self._winding_rated_ka
        np.maximum.at(loading, self._winding_trafo, of_winding)
        return loading

    def _split(self, values: Any) -> dict[str, Any]:
        parts = np.split(values, np.cumsum([3 * self._size(side) for side in SIDES])[:-1])
        return {side: part.reshape(-1, 3) for side, part in zip(SIDES, parts, strict=True)}


def _pairs_of_line(ends: Sequence[Terminal]) -> list[tuple[str, str]]:
    """Conductor by conductor; what has one grounded end, a capacitor or a fault, joins nothing."""
    if len(ends) < 2:
        return []
    return [(near, far) for near, far in zip(ends[0].nodes, ends[1].nodes, strict=True) if near and far]


def _pairs_of_transformer(windings: Sequence[Terminal]) -> list[tuple[str, str]]:
    """All windings are live when one is."""
    nodes = [node for winding in windings for node in winding.nodes if node]
    return [(nodes[0], node) for node in nodes[1:]]


def _sides(circuit: Any, network: NetworkModel, last_section: Callable[[str], str]) -> SidesOfTerminals:
    """The side of the net's line or transformer, and its row, that a terminal (element, number) belongs to."""
    row_of_line = {int(index): k for k, index in enumerate(network.line_index)}
    row_of_trafo = {int(index): k for k, index in enumerate(network.trafo_index)}
    sides: dict[tuple[str, int], tuple[tuple[str, int], ...]] = {}
    for line, element in zip(circuit.line.line, circuit.line.element, strict=True):
        sides[f"line.{element}", 1] = (("line_from", row_of_line[int(line)]),)
        sides[f"line.{last_section(element)}", 2] = (("line_to", row_of_line[int(line)]),)
    for unit in circuit.winding.itertuples(index=False):
        sides[f"transformer.{unit.element}", unit.winding] = ((f"trafo_{unit.side}", row_of_trafo[int(unit.trafo)]),)
    return sides
