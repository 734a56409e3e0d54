"""Detectors trained on days that the twin simulates itself: found again, trained anew, and the same by seed."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from models.detection import DETECTORS
from mosaik_scenarios import RunResult, Scenario, run
from mosaik_scenarios.errors import SimulationFailedError

SCENARIO = Scenario(
    feeder="cigre_mv",
    start="2026-06-17T00:00:00+02:00",
    duration="12h",
    step="15min",
    training={"days": 1, "calibration_days": 1},
    attacks=[{"family": "bias", "start": "8h", "duration": "3h", "channels": ["v bus 1"], "bias": 0.08}],
)


@pytest.fixture(scope="module")
def stages() -> list[str]:
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def run_with_cache(folder: Path, stages: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], RunResult]:
    """Runs the scenario with the module's store of trained detectors, noting what is done."""
    monkeypatch.setenv("GRIDTWIN_CACHE", str(folder / "cache"))

    def run_scenario() -> RunResult:
        stages.clear()
        return run(SCENARIO, out=folder / "run", force=True, progress=lambda stage, _: stages.append(stage))

    return run_scenario


@pytest.fixture
def trained(run_with_cache: Callable[[], RunResult]) -> RunResult:
    return run_with_cache()


def stored(folder: Path) -> list[Path]:
    return sorted((folder / "cache").glob("*.npz"))


def test_every_detector_watches_and_sees_a_gross_attack(trained: RunResult, folder: Path) -> None:
    assert len(stored(folder)) == len(DETECTORS)
    score, threshold = trained.detection["score"], trained.detection["threshold"]
    assert set(score.columns) == set(DETECTORS)
    attack_start = SCENARIO.start + SCENARIO.attacks[0].start
    for name in DETECTORS:
        assert (score[name] > threshold[name]).loc[attack_start:].any(), name
    alarms = trained.alarms
    assert set(alarms["detector"]) == set(DETECTORS)
    assert alarms[alarms["detector"] == "largest_residual"]["channel"].str.contains("v bus 1").any()


def test_what_was_trained_once_is_found_again(
    trained: RunResult, run_with_cache: Callable[[], RunResult], stages: list[str]
) -> None:
    detection = trained.detection
    again = run_with_cache()
    assert set(stages) == {"simulating"}
    pd.testing.assert_frame_equal(again.detection, detection, check_exact=True)


def test_a_corrupt_model_is_trained_again_with_a_warning(
    trained: RunResult, run_with_cache: Callable[[], RunResult], folder: Path, stages: list[str]
) -> None:
    detection = trained.detection
    for file in stored(folder):
        file.write_bytes(file.read_bytes()[:100])
    with pytest.warns(UserWarning, match="no trained detector in it") as warned:
        again = run_with_cache()
    assert len([w for w in warned if "no trained detector" in str(w.message)]) == len(DETECTORS)
    assert "training lstm_autoencoder" in stages
    pd.testing.assert_frame_equal(again.detection, detection, check_exact=True)


def test_days_that_cannot_be_simulated_are_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDTWIN_CACHE", str(tmp_path / "cache"))
    times = pd.date_range("2026-06-17", periods=60, freq="15min", name="time")
    pd.DataFrame(100.0, index=times, columns=[f"load_{load}" for load in range(18)]).to_csv(tmp_path / "loads.csv")
    only_that_day = SCENARIO.with_overrides({"loads": {"path": str(tmp_path / "loads.csv")}})
    with pytest.raises(SimulationFailedError, match="the data begins at 2026-06-17") as refusal:
        run(only_that_day, out=tmp_path / "run")
    assert "\n" not in str(refusal.value)
    assert RunResult(tmp_path / "run").status == "failed"
