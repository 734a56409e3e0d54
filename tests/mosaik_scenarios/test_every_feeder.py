"""Every registered feeder, attack, detector and scenario through the whole twin, a few steps each."""

from pathlib import Path
from typing import Any

import numpy as np
import pandapower
import pytest

from models.attacks import ATTACKS
from models.detection import DETECTORS
from mosaik_scenarios import RunResult, Scenario, catalogue, run
from mosaik_scenarios.clean_days import history_of
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.manifest import claim, finish
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.twin import Experiment
from mosaik_scenarios.world import simulate
from networks import FEEDERS
from networks.registry import load_feeder
from networks.supply import lines_behind

NOON = "2026-06-17T12:00:00+02:00"
TEXTBOOK = ("chi_square", "largest_residual")

# One way to use each family, so that a new one is not forgotten here.
ATTACK_OF_FAMILY: dict[str, dict[str, Any]] = {
    "bias": {"channels": ["v bus 0"], "bias": 0.1},
    "denial": {"channels": ["v bus 0"], "mode": "missing"},
}


def watched_by_textbook_tests(scenario: Scenario, folder: Path) -> RunResult:
    """A run with both textbook tests at their textbook thresholds, fitted to the same steps."""
    feeder = load_feeder(scenario.feeder)
    detectors = {name: DETECTORS[name]() for name in TEXTBOOK}
    history = history_of(scenario)
    for detector in detectors.values():
        detector.fit(history)
    run_folder = claim(folder, scenario.as_mapping())
    simulate(Experiment(scenario, feeder, detectors, folder))
    finish(run_folder, "complete")
    return RunResult(folder)


@pytest.mark.parametrize("name", FEEDERS)
def test_the_whole_twin_runs_on_every_feeder(tmp_path: Path, name: str) -> None:
    # Of some hundred messages a scan one may be lost or late, and its old value is far from where the load has gone.
    punctual = {"loss_probability": 0, "latency_jitter": 0}
    scenario = Scenario(feeder=name, start=NOON, duration="3min", detectors=TEXTBOOK, telemetry=punctual)
    result = watched_by_textbook_tests(scenario, tmp_path / "run")
    assert result.grid["converged"].all(axis=None)
    assert len(result.bus) == 3
    score = result.detection["score"].iloc[1:]
    assert set(score.columns) == set(TEXTBOOK)
    # Textbook thresholds are for one test, not for hundreds of channels: honest scans come near them, not far above.
    assert (score < 2 * result.detection["threshold"].iloc[1:]).all(axis=None)
    assert result.summary()
    # Before the first scan has arrived there is nothing to estimate from.
    estimated, true = result.estimate["vm_pu_estimated"].iloc[1:], result.bus["vm_pu"].iloc[1:]
    np.testing.assert_allclose(estimated, true, atol=0.03)


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


@pytest.mark.parametrize("family", ATTACKS)
def test_every_attack_runs_and_touches_only_its_target(family: str) -> None:
    window = {"family": family, "start": "2min", "duration": "2min"}
    scenario = Scenario(
        duration="5min",
        attacks=[{**window, **ATTACK_OF_FAMILY[family]}],
        telemetry={"loss_probability": 0},
        detectors=(),
    )
    result = run(scenario)
    forged = result.measurement["forged"]
    assert forged["v bus 0"].tolist() == [False, False, True, True, False]
    assert not forged.drop(columns="v bus 0").any(axis=None)
    assert result.events[result.events["kind"] == "attack"]["after"].tolist() == [1, 0]


@pytest.mark.parametrize("name", catalogue.CATALOGUE)
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
