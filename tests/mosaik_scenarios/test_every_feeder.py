"""Every registered feeder, attack, detector and scenario through the whole twin, a few steps each."""

from typing import Any

import numpy as np
import pandapower
import pytest

from models.attacks import ATTACKS
from mosaik_scenarios import RunResult, Scenario, catalogue, run
from mosaik_scenarios.attack_scenarios import ATTACK_SCENARIOS
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.roles import Roles
from networks import FEEDERS
from networks.feeder import Feeder
from networks.registry import load_feeder
from networks.supply import lines_behind
from simulators.attacker import AttackerSimulator

NOON = "2026-06-17T12:00:00+02:00"

# One way to use each family, so that a new one is not forgotten here: what it does, and to which channels.
VOLTAGE, VOLTAGES, CUSTOMER = ("v bus 5",), ("v bus 5", "v bus 7"), ("p bus 29", "q bus 29")
ATTACK_OF_FAMILY: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "bias": ({"bias": 0.1}, VOLTAGE),
    "scaling": ({"factor": 1.1}, VOLTAGE),
    "ramp": ({"slope_sigma": 100}, VOLTAGE),
    "noise": ({"noise_sigma": 10}, VOLTAGE),
    "replay": ({"age_s": 120}, VOLTAGE),
    "denial": ({"mode": "missing"}, VOLTAGE),
    "delay": ({"delay_s": 60}, CUSTOMER),
    "jitter": ({"delay_s": 90}, CUSTOMER),
    "stuck": ({"at": 0.0}, VOLTAGE),
    "drift": ({"drift_sigma": 100}, VOLTAGE),
    "spike": ({"height": 0.1, "probability": 1.0}, VOLTAGE),
    "gain": ({"ratio_error_percent": -5}, CUSTOMER),
    "wrong_sign": ({}, CUSTOMER),
    "wrong_phase": ({}, VOLTAGES),
    "theft": ({"factor": 0.5}, CUSTOMER),
    "stealthy": ({"bus": 7, "vm_change_pu": 0.02, "channels": VOLTAGES}, VOLTAGES),
    "breaker_state": ({}, ("closed switch 1",)),
    "surge": ({"change_pu": 0.03}, ()),
    "sag": ({"change_pu": 0.03}, ()),
    "tap_command": ({"trafo": 0, "steps": 4}, ()),
    "breaker_command": ({"switch": 1}, ()),
    "set_point": ({"factor": 0.0}, ()),
}


@pytest.mark.parametrize("name", FEEDERS)
def test_the_whole_twin_runs_on_every_feeder(name: str) -> None:
    # Of some hundred messages a scan one may be lost or late, and its old value is far from where the load has gone.
    punctual = {"loss_probability": 0, "latency_jitter": 0}
    result = run(Scenario(feeder=name, start=NOON, duration="3min", detectors=(), telemetry=punctual))
    assert result.grid["converged"].all(axis=None)
    assert len(result.bus) == 3
    assert result.summary()
    # Before the first scan has arrived there is nothing to estimate from.
    estimated, true = result.estimate["vm_pu_estimated"].iloc[1:], result.bus["vm_pu"].iloc[1:]
    np.testing.assert_allclose(estimated, true, atol=0.03)
    objective, threshold = (result.estimate[name].to_numpy() for name in ("objective", "chi_square_threshold"))
    assert not (objective > 2.0 * threshold).any()


@pytest.mark.parametrize("name", ["ieee33", "cigre_mv_der", "ieee118"])
def test_the_recorded_state_is_a_power_flow(name: str) -> None:
    result = run(Scenario(feeder=name, start=NOON, duration="2min", detectors=()))
    net = load_feeder(name).net
    last = result.bus.iloc[-1]
    net.load["in_service"] = net.sgen["in_service"] = net.gen["in_service"] = False
    net.trafo["tap_pos"] = result.trafo["tap_pos"].iloc[-1].to_numpy()
    for bus in net.bus.index.difference(net.ext_grid.bus):
        pandapower.create_load(net, bus, p_mw=last["p_mw"][bus], q_mvar=last["q_mvar"][bus])
    pandapower.runpp(net, calculate_voltage_angles=True, numba=False, tolerance_mva=1e-9)
    np.testing.assert_allclose(last["vm_pu"], net.res_bus.vm_pu, atol=1e-7)


@pytest.fixture(scope="module")
def staged() -> RunResult:
    """Every family on one timeline: two minutes of each, four minutes from onset to onset."""
    attacks = []
    for number, (family, (parameters, channels)) in enumerate(ATTACK_OF_FAMILY.items()):
        window = {"family": family, "start": f"{4 + 4 * number}min", "duration": "2min"}
        attacks.append({**window, **({"channels": channels} if channels else {}), **parameters})
    duration = f"{6 + 4 * len(attacks)}min"
    telemetry = {"loss_probability": 0}
    return run(Scenario(start=NOON, duration=duration, attacks=attacks, telemetry=telemetry, detectors=()))


def test_every_family_is_staged() -> None:
    assert ATTACK_OF_FAMILY.keys() == ATTACKS.keys()


@pytest.mark.parametrize("number", range(len(ATTACK_OF_FAMILY)), ids=list(ATTACK_OF_FAMILY))
def test_every_attack_runs_and_touches_only_its_target(staged: RunResult, number: int) -> None:
    family, (_, channels) = list(ATTACK_OF_FAMILY.items())[number]
    attack, measurement, begin = staged.attack, staged.measurement, 4 + 4 * number
    label = f"{number} {family}"
    active = np.zeros(len(attack), dtype=bool)
    active[begin : begin + 2] = True
    assert (attack["active"][label] == active).all()
    assert (attack["magnitude"][label] != 0).to_numpy()[~active].sum() == 0
    forged = attack["forged_by"] == number
    assert set(forged.columns[forged.any()]) == set(channels)
    assert not forged[~active].any(axis=None)
    np.testing.assert_array_equal(measurement["forged"], attack["forged_by"] >= 0)
    changed = attack["change"][active].fillna(1.0) != 0
    assert set(changed.columns[changed.any()]) == set(channels)


def test_what_is_real_at_the_plant_is_seen_at_the_plant(staged: RunResult) -> None:
    families = list(ATTACK_OF_FAMILY)
    during = {family: 4 + 4 * families.index(family) for family in families}
    source = staged.bus["vm_pu"][33]
    nominal = source.iloc[0]
    assert source.iloc[during["surge"]] == pytest.approx(nominal + 0.03)
    assert source.iloc[during["sag"]] == pytest.approx(nominal - 0.03)
    tap = staged.trafo["tap_pos"][0]
    assert tap.iloc[during["tap_command"]] == tap.iloc[during["tap_command"] - 1] + 4
    dead = staged.bus["vm_pu"][17].isna()
    assert dead.to_numpy().nonzero()[0].tolist() == [during["breaker_command"], during["breaker_command"] + 1]
    # At noon the sun's infeed is behind what the feeder draws; without it the slack delivers more.
    supplied = staged.slack["p_mw"].sum(axis=1)
    assert supplied.iloc[during["set_point"]] > supplied.iloc[during["set_point"] - 1] + 0.1


@pytest.fixture(scope="module")
def ieee33() -> Feeder:
    return load_feeder("ieee33")


@pytest.mark.parametrize("scenario", ATTACK_SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_attack_of_a_named_scenario_finds_its_targets(ieee33: Feeder, scenario: Scenario) -> None:
    assert scenario.feeder == "ieee33"
    attacker = AttackerSimulator().build(**Roles(scenario, ieee33).attacker())
    assert [attack.family for attack in attacker.attacks] == [attack.family for attack in scenario.attacks]
    assert all(attack.target_names for attack in attacker.attacks)


def test_every_family_has_a_named_scenario() -> None:
    assert {attack.family for scenario in catalogue.CATALOGUE.values() for attack in scenario.attacks} == set(ATTACKS)


# The steps of those above are like any day's until their attacks begin.
@pytest.mark.parametrize("name", sorted(catalogue.CATALOGUE.keys() - {scenario.name for scenario in ATTACK_SCENARIOS}))
def test_every_scenario_of_the_catalogue_begins(name: str) -> None:
    scenario = catalogue.find(name)
    beginning = scenario.lasting(10 * scenario.step).with_overrides({"detectors": []})
    assert run(beginning).status == "complete"


@pytest.mark.parametrize("name", [name for name in FEEDERS if name not in ("kundur_smib",)])
def test_the_days_fault_finds_a_place_or_is_refused(name: str) -> None:
    feeder = load_feeder(name)
    roles = Roles(catalogue.find("day").with_overrides({"feeder": name}), feeder)
    if "protection" in FEEDERS[name].extensions:
        (fault,) = roles.disturbances()["faults"]
        assert fault["line"] in lines_behind(feeder.net, int(feeder.reclosers.line.iloc[-1]))
    else:
        with pytest.raises(ScenarioError, match=f"feeder {name} has no recloser"):
            roles.disturbances()
