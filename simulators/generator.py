"""mosaik adapter of the swing-equation generator."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.errors import choose
from models.parameters import from_mapping
from models.plant.rotor import Governor, Machine
from models.plant.swing import VIEWS, HostedMachine, SupplyArea
from simulators.adapter import ModelAdapter, serve


class GeneratorSimulator(ModelAdapter):
    """Turns a rotor: the frequency of the area that supplies the feeder, or the angle of a machine inside it.

    It runs before the grid at the same time t: its state at t sets the grid's slack at t. What the grid says comes
    time-shifted, so it describes the network since the previous step and drives the integration up to t. What a
    disturbance says comes at t itself and acts from t on.

    Parameters of ``Generator``
        view: ``"supply_area"`` (default) or ``"hosted_machine"``; machine: mapping of `Machine`; governor: mapping of
        `Governor`, or None for constant mechanical power; operating_point: mapping of `AreaStart` or
        `TerminalStart`.

    Inputs
        p_mw: power the feeder draws from the area, a vector is summed [MW]; area_load_step_mw,
        area_generation_trip_mw: levels, not changes [MW] (supply area).
        thevenin_vm_pu, thevenin_va_degree, thevenin_r_pu, thevenin_x_pu: network seen from the terminal [pu, degree]
        (hosted machine, whose own power follows from them).

    Outputs
        frequency_hz [Hz], speed_pu [pu], rotor_angle_degree [degree], p_mechanical_mw, p_electrical_mw [MW],
        emf_vm_pu [pu], emf_va_degree [degree]: the extra slack behind X'd of a hosted machine, or the feeder's slack.
    """

    MODEL = "Generator"
    PARAMS = ("view", "machine", "governor", "operating_point")
    INPUTS = (
        "p_mw",
        "area_load_step_mw",
        "area_generation_trip_mw",
        "thevenin_vm_pu",
        "thevenin_va_degree",
        "thevenin_r_pu",
        "thevenin_x_pu",
    )
    OUTPUTS = (
        "frequency_hz",
        "speed_pu",
        "rotor_angle_degree",
        "p_mechanical_mw",
        "p_electrical_mw",
        "emf_vm_pu",
        "emf_va_degree",
    )

    def __init__(self) -> None:
        super().__init__()
        self.last_step: dict[int, tuple[float, dict[str, float]]] = {}

    def build(
        self,
        view: str = "supply_area",
        machine: Mapping[str, float] | None = None,
        governor: Mapping[str, float] | None = None,
        operating_point: Mapping[str, float] | None = None,
    ) -> SupplyArea | HostedMachine:
        """A machine at rest in its operating point."""
        model, start = choose(VIEWS, view, "view of a machine")
        control = None if governor is None else from_mapping(Governor, governor)
        constants = from_mapping(Machine, {**(machine or {}), "governor": control})
        return model(constants, from_mapping(start, operating_point))

    def advance(self, model: SupplyArea | HostedMachine, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Integrate from the previous step to this one; at the first step there is nothing to integrate."""
        if id(model) in self.last_step:
            previous_seconds, disturbances = self.last_step[id(model)]
            model.step(seconds - previous_seconds, **network_seen(model, inputs), **disturbances)
        self.last_step[id(model)] = (seconds, disturbances_told(model, inputs))
        return {attr: getattr(model, attr) for attr in self.OUTPUTS}


def network_seen(model: SupplyArea | HostedMachine, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the grid said, in the model's words; a quantity that is not connected stays as it was."""
    if isinstance(model, SupplyArea):
        return {"feeder_p_mw": float(np.sum(inputs["p_mw"]))} if "p_mw" in inputs else {}
    network = {}
    if "thevenin_vm_pu" in inputs:
        angle = np.deg2rad(inputs.get("thevenin_va_degree", 0.0))
        network["v_thevenin"] = complex(inputs["thevenin_vm_pu"] * np.exp(1j * angle))
    if "thevenin_x_pu" in inputs:
        network["z_thevenin"] = complex(inputs.get("thevenin_r_pu", 0.0), inputs["thevenin_x_pu"])
    return network


def disturbances_told(model: SupplyArea | HostedMachine, inputs: Mapping[str, Any]) -> dict[str, float]:
    """What happens in the supply area from now on; a machine in the feeder does not see it."""
    if not isinstance(model, SupplyArea):
        return {}
    return {
        "load_step_mw": float(inputs.get("area_load_step_mw", 0.0)),
        "generation_trip_mw": float(inputs.get("area_generation_trip_mw", 0.0)),
    }


if __name__ == "__main__":
    serve(GeneratorSimulator)
