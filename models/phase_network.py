"""A feeder's OpenDSS circuit as admittances phase by phase, one set for each state of taps and switches.

The control room's counterpart of `models.network_model` where the plant is solved by OpenDSS. A "node" is one phase of
a bus. The admittances are the circuit's own: the primitive matrices of its lines, transformers, regulators and
capacitors, and of the source's impedance, without loads and generators. The source is a balanced EMF behind its
impedance; its three phases are nodes of their own, and what a net calls the bus of its external grid.

Neutrals are earthed or reduced as OpenDSS does it. The legs 1 and 2 of a centre-tapped secondary stand in the places of
a and b.

References
----------
.. [1] W. H. Kersting, Distribution System Modeling and Analysis, 4th ed., CRC Press 2017: impedance and admittance
   matrices of lines and transformers, phase by phase.
.. [2] R. C. Dugan, D. Montenegro, The Open Distribution System Simulator (OpenDSS), Reference Guide, EPRI: primitive
   admittance matrices and the system matrix they add up to.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, diags, vstack

from models.errors import InvalidParameterError
from models.network_model import (
    CACHED_STATES,
    BoolArray,
    ComplexArray,
    FloatArray,
    IntArray,
    NetworkModel,
    solve_linear,
)
from models.opendss.conductors import Conductors
from models.opendss.engine import OpenDSSEngine
from models.opendss.maps import CircuitMaps
from models.opendss.taps import PhaseTaps
from models.phases import PHASES, PHASORS

if TYPE_CHECKING:
    from pandapower import pandapowerNet

NONE = -1
# The sides of lines and transformers at either end of a branch.
ENDS = (("line_from", "trafo_hv"), ("line_to", "trafo_lv"))


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

        The node stands first: at the source, which is behind its impedance, it need not be among the others.
        """
        node, admittance = int(self.ends[end].node[branch]), self.ends[end].admittance
        entries = slice(admittance.indptr[branch], admittance.indptr[branch + 1])
        return node, [node, *admittance.indices[entries].tolist()], [0.0, *admittance.data[entries].tolist()]


class PhaseNetworkModel:
    """The admittances of a circuit, recompiled (and cached) when a tap, a switch or a line's service state changes.

    Parameters
    ----------
    net
        The balanced net of the feeder; its tables say what the vectors are.
    circuit
        What builds the circuit and where the net's elements are in it
        (`networks.three_phase.opendss_circuit.OpenDSSCircuit`).

    Attributes
    ----------
    balanced
        The balanced network, for the order of its tables.
    taps
        The units' tap changers.
    present
        Which phases there are, by ``"bus"``, ``"line_from"``, ``"line_to"``, ``"trafo_hv"`` and ``"trafo_lv"``,
        (n, 3) each.

    Raises
    ------
    MissingExtraError
        If OpenDSSDirect.py is not installed.
    InvalidParameterError
        If OpenDSS refuses the circuit.
    """

    def __init__(self, net: "pandapowerNet", circuit: Any) -> None:
        self.balanced = NetworkModel(net)
        self.taps = PhaseTaps(circuit.tap_changer, self.balanced.trafo_index, self.balanced.initial_tap_pos)
        self.base_mva = float(net.sn_mva) / len(PHASES)
        slack = net.ext_grid.iloc[0]
        self._emf: ComplexArray = slack.vm_pu * np.exp(1j * np.radians(slack.va_degree)) * PHASORS

        self._engine = OpenDSSEngine(circuit.commands)
        self._maps = CircuitMaps(self._engine, circuit, self.balanced)
        self._conductors = Conductors(self._engine, self._maps, self.balanced, circuit.source)
        self.present = {**self._conductors.present, "bus": self._conductors.node != NONE}
        self._base_v = self._voltage_bases()
        line, trafo = net.line, net.trafo
        buses = {"line_from": line.from_bus, "line_to": line.to_bus, "trafo_hv": trafo.hv_bus, "trafo_lv": trafo.lv_bus}
        self._bus_at = {side: self.balanced.bus_position(bus) for side, bus in buses.items()}
        self._closed = np.ones(len(self._maps.switchable), dtype=bool)
        self._states: OrderedDict[bytes, PhaseAdmittances] = OrderedDict()

    def admittances(
        self, tap_pos: Any = None, switch_closed: Any = None, line_in_service: Any = None
    ) -> PhaseAdmittances:
        """The compiled state of the given taps, switches (n_switch) and lines (n_line); None is as built.

        Parameters
        ----------
        tap_pos
            Of every transformer, whose units move together (n_trafo,), or of every phase (n_trafo, 3), NaN where that
            has no tap changer.
        """
        network = self.balanced
        closed = network.initial_switch_closed if switch_closed is None else np.asarray(switch_closed, dtype=bool)
        service = network.initial_line_in_service if line_in_service is None else np.asarray(line_in_service, bool)
        taps = self._taps_by_phase(tap_pos)
        terminals_closed = self._maps.terminals_closed(service, closed)
        key = taps.tobytes() + terminals_closed.tobytes()
        if key not in self._states:
            self._set(taps, terminals_closed)
            self._states[key] = self._compiled(service)
            if len(self._states) > CACHED_STATES:
                self._states.popitem(last=False)
        self._states.move_to_end(key)
        return self._states[key]

    def _taps_by_phase(self, tap_pos: Any) -> FloatArray:
        initial = self.balanced.initial_tap_pos
        given = initial if tap_pos is None else np.asarray(tap_pos, dtype=float)
        return self.taps.in_effect(initial, given) if given.ndim == 2 else self.taps.in_effect(given, None)

    def _set(self, taps: FloatArray, terminals_closed: BoolArray) -> None:
        for (element, winding), tap_pu in self.taps.tap_pu(taps).items():
            self._engine.set_tap(element, winding, tap_pu)
        for k in np.flatnonzero(terminals_closed != self._closed):
            self._engine.set_terminal(*self._maps.switchable[k], bool(terminals_closed[k]))
        self._closed = terminals_closed

    def _compiled(self, line_in_service: BoolArray) -> PhaseAdmittances:
        """The circuit as it stands, per unit and without its dead nodes."""
        system = self._conductors.admittances()
        live = np.append(self._maps.live_nodes(self._closed), np.ones(len(PHASES), dtype=bool))
        # The last place is what NONE points at.
        number = np.append(np.where(live, np.cumsum(live) - 1, NONE), NONE)
        node_of_bus = number[self._conductors.node]
        ends = tuple(self._end(sides, node_of_bus, system.sides, live) for sides in ENDS)
        in_service = np.append(line_in_service, np.ones(len(self.balanced.trafo_index), dtype=bool))
        usable = np.repeat(in_service, len(PHASES)) & ends[0].usable & ends[1].usable
        branch = np.where(usable, np.arange(len(usable)), NONE)
        n_line = len(PHASES) * len(line_in_service)
        return PhaseAdmittances(
            ybus=self._per_unit(system.nodes, self._base_v, live)[live],
            emf=self._emf,
            slack_nodes=number[self._conductors.emf],
            node_of_bus=node_of_bus.ravel(),
            branch_of_line=branch[:n_line],
            branch_of_trafo=branch[n_line:],
            ends=(ends[0], ends[1]),
            base_ka=1e3 * self.base_mva / self._base_v[live],
            base_mva=self.base_mva,
        )

    def _end(
        self, sides: tuple[str, str], node_of_bus: IntArray, siemens: Mapping[str, csr_matrix], live: BoolArray
    ) -> BranchEnds:
        """One end of all branches: of the lines, then of the transformers."""
        bus = np.concatenate([self._bus_at[side] for side in sides])
        present = np.concatenate([self.present[side] for side in sides])
        base_v = np.repeat(self._maps.base_v[bus], len(PHASES))
        node = np.where(present, node_of_bus[bus], NONE).ravel()
        return BranchEnds(
            node=node,
            usable=(node != NONE) | ~present.ravel(),
            admittance=self._per_unit(vstack([siemens[side] for side in sides], format="csr"), base_v, live),
        )

    def _per_unit(self, siemens: csr_matrix, base_v: FloatArray, live: BoolArray) -> csr_matrix:
        """Current [S] at places of the given base voltages per voltage at live nodes. [pu]"""
        per_volt = diags(base_v / (1e6 * self.base_mva)) @ siemens @ diags(self._base_v)
        return csr_matrix(per_volt)[:, live]

    def _voltage_bases(self) -> FloatArray:
        """Of every node, line to neutral. [V]"""
        base_v = np.zeros(self._conductors.n_node)
        for node in (self._maps.node, self._conductors.node):
            at_bus, _ = np.nonzero(node != NONE)
            base_v[node[node != NONE]] = self._maps.base_v[at_bus]
        if not base_v.all():
            name = self._engine.node_names[int(np.flatnonzero(base_v == 0.0)[0])]
            raise InvalidParameterError(
                f"node {name} of the circuit is at no bus of the net; build both from one source."
            )
        return base_v
