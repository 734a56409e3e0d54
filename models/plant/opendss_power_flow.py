"""The plant's power flow phase by phase: the feeder's OpenDSS circuit behind the interface of `PowerFlow`."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import InvalidParameterError
from models.network_model import BoolArray, ComplexArray, FloatArray, NetworkModel
from models.opendss.engine import OpenDSSEngine
from models.opendss.maps import CircuitMaps
from models.opendss.taps import PhaseTaps
from models.plant.faults import Fault
from models.plant.grid_state import GridInputs, GridState, nominal_inputs
from models.plant.opendss_sections import BOLTED_OHM, NO_FAULT_OHM, FaultPlaces
from models.plant.phase_results import PhaseResults
from models.plant.phase_state import PhaseState

if TYPE_CHECKING:
    from pandapower import pandapowerNet


class OpenDSSPowerFlow:
    """Steps a feeder's OpenDSS circuit through time, in the order of the balanced net's tables.

    Parameters
    ----------
    net
        The balanced net of the feeder; its tables say what the vectors are.
    circuit
        What builds the circuit and where the net's elements are in it
        (`networks.three_phase.opendss_circuit.OpenDSSCircuit`).
    faults
        Where faults may come. A fault in another place is possible, but rebuilds the circuit when it first burns.

    Attributes
    ----------
    network, inputs, state
        As of `models.plant.power_flow.PowerFlow`; `inputs` holds the taps in effect.
    phases
        The last step by phase.

    Raises
    ------
    MissingExtraError
        If OpenDSSDirect.py is not installed.
    InvalidParameterError
        If the net has no or several external grids, or OpenDSS refuses the circuit.

    Notes
    -----
    OpenDSS solves ``Y v = i(v)`` by fixed-point iteration from the last solution, to 1e-8. Loads are constant power (or
    what their voltage dependence says) between their own voltage limits and impedances beyond, so that a fault's sag
    has a solution; where it still has none, loads are impedances throughout, as in fault studies. A fault is a
    resistance from each phase of its line to earth, the line being cut there.
    """

    def __init__(self, net: "pandapowerNet", circuit: Any, faults: tuple[Fault, ...] = ()) -> None:
        self.network = NetworkModel(net)
        if len(self.network.ext_grid_index) != 1:
            raise InvalidParameterError(
                f"an OpenDSS circuit has one source, got {len(self.network.ext_grid_index)} external grids; "
                "solve this net with pandapower."
            )
        self.taps = PhaseTaps(circuit.tap_changer, self.network.trafo_index, self.network.initial_tap_pos)
        self._net, self._circuit = net, circuit
        self._p_at_rated = circuit.load.p_at_rated.to_numpy(dtype=float)
        self._q_at_rated = circuit.load.q_at_rated.to_numpy(dtype=float)
        self._stiff_kv = float(net.bus.vn_kv.at[net.ext_grid.bus.iloc[0]])
        self._written: GridState | None = None
        self._places = FaultPlaces(circuit.line.set_index("line", drop=False).to_dict("index"))
        self._places.add(faults)
        self._build()
        self.inputs = self.nominal_inputs()
        self.state = GridState.unsolved(self.network)
        self.phases = PhaseState.unknown(self.network)

    def nominal_inputs(self) -> GridInputs:
        """Loads, static generators, taps, switches and the source as the tables of the net state them."""
        return nominal_inputs(self.network)

    @property
    def net(self) -> "pandapowerNet":
        """The user's net with element and result tables of the last step, as far as a balanced net has them."""
        from models.plant.net_tables import write_state

        if self._written is not self.state:
            write_state(self._net, self.inputs, self.state)
            self._written = self.state
        return self._net

    def phase_tap_pos(self, inputs: GridInputs) -> FloatArray:
        """The taps that `inputs` put into effect, by phase, (n_trafo, 3); NaN where there is none."""
        return self.taps.in_effect(inputs.tap_pos, inputs.phase_tap_pos)

    def thevenin(self, ext_grid: int) -> tuple[complex, complex]:
        """Not available: a hosted machine needs the balanced network.

        Raises
        ------
        InvalidParameterError
            Always.
        """
        raise InvalidParameterError(
            'a hosted machine swings on the balanced network only; take solver "pandapower" for this feeder.'
        )

    def solve(self, inputs: GridInputs) -> GridState:
        """Solve one step; a power flow without a solution comes back as ``converged=False`` with NaN."""
        self._check(inputs.faults)
        if self._places.add(inputs.faults):
            self._build()
        taps = self.phase_tap_pos(inputs)
        self.inputs = replace(inputs, tap_pos=self.taps.ganged(inputs.tap_pos, taps), phase_tap_pos=taps)
        closed = self._maps.terminals_closed(inputs.line_in_service, inputs.switch_closed)
        self._apply(inputs, taps, closed)
        voltages = self._solution(inputs)
        if voltages is None:
            self._engine.start_flat()
            self.state, self.phases = GridState.unsolved(self.network), PhaseState.unknown(self.network)
            return self.state
        alive = self._maps.energised(closed)
        currents, supplied = self._engine.currents, self._engine.supplied
        self.state, self.phases = self._results.describe(voltages, currents, supplied, inputs.slack[0], alive)
        return self.state

    def _solution(self, inputs: GridInputs) -> ComplexArray | None:
        """Node voltages, None where there is no solution. [V]"""
        solved = self._engine.solve()
        if inputs.faults and not solved:
            solved = self._engine.solve_with_loads_as_admittances(self._consumption_kva(inputs))
        voltages = self._engine.voltages
        return voltages if solved and np.isfinite(voltages).all() else None

    def _check(self, faults: tuple[Fault, ...]) -> None:
        lines = [fault.line for fault in faults]
        if len(set(lines)) != len(lines):
            raise InvalidParameterError(f"one fault a line at a time; got faults on lines {lines}.")

    def _build(self) -> None:
        """Build the circuit, cut where faults may come; nothing has acted on it yet."""
        self._engine = OpenDSSEngine((*self._circuit.commands, *self._places.commands()))
        self._maps = CircuitMaps(self._engine, self._circuit, self.network, self._places.last_section)
        self._results = PhaseResults(self.network, self._maps, self._circuit.source)
        self._closed = np.ones(len(self._maps.switchable), dtype=bool)
        self._tap_pu: dict[tuple[str, int], float] = {}
        self._fault_ohm = dict.fromkeys(self._places.elements(), NO_FAULT_OHM)
        self._slack: complex | None = None

    def _apply(self, inputs: GridInputs, taps: FloatArray, closed: BoolArray) -> None:
        """Tell the engine what is new; loads are, at every step."""
        self._engine.set_loads(self._consumption_kva(inputs))
        self._set_source(complex(inputs.slack[0]))
        for place, tap_pu in self.taps.tap_pu(taps).items():
            if self._tap_pu.get(place) != tap_pu:
                self._engine.set_tap(*place, tap_pu)
                self._tap_pu[place] = tap_pu
        # What was dark, or short-circuited, is no place to start from.
        if self._set_terminals(closed) | self._set_faults(inputs.faults):
            self._engine.start_flat()

    def _consumption_kva(self, inputs: GridInputs) -> ComplexArray:
        load = inputs.load * self.network.load_weight
        load = load.real * self._p_at_rated + 1j * load.imag * self._q_at_rated
        sgen = inputs.sgen * self.network.sgen_weight
        power: ComplexArray = np.concatenate((load, -sgen))
        return 1000.0 * power

    def _set_source(self, slack: complex) -> None:
        if slack != self._slack:
            # Both in pu, of the source's rated voltage there and of its bus's base here.
            vm_pu = abs(slack) * self._stiff_kv / self._circuit.source["vn_kv"]
            va_degree = float(np.degrees(np.angle(slack)))
            self._engine.run([f"Edit Vsource.source pu={vm_pu!r} angle={va_degree!r}"])
            self._slack = slack

    def _set_terminals(self, closed: BoolArray) -> bool:
        changed = np.flatnonzero(closed != self._closed)
        for k in changed:
            self._engine.set_terminal(*self._maps.switchable[k], bool(closed[k]))
        self._closed = closed
        return len(changed) > 0

    def _set_faults(self, faults: tuple[Fault, ...]) -> bool:
        wanted = dict.fromkeys(self._fault_ohm, NO_FAULT_OHM)
        wanted |= {self._places.element(fault): max(fault.resistance_ohm, BOLTED_OHM) for fault in faults}
        changed = {element: ohm for element, ohm in wanted.items() if ohm != self._fault_ohm[element]}
        self._engine.run(f"Edit Fault.{element} r={ohm!r}" for element, ohm in changed.items())
        self._fault_ohm = wanted
        return bool(changed)
