"""Loads and weather under real mosaik."""

from pathlib import Path
from typing import Any

import mosaik
import numpy as np
import pytest

from models.errors import InvalidParameterError, InvalidProfileError
from networks import load_feeder
from simulators.profiles import ProfilesSimulator

LOADS = [
    {"load": 3, "p_mw": 0.2, "q_mvar": 0.05, "profile": "h0"},
    {"load": 8, "p_mw": 0.4, "q_mvar": 0.1, "profile": "g0"},
]
PARAMS: dict[str, Any] = {
    "loads": LOADS,
    "start": "2024-06-21T12:00",
    "seed": 7,
    "location": {"latitude": 49.0, "longitude": 8.4, "timezone": "Europe/Berlin", "altitude": 115.0},
}
VECTORS = ("load_p_mw", "load_q_mvar", "load_p_mw_forecast", "load_q_mvar_forecast")


@pytest.fixture
def world() -> Any:
    simulators: Any = {"Profiles": {"python": "simulators.profiles:ProfilesSimulator"}}
    with mosaik.World(simulators, skip_greetings=True, configure_logging=False) as world:
        yield world


def outputs(world: Any, entity: Any) -> dict[str, Any]:
    return world.get_data([entity], *ProfilesSimulator.OUTPUTS)[entity]


def test_every_attribute_is_there_after_a_step(world: Any) -> None:
    entity = world.start("Profiles", time_resolution=60.0).Profiles(**PARAMS)
    world.run(until=30, print_progress=False)
    data = outputs(world, entity)
    assert all(data[name].shape == (2,) for name in VECTORS)
    assert data["ghi_w_per_m2"] > 500
    assert all(np.isfinite(np.asarray(value)).all() for value in data.values())


def test_entity_announces_the_order_of_its_loads(world: Any) -> None:
    entity = world.start("Profiles").Profiles(**PARAMS)
    assert entity.extra_info == {"load": [3, 8]}


def test_simulator_hands_out_what_the_model_says_at_its_time() -> None:
    simulator = ProfilesSimulator()
    simulator.init("Profiles-0", time_resolution=60.0)
    model = simulator.build(**PARAMS)
    first, second = (simulator.advance(model, seconds, {}) for seconds in (0.0, 3600.0))
    np.testing.assert_array_equal(second["load_p_mw"], model.loads.at(3600.0)[0])
    assert (first["load_p_mw"] != second["load_p_mw"]).all()
    assert first["sun_azimuth_degree"] < second["sun_azimuth_degree"]


def test_nominal_data_and_constant_weather_stay(world: Any) -> None:
    entity = world.start("Profiles").Profiles(**PARAMS, data="nominal", weather={"ambient_c": 30.0})
    world.run(until=3, print_progress=False)
    data = outputs(world, entity)
    assert data["load_p_mw"].tolist() == data["load_p_mw_forecast"].tolist() == [0.2, 0.4]
    assert (data["ambient_c"], data["ghi_w_per_m2"]) == (30.0, 0.0)


def test_a_users_file_drives_the_loads(world: Any, tmp_path: Path) -> None:
    path = tmp_path / "loads.csv"
    path.write_text("t,3,8\n2024-06-21T12:00,100,200\n2024-06-21T13:00,100,200\n")
    data = {"path": str(path), "q_path": None, "unit": "kW"}
    entity = world.start("Profiles", time_resolution=60.0).Profiles(**PARAMS, duration_s=3600.0, data=data)
    world.run(until=60, print_progress=False)
    np.testing.assert_allclose(outputs(world, entity)["load_p_mw"], [0.1, 0.2])
    with pytest.raises(InvalidProfileError, match="before the scenario"):
        ProfilesSimulator().build(**PARAMS, duration_s=1e6, data=data)


def test_a_feeders_own_tables_fit(world: Any) -> None:
    feeder = load_feeder("cigre_mv_der")
    place = PARAMS | {"loads": feeder.loads(), "location": vars(feeder.location)}
    entity = world.start("Profiles", time_resolution=60.0).Profiles(**place)
    world.run(until=2, print_progress=False)
    load_p_mw = outputs(world, entity)["load_p_mw"]
    assert entity.extra_info == {"load": feeder.net.load.index.tolist()}
    assert (load_p_mw > 0).all()
    assert load_p_mw.sum() < 1.2 * feeder.net.load.p_mw.sum()


def test_unknown_data_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="'weekly'; give 'standard', 'nominal'"):
        ProfilesSimulator().build(**PARAMS, data="weekly")
