"""Detectors trained by a run itself watch it: a gross attack is seen, and what was trained is found the next time."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from models.detection import EVERYDAY
from models.recording.alarms import RESIDUALS
from mosaik_scenarios import RunResult, Scenario, run
from mosaik_scenarios.incidents import rows_of

SCENARIO = Scenario(
    feeder="cigre_mv",
    start="2026-06-17T00:00:00+02:00",
    duration="12h",
    step="15min",
    training={"days": 1, "calibration_days": 1},
    attacks=[{"family": "bias", "start": "8h", "duration": "3h", "channels": ["v bus 1"], "bias": 0.08}],
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDTWIN_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def result(store: Path) -> RunResult:
    return run(SCENARIO)


def test_every_detector_sees_a_gross_attack(result: RunResult) -> None:
    score, threshold = result.detection["score"], result.detection["threshold"]
    assert set(score.columns) == set(EVERYDAY)
    attack_start = SCENARIO.start + SCENARIO.attacks[0].start
    for name in EVERYDAY:
        assert (score[name] > threshold[name]).loc[attack_start:].any(), name


def test_the_operator_is_alarmed_and_pointed_at_the_forged_channel(result: RunResult) -> None:
    attack_start = SCENARIO.start + SCENARIO.attacks[0].start
    last_forged = result.measurement.index[result.measurement["forged"]["v bus 1"]][-1]
    assert result.detection["alarm"].loc[last_forged].all()
    begun_with_the_attack = result.alarms.loc[attack_start:]
    pointed = begun_with_the_attack[begun_with_the_attack["detector"] == "largest_residual"]
    assert "v bus 1" in set(pointed["channel"])


def test_one_attack_is_one_episode_of_each_test_and_one_incident_of_all(result: RunResult) -> None:
    alarms = result.alarms.loc[SCENARIO.start + SCENARIO.attacks[0].start :]
    assert alarms["detector"].value_counts()[["chi_square", "largest_residual"]].tolist() == [1, 1]
    assert alarms.loc[alarms["detector"] != "lstm_autoencoder", "incident"].nunique() == 1


def test_an_alarm_and_the_tables_agree(result: RunResult) -> None:
    for alarm in rows_of(result.alarms):
        of_detector = result.detection.loc[alarm["time"] :]
        quiet = of_detector.index[~of_detector["alarm"][alarm["detector"]].astype(bool)]
        assert quiet[0] == alarm["cleared"] if len(quiet) else pd.isna(alarm["cleared"])
        score = of_detector["score"][alarm["detector"]]
        assert score.iloc[0] == alarm["score"] > alarm["threshold"]
        assert (score[score.index < quiet[0]] if len(quiet) else score).max() == alarm["peak_score"]
        scan = result.measurement.loc[alarm["time"]]
        assert scan["normalised_residual"].astype(float).nlargest(3).tolist() == [alarm[name] for name in RESIDUALS]
        first = int(of_detector["suspects"][f"{alarm['detector']}/1"].iloc[0])
        assert alarm["channel"] == list(scan["quality"].index)[first] if first >= 0 else pd.isna(alarm["channel"])
        assert (result.path / alarm["picture"]).is_file()


def test_what_was_trained_once_is_found_again(result: RunResult) -> None:
    stages: set[str] = set()
    again = run(SCENARIO, progress=lambda stage, _: stages.add(stage))
    assert stages == {"simulating", "drawing alarms"}
    pd.testing.assert_frame_equal(again.detection, result.detection, check_exact=True)
