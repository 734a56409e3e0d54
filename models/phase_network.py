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
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, vstack

from models.errors import InvalidParameterError
from models.network_model import (
    CACHED_STATES,
    BoolArray,
    ComplexArray,
    FloatArray,
    IntArray,
    NetworkModel,
)
from models.opendss.conductors import Conductors
from models.opendss.engine import OpenDSSEngine
from models.opendss.maps import CircuitMaps
from models.opendss.taps import PhaseTaps
from models.phase_admittances import BranchEnds, PhaseAdmittances
from models.phases import PHASES, PHASORS
from models.shares import Shares

if TYPE_CHECKING:
    from pandapower import pandapowerNet
    from pandas import DataFrame

NONE = -1
# The sides of lines and transformers at either end of a branch.
ENDS = (("line_from", "trafo_hv"), ("line_to", "trafo_lv"))


class PhaseNetworkModel:
    """A circuit's network phase by phase, recompiled (and cached) when a tap, a switch or a line's state changes.

    It is what `models.estimation.network_equations.EstimatedNetwork` asks for, its "buses", "lines" and "transformers"
    being the phases of those of the net, in the order element 0 a, b, c, element 1 a, ...

    Parameters
    ----------
    net
        The balanced net of the feeder; its tables say what there is and in which order.
    circuit
        What builds the circuit and where the net's elements are in it
        (`networks.three_phase.opendss_circuit.OpenDSSCircuit`).

    Attributes
    ----------
    balanced
        The balanced network.
    bus_index, trafo_index
        Names such as ``"5 a"``. (3 n_bus,), (3 n_trafo,)
    present
        Which phases there are, by ``"bus"``, ``"line_from"``, ``"line_to"``, ``"trafo_hv"`` and ``"trafo_lv"``,
        (n, 3) each.
    rotation
        What turns every phase of a balanced system onto phase a, (n_bus, 3).
    initial_tap_pos
        Taps as built, NaN where a phase has no tap changer. (3 n_trafo,)

    Raises
    ------
    MissingExtraError
        If OpenDSSDirect.py is not installed.
    InvalidParameterError
        If OpenDSS refuses the circuit, or it is not the net's.
    """

    def __init__(self, net: "pandapowerNet", circuit: Any) -> None:
        self.balanced = NetworkModel(net)
        self.net = self.balanced.net
        self.bus_index, self.trafo_index = _names(self.balanced.bus_index), _names(self.balanced.trafo_index)
        self.load_weight, self.sgen_weight = self.balanced.load_weight, self.balanced.sgen_weight
        self.load_shares, self.sgen_shares = self._shares(circuit.load_share), self._shares(circuit.sgen_share)
        self.initial_switch_closed = self.balanced.initial_switch_closed
        self.base_mva = float(net.sn_mva) / len(PHASES)
        slack = net.ext_grid.iloc[0]
        self._emf: ComplexArray = slack.vm_pu * np.exp(1j * np.radians(slack.va_degree)) * PHASORS

        self._engine = OpenDSSEngine(circuit.commands)
        self._maps = CircuitMaps(self._engine, circuit, self.balanced)
        self._conductors = Conductors(self._engine, self._maps, self.balanced, circuit.source)
        self._taps = PhaseTaps(circuit.tap_changer, self.balanced.trafo_index, self.balanced.initial_tap_pos)
        self.initial_tap_pos: FloatArray = self._taps.in_effect(self.balanced.initial_tap_pos, None).ravel()
        self.present = {**self._conductors.present, "bus": self._conductors.node != NONE}
        self.rotation = self._maps.rotation
        self._base_v = self._voltage_bases()
        line, trafo = net.line, net.trafo
        buses = {"line_from": line.from_bus, "line_to": line.to_bus, "trafo_hv": trafo.hv_bus, "trafo_lv": trafo.lv_bus}
        self._bus_at = {side: self.balanced.bus_position(bus) for side, bus in buses.items()}
        self._closed = np.ones(len(self._maps.switchable), dtype=bool)
        self._states: OrderedDict[bytes, PhaseAdmittances] = OrderedDict()

    @property
    def n_bus(self) -> int:
        """Three for every row of ``net.bus``."""
        return len(self.bus_index)

    @property
    def generator_buses(self) -> frozenset[int]:
        """The phases of the source."""
        return frozenset(self.bus_position(self.net.ext_grid.bus).tolist())

    @property
    def tap_range(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest position of every tap changer. (3 n_trafo,)"""
        lowest, highest = self._taps.range_by_phase()
        return lowest.ravel(), highest.ravel()

    def order(self) -> dict[str, list[int]]:
        """The pandapower indices of the net, by table."""
        return self.balanced.order()

    def position(self, element_type: str, element: int, side: str | None, phase: str | None) -> int | None:
        """Where the vectors hold a phase of a bus, line or transformer, or a switch; None if there is none."""
        row = self.balanced.position(element_type, element, None, None)
        if row is None or element_type == "switch":
            return row if phase is None else None
        if phase not in tuple(PHASES):
            return None
        position = len(PHASES) * row + PHASES.index(phase)
        if element_type == "trafo" and side is None:
            there = np.isfinite(self.initial_tap_pos[position])
        else:
            there = self.present["bus" if side is None else f"{element_type}_{side}"].flat[position]
        return position if there else None

    def bus_position(self, buses: Any) -> IntArray:
        """Positions of all phases that pandapower bus indices have."""
        row = self.balanced.bus_position(buses)
        position = len(PHASES) * row[:, None] + np.arange(len(PHASES))
        return position[self.present["bus"][row]]

    def bus_consumption(self, load: ComplexArray, sgen: ComplexArray) -> ComplexArray:
        """Complex power that loads less static generators draw at every phase if voltages are balanced. [MVA]"""
        drawn = self.load_shares.at_buses(load * self.load_weight, self.n_bus)
        return drawn - self.sgen_shares.at_buses(sgen * self.sgen_weight, self.n_bus)

    def admittances(
        self, tap_pos: Any = None, switch_closed: Any = None, line_in_service: Any = None
    ) -> PhaseAdmittances:
        """The compiled state of the given taps (3 n_trafo), switches (n_switch) and lines (n_line); None is as built.

        A tap changer that moves several phases is told by its first one.
        """
        built = self.balanced
        closed = built.initial_switch_closed if switch_closed is None else np.asarray(switch_closed, dtype=bool)
        service = built.initial_line_in_service if line_in_service is None else np.asarray(line_in_service, dtype=bool)
        given = np.asarray(self.initial_tap_pos if tap_pos is None else tap_pos, dtype=float)
        taps = self._taps.in_effect(built.initial_tap_pos, given.reshape(-1, len(PHASES)))
        terminals_closed = self._maps.terminals_closed(service, closed)
        key = taps.tobytes() + terminals_closed.tobytes()
        if key not in self._states:
            self._set(taps, terminals_closed)
            self._states[key] = self._compiled(service)
            if len(self._states) > CACHED_STATES:
                self._states.popitem(last=False)
        self._states.move_to_end(key)
        return self._states[key]

    def _shares(self, table: "DataFrame") -> Shares:
        """Shares of phases of buses."""
        row = self.balanced.bus_position(table.bus)
        return Shares(
            bus=len(PHASES) * row + table.phase.to_numpy(dtype=np.int64),
            element=table.element.to_numpy(dtype=np.int64),
            share=table.share.to_numpy(dtype=complex),
        )

    def _set(self, taps: FloatArray, terminals_closed: BoolArray) -> None:
        for (element, winding), tap_pu in self._taps.tap_pu(taps).items():
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


def _names(index: IntArray) -> NDArray[Any]:
    """``"5 a"``, ``"5 b"``, ``"5 c"`` and so on."""
    return np.array([f"{element} {phase}" for element in index.tolist() for phase in PHASES], dtype=object)
