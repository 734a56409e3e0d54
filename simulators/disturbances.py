"""Scheduled disturbances of the plant behind mosaik."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.plant.disturbances import Disturbances, PowerEvent, SwitchingEvent
from models.plant.faults import Fault, FaultEvent
from simulators.adapter import ModelAdapter, serve


class DisturbancesSimulator(ModelAdapter):
    """Plays the plant's schedule: faults, switching by hand, load steps and generation trips of the supply area.

    Model ``Disturbances``: parameters `faults` (mappings with line, position, resistance_ohm, start_s, duration_s),
    `switching` (switch, at_s, closed), `load_steps`, `generation_trips` (at_s, p_mw) and `switch_index`.

    Inputs: after, any attribute, time-shifted, of the simulator that the disturbances shall not run ahead of.

    Outputs: fault_resistance_ohm (by fault; infinite is no fault), fault_active (bool by fault), switch_command (by
    switch; 1 close, 0 open, -1 none), area_load_step_mw, area_generation_trip_mw.
    """

    MODEL = "Disturbances"
    PARAMS = ("faults", "switching", "load_steps", "generation_trips", "switch_index")
    INPUTS = ("after",)
    OUTPUTS = (
        "fault_resistance_ohm",
        "fault_active",
        "switch_command",
        "area_load_step_mw",
        "area_generation_trip_mw",
    )

    def build(
        self,
        faults: Sequence[Mapping[str, Any]] = (),
        switching: Sequence[Mapping[str, Any]] = (),
        load_steps: Sequence[Mapping[str, Any]] = (),
        generation_trips: Sequence[Mapping[str, Any]] = (),
        switch_index: Sequence[int] = (),
    ) -> Disturbances:
        """The schedule from plain mappings."""
        return Disturbances(
            faults=tuple(_fault_event(**fault) for fault in faults),
            switching=tuple(SwitchingEvent(**event) for event in switching),
            load_steps=tuple(PowerEvent(**event) for event in load_steps),
            generation_trips=tuple(PowerEvent(**event) for event in generation_trips),
            switch_index=tuple(int(index) for index in switch_index),
        )

    def order(self, model: Disturbances) -> dict[str, list[Any]]:
        """Lines of the faults, indices of the switches."""
        return {"fault": [event.fault.line for event in model.faults], "switch": list(model.switch_index)}

    def advance(self, model: Disturbances, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What is on at `seconds`."""
        resistance = model.fault_resistance_ohm(seconds)
        return {
            "fault_resistance_ohm": resistance,
            "fault_active": resistance < float("inf"),
            "switch_command": model.switch_command(seconds),
            "area_load_step_mw": model.area_load_step_mw(seconds),
            "area_generation_trip_mw": model.area_generation_trip_mw(seconds),
        }


def _fault_event(start_s: float, duration_s: float = float("inf"), **place: Any) -> FaultEvent:
    return FaultEvent(Fault(**place), start_s, duration_s)


if __name__ == "__main__":
    serve(DisturbancesSimulator)
