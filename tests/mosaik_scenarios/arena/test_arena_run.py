"""A tiny arena from its timelines to its tables: a day of half hours, one meter that is 60 standard deviations off."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mosaik_scenarios.arena.plan import ArenaPlan
from mosaik_scenarios.arena.result import ArenaResult, table_names
from mosaik_scenarios.arena.runner import arena
from mosaik_scenarios.arena.timelines import EVENTS, HISTORY, SCENARIO, timelines_in
from mosaik_scenarios.arena.watching import Watch
from mosaik_scenarios.errors import RunNotFoundError, SimulationFailedError
from mosaik_scenarios.histories import history_of
from mosaik_scenarios.scenario import Scenario

FEEDER, DETECTOR, CHANNEL = "cigre_mv", "largest_residual", "v bus 5"
ONSET, END = 36, 39
PLAN = ArenaPlan(
    feeders=(FEEDER,),
    kinds=("bias",),
    detectors=(DETECTOR,),
    seeds=1,
    training_days=1,
    calibration_days=1,
    clean_days=1,
    alarms_per_day=2.0,
)
SCENARIO_OF_ATTACK = Scenario(
    feeder=FEEDER,
    start="2026-05-04T00:00+01:00",
    duration="25h",
    step="30min",
    telemetry={"metering": "full"},
    attacks=[{"family": "bias", "channels": [CHANNEL], "bias_sigma": 60, "start": "18h", "duration": "2h"}],
    detectors=(),
)


def write_timelines(out: Path) -> None:
    """In place of the plan's own, which take minutes: one simulation, its quiet beginning in the other roles."""
    simulated = history_of(SCENARIO_OF_ATTACK)
    for timeline in timelines_in(PLAN, out):
        attacked = timeline.place.role == "attacked"
        timeline.folder.mkdir(parents=True)
        SCENARIO_OF_ATTACK.to_file(timeline.folder / SCENARIO)
        (simulated if attacked else simulated[:ONSET]).save(timeline.folder / HISTORY)
        event_rows(attacked).to_parquet(timeline.folder / EVENTS)


def event_rows(attacked: bool) -> pd.DataFrame:
    """The table of the one attack, or of none."""
    row = {"event": 0, "kind": "bias", "family": "bias", "level": 3, "magnitude": 60.0, "first_scan": ONSET}
    row |= {"last_scan": END, "channels": [CHANNEL], "buses": [5]}
    return pd.DataFrame([row]).iloc[: int(attacked)]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, ranking_library: None) -> Path:
    """The folder of a tiny arena, for reading only."""
    out = tmp_path_factory.mktemp("arena")
    write_timelines(out)
    stages: list[tuple[str, float]] = []
    arena(PLAN, out, progress=lambda *stage: stages.append(stage))
    assert stages[-1] == ("scoring", 1.0)
    assert any("watch" in stage and share == 1.0 for stage, share in stages)
    return out


@pytest.fixture
def copied(done: Path, tmp_path: Path) -> Path:
    """A copy of it to do harm to."""
    return shutil.copytree(done, tmp_path / "arena")


def watch_in(out: Path) -> Watch:
    return Watch.of_plan(PLAN, out, FEEDER, DETECTOR)


def test_a_gross_error_is_caught_at_once_and_found(done):
    (event,) = ArenaResult.load(done).events.to_dict("records")
    assert (event["feeder"], event["detector"], event["kind"]) == (FEEDER, DETECTOR, "bias")
    assert event["detected"]
    assert event["delay_scans"] == 0
    assert event["top1"]
    assert event["peak"] > event["threshold"]


def test_every_table_says_what_the_verdicts_say(done):
    result = ArenaResult.load(done)
    assert result.rates.set_index("kind").loc["all", ["events", "detected"]].tolist() == [1, 1]
    clean = result.false_alarms.set_index("role").loc["clean"]
    # Calibrated on this very record, whose first 24 half hours are the lead-in.
    assert clean["days"] == pytest.approx((ONSET - 24) / 48)
    assert clean["alarms"] == 0
    assert (result.ranking["vus_pr"] > 0.5).all()
    assert result.cost["update_ms"].item() > 0
    own, calibrated = result.textbook.to_dict("records")
    assert (own["thresholds"], own["threshold"]) == ("own", 3.0)
    assert calibrated["threshold"] == result.events["threshold"].item()


def test_tables_are_read_as_they_were_written(done):
    result = ArenaResult.load(done)
    for name in table_names():
        table = getattr(result, name)
        assert len(table) > 0 or name == "curves", name
        assert list(pd.read_csv(done / "tables" / f"{name}.csv").columns) == list(table.columns)


def test_a_finished_arena_has_nothing_left_to_do(done):
    assert watch_in(done).missing == ()


@pytest.mark.parametrize("harm", ["deleted", "half written", "of another detector"])
def test_only_the_verdict_that_is_gone_is_made_again(copied, harm):
    watch = watch_in(copied)
    lost, kept = watch.test_timelines
    verdict = watch.path(lost).read_bytes()
    before = np.load(watch.path(lost))["score"]
    if harm == "deleted":
        watch.path(lost).unlink()
    elif harm == "half written":
        watch.path(lost).write_bytes(verdict[: len(verdict) // 2])
    else:
        shutil.copy(watch.path(kept), watch.path(lost))
    assert watch.missing == (lost,)
    files = [watch.path(kept), watch.folder / "training.json"]
    for file in files:
        os.utime(file, ns=(1, 1))
    watch.do()
    assert watch.missing == ()
    assert [file.stat().st_mtime_ns for file in files] == [1, 1]
    np.testing.assert_array_equal(np.load(watch.path(lost))["score"], before)


def test_what_was_learned_from_another_record_is_learned_anew(copied):
    attacked = watch_in(copied).of_role("attacked")[0].folder / HISTORY
    shutil.copy(attacked, watch_in(copied).of_role("calibrate")[0].folder / HISTORY)
    assert len(watch_in(copied).missing) == 2


def test_what_goes_wrong_in_a_process_is_one_line_here(copied, ranking_library):
    lost = watch_in(copied).test_timelines[0]
    watch_in(copied).path(lost).unlink()
    record = bytearray((lost.folder / HISTORY).read_bytes())
    middle = len(record) // 2
    record[middle : middle + 100] = bytes(100)
    (lost.folder / HISTORY).write_bytes(record)
    with pytest.raises(SimulationFailedError, match=rf"^{DETECTOR} on {FEEDER} failed: [^\n]+$"):
        arena(PLAN, copied)


def test_a_folder_without_tables_is_refused(tmp_path):
    with pytest.raises(RunNotFoundError, match="holds no arena's result"):
        ArenaResult.load(tmp_path)
