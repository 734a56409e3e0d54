"""The reclosers under mosaik: a line that carries what the switch lets through, tick by tick and minute by minute."""

from collections.abc import Iterator
from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pandas as pd
import pytest

from models.control.recloser import RecloserSettings, RecloserState
from models.errors import InvalidParameterError
from simulators.recloser import RecloserSimulator

TICK_S = 0.02
LINES, SWITCHES = [4, 7, 9], [2, 5]
RECLOSER = {"line": 7, "switch": 5, "pickup_ka": 0.4, "time_dial": 0.5, "instantaneous_ka": 2.0}
ORDER = {"line": LINES, "switch": SWITCHES}


class Line(mosaik_api_v3.Simulator):
    """Line 7 behind switch 5: load current, or fault current between two ticks, or none while the switch is open."""

    def __init__(self) -> None:
        attrs = ["line_i_ka", *RecloserSimulator.OUTPUTS]
        model = {"public": True, "params": ["fault"], "attrs": attrs}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Line": model}})

    def init(self, sid: str, time_resolution: float = 1.0, step_size: int = 1) -> dict[str, Any]:
        self.step_size = step_size
        HEARD.clear()
        return self.meta

    def create(self, num: int, model: str, fault: tuple[int, int]) -> list[dict[str, Any]]:
        self.fault = fault
        return [{"eid": "Line", "type": "Line"}]

    def step(self, time: int, inputs: dict[str, Any], max_advance: int) -> int:
        heard = {attr: next(iter(sources.values())) for attr, sources in inputs["Line"].items()}
        begin, end = self.fault
        self.current_ka = 0.0 if not heard["switch_closed"][1] else 3.0 if begin <= time < end else 0.1
        HEARD.append({"tick": time, "current_ka": self.current_ka} | heard)
        return time + self.step_size

    def get_data(self, outputs: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
        return {"Line": {"line_i_ka": np.array([0.0, self.current_ka, 0.0])}}


HEARD: list[dict[str, Any]] = []


@pytest.fixture
def world() -> Iterator[mosaik.World]:
    simulators = {
        "Recloser": {"python": "simulators.recloser:RecloserSimulator"},
        "Line": {"python": f"{__name__}:Line"},
    }
    with mosaik.World(simulators, skip_greetings=True, configure_logging=False, time_resolution=TICK_S) as world:
        yield world


def run(world: mosaik.World, fault: tuple[int, int], until: int, step_size: int = 1) -> pd.DataFrame:
    """What the line heard: currents, switch positions and the recloser's state, one row a step."""
    recloser = world.start("Recloser", step_size=step_size).Recloser(reclosers=[RECLOSER], order=ORDER)
    line = world.start("Line", step_size=step_size).Line(fault=fault)
    world.connect(line, recloser, "line_i_ka")
    at_rest = {"switch_closed": np.array([True, True]), "state": np.zeros(1), "shots": np.zeros(1)}
    at_rest["trip_count"] = np.zeros(1)
    world.connect(recloser, line, *RecloserSimulator.OUTPUTS, time_shifted=True, initial_data=at_rest)
    world.run(until=until, print_progress=False)
    return pd.DataFrame(HEARD).set_index("tick")


def started(**params: Any) -> RecloserSimulator:
    simulator = RecloserSimulator()
    simulator.init("Recloser-0", time_resolution=1.0, step_size=60)
    simulator.create(1, "Recloser", **params)
    return simulator


def step(simulator: RecloserSimulator, time: int, **inputs: Any) -> dict[str, Any]:
    simulator.step(time, {"Recloser": {attr: {"Peer": value} for attr, value in inputs.items()}}, 0)
    return simulator.get_data({"Recloser": list(simulator.OUTPUTS)})["Recloser"]


def test_a_temporary_fault_opens_the_switch_for_the_dead_time(world: mosaik.World) -> None:
    heard = run(world, fault=(50, 60), until=2000)
    fault_ticks = heard.index[heard["current_ka"] == 3.0]
    open_ticks = heard.index[heard["current_ka"] == 0.0]
    # Contacts part after 0.04 s and meet after another 0.5 + 0.06 s; the fault is gone by then.
    assert list(fault_ticks) == [50, 51]
    assert (open_ticks[0], len(open_ticks)) == (52, 28)
    assert (heard["state"].iloc[-1][0], heard["shots"].iloc[-1][0]) == (RecloserState.CLOSED, 0)
    assert heard["trip_count"].iloc[-1][0] == 1


def test_a_permanent_fault_ends_in_lockout(world: mosaik.World) -> None:
    heard = run(world, fault=(50, 10**9), until=2500)
    assert heard["state"].iloc[-1][0] == RecloserState.LOCKOUT
    assert (heard["shots"].iloc[-1][0], heard["trip_count"].iloc[-1][0]) == (3, 4)
    assert heard["current_ka"].iloc[-1] == 0.0


def test_at_one_minute_a_permanent_fault_ends_in_lockout_after_four_steps(world: mosaik.World) -> None:
    minute = 3000
    heard = run(world, fault=(2 * minute, 10**9), until=8 * minute, step_size=minute)
    assert list(heard["current_ka"]) == [0.1, 0.1, 3.0, 3.0, 3.0, 3.0, 0.0, 0.0]
    assert heard["state"].iloc[-1][0] == RecloserState.LOCKOUT


def test_the_recloser_looks_no_further_ahead_than_its_next_step() -> None:
    simulator = RecloserSimulator()
    simulator.init("Recloser-0", time_resolution=TICK_S, step_size=3000, dense_windows=[(100, 200)])
    simulator.create(1, "Recloser", reclosers=[RECLOSER], order=ORDER)
    fault = np.array([0.0, 3.0, 0.0])
    states = []
    for tick, current in ((0, 0 * fault), (100, fault), (101, fault), (102, 0 * fault)):
        assert simulator.step(tick, {"Recloser": {"line_i_ka": {"Peer": current}}}, 0) in (100, tick + 1)
        states.append(RecloserState(simulator.outputs["Recloser"]["state"][0]))
    assert states == [RecloserState.CLOSED, RecloserState.TRIPPED, RecloserState.WAITING, RecloserState.WAITING]


def test_only_the_reclosers_own_switch_is_overridden() -> None:
    simulator = started(reclosers=[RECLOSER], switch_closed=[False, True], order=ORDER)
    assert step(simulator, 0)["switch_closed"].tolist() == [False, True]
    commanded = step(simulator, 60, switch_closed=np.array([True, False]))
    assert commanded["switch_closed"].tolist() == [True, True]


def test_without_reclosers_the_switches_pass_through() -> None:
    simulator = started(order=ORDER, switch_closed=[False, True])
    data = step(simulator, 0, line_i_ka=np.array([9.0, 9.0, 9.0]))
    assert data["switch_closed"].tolist() == [False, True]
    assert [len(data[attr]) for attr in ("state", "shots", "trip_count")] == [0, 0, 0]


def test_every_step_hands_out_fresh_vectors() -> None:
    simulator = started(reclosers=[RecloserSettings(**RECLOSER)], order=ORDER)
    first, second = step(simulator, 0), step(simulator, 60)
    assert not any(np.shares_memory(first[attr], second[attr]) for attr in simulator.OUTPUTS)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"reclosers": [RECLOSER | {"line": 5}], "order": ORDER}, "no line 5 for a recloser; there are 4, 7, 9"),
        ({"reclosers": [RECLOSER | {"switch": 1}], "order": ORDER}, "no switch 1 for a recloser; there are 2, 5"),
        ({"reclosers": [RECLOSER, RECLOSER], "order": ORDER}, "a switch of its own"),
        ({"reclosers": [RECLOSER]}, "no line 7 for a recloser; there are none"),
        ({"reclosers": [{"line": 7, "switch": 5}], "order": ORDER}, "needs pickup_ka"),
        ({"order": ORDER, "switch_closed": [True]}, "switch_closed must have 2 elements, got 1"),
    ],
)
def test_a_recloser_that_the_grid_has_no_place_for_is_refused(params: dict, complaint: str) -> None:
    with pytest.raises(InvalidParameterError, match=complaint):
        started(**params)
