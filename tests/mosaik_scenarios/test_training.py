"""Detectors between the twin's clean days and the store: a tiny scenario, one day to learn, one to calibrate."""

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from models.detection.model_store import ModelStore
from mosaik_scenarios.clean_days import clean_scenario
from mosaik_scenarios.errors import SimulationFailedError
from mosaik_scenarios.histories import history_in_subprocess
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.training import trained_detectors, training_key
from networks.registry import load_feeder

DETECTORS = ("largest_residual", "pca", "ecod", "lstm_autoencoder")
TINY = Scenario(
    feeder="cigre_mv",
    start="2026-06-17T06:00:00+02:00",
    step="15min",
    duration="1h",
    detectors=DETECTORS,
    training={"days": 1, "calibration_days": 1},
)
PROJECT = Path(__file__).parents[2]


def changed(**fields):
    return Scenario(**TINY.as_mapping() | fields)


feeder_of = cache(load_feeder)


def key_of(scenario, feeder=None):
    feeder = feeder or feeder_of(scenario.feeder, scenario.extensions)
    return ModelStore().path(training_key("lstm_autoencoder", Roles(scenario, feeder)))


def train_in(folder, scenario=TINY):
    """Train with `folder` for a store; returns the detectors and the stages it took."""
    stages = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDTWIN_CACHE", str(folder))
        feeder = load_feeder(scenario.feeder, scenario.extensions)
        detectors = trained_detectors(scenario, feeder, lambda stage, share: stages.append((stage, share)))
    return detectors, stages


@pytest.fixture(scope="module")
def first_time(tmp_path_factory):
    """The store after the first training, what it gave, and what it warned of: one of the files was corrupt."""
    folder = tmp_path_factory.mktemp("store")
    (folder / key_of(TINY).name).write_bytes(b"no model")
    with pytest.warns(UserWarning, match="no trained detector in it") as warned:
        detectors, stages = train_in(folder)
    return folder, detectors, stages, warned


def test_detectors_come_ready_to_judge_and_in_the_scenarios_order(first_time):
    _, detectors, _, _ = first_time
    assert tuple(detectors) == DETECTORS
    assert all(np.isfinite(detector.threshold) for detector in detectors.values())


def test_progress_tells_the_stages_and_comes_to_its_end(first_time):
    _, _, stages, _ = first_time
    names = list(dict.fromkeys(stage for stage, _ in stages))
    assert names == ["simulating 2 clean days", "training lstm_autoencoder"]
    assert stages[-1] == ("training lstm_autoencoder", 1.0)
    assert all(0 <= share <= 1 for _, share in stages)


def test_the_second_time_they_come_from_the_store(first_time):
    folder, detectors, _, _ = first_time
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again, stages = train_in(folder)
    assert stages == []
    assert {name: d.threshold for name, d in again.items()} == {name: d.threshold for name, d in detectors.items()}


def test_a_corrupt_file_warns_once_and_is_trained_anew(first_time):
    folder, detectors, _, warned = first_time
    assert [str(warning.message).split(":")[0] for warning in warned] == [f"ignored {folder / key_of(TINY).name}"]
    assert np.isfinite(detectors["lstm_autoencoder"].threshold)


def test_without_detectors_nothing_is_simulated(tmp_path):
    assert train_in(tmp_path, changed(detectors=())) == ({}, [])


def test_what_goes_wrong_in_a_run_does_not_change_the_key():
    attack = {"family": "denial", "start": "0s", "duration": "1h", "count": 2}
    attacked = changed(name="other", duration="2h", attacks=[attack], start="2026-06-17T09:00:00+02:00")
    assert key_of(attacked) == key_of(TINY)


@pytest.mark.parametrize(
    "field",
    [
        {"seed": 2},
        {"step": "30min"},
        {"start": "2026-06-18T06:00:00+02:00"},
        {"start": "2026-06-17T06:00:00+01:00"},
        {"telemetry": {"metering": "full"}},
        {"telemetry": {"loss_probability": 0.1}},
        {"training": {"days": 2, "calibration_days": 1}},
        {"training": {"days": 1, "calibration_days": 1, "alarms_per_day": 0.5}},
        {"regulator": {"source": "measured"}},
        {"extensions": []},
    ],
)
def test_what_clean_days_depend_on_changes_the_key(field):
    assert key_of(changed(**field)) != key_of(TINY)


def test_a_changed_network_changes_the_key():
    feeder = load_feeder(TINY.feeder)
    feeder.net.line.loc[feeder.net.line.index[0], "length_km"] *= 1.01
    assert key_of(TINY, feeder) != key_of(TINY)


def test_the_states_of_taps_and_switches_are_nothing_to_learn_but_part_of_the_key():
    feeder = load_feeder(TINY.feeder)
    is_status = feeder.meters.measurement_type.isin(["tap", "closed"])
    readings = feeder.meters[~is_status].reset_index(drop=True)
    assert is_status.any()
    assert Roles(TINY, feeder).judged_channels == tuple(readings.name)
    assert key_of(TINY, feeder) != key_of(TINY, replace(feeder, meters=readings))


def test_other_load_data_in_the_same_file_change_the_key(tmp_path):
    loads = tmp_path / "loads.csv"
    scenario = changed(loads={"path": str(loads)})
    loads.write_text("time,p_1\n2026-06-17T00:00:00+02:00,1\n")
    before = key_of(scenario)
    loads.write_text("time,p_1\n2026-06-17T00:00:00+02:00,2\n")
    assert key_of(scenario) != before


def test_clean_days_are_whole_days_before_the_scenario_with_nothing_going_wrong():
    trouble = changed(
        attacks=[{"family": "denial", "start": "0s", "duration": "1h", "count": 2}],
        faults=[{"line": 3, "start": "10min"}],
        switching=[{"switch": 0, "at": "15min", "closed": False}],
        area={"load_steps": [{"at": "15min", "p_mw": 5}], "inertia_s": 7},
    )
    clean = clean_scenario(trouble, days_before=3, days=2)
    assert clean.start.isoformat() == "2026-06-14T00:00:00+02:00"
    assert clean.steps == 2 * 96
    assert clean.attacks == clean.faults == clean.switching == clean.area.load_steps == clean.detectors == ()
    assert clean.area.inertia_s == 7


def test_clean_days_share_the_customers_but_not_the_luck():
    feeder = load_feeder(TINY.feeder)
    days = [Roles(clean_scenario(TINY, days_before, 1), feeder) for days_before in (1, 2)]
    customers, luck = ({day.profiles()[seed] for day in days} for seed in ("customers_seed", "seed"))
    assert len(customers) == 1
    assert len(luck) == 2
    assert days[0].scada()["seed"] != days[1].scada()["seed"]


def test_what_fails_while_clean_days_are_simulated_is_one_line(tmp_path):
    scenario = clean_scenario(changed(loads={"path": "no such file.csv"}), days_before=1, days=1)
    with pytest.raises(SimulationFailedError, match=r"no such file\.csv") as failed:
        history_in_subprocess(scenario, tmp_path)
    assert len(str(failed.value).splitlines()) == 1


def test_a_plain_script_trains_once_with_relative_paths_beside_foreign_modules(tmp_path):
    """No ``__main__`` guard, feeder and loads by relative path, and a folder that is called as one of ours."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("raise RuntimeError('the wrong models')\n")
    write_feeder_and_loads(tmp_path)
    (tmp_path / "script").mkdir()
    script = tmp_path / "script" / "study.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "GRIDTWIN_CACHE": str(tmp_path / "store")}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["begins", "['chi_square'] complete"]


SCRIPT = """
from mosaik_scenarios import Scenario, run
print("begins")
result = run(Scenario(
    feeder="feeder.json", loads={"path": "loads.csv"}, start="2026-06-17T00:00:00+02:00", step="1h", duration="2h",
    detectors=["chi_square"], training={"days": 1, "calibration_days": 1},
), out="run")
print(list(result.scenario.detectors), result.status)
"""


def write_feeder_and_loads(folder):
    """A feeder as a user's own file, and hourly loads from the first training day to the end of the scenario."""
    import pandapower
    import pandas as pd

    net = load_feeder("cigre_mv", ()).net
    pandapower.to_json(net, str(folder / "feeder.json"))
    hours = pd.date_range("2026-06-15", periods=52, freq="h", tz="+02:00")
    columns = {
        f"{letter}_{load}": 1000 * net.load[quantity].at[load]
        for load in net.load.index
        for letter, quantity in (("p", "p_mw"), ("q", "q_mvar"))
    }
    pd.DataFrame(columns, index=pd.Index(hours, name="time")).to_csv(folder / "loads.csv")
