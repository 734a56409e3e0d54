"""What happens to the plant by schedule: faults, an operator's switching, load and generation of the supply area."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.errors import InvalidParameterError
from models.network_model import FloatArray, IntArray
from models.plant.faults import FaultEvent


@dataclass(frozen=True)
class SwitchingEvent:
    """A switch opened or closed by hand at `at_s` since the scenario's start."""

    switch: int
    at_s: float
    closed: bool


@dataclass(frozen=True)
class PowerEvent:
    """A step of `p_mw` at `at_s` since the scenario's start: load that comes, or generation that trips."""

    at_s: float
    p_mw: float


@dataclass(frozen=True)
class Disturbances:
    """The plant's schedule.

    Parameters
    ----------
    faults
        Short circuits, in the order of the grid's fault places.
    switching
        Switch operations; the last one due counts.
    load_steps, generation_trips
        Steps of the supply area's load and trips of its generation. [MW]
    switch_index
        pandapower indices of the net's switches, in vector order.
    """

    faults: tuple[FaultEvent, ...] = ()
    switching: tuple[SwitchingEvent, ...] = ()
    load_steps: tuple[PowerEvent, ...] = ()
    generation_trips: tuple[PowerEvent, ...] = ()
    switch_index: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted({event.switch for event in self.switching} - set(self.switch_index))
        if unknown:
            raise InvalidParameterError(f"switching names switches {unknown}; the net has {list(self.switch_index)}.")

    def fault_resistance_ohm(self, seconds: float) -> FloatArray:
        """Resistance of every fault place, infinite while no fault burns there, (n_fault,). [ohm]"""
        return np.array([e.fault.resistance_ohm if e.burns_at(seconds) else np.inf for e in self.faults], dtype=float)

    def switch_command(self, seconds: float) -> IntArray:
        """1 closed, 0 open, -1 left alone, by switch, (n_switch,)."""
        command = np.full(len(self.switch_index), -1, dtype=np.int64)
        for event in sorted(self.switching, key=lambda event: event.at_s):
            if event.at_s <= seconds:
                command[self.switch_index.index(event.switch)] = int(event.closed)
        return command

    def area_load_step_mw(self, seconds: float) -> float:
        """Load that has come to the supply area so far. [MW]"""
        return _sum_due(self.load_steps, seconds)

    def area_generation_trip_mw(self, seconds: float) -> float:
        """Generation that the supply area has lost so far. [MW]"""
        return _sum_due(self.generation_trips, seconds)


def _sum_due(events: Sequence[PowerEvent], seconds: float) -> float:
    return float(sum(event.p_mw for event in events if event.at_s <= seconds))
