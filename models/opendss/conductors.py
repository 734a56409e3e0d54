"""Admittances of a circuit's conductors, of which both its system matrix and the flows at its meters are sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from models.network_model import IntArray, NetworkModel
from models.opendss.engine import OpenDSSEngine, Terminal
from models.opendss.maps import CircuitMaps
from models.phases import PHASES

GROUND = -1
# No bus of a circuit has a blank in its name.
EMF = "emf of the source"
# What is left of an opened conductor: OpenDSS keeps its diagonal from zero by 1e-12, the elimination leaves rounding.
RESIDUE_S = 1e-11


@dataclass(frozen=True, eq=False)
class SystemAdmittances:
    """Currents per voltage at every node, in one state of the circuit. [S]"""

    nodes: csr_matrix
    """Into the circuit at every node, (n_node, n_node)."""
    sides: Mapping[str, csr_matrix]
    """Into the net's elements, by side, each by row of its table and phase, (3 n, n_node)."""


class Conductors:
    """All conductors of a circuit without loads: those of its power delivery elements and of its source.

    The source's impedance joins its bus to three more nodes, the phases of its EMF, which come last.

    Parameters
    ----------
    engine
        With the circuit built.
    maps
        Of this circuit.
    network
        The balanced net's order.
    source
        `bus` of the source, and `line`, the net's line that stands for its impedance (None where it has none).

    Attributes
    ----------
    n_node
        Number of nodes: the engine's, in its order, and the EMF's.
    emf
        Nodes of the EMF, (3,).
    node
        Node of every bus and phase, -1 where there is none; the bus of the net's external grid has those of the EMF,
        (n_bus, 3).
    present
        Which phases the net's elements have, by side, (n, 3) each.
    """

    def __init__(
        self, engine: OpenDSSEngine, maps: CircuitMaps, network: NetworkModel, source: Mapping[str, Any]
    ) -> None:
        self._engine = engine
        names = engine.node_names
        self.n_node = len(names) + len(PHASES)
        self.emf: IntArray = np.arange(len(names), self.n_node)
        self.node = maps.node.copy()
        self.node[network.ext_grid_bus[0]] = self.emf

        terminals = list(engine.terminals())
        behind, ahead = _terminals_of_source(str(source["bus"]), sum(len(terminal.nodes) for terminal in terminals))
        terminals += [behind, ahead]
        self._place_entries(terminals, {name: k for k, name in enumerate((*names, *behind.nodes))})
        self._sides, self.present = maps.side_conductors(), maps.present()
        for side, rows in self._sides.items():
            rows.resize(rows.shape[0], len(self._node_of_conductor))
            self.present[side] = self.present[side].copy()
        if source["line"] is not None:
            row = network.line_index.tolist().index(source["line"])
            self._add_source_line("line_from", row, behind)
            self._add_source_line("line_to", row, ahead)

    def _place_entries(self, terminals: Sequence[Terminal], position: Mapping[str | None, int]) -> None:
        """Where the entries of the primitive matrices belong, read one matrix after the other by rows."""
        nodes = [position.get(node, GROUND) for terminal in terminals for node in terminal.nodes]
        self._node_of_conductor = np.array(nodes, dtype=np.int64)
        conductors_of: dict[str, list[int]] = {}
        for terminal in terminals:
            own = range(terminal.first_current, terminal.first_current + len(terminal.nodes))
            conductors_of.setdefault(terminal.element, []).extend(own)
        pairs = [(row, column) for own in conductors_of.values() for row in own for column in own]
        self._row, at = np.array(pairs, dtype=np.int64).T
        self._column = self._node_of_conductor[at]
        earthed = self._node_of_conductor == GROUND
        conductors = np.flatnonzero(~earthed)
        self._into_nodes = csr_matrix(
            (np.ones(len(conductors)), (self._node_of_conductor[conductors], conductors)),
            shape=(self.n_node, len(nodes)),
        )

    def _add_source_line(self, side: str, row: int, terminal: Terminal) -> None:
        rows = len(PHASES) * row + np.arange(len(PHASES))
        conductors = terminal.first_current + np.arange(len(PHASES))
        shape = self._sides[side].shape
        self._sides[side] += csr_matrix((np.ones(len(PHASES)), (rows, conductors)), shape=shape)
        self.present[side][row] = True

    def admittances(self) -> SystemAdmittances:
        """Those of the circuit as it stands. [S]"""
        source = self._engine.source_admittance()
        matrices = [*self._engine.primitive_admittances(), np.block([[source, -source], [-source, source]])]
        values = np.concatenate([matrix.ravel() for matrix in matrices])
        kept = (self._column != GROUND) & (np.abs(values) > RESIDUE_S)
        currents = csr_matrix(
            (values[kept], (self._row[kept], self._column[kept])), shape=(len(self._node_of_conductor), self.n_node)
        )
        return SystemAdmittances(
            nodes=self._into_nodes @ currents, sides={side: rows @ currents for side, rows in self._sides.items()}
        )


def _terminals_of_source(bus: str, first_current: int) -> tuple[Terminal, Terminal]:
    """The source's impedance as an element of two terminals, the EMF's first."""
    places = range(1, len(PHASES) + 1)
    behind = Terminal(EMF, 1, tuple(f"{EMF}.{place}" for place in places), first_current)
    ahead = Terminal(EMF, 2, tuple(f"{bus}.{place}" for place in places), first_current + len(PHASES))
    return behind, ahead
