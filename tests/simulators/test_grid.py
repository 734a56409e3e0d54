"""The grid under real mosaik: vectors for the twin, children in pandapower's words for everybody else."""

from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest

SIMULATORS: dict[str, Any] = {
    "Grid": {"python": "simulators.grid:GridSimulator"},
    "Disturbances": {"python": "simulators.disturbances:DisturbancesSimulator"},
    "Foreign": {"python": f"{__name__}:ForeignSimulator"},
}


class ForeignSimulator(mosaik_api_v3.Simulator):
    """Somebody else's simulator: sends one scalar."""

    def __init__(self) -> None:
        super().__init__(
            {
                "api_version": "3.0",
                "type": "time-based",
                "models": {"Foreign": {"public": True, "params": ["send"], "any_inputs": True, "attrs": ["value"]}},
            }
        )

    def create(self, num: int, model: str, send: float = 0.0) -> list[dict[str, Any]]:
        self.send = send
        return [{"eid": "Foreign", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        return time + 1

    def get_data(self, outputs: dict) -> dict:
        return {"Foreign": {"value": self.send}}


@pytest.fixture
def world():
    with mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world:
        yield world


def child(grid: Any, eid: str) -> Any:
    return next(entity for entity in grid.children if entity.eid == eid)


def value_of(world: Any, entity: Any, attr: str) -> Any:
    return world.get_data([entity], attr)[entity][attr]


def test_a_foreign_load_moves_the_voltage_as_runpp_says(world: Any) -> None:
    net = pn.create_cigre_network_mv()
    grid = world.start("Grid").Grid(net=net)
    load = world.start("Foreign").Foreign(send=1.7)
    world.connect(load, child(grid, "Load-5"), ("value", "p_mw"))
    world.run(until=2, print_progress=False, shutdown=False)
    expected = pn.create_cigre_network_mv()
    expected.load.loc[5, "p_mw"] = 1.7
    pp.runpp(expected)
    assert value_of(world, child(grid, "Bus-6"), "vm_pu") == pytest.approx(expected.res_bus.vm_pu[6], abs=1e-8)
    loading = value_of(world, child(grid, "Trafo-0"), "loading_percent")
    assert loading == pytest.approx(expected.res_trafo.loading_percent[0], abs=1e-5)


def test_children_carry_the_indices_and_the_grid_announces_its_order(world: Any) -> None:
    net = pn.mv_oberrhein()
    grid = world.start("Grid").Grid(net=net)
    assert grid.extra_info["bus"] == net.bus.index.tolist()
    assert {entity.extra_info["index"] for entity in grid.children if entity.type == "Line"} == set(net.line.index)


def test_an_unknown_attribute_is_refused_when_it_is_connected(world: Any) -> None:
    grid = world.start("Grid").Grid(net=pn.case33bw())
    ear = world.start("Foreign").Foreign()
    with pytest.raises(mosaik.exceptions.ScenarioError, match="no_such_attribute"):
        world.connect(grid, ear, "no_such_attribute")


def test_a_scheduled_fault_and_a_switching_act_at_their_time(world: Any) -> None:
    net = pn.create_cigre_network_mv()
    grid = world.start("Grid").Grid(net=net, faults=[{"line": 3, "position": 0.5}])
    schedule = world.start("Disturbances").Disturbances(
        faults=[{"line": 3, "position": 0.5, "start_s": 1, "duration_s": 1}],
        switching=[{"switch": 1, "at_s": 3, "closed": True}],
        switch_index=grid.extra_info["switch"],
    )
    world.connect(schedule, grid, "fault_resistance_ohm", "switch_command")
    world.run(until=5, print_progress=False, shutdown=False)
    assert value_of(world, grid, "switch_closed_in_effect")[grid.extra_info["switch"].index(1)]
    net.switch.loc[1, "closed"] = True
    pp.runpp(net)
    np.testing.assert_allclose(value_of(world, grid, "vm_pu"), net.res_bus.vm_pu, atol=1e-8)


def test_a_second_grid_in_one_simulator_is_refused(world: Any) -> None:
    factory = world.start("Grid")
    factory.Grid(net=pn.case33bw())
    with pytest.raises(Exception, match="one Grid a simulator"):
        factory.Grid(net=pn.case33bw())


def test_a_tap_changer_with_a_relay_of_its_own_settles_within_the_step(world: Any) -> None:
    net = pn.mv_oberrhein()
    trafo, commanded = int(net.trafo.index[0]), np.array([7, 3])
    row = net.trafo.loc[trafo]
    regulator = {
        "trafo": trafo,
        "controlled_bus": int(row.lv_bus),
        "vm_set_pu": 1.03,
        "bandwidth_pu": 0.02,
        "tap_min": int(row.tap_min),
        "tap_max": int(row.tap_max),
        "raise_direction": -1,
        "tap_step_percent": float(row.tap_step_percent),
    }
    grid = world.start("Grid", step_size=3600).Grid(net=net, regulators=[regulator])
    command = world.start("Foreign").Foreign(send=commanded)
    world.connect(command, grid, ("value", "tap_pos"))
    world.run(until=1, print_progress=False, shutdown=False)
    taps = value_of(world, grid, "tap_pos_in_effect")
    regulated = grid.extra_info["bus"].index(int(row.lv_bus))
    assert value_of(world, grid, "vm_pu")[regulated] == pytest.approx(1.03, abs=0.01)
    assert taps[1] == commanded[1]
    assert value_of(world, grid, "regulator_tap_pos").tolist() == [taps[0]]
    assert value_of(world, grid, "tap_operations").tolist() == [abs(taps[0] - row.tap_pos)]
    assert taps[0] not in (row.tap_pos, commanded[0])
    assert grid.extra_info["regulator"] == [trafo]
