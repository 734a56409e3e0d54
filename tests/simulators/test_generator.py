"""The generator under mosaik: what it hears when, and a swing against a network that answers tick by tick."""

import cmath
from collections.abc import Iterator
from math import degrees
from pathlib import Path
from typing import Any, ClassVar

import mosaik
import mosaik_api_v3
import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidParameterError, UnknownNameError
from models.plant.rotor import Governor, Machine
from models.plant.swing import AreaStart, SupplyArea
from simulators.generator import GeneratorSimulator

TICK_S = 0.01
FAULT_TICK, CLEARING_TICK = 100, 107
AREA = {"machine": {"rated_mva": 100.0}, "governor": {"droop_pu": 0.05}, "operating_point": {"base_load_mw": 60.0}}
TRANSFORMER, CIRCUIT_1, CIRCUIT_2 = 0.15j, 0.5j, 0.93j
WHOLE = TRANSFORMER + CIRCUIT_1 * CIRCUIT_2 / (CIRCUIT_1 + CIRCUIT_2)
INFINITE_BUS = 1 - WHOLE * complex(0.9, -0.436)
KUNDUR = {
    "view": "hosted_machine",
    "machine": {"rated_mva": 2220.0, "inertia_constant_s": 3.5, "damping_pu": 0.0, "nominal_hz": 60.0},
    "operating_point": {
        "transient_reactance_pu": 0.3,
        "p_mw": 0.9 * 2220,
        "q_mvar": 0.436 * 2220,
        "va_degree": -degrees(cmath.phase(INFINITE_BUS)),
        "thevenin_x_pu": WHOLE.imag,
    },
}


class Circuits(mosaik_api_v3.Simulator):
    """Network of Kundur's example 13.1: a bolted fault behind the transformer, circuit 2 opened to clear it."""

    ATTRS: ClassVar[list[str]] = ["thevenin_vm_pu", "thevenin_x_pu", "load_step_mw"]

    def __init__(self) -> None:
        model = {"public": True, "params": [], "attrs": [*self.ATTRS, *GeneratorSimulator.OUTPUTS]}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Network": model}})

    def init(self, sid: str, time_resolution: float = 1.0) -> dict[str, Any]:
        return self.meta

    def create(self, num: int, model: str) -> list[dict[str, Any]]:
        HEARD.clear()
        return [{"eid": "Network", "type": "Network"}]

    def step(self, time: int, inputs: dict[str, Any], max_advance: int) -> int:
        HEARD.append({"tick": time} | {attr: next(iter(s.values())) for attr, s in inputs["Network"].items()})
        self.time = time
        return time + 1

    def get_data(self, outputs: dict[str, list[str]]) -> dict[str, dict[str, float]]:
        network = {"thevenin_vm_pu": abs(INFINITE_BUS), "thevenin_x_pu": WHOLE.imag}
        if FAULT_TICK <= self.time < CLEARING_TICK:
            network = {"thevenin_vm_pu": 0.0, "thevenin_x_pu": TRANSFORMER.imag}
        elif self.time >= CLEARING_TICK:
            network["thevenin_x_pu"] = (TRANSFORMER + CIRCUIT_1).imag
        return {"Network": network}


HEARD: list[dict[str, Any]] = []


@pytest.fixture
def world() -> Iterator[mosaik.World]:
    simulators = {
        "Generator": {"python": "simulators.generator:GeneratorSimulator"},
        "Circuits": {"python": f"{__name__}:Circuits"},
    }
    with mosaik.World(simulators, skip_greetings=True, configure_logging=False, time_resolution=TICK_S) as world:
        yield world


def started(**params: Any) -> GeneratorSimulator:
    simulator = GeneratorSimulator()
    simulator.init("Generator-0", time_resolution=1.0, step_size=10)
    simulator.create(1, "Generator", **params)
    return simulator


def step(simulator: GeneratorSimulator, time: int, **inputs: Any) -> dict[str, Any]:
    simulator.step(time, {"Generator": {attr: {"Peer": value} for attr, value in inputs.items()}}, 0)
    return simulator.get_data({"Generator": list(simulator.OUTPUTS)})["Generator"]


def test_a_swing_in_the_loop_is_kundurs_swing(world: mosaik.World, reference_data: Path) -> None:
    generator = world.start("Generator").Generator(**KUNDUR)
    network = world.start("Circuits").Network()
    world.connect(generator, network, *GeneratorSimulator.OUTPUTS)
    initial = {"thevenin_vm_pu": 1.0, "thevenin_x_pu": 0.0}
    world.connect(network, generator, *initial, time_shifted=True, initial_data=initial)
    world.run(until=500, print_progress=False)

    swing = pd.DataFrame(HEARD).set_index("tick")
    reference = pd.read_csv(reference_data / "swing" / "kundur131_andes_tc070ms.csv")
    expected = np.interp(swing.index * TICK_S, reference["t"], reference["delta_deg"])
    assert len(swing) == 500
    assert np.max(np.abs(swing["rotor_angle_degree"] - expected)) < 0.02
    assert (swing["emf_va_degree"] == swing["rotor_angle_degree"]).all()
    assert swing["frequency_hz"].to_numpy() == pytest.approx(60 * swing["speed_pu"].to_numpy())


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
