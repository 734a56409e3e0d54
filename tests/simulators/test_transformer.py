"""Transformers under mosaik."""

from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pytest

from models.errors import UnknownNameError
from models.plant.transformer_nameplate import NameplateThermal
from models.plant.transformer_thermal import TransformerThermal
from simulators.transformer import TransformerSimulator

SIMULATORS: dict[str, Any] = {
    "Transformer": {"python": "simulators.transformer:TransformerSimulator"},
    "Driver": {"python": f"{__name__}:Driver"},
    "Probe": {"python": f"{__name__}:Probe"},
}
OUTPUTS = ("top_oil_c", "hot_spot_c", "ageing_acceleration", "loss_of_life_h")


class Driver(mosaik_api_v3.Simulator):
    """Sends loads and an ambient temperature that change every step."""

    def __init__(self) -> None:
        driver = {"public": True, "params": ["loads_pu", "ambients_c"], "attrs": ["load_pu", "ambient_c"]}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Driver": driver}})

    def create(self, num: int, model: str, loads_pu: list, ambients_c: list) -> list[dict[str, Any]]:
        self.loads_pu, self.ambients_c = loads_pu, ambients_c
        return [{"eid": "Driver", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        self.values = {"load_pu": np.array(self.loads_pu[time]), "ambient_c": self.ambients_c[time]}
        return time + 1

    def get_data(self, outputs: dict) -> dict:
        return {"Driver": self.values}


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


def run(
    steps: int, loads_pu: list | None = None, ambients_c: list | None = None, **params: Any
) -> list[dict[str, Any]]:
    """The outputs of every step of one minute."""
    with mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world:
        transformer = world.start("Transformer", time_resolution=60.0).Transformer(**params)
        if loads_pu is not None:
            driver = world.start("Driver").Driver(loads_pu=loads_pu, ambients_c=ambients_c)
            world.connect(driver, transformer, "load_pu", "ambient_c")
        world.connect(transformer, world.start("Probe").Probe(), *OUTPUTS)
        world.run(until=steps, print_progress=False)
    return Probe.received


def test_the_simulator_holds_what_arrived_until_the_next_step():
    nameplates = [NameplateThermal(), NameplateThermal(cooling="ONAF", loss_ratio=7)]
    loads_pu, ambients_c = [[0.5, 0.6], [1.2, 0.6], [1.2, np.nan]], [20.0, 20.5, 21.0]
    received = run(3, loads_pu, ambients_c, parameters=nameplates)
    model = TransformerThermal(nameplates)
    held = [(loads_pu[k], ambients_c[k]) for k in (0, 0, 1)]
    for seconds, outputs, (load_pu, ambient_c) in zip((0, 60, 60), received, held, strict=True):
        expected = model.step(seconds, load_pu, ambient_c)
        for name in OUTPUTS:
            np.testing.assert_array_equal(outputs[name], getattr(expected, name))


def test_parameters_may_be_plain_mappings():
    (mapped,) = run(1, [[0.8]], [10.0], parameters=[{"model": "nameplate", "top_oil_rise_k": 50}])
    (typed,) = run(1, [[0.8]], [10.0], parameters=[NameplateThermal(top_oil_rise_k=50)])
    np.testing.assert_array_equal(mapped["hot_spot_c"], typed["hot_spot_c"])


def test_a_cold_start_begins_at_ambient_temperature():
    (first,) = run(1, [[1.0]], [12.0], parameters=[{}], start="cold")
    assert first["hot_spot_c"] == first["top_oil_c"] == 12.0


def test_unconnected_transformers_idle_in_mild_air():
    first, second = run(2, parameters=[{}])
    assert 20 < first["top_oil_c"] < 40
    np.testing.assert_allclose(second["top_oil_c"], first["top_oil_c"])


def test_a_feeder_without_transformers_runs():
    received = run(2, [[], []], [20.0, 20.0], parameters=[])
    assert all(received[1][name].shape == (0,) for name in OUTPUTS)


def test_the_order_of_the_vectors_is_announced():
    simulator = TransformerSimulator()
    simulator.init("Transformer-0")
    (entity,) = simulator.create(1, "Transformer", parameters=[{}, {}], trafo_index=[4, 7])
    assert entity["extra_info"] == {"trafo": [4, 7]}


def test_an_unknown_start_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="cold, steady"):
        TransformerSimulator().build(parameters=[{}], start="warm")
