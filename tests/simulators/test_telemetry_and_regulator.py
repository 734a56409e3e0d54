"""Scada, attacker and voltage regulator under real mosaik, each alone and in a row."""

from collections.abc import Iterator
from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidParameterError
from models.telemetry.channel import ChannelSettings
from models.telemetry.instrument_errors import MeterSettings

SIMULATORS: dict[str, Any] = {
    "Scada": {"python": "simulators.scada:ScadaSimulator"},
    "Attacker": {"python": "simulators.attacker:AttackerSimulator"},
    "VoltageRegulator": {"python": "simulators.voltage_regulator:VoltageRegulatorSimulator"},
    "Plant": {"python": f"{__name__}:Plant"},
    "Logbook": {"python": f"{__name__}:Logbook"},
}
ORDER = {"bus": [0, 1], "line": [], "trafo": [4]}
PLAN = pd.DataFrame(
    {
        "name": ["v bus 0", "v bus 1"],
        "measurement_type": "v",
        "element_type": "bus",
        "element": [0, 1],
        "side": None,
        "accuracy_class": 0.5,
        "full_scale": 1.0,
        "std_dev": 0.001,
    }
)
REGULATOR = {"trafo": 4, "controlled_bus": 1, "tap_min": -9, "tap_max": 9, "bandwidth_pu": 0.03, "delay_s": 0.0}
TELEMETRY = ("value_received", "timestamp_s", "quality")
STEPS = 12


class Plant(mosaik_api_v3.Simulator):
    """Two buses; the second falls slowly and rises by 0.02 pu with every tap down."""

    def __init__(self) -> None:
        attrs = ["vm_pu", "tap_pos"]
        super().__init__(
            {
                "api_version": "3.0",
                "type": "time-based",
                "models": {"Plant": {"public": True, "params": [], "attrs": attrs}},
            }
        )

    def create(self, num: int, model: str) -> list[dict[str, Any]]:
        return [{"eid": "Plant", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        (taps,) = inputs.get("Plant", {}).get("tap_pos", {"": [0]}).values()
        self.vm_pu = np.array([1.0, 0.995 - 0.001 * time - 0.02 * taps[0]])
        return time + 1

    def get_data(self, outputs: dict) -> dict:
        return {"Plant": {"vm_pu": self.vm_pu}}


class Logbook(mosaik_api_v3.Simulator):
    """Keeps what it is sent, by attribute and step."""

    def __init__(self) -> None:
        super().__init__(
            {
                "api_version": "3.0",
                "type": "time-based",
                "models": {"Logbook": {"public": True, "any_inputs": True, "params": ["pages"], "attrs": []}},
            }
        )

    def create(self, num: int, model: str, pages: dict[str, list]) -> list[dict[str, Any]]:
        self.pages = pages
        return [{"eid": "Logbook", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        for attr, sources in inputs.get("Logbook", {}).items():
            self.pages.setdefault(attr, []).extend(sources.values())
        return time + 1

    def get_data(self, outputs: dict) -> dict:
        return {}


@pytest.fixture
def world() -> Iterator[mosaik.World]:
    with mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world:
        yield world


def run_chain(
    attacks: tuple[dict[str, Any], ...] = (),
    regulators: tuple[dict[str, Any], ...] = (),
    source: str = "measured",
    ideal: bool = False,
    vectors: str = "arrays",
) -> dict[str, np.ndarray]:
    """Plant, telemetry, attacker and regulator in a closed loop; returns (step, element) tables by attribute."""
    pages: dict[str, list] = {}
    scada_settings = (
        {"meter_settings": MeterSettings.ideal(), "channel_settings": ChannelSettings.ideal()} if ideal else {}
    )
    with mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world:
        plant = world.start("Plant").Plant()
        scada = world.start("Scada", vectors=vectors).Scada(plan=PLAN, order=ORDER, seed=7, **scada_settings)
        attacker = world.start("Attacker", vectors=vectors).Attacker(attacks=attacks, plan=PLAN, seed=7)
        regulator = world.start("VoltageRegulator", vectors=vectors).VoltageRegulator(
            regulators=regulators, order=ORDER, tap_pos=[0], source=source, plan=PLAN
        )
        logbook = world.start("Logbook").Logbook(pages=pages)
        world.connect(plant, scada, "vm_pu")
        world.connect(scada, attacker, *TELEMETRY)
        if source == "measured":
            world.connect(attacker, regulator, "value_received")
        else:
            world.connect(plant, regulator, "vm_pu")
        world.connect(regulator, plant, "tap_pos", time_shifted=True, initial_data={"tap_pos": np.array([0])})
        world.connect(plant, logbook, "vm_pu")
        world.connect(scada, logbook, "value_measured", ("value_received", "value_sent"), ("quality", "quality_sent"))
        world.connect(attacker, logbook, *TELEMETRY, "forged", "attack_active")
        world.connect(regulator, logbook, "tap_pos", "operations")
        world.run(until=STEPS, print_progress=False)
    return {attr: np.array(rows) for attr, rows in pages.items()}


def test_ideal_telemetry_delivers_the_truth() -> None:
    table = run_chain(ideal=True)
    np.testing.assert_array_equal(table["value_measured"], table["vm_pu"])
    np.testing.assert_array_equal(table["value_received"], table["vm_pu"])
    np.testing.assert_array_equal(table["timestamp_s"], np.tile(np.arange(STEPS)[:, None], 2))
    assert not table["quality"].any()


def test_without_an_attack_the_control_room_gets_what_the_channel_delivered() -> None:
    table = run_chain()
    np.testing.assert_array_equal(table["value_received"], table["value_sent"])
    np.testing.assert_array_equal(table["quality"], table["quality_sent"])
    assert table["attack_active"].shape == (STEPS, 0)
    assert not table["forged"].any()


def test_a_clean_and_an_attacked_run_are_identical_until_the_attack_begins() -> None:
    attack = {"family": "bias", "start_s": 6.0, "duration_s": 3.0, "channels": ["v bus 1"], "bias": 0.1}
    clean = run_chain(regulators=(REGULATOR,))
    attacked = run_chain(attacks=(attack,), regulators=(REGULATOR,))
    for attr in clean.keys() - {"attack_active"}:
        np.testing.assert_array_equal(clean[attr][:6], attacked[attr][:6], err_msg=attr)
    assert attacked["attack_active"].ravel().tolist() == [0] * 6 + [1] * 3 + [0] * 3
    assert attacked["forged"].sum(axis=0).tolist() == [0, 3]
    assert not np.array_equal(clean["value_received"][6:9], attacked["value_received"][6:9])


def test_the_regulator_holds_the_voltage_that_it_measures() -> None:
    table = run_chain(regulators=(REGULATOR,), ideal=True)
    free = run_chain(ideal=True)
    assert free["vm_pu"][-1, 1] < 0.985
    assert table["vm_pu"][-1, 1] > 0.985
    assert table["operations"][-1] == abs(table["tap_pos"][-1]) == 1


@pytest.mark.parametrize(("source", "taps_moved"), [("measured", True), ("estimated", False)])
def test_a_forged_measurement_moves_a_tap_that_trusts_it(source: str, taps_moved: bool) -> None:
    attack = {"family": "bias", "start_s": 2.0, "duration_s": 4.0, "channels": ["v bus 1"], "bias": 0.1}
    table = run_chain(attacks=(attack,), regulators=(REGULATOR,), source=source, ideal=True)
    assert bool(table["tap_pos"][:6].any()) is taps_moved


def test_same_seed_gives_the_same_tables() -> None:
    one, other = run_chain(), run_chain()
    for attr in one:
        np.testing.assert_array_equal(one[attr], other[attr], err_msg=attr)


def test_lists_cross_instead_of_arrays_where_the_wire_is_json() -> None:
    table = run_chain(regulators=(REGULATOR,), vectors="lists", ideal=True)
    np.testing.assert_array_equal(table["value_received"], table["vm_pu"])


def test_entities_announce_the_order_of_their_vectors(world: mosaik.World) -> None:
    attack = {"family": "denial", "start_s": 0.0, "duration_s": 1.0, "channels": ["v bus 1"]}
    scada = world.start("Scada").Scada(plan=PLAN.to_dict("records"), order=ORDER)
    attacker = world.start("Attacker").Attacker(attacks=[attack], plan=PLAN.to_dict("records"))
    regulator = world.start("VoltageRegulator").VoltageRegulator(order=ORDER, regulators=[REGULATOR])
    assert scada.extra_info == {"channel": ["v bus 0", "v bus 1"]}
    assert attacker.extra_info == {
        "channel": ["v bus 0", "v bus 1"],
        "attack": ["denial (missing) on v bus 1"],
        "target": [["v bus 1"]],
    }
    assert regulator.extra_info == {"trafo": [4], "regulator": [4]}


def test_a_wrong_source_of_voltages_is_refused(world: mosaik.World) -> None:
    regulator = world.start("VoltageRegulator")
    with pytest.raises(InvalidParameterError, match="'estimated' or 'measured', got 'guessed'"):
        regulator.VoltageRegulator(order=ORDER, source="guessed")
    with pytest.raises(InvalidParameterError, match="give plan"):
        regulator.VoltageRegulator(order=ORDER, source="measured")
