"""The plant's grid behind mosaik: whole vectors for the twin, one child entity an element for everybody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.control.voltage_regulator import VoltageRegulatorSettings
from models.errors import InvalidParameterError
from models.network_model import FloatArray
from models.parameters import from_mapping
from models.phases import PHASES, of_phase
from models.plant.faults import Fault
from models.plant.grid_elements import CHILDREN, VECTOR_OF_CHILD_INPUT
from models.plant.grid_state import STATE_FIELDS, GridInputs, GridState, phasor
from models.plant.phase_state import PHASE_VECTORS, PhaseState, by_phase
from models.plant.power_flow import PowerFlow
from models.plant.regulated_power_flow import RegulatedPowerFlow
from simulators.adapter import ModelAdapter, serve, single_source

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from models.plant.opendss_power_flow import OpenDSSPowerFlow

SOLVERS = ("pandapower", "opendss")


@dataclass(frozen=True)
class HostedMachinePlace:
    """Where a machine sits: its EMF is the external grid at `position`, behind `reactance_pu` on the net's base."""

    position: int
    reactance_pu: float


@dataclass(eq=False)
class Grid:
    """A stepping power flow with the vectors that act on it; an input nobody connects keeps its value from the net."""

    regulated: RegulatedPowerFlow
    fault_places: tuple[Fault, ...]
    machine: "HostedMachinePlace | None"
    vectors: dict[str, Any]
    unknown_phases: PhaseState

    @property
    def power_flow(self) -> "PowerFlow | OpenDSSPowerFlow":
        """What solves it."""
        return self.regulated.power_flow

    def solve(self, seconds: float, step_s: float) -> GridState:
        """Solve a step with the vectors as they stand."""
        return self.regulated.solve(seconds, step_s, self.inputs())

    def phases(self) -> PhaseState:
        """The last step by phase, as far as the solver knows."""
        return self.unknown_phases if isinstance(self.power_flow, PowerFlow) else self.power_flow.phases

    def phase_taps(self) -> FloatArray:
        """Taps in effect by phase, NaN where there is none, (n_trafo, 3)."""
        taps = self.power_flow.inputs.phase_tap_pos
        return np.full((len(self.vectors["tap_pos"]), len(PHASES)), np.nan) if taps is None else taps

    def inputs(self) -> GridInputs:
        """The vectors as the power flow wants them."""
        given = self.vectors
        command = given["switch_command"]
        return GridInputs(
            load=given["load_p_mw"] + 1j * given["load_q_mvar"],
            sgen=given["sgen_p_mw"] + 1j * given["sgen_q_mvar"],
            tap_pos=np.asarray(given["tap_pos"], dtype=np.int64),
            switch_closed=np.where(command >= 0, command > 0, given["switch_closed"]).astype(bool),
            line_in_service=np.asarray(given["line_in_service"], dtype=bool),
            slack=phasor(given["slack_vm_pu"] + given["slack_vm_step_pu"], given["slack_va_degree"]),
            faults=tuple(
                replace(place, resistance_ohm=float(resistance))
                for place, resistance in zip(self.fault_places, given["fault_resistance_ohm"], strict=True)
                if np.isfinite(resistance)
            ),
            phase_tap_pos=self._phase_taps_given(),
        )

    def _phase_taps_given(self) -> FloatArray | None:
        given = np.column_stack([np.asarray(self.vectors[f"tap_{phase}_pos"], dtype=float) for phase in PHASES])
        if not np.isfinite(given).any():
            return None
        if isinstance(self.power_flow, PowerFlow):
            raise InvalidParameterError(
                'a balanced network has one tap a transformer; send tap_pos, or solve by "opendss".'
            )
        return given


class GridSimulator(ModelAdapter):
    """Steps the power flow of a pandapower net.

    Model ``Grid``: parameters `net` (a pandapower net) or `feeder` (a registered name or a file), `faults` (where
    faults may come: mappings with `line`, `position`), `machine` (mapping of `HostedMachinePlace`), `regulators` (tap
    changers with relays of their own: mappings of `VoltageRegulatorSettings`; their taps heed no tap_pos), `solver`
    (pandapower, the default, or opendss: every phase) and, for a `net` solved by opendss, its `circuit`
    (`networks.three_phase.opendss_circuit.opendss_circuit`).
    Vectors are in pandapower table order; the order is in each entity's ``extra_info``.

    Inputs of ``Grid``: load_p_mw, load_q_mvar, sgen_p_mw, sgen_q_mvar [MW, Mvar], tap_pos [-], tap_a_pos, tap_b_pos,
    tap_c_pos (opendss only; NaN moves the phase with tap_pos, which keeps the phases' differences), switch_closed
    [bool], switch_command (1 close, 0 open, -1 none), line_in_service [bool], slack_vm_pu, slack_va_degree (by external
    grid), slack_vm_step_pu (added to slack_vm_pu), machine_vm_pu, machine_va_degree (the machine's EMF),
    fault_resistance_ohm (by fault place; infinite is no fault).

    Outputs of ``Grid``: converged [bool]; vm_pu [pu], va_degree, p_mw, q_mvar (by bus; consumption positive);
    line_p_from_mw, line_q_from_mvar, line_p_to_mw, line_q_to_mvar, line_i_from_ka, line_i_to_ka, line_i_ka (the larger
    end), line_loading_percent; trafo_p_hv_mw, trafo_q_hv_mvar, trafo_p_lv_mw, trafo_q_lv_mvar, trafo_i_hv_ka,
    trafo_i_lv_ka, trafo_loading_percent; slack_p_mw, slack_q_mvar (by external grid; generation positive); p_loss_mw;
    tap_pos_in_effect, switch_closed_in_effect; regulator_tap_pos, tap_operations (by regulator with a relay of its own:
    its tap, and taps done so far); for a hosted machine machine_p_mw and the Thevenin equivalent seen from its terminal
    on the net's base: thevenin_vm_pu, thevenin_va_degree, thevenin_r_pu, thevenin_x_pu.
    With opendss vm_pu is the mean of the phases, powers are their sums, currents those of the largest phase. By phase,
    NaN with pandapower or where the phase is absent, and for b and c as here for a: vm_a_pu, va_a_degree, p_a_mw,
    q_a_mvar; line_p_from_a_mw, line_q_from_a_mvar, line_p_to_a_mw, line_q_to_a_mvar, line_i_from_a_ka, line_i_to_a_ka;
    trafo_p_hv_a_mw, trafo_q_hv_a_mvar, trafo_p_lv_a_mw, trafo_q_lv_a_mvar, trafo_i_hv_a_ka, trafo_i_lv_a_ka;
    tap_a_pos_in_effect.

    Children, in pandapower's words, with scalar attributes: ``Bus-7`` (vm_pu, va_degree, p_mw, q_mvar), ``Line-4``
    (p_from_mw, q_from_mvar, p_to_mw, q_to_mvar, i_ka, loading_percent), ``Trafo-0`` (p_hv_mw, q_hv_mvar, p_lv_mw,
    q_lv_mvar, i_hv_ka, i_lv_ka, loading_percent; takes tap_pos), ``Ext_grid-0`` (p_mw, q_mvar; takes vm_pu, va_degree),
    ``Load-3`` and ``Sgen-1`` (take p_mw, q_mvar), ``Switch-2`` (takes closed). By phase: ``Bus-7`` (vm_a_pu,
    va_a_degree, p_a_mw, q_a_mvar, and so on), ``Line-4`` (i_from_a_ka, and so on), ``Trafo-0`` (takes tap_a_pos,
    tap_b_pos, tap_c_pos). Powers that several sources send to one child add up.
    """

    MODEL = "Grid"
    PARAMS = ("net", "feeder", "faults", "machine", "regulators", "circuit", "solver")
    INPUTS = (
        "load_p_mw",
        "load_q_mvar",
        "sgen_p_mw",
        "sgen_q_mvar",
        "tap_pos",
        *(f"tap_{phase}_pos" for phase in PHASES),
        "switch_closed",
        "switch_command",
        "line_in_service",
        "slack_vm_pu",
        "slack_va_degree",
        "slack_vm_step_pu",
        "machine_vm_pu",
        "machine_va_degree",
        "fault_resistance_ohm",
    )
    THEVENIN = ("thevenin_vm_pu", "thevenin_va_degree", "thevenin_r_pu", "thevenin_x_pu")
    OUTPUTS = (
        *STATE_FIELDS,
        *PHASE_VECTORS,
        "tap_pos_in_effect",
        *(of_phase("tap_pos_in_effect", phase) for phase in PHASES),
        "switch_closed_in_effect",
        "regulator_tap_pos",
        "tap_operations",
        "machine_p_mw",
        *THEVENIN,
    )

    def __init__(self) -> None:
        super().__init__()
        for name, child in CHILDREN.items():
            attrs = list(dict.fromkeys((*child.outputs, *child.inputs)))
            self.meta["models"][name] = {"public": False, "params": [], "attrs": attrs}
        self.child_places: dict[str, tuple[str, str, int]] = {}

    def create(self, num: int, model: str, **params: Any) -> list[dict[str, Any]]:
        """Build the grid; its elements come as children."""
        if self.entities or num != 1:
            raise InvalidParameterError("one Grid a simulator; start another GridSimulator for another net.")
        (grid,) = super().create(1, model, **params)
        grid["children"] = self._children(grid["eid"])
        return [grid]

    def _children(self, grid: str) -> list[dict[str, Any]]:
        children = []
        for name, child in CHILDREN.items():
            for position, index in enumerate(getattr(self.entities[grid].power_flow.network, f"{child.table}_index")):
                eid = f"{name}-{index}"
                self.child_places[eid] = (grid, name, position)
                children.append({"eid": eid, "type": name, "extra_info": {"index": int(index)}})
        return children

    def build(
        self,
        net: "pandapowerNet | None" = None,
        feeder: str | None = None,
        faults: Sequence[Mapping[str, Any]] = (),
        machine: Mapping[str, Any] | None = None,
        regulators: Sequence[VoltageRegulatorSettings | Mapping[str, Any]] = (),
        circuit: Any = None,
        solver: str | None = None,
    ) -> Grid:
        """A stepping power flow for `net`, or for the feeder of that name."""
        if (net is None) == (feeder is None):
            raise InvalidParameterError("Grid takes either net (a pandapower net) or feeder (a name or a file).")
        if solver not in (None, *SOLVERS):
            raise InvalidParameterError(f"solver is one of {', '.join(SOLVERS)}, got {solver!r}.")
        if feeder is not None:
            net, circuit = _load(feeder, solver)
        places = tuple(Fault(**fault) for fault in faults)
        power_flow: PowerFlow | OpenDSSPowerFlow
        if solver == "opendss" or (solver is None and circuit is not None):
            power_flow = _by_phase(net, circuit, places, machine)
        else:
            power_flow = PowerFlow(net)
        hosted = None if machine is None else from_mapping(HostedMachinePlace, machine)
        settings = [from_mapping(VoltageRegulatorSettings, regulator) for regulator in regulators]
        regulated = RegulatedPowerFlow(power_flow, settings)
        unknown_phases = PhaseState.unknown(power_flow.network)
        return Grid(regulated, places, hosted, _vectors_of(power_flow, len(places)), unknown_phases)

    def order(self, model: Grid) -> dict[str, list[Any]]:
        """The pandapower index behind every element of the vectors."""
        return {
            **model.power_flow.network.order(),
            "fault": [fault.line for fault in model.fault_places],
            "regulator": model.regulated.bank.names,
        }

    def step(self, time: int, inputs: dict[str, dict[str, dict[str, Any]]], max_advance: int) -> int:
        """Write what the children received into the vectors, then step the grid."""
        for eid, attrs in inputs.items():
            if eid in self.child_places:
                self._write_child(eid, attrs)
        self.step_s = (self.next_step(time) - time) * self.time_resolution
        return super().step(time, inputs, max_advance)

    def _write_child(self, eid: str, attrs: Mapping[str, Mapping[str, Any]]) -> None:
        grid, name, position = self.child_places[eid]
        for attr, sources in attrs.items():
            vector = VECTOR_OF_CHILD_INPUT[name, attr]
            adds_up = attr in ("p_mw", "q_mvar")
            value = sum(sources.values()) if adds_up else single_source({attr: sources})[attr]
            vectors = self.entities[grid].vectors
            vectors[vector] = np.array(vectors[vector])
            vectors[vector][position] = value

    def advance(self, model: Grid, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Solve one step."""
        model.vectors.update({name: value for name, value in inputs.items() if not name.startswith("machine_")})
        if model.machine is not None:
            self._set_emf(model, model.machine.position, inputs)
        state = model.solve(seconds, self.step_s)
        solved = model.power_flow.inputs
        outputs = {name: getattr(state, name) for name in STATE_FIELDS}
        outputs |= {**model.phases().vectors, **by_phase("tap_pos_in_effect", model.phase_taps())}
        outputs["tap_pos_in_effect"] = solved.tap_pos.copy()
        outputs["switch_closed_in_effect"] = solved.switch_closed.copy()
        outputs["regulator_tap_pos"] = model.regulated.bank.tap_pos
        outputs["tap_operations"] = model.regulated.bank.operations
        return outputs | self._seen_by_machine(model, state)

    def _set_emf(self, model: Grid, position: int, inputs: Mapping[str, Any]) -> None:
        for attr in ("vm_pu", "va_degree"):
            if f"machine_{attr}" in inputs:
                slack = np.array(model.vectors[f"slack_{attr}"], dtype=float)
                slack[position] = inputs[f"machine_{attr}"]
                model.vectors[f"slack_{attr}"] = slack

    def _seen_by_machine(self, model: Grid, state: GridState) -> dict[str, float]:
        if model.machine is None:
            return dict.fromkeys(("machine_p_mw", *self.THEVENIN), float("nan"))
        voltage, behind_emf = model.power_flow.thevenin(model.machine.position)
        impedance = behind_emf - 1j * model.machine.reactance_pu
        return {
            "machine_p_mw": float(state.slack_p_mw[model.machine.position]),
            "thevenin_vm_pu": abs(voltage),
            "thevenin_va_degree": float(np.degrees(np.angle(voltage))),
            "thevenin_r_pu": impedance.real,
            "thevenin_x_pu": impedance.imag,
        }

    def get_data(self, outputs: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
        """Vectors of the Grid, scalars of its children."""
        asked_of_grid = {eid: attrs for eid, attrs in outputs.items() if eid in self.entities}
        data = super().get_data(asked_of_grid)
        for eid in outputs.keys() - asked_of_grid.keys():
            grid, name, position = self.child_places[eid]
            data[eid] = {attr: self._child_value(grid, name, attr, position) for attr in outputs[eid]}
        return data

    def _child_value(self, grid: str, name: str, attr: str, position: int) -> float:
        if attr in CHILDREN[name].outputs:
            return float(self.outputs[grid][CHILDREN[name].outputs[attr]][position])
        return float(self.entities[grid].vectors[VECTOR_OF_CHILD_INPUT[name, attr]][position])


def _load(feeder: str, solver: str | None) -> tuple[Any, Any]:
    """The net of a feeder, and its OpenDSS circuit where that is to solve it."""
    from networks.registry import load_feeder

    loaded = load_feeder(feeder)
    if solver != "opendss":
        return loaded.net, None
    if loaded.three_phase is None:
        raise InvalidParameterError(f"feeder {feeder!r} is not known phase by phase; solve it by pandapower.")
    from networks.three_phase.opendss_circuit import opendss_circuit

    return loaded.net, opendss_circuit(loaded.three_phase, loaded.net)


def _by_phase(
    net: Any, circuit: Any, places: tuple[Fault, ...], machine: Mapping[str, Any] | None
) -> "OpenDSSPowerFlow":
    if circuit is None:
        raise InvalidParameterError('solver "opendss" needs the circuit of the net; give circuit, or a feeder.')
    if machine is not None:
        raise InvalidParameterError('a hosted machine swings on the balanced network only; solve by "pandapower".')
    from models.plant.opendss_power_flow import OpenDSSPowerFlow

    return OpenDSSPowerFlow(net, circuit, places)


def _vectors_of(power_flow: "PowerFlow | OpenDSSPowerFlow", n_fault: int) -> dict[str, Any]:
    """The Grid's input vectors as the tables of the net state them."""
    nominal = power_flow.nominal_inputs()
    return {
        "load_p_mw": nominal.load.real,
        "load_q_mvar": nominal.load.imag,
        "sgen_p_mw": nominal.sgen.real,
        "sgen_q_mvar": nominal.sgen.imag,
        "tap_pos": nominal.tap_pos,
        **{f"tap_{phase}_pos": np.full(len(nominal.tap_pos), np.nan) for phase in PHASES},
        "switch_closed": nominal.switch_closed,
        "switch_command": np.full(len(nominal.switch_closed), -1),
        "line_in_service": nominal.line_in_service,
        "slack_vm_pu": np.abs(nominal.slack),
        "slack_vm_step_pu": np.zeros(len(nominal.slack)),
        "slack_va_degree": np.degrees(np.angle(nominal.slack)),
        "fault_resistance_ohm": np.full(n_fault, np.inf),
    }


if __name__ == "__main__":
    serve(GridSimulator)
