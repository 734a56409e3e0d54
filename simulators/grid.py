"""The plant's grid behind mosaik: whole vectors for the twin, one child entity an element for everybody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import InvalidParameterError
from models.parameters import from_mapping
from models.plant.faults import Fault
from models.plant.grid_state import STATE_FIELDS, GridInputs, GridState, phasor
from models.plant.power_flow import PowerFlow
from simulators.adapter import ModelAdapter, serve, single_source

if TYPE_CHECKING:
    from pandapower import pandapowerNet


@dataclass(frozen=True)
class ChildModel:
    """One kind of child entity: its pandapower table and its scalar attributes, by the field of the state they show."""

    table: str
    outputs: Mapping[str, str]
    inputs: tuple[str, ...] = ()


CHILDREN = {
    "Bus": ChildModel("bus", {name: name for name in ("vm_pu", "va_degree", "p_mw", "q_mvar")}),
    "Line": ChildModel(
        "line",
        {
            name: f"line_{name}"
            for name in ("p_from_mw", "q_from_mvar", "p_to_mw", "q_to_mvar", "i_ka", "loading_percent")
        },
    ),
    "Trafo": ChildModel(
        "trafo",
        {
            name: f"trafo_{name}"
            for name in (
                "p_hv_mw",
                "q_hv_mvar",
                "p_lv_mw",
                "q_lv_mvar",
                "i_hv_ka",
                "i_lv_ka",
                "loading_percent",
            )
        },
        inputs=("tap_pos",),
    ),
    "Ext_grid": ChildModel("ext_grid", {"p_mw": "slack_p_mw", "q_mvar": "slack_q_mvar"}, inputs=("vm_pu", "va_degree")),
    "Load": ChildModel("load", {}, inputs=("p_mw", "q_mvar")),
    "Sgen": ChildModel("sgen", {}, inputs=("p_mw", "q_mvar")),
    "Switch": ChildModel("switch", {}, inputs=("closed",)),
}

# Child input -> the Grid's vector input it is one element of.
VECTOR_OF_CHILD_INPUT = {
    ("Load", "p_mw"): "load_p_mw",
    ("Load", "q_mvar"): "load_q_mvar",
    ("Sgen", "p_mw"): "sgen_p_mw",
    ("Sgen", "q_mvar"): "sgen_q_mvar",
    ("Trafo", "tap_pos"): "tap_pos",
    ("Switch", "closed"): "switch_closed",
    ("Ext_grid", "vm_pu"): "slack_vm_pu",
    ("Ext_grid", "va_degree"): "slack_va_degree",
}


@dataclass(frozen=True)
class HostedMachinePlace:
    """Where a machine sits: its EMF is the external grid at `position`, behind `reactance_pu` on the net's base."""

    position: int
    reactance_pu: float


@dataclass(eq=False)
class Grid:
    """A stepping power flow with the vectors that act on it; an input nobody connects keeps its value from the net."""

    power_flow: PowerFlow
    fault_places: tuple[Fault, ...]
    machine: "HostedMachinePlace | None"
    vectors: dict[str, Any]

    def solve(self) -> GridState:
        """Solve with the vectors as they stand."""
        return self.power_flow.solve(self.inputs())

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
            slack=phasor(given["slack_vm_pu"], given["slack_va_degree"]),
            faults=tuple(
                replace(place, resistance_ohm=float(resistance))
                for place, resistance in zip(self.fault_places, given["fault_resistance_ohm"], strict=True)
                if np.isfinite(resistance)
            ),
        )


class GridSimulator(ModelAdapter):
    """Steps the power flow of a pandapower net.

    Model ``Grid``: parameters `net` (a pandapower net) or `feeder` (a registered name or a file), `faults` (where
    faults may come: mappings with `line`, `position`), `machine` (mapping of `HostedMachinePlace`).
    Vectors are in pandapower table order; the order is in each entity's ``extra_info``.

    Inputs of ``Grid``: load_p_mw, load_q_mvar, sgen_p_mw, sgen_q_mvar [MW, Mvar], tap_pos [-], switch_closed [bool],
    switch_command (1 close, 0 open, -1 none), line_in_service [bool], slack_vm_pu, slack_va_degree (by external grid),
    machine_vm_pu, machine_va_degree (the machine's EMF), fault_resistance_ohm (by fault place; infinite is no fault).

    Outputs of ``Grid``: converged [bool]; vm_pu [pu], va_degree, p_mw, q_mvar (by bus; consumption positive);
    line_p_from_mw, line_q_from_mvar, line_p_to_mw, line_q_to_mvar, line_i_from_ka, line_i_to_ka, line_i_ka (the larger
    end), line_loading_percent; trafo_p_hv_mw, trafo_q_hv_mvar, trafo_p_lv_mw, trafo_q_lv_mvar, trafo_i_hv_ka,
    trafo_i_lv_ka, trafo_loading_percent; slack_p_mw, slack_q_mvar (by external grid; generation positive); p_loss_mw;
    tap_pos_in_effect, switch_closed_in_effect; for a hosted machine machine_p_mw and the Thevenin equivalent seen from
    its terminal on the net's base: thevenin_vm_pu, thevenin_va_degree, thevenin_r_pu, thevenin_x_pu.

    Children, in pandapower's words, with scalar attributes: ``Bus-7`` (vm_pu, va_degree, p_mw, q_mvar), ``Line-4``
    (p_from_mw, q_from_mvar, p_to_mw, q_to_mvar, i_ka, loading_percent), ``Trafo-0`` (p_hv_mw, q_hv_mvar, p_lv_mw,
    q_lv_mvar, i_hv_ka, i_lv_ka, loading_percent; takes tap_pos), ``Ext_grid-0`` (p_mw, q_mvar; takes vm_pu, va_degree),
    ``Load-3`` and ``Sgen-1`` (take p_mw, q_mvar), ``Switch-2`` (takes closed). Powers that several sources send to one
    child add up.
    """

    MODEL = "Grid"
    PARAMS = ("net", "feeder", "faults", "machine")
    INPUTS = (
        "load_p_mw",
        "load_q_mvar",
        "sgen_p_mw",
        "sgen_q_mvar",
        "tap_pos",
        "switch_closed",
        "switch_command",
        "line_in_service",
        "slack_vm_pu",
        "slack_va_degree",
        "machine_vm_pu",
        "machine_va_degree",
        "fault_resistance_ohm",
    )
    THEVENIN = ("thevenin_vm_pu", "thevenin_va_degree", "thevenin_r_pu", "thevenin_x_pu")
    OUTPUTS = (*STATE_FIELDS, "tap_pos_in_effect", "switch_closed_in_effect", "machine_p_mw", *THEVENIN)

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
    ) -> Grid:
        """A stepping power flow for `net`, or for the feeder of that name."""
        if (net is None) == (feeder is None):
            raise InvalidParameterError("Grid takes either net (a pandapower net) or feeder (a name or a file).")
        if feeder is not None:
            from networks.registry import load_feeder

            net = load_feeder(feeder).net
        power_flow = PowerFlow(net)
        places = tuple(Fault(**fault) for fault in faults)
        hosted = None if machine is None else from_mapping(HostedMachinePlace, machine)
        return Grid(power_flow, places, hosted, _vectors_of(power_flow, len(places)))

    def order(self, model: Grid) -> dict[str, list[Any]]:
        """The pandapower index behind every element of the vectors."""
        return {**model.power_flow.network.order(), "fault": [fault.line for fault in model.fault_places]}

    def step(self, time: int, inputs: dict[str, dict[str, dict[str, Any]]], max_advance: int) -> int:
        """Write what the children received into the vectors, then step the grid."""
        for eid, attrs in inputs.items():
            if eid in self.child_places:
                self._write_child(eid, attrs)
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
        state = model.solve()
        solved = model.power_flow.inputs
        outputs = {name: getattr(state, name) for name in STATE_FIELDS}
        outputs["tap_pos_in_effect"] = solved.tap_pos.copy()
        outputs["switch_closed_in_effect"] = solved.switch_closed.copy()
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


def _vectors_of(power_flow: PowerFlow, n_fault: int) -> dict[str, Any]:
    """The Grid's input vectors as the tables of the net state them."""
    nominal = power_flow.nominal_inputs()
    return {
        "load_p_mw": nominal.load.real,
        "load_q_mvar": nominal.load.imag,
        "sgen_p_mw": nominal.sgen.real,
        "sgen_q_mvar": nominal.sgen.imag,
        "tap_pos": nominal.tap_pos,
        "switch_closed": nominal.switch_closed,
        "switch_command": np.full(len(nominal.switch_closed), -1),
        "line_in_service": nominal.line_in_service,
        "slack_vm_pu": np.abs(nominal.slack),
        "slack_va_degree": np.degrees(np.angle(nominal.slack)),
        "fault_resistance_ohm": np.full(n_fault, np.inf),
    }


if __name__ == "__main__":
    serve(GridSimulator)
