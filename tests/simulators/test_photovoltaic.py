"""Static generators under mosaik."""

from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pytest

from models.errors import InvalidParameterError
from models.plant.photovoltaic import PhotovoltaicSystem, StaticGenerators
from models.weather import WeatherSample
from simulators.photovoltaic import PhotovoltaicSimulator

SIMULATORS: dict[str, Any] = {
    "Photovoltaic": {"python": "simulators.photovoltaic:PhotovoltaicSimulator"},
    "Sky": {"python": f"{__name__}:Sky"},
    "Probe": {"python": f"{__name__}:Probe"},
}
NOON = {
    "dni_w_per_m2": 850.0,
    "ghi_w_per_m2": 800.0,
    "dhi_w_per_m2": 100.0,
    "ambient_c": 22.0,
    "wind_speed_m_per_s": 2.0,
    "sun_elevation_degree": 58.0,
    "sun_azimuth_degree": 180.0,
}
ROOF = {"peak_mw": 0.01, "power_factor": 0.95}


class Sky(mosaik_api_v3.Simulator):
    """Noon for ever."""

    def __init__(self) -> None:
        sky = {"public": True, "params": [], "attrs": list(NOON)}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Sky": sky}})

    def create(self, num: int, model: str) -> list[dict[str, Any]]:
        return [{"eid": "Sky", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        return time + 1

    def get_data(self, outputs: dict) -> dict:
        return {"Sky": NOON}


class Probe(mosaik_api_v3.Simulator):
    """Keeps what it receives."""

    received: list[dict[str, Any]]

    def __init__(self) -> None:
        probe = {"public": True, "params": [], "any_inputs": True, "attrs": []}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Probe": probe}})

    def create(self, num: int, model: str) -> list[dict[str, Any]]:
        Probe.received = []
        return [{"eid": "Probe", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        Probe.received.append({attr: next(iter(sources.values())) for attr, sources in inputs["Probe"].items()})
        return time + 1


def run(connected: bool = True, **params: Any) -> list[dict[str, Any]]:
    """The outputs of two steps."""
    with mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world:
        generators = world.start("Photovoltaic").Photovoltaic(**params)
        if connected:
            world.connect(world.start("Sky").Sky(), generators, *NOON)
        world.connect(generators, world.start("Probe").Probe(), "sgen_p_mw", "sgen_q_mvar")
        world.run(until=2, print_progress=False)
    return Probe.received


def test_photovoltaic_follows_the_sun_and_the_others_hold_their_power():
    params = {"p_mw": [0.2, 0.01], "q_mvar": [0.02, 0.0], "sgen_index": [3, 8]}
    *_, last = run(**params, photovoltaic={"8": ROOF})
    expected = StaticGenerators([0.2, 0.01], [0.02, 0.0], {1: PhotovoltaicSystem(**ROOF)}).power(WeatherSample(**NOON))
    np.testing.assert_array_equal(last["sgen_p_mw"], expected[0])
    np.testing.assert_array_equal(last["sgen_q_mvar"], expected[1])
    assert last["sgen_p_mw"][0] == 0.2
    assert 0.004 < last["sgen_p_mw"][1] < 0.01


def test_every_step_hands_out_arrays_of_its_own():
    first, second = run(p_mw=[0.2], q_mvar=[0.0])
    assert first["sgen_p_mw"] is not second["sgen_p_mw"]


def test_without_weather_it_is_night():
    *_, last = run(connected=False, p_mw=[0.2, 0.01], q_mvar=[0.0, 0.0], photovoltaic={1: ROOF})
    np.testing.assert_array_equal(last["sgen_p_mw"], [0.2, 0.0])


def test_a_feeder_without_static_generators_runs():
    *_, last = run()
    assert last["sgen_p_mw"].shape == last["sgen_q_mvar"].shape == (0,)


def test_the_order_of_the_vectors_is_announced():
    simulator = PhotovoltaicSimulator()
    simulator.init("Photovoltaic-0")
    (entity,) = simulator.create(1, "Photovoltaic", p_mw=[1, 2], q_mvar=[0, 0], sgen_index=[3, 8])
    assert entity["extra_info"] == {"sgen": [3, 8]}


def test_a_system_at_a_missing_generator_names_those_that_are_there():
    with pytest.raises(InvalidParameterError, match=r"sgen \[5\]; the net has sgen \[3, 8\]"):
        PhotovoltaicSimulator().build(p_mw=[1, 2], q_mvar=[0, 0], sgen_index=[3, 8], photovoltaic={5: ROOF})
