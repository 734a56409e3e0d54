"""The grid with OpenDSS under real mosaik: phases beside the vectors, taps by phase, and what is refused."""

from pathlib import Path
from typing import Any

import mosaik
import numpy as np
import pandapower.networks as pn
import pytest

from networks.three_phase.balanced import balanced_net
from networks.three_phase.opendss_circuit import opendss_circuit
from networks.three_phase.tables import read_tables

TABLES = Path(__file__).parents[2] / "networks" / "data" / "ieee13"
SIMULATORS: dict[str, Any] = {
    "Grid": {"python": "simulators.grid:GridSimulator"},
    "Foreign": {"python": "tests.simulators.test_grid:ForeignSimulator"},
}


@pytest.fixture
def world():
    with mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world:
        yield world


@pytest.fixture
def by_phase() -> dict[str, Any]:
    tables = read_tables(TABLES)
    net, _ = balanced_net(tables)
    return {"net": net, "circuit": opendss_circuit(tables, net)}


def value_of(world: Any, entity: Any, attr: str) -> Any:
    return world.get_data([entity], attr)[entity][attr]


def child(grid: Any, kind: str, index: int) -> Any:
    return next(entity for entity in grid.children if entity.eid == f"{kind}-{index}")


def test_buses_and_lines_show_their_phases(world: Any, by_phase: dict[str, Any]) -> None:
    grid = world.start("Grid").Grid(**by_phase)
    world.run(until=1, print_progress=False, shutdown=False)
    net = by_phase["net"]
    lateral = int(net.bus.index[net.bus.name == "611"][0])
    assert value_of(world, child(grid, "Bus", lateral), "vm_c_pu") == pytest.approx(0.974, abs=2e-3)
    assert np.isnan(value_of(world, child(grid, "Bus", lateral), "vm_a_pu"))
    assert value_of(world, child(grid, "Bus", lateral), "vm_pu") == value_of(world, grid, "vm_c_pu")[lateral]
    line = int(net.line.index[net.line.name == "684611"][0])
    assert value_of(world, child(grid, "Line", line), "i_from_c_ka") == pytest.approx(0.071, abs=1e-3)


def test_a_tap_of_one_phase_moves_that_phase_alone(world: Any, by_phase: dict[str, Any]) -> None:
    trafo = by_phase["net"].trafo
    bank = int(trafo.index[trafo.name == "reg1"][0])
    grid = world.start("Grid").Grid(**by_phase)
    tap = world.start("Foreign").Foreign(send=-3)
    world.connect(tap, child(grid, "Trafo", bank), ("value", "tap_b_pos"))
    world.run(until=1, print_progress=False, shutdown=False)
    in_effect = [value_of(world, grid, f"tap_{phase}_pos_in_effect")[bank] for phase in "abc"]
    assert in_effect == [10, -3, 11]


def test_a_balanced_network_says_nothing_of_its_phases_and_takes_no_taps_of_theirs(world: Any) -> None:
    grid = world.start("Grid").Grid(net=pn.create_cigre_network_mv())
    world.run(until=1, print_progress=False, shutdown=False)
    assert np.isnan(value_of(world, grid, "vm_a_pu")).all()


def test_taps_by_phase_are_refused_on_a_balanced_network(world: Any) -> None:
    grid = world.start("Grid").Grid(net=pn.create_cigre_network_mv())
    tap = world.start("Foreign").Foreign(send=2)
    world.connect(tap, child(grid, "Trafo", 0), ("value", "tap_b_pos"))
    with pytest.raises(Exception, match="one tap a transformer"):
        world.run(until=1, print_progress=False)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"solver": "newton"}, "one of pandapower, opendss"),
        ({"solver": "opendss", "circuit": None}, "needs the circuit"),
        ({"machine": {"position": 0, "reactance_pu": 0.1}}, "balanced network only"),
    ],
)
def test_what_cannot_be_solved_is_refused(
    world: Any, by_phase: dict[str, Any], given: dict[str, Any], says: str
) -> None:
    with pytest.raises(Exception, match=says):
        world.start("Grid").Grid(**(by_phase | given))


def test_a_feeder_without_phases_is_refused_by_name(world: Any) -> None:
    with pytest.raises(Exception, match="'ieee33' is not known phase by phase"):
        world.start("Grid").Grid(feeder="ieee33", solver="opendss")
