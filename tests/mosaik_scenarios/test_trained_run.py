"""A run whose detectors were trained on the twin's own days, from the clean days to the alarms."""

from pathlib import Path

import pytest

from models.detection import DETECTORS
from mosaik_scenarios import RunResult, Scenario, run

ATTACKED = "v bus 1"
SCENARIO = Scenario(
    feeder="cigre_mv",
    start="2026-06-17T00:00:00+02:00",
    duration="12h",
    step="15min",
    training={"days": 1, "calibration_days": 1},
    attacks=[{"family": "bias", "start": "8h", "duration": "3h", "channels": [ATTACKED], "bias": 0.08}],
)


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunResult:
    monkeypatch.setenv("GRIDTWIN_CACHE", str(tmp_path / "cache"))
    return run(SCENARIO, out=tmp_path / "run")


def test_every_detector_watches_and_sees_a_gross_attack(trained: RunResult) -> None:
    score, threshold = trained.detection["score"], trained.detection["threshold"]
    assert set(score.columns) == set(DETECTORS)
    attack_start = SCENARIO.start + SCENARIO.attacks[0].start
    for name in DETECTORS:
        assert (score[name] > threshold[name]).loc[attack_start:].any(), name
    alarms = trained.alarms
    assert set(alarms["detector"]) == set(DETECTORS)
    assert alarms[alarms["detector"] == "largest_residual"]["channel"].str.contains(ATTACKED).any()
