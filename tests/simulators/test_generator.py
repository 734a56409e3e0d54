"""The generator under mosaik: what it hears when, and a swing against the grid."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidParameterError, UnknownNameError
from models.plant.rotor import Governor, Machine
from models.plant.swing import AreaStart, SupplyArea
from simulators.generator import GeneratorSimulator
from simulators.grid import HostedMachinePlace

TICK_S = 0.01
AREA = {"machine": {"rated_mva": 100.0}, "governor": {"droop_pu": 0.05}, "operating_point": {"base_load_mw": 60.0}}
KUNDUR = {
    "view": "hosted_machine",
    "machine": {"rated_mva": 2220.0, "inertia_constant_s": 3.5, "damping_pu": 0.0, "nominal_hz": 60.0},
    "operating_point": {
        "transient_reactance_pu": 0.3,
        "p_mw": 0.9 * 2220,
        "q_mvar": 0.436 * 2220,
        "va_degree": 28.34,
        "network_mva": 2220.0,
    },
}
# A bolted fault where circuit 2 leaves the transformer's high side, cleared after 70 ms by opening both its breakers.
FAULT = {"line": 1, "position": 0.0, "start_s": 1.0, "duration_s": 0.07}
CLEARING = [{"switch": breaker, "at_s": 1.07, "closed": False} for breaker in (0, 1)]


class Listener(mosaik_api_v3.Simulator):
    """Writes down what it hears at every tick."""

    def __init__(self) -> None:
        model = {"public": True, "any_inputs": True, "params": ["heard"], "attrs": []}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Listener": model}})

    def create(self, num: int, model: str, heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.heard = heard
        return [{"eid": "Listener", "type": model}]

    def step(self, time: int, inputs: dict[str, Any], max_advance: int) -> int:
        told = {attr: next(iter(sources.values())) for attr, sources in inputs["Listener"].items()}
        self.heard.append({"time_s": time * TICK_S} | told)
        return time + 1


SIMULATORS: dict[str, Any] = {
    "Disturbances": {"python": "simulators.disturbances:DisturbancesSimulator"},
    "Generator": {"python": "simulators.generator:GeneratorSimulator"},
    "Grid": {"python": "simulators.grid:GridSimulator"},
    "Listener": {"python": f"{__name__}:Listener"},
}


@pytest.fixture
def world() -> Iterator[mosaik.World]:
    with mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False, time_resolution=TICK_S) as world:
        yield world


def started(**params: Any) -> GeneratorSimulator:
    simulator = GeneratorSimulator()
    simulator.init("Generator-0", time_resolution=1.0, step_size=10)
    simulator.create(1, "Generator", **params)
    return simulator


def step(simulator: GeneratorSimulator, time: int, **inputs: Any) -> dict[str, Any]:
    simulator.step(time, {"Generator": {attr: {"Peer": value} for attr, value in inputs.items()}}, 0)
    return simulator.get_data({"Generator": list(simulator.OUTPUTS)})["Generator"]


def test_a_swing_against_the_grid_is_kundurs_swing(world: mosaik.World, reference_data: Path) -> None:
    heard: list[dict[str, Any]] = []
    disturbances = world.start("Disturbances").Disturbances(faults=[FAULT], switching=CLEARING, switch_index=[0, 1])
    generator = world.start("Generator").Generator(**KUNDUR)
    place = HostedMachinePlace(position=1, reactance_pu=0.3)
    grid = world.start("Grid").Grid(feeder="kundur_smib", faults=[{"line": 1, "position": 0.0}], machine=place)
    listener = world.start("Listener").Listener(heard=heard)
    unknown = dict.fromkeys(("thevenin_vm_pu", "thevenin_va_degree", "thevenin_r_pu", "thevenin_x_pu"), np.nan)
    world.connect(disturbances, grid, "fault_resistance_ohm", "switch_command")
    world.connect(generator, grid, ("emf_vm_pu", "machine_vm_pu"), ("emf_va_degree", "machine_va_degree"))
    world.connect(grid, generator, *unknown, time_shifted=True, initial_data=unknown)
    world.connect(generator, listener, "rotor_angle_degree")
    world.connect(grid, listener, "machine_p_mw")
    world.run(until=500, print_progress=False)

    swing = pd.DataFrame(heard)
    reference = pd.read_csv(reference_data / "swing" / "kundur131_andes_tc070ms.csv")
    expected = np.interp(swing["time_s"], reference["t"], reference["delta_deg"])
    assert len(swing) == 500
    # The published start is rounded to 0.01 degree and 1e-5 pu, so the machine does not start quite at rest.
    assert np.max(np.abs(swing["rotor_angle_degree"] - expected)) < 0.1
    assert swing["machine_p_mw"][100:107].to_numpy() == pytest.approx(0, abs=0.01 * 2220)


def test_at_the_first_step_nothing_is_integrated() -> None:
    data = step(started(**AREA), 0, p_mw=1e6, area_load_step_mw=10.0)
    assert data["frequency_hz"] == 50.0
    assert data["p_mechanical_mw"] == data["p_electrical_mw"] == pytest.approx(60)


def test_a_disturbance_acts_from_the_step_at_which_it_is_told() -> None:
    simulator = started(**AREA)
    assert step(simulator, 0, area_load_step_mw=0.0)["frequency_hz"] == 50.0
    assert step(simulator, 10, area_load_step_mw=5.0)["frequency_hz"] == 50.0
    after = step(simulator, 20, area_load_step_mw=0.0)
    reference = SupplyArea(Machine(rated_mva=100, governor=Governor()), AreaStart(base_load_mw=60))
    reference.step(10.0, load_step_mw=5.0)
    assert after["frequency_hz"] == reference.frequency_hz < 50


def test_what_the_grid_says_holds_for_the_time_before() -> None:
    simulator = started(**AREA)
    step(simulator, 0, p_mw=np.nan)
    assert step(simulator, 10, p_mw=np.array([3.0, 1.0]))["frequency_hz"] == pytest.approx(50, abs=1e-12)
    assert step(simulator, 20, p_mw=np.array([3.0, 3.0]))["p_electrical_mw"] == pytest.approx(62)


def test_a_generator_that_nobody_is_connected_to_stands_still() -> None:
    for params in ({}, KUNDUR):
        simulator = started(**params)
        first, later = step(simulator, 0), step(simulator, 3600)
        assert later == pytest.approx(first, abs=1e-6)
        assert set(later) == set(GeneratorSimulator.OUTPUTS)


def test_two_machines_keep_apart() -> None:
    simulator = GeneratorSimulator()
    simulator.init("Generator-0")
    simulator.create(2, "Generator", **AREA)
    for time in (0, 1, 2):
        simulator.step(time, {"Generator-0": {"area_load_step_mw": {"Peer": 5.0}}}, 0)
    data = simulator.get_data({eid: ["frequency_hz"] for eid in simulator.entities})
    assert data["Generator-0"]["frequency_hz"] < data["Generator-1"]["frequency_hz"] == 50


def test_a_wrong_view_or_machine_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="hosted_machine, supply_area"):
        started(view="island")
    with pytest.raises(InvalidParameterError, match="rated_mva"):
        started(machine={"rated_mva": 0})
    with pytest.raises(InvalidParameterError, match="did you mean base_load_mw"):
        started(operating_point={"base_load": 60})
