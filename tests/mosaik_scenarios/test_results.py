"""A run is read as tables: rows are time, columns are quantity and element."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from models.recording.run_folder import RunFolder
from mosaik_scenarios import RunResult
from mosaik_scenarios.errors import RunNotFoundError
from mosaik_scenarios.manifest import finish
from mosaik_scenarios.results import find_run

WriteRun = Callable[..., RunResult]


def test_a_quantity_is_time_by_element(small_run: RunResult) -> None:
    vm_pu = small_run.bus["vm_pu"]
    assert vm_pu.shape == (120, 3)
    assert vm_pu.columns.tolist() == [0, 1, 2]
    assert vm_pu.loc["2026-06-17T00:30:00+02:00", 2] == 0.94
    assert small_run.measurement["value_received"]["v bus 2"].iloc[60] == 0.97 + 0.05


def test_a_scalar_is_a_series_and_keeps_its_type(small_run: RunResult) -> None:
    converged = small_run.grid["converged"]
    assert isinstance(converged, pd.Series)
    assert converged.dtype == bool
    assert converged.sum() == 119


def test_every_detector_is_a_column(small_run: RunResult) -> None:
    assert small_run.detection["score"].columns.tolist() == ["chi_square", "largest_residual"]


def test_time_is_the_scenarios_own_clock(small_run: RunResult) -> None:
    assert small_run.bus.index[0] == pd.Timestamp("2026-06-17T00:00:00+02:00")
    assert small_run.bus.index[-1] - small_run.bus.index[0] == pd.Timedelta("119min")
    assert small_run.alarms.index.tz == small_run.bus.index.tz == small_run.events.index.tz


def test_events_tell_what_happened(small_run: RunResult) -> None:
    happened = [
        (f"{time:%H:%M}", event.kind, event.element, event.after)
        for time, event in small_run.events.iterrows()
        if event.kind != "recloser"
    ]
    assert happened == [
        ("00:40", "tap", "0", 1),
        ("01:00", "attack", "0 bias", 1),
        ("01:30", "attack", "0 bias", 0),
        ("01:40", "fault", "line 1", 1),
        ("01:40", "switch", "4", 0),
        ("01:41", "fault", "line 1", 0),
        ("01:45", "switch", "4", 1),
    ]


def test_alarms_tell_what_the_operator_saw(small_run: RunResult) -> None:
    alarms = small_run.alarms
    assert alarms.index.strftime("%H:%M").tolist() == ["00:10", "00:10", "01:02"]
    assert alarms["detector"].tolist() == ["chi_square", "largest_residual", "chi_square"]
    assert alarms["channel"].isna().tolist() == [True, False, True]
    assert alarms["bus"].tolist() == [pd.NA, 0, pd.NA]


def test_the_scenario_comes_back_as_it_was_run(small_run: RunResult) -> None:
    assert small_run.scenario.name == "small"
    assert small_run.scenario.as_mapping() == small_run.manifest["scenario"]
    assert small_run.status == "complete"


def test_an_unknown_table_names_those_there_are(small_run: RunResult) -> None:
    with pytest.raises(AttributeError, match=r"has no table 'buss'; it has bus, detection, .*weather"):
        small_run.buss  # noqa: B018
    assert {"bus", "grid", "summary"} <= set(dir(small_run))


def test_tables_are_read_by_pandas_alone(small_run: RunResult) -> None:
    bus = pd.read_parquet(small_run.path / "bus.parquet")
    assert bus.columns.tolist() == ["time_s", "vm_pu/0", "vm_pu/1", "vm_pu/2"]


def test_a_stopped_run_is_readable_up_to_its_last_chunk(tmp_path: Path, write_run: WriteRun) -> None:
    result = write_run(tmp_path / "run", complete=False, chunk_rows=50)
    assert result.status == "running"
    assert len(result.bus) == 100
    assert result.summary()


def test_a_run_stopped_before_its_first_chunk_has_empty_tables(tmp_path: Path, write_run: WriteRun) -> None:
    result = write_run(tmp_path / "run", complete=False, steps=3)
    assert result.tables == ()
    assert result.table("bus").empty
    assert result.events.empty
    assert result.alarms.empty
    assert "running" in result.summary()


def test_a_killed_process_leaves_an_interrupted_run(tmp_path: Path) -> None:
    code = (
        "import os, sys, signal\n"
        "from mosaik_scenarios.manifest import claim\n"
        "from mosaik_scenarios.scenario import Scenario\n"
        "claim(sys.argv[1], Scenario().as_mapping())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], cwd=root, check=False)
    assert RunResult(tmp_path / "run").status == "interrupted"


def test_a_failed_run_says_why_in_its_summary(tmp_path: Path, write_run: WriteRun) -> None:
    result = write_run(tmp_path / "run", complete=False)
    finish(RunFolder(tmp_path / "run"), "failed", error="OSError: no space left on device")
    assert "failed: OSError: no space left on device" in RunResult(result.path).summary()


def test_a_run_is_found_by_its_folder_or_by_its_name(
    tmp_path: Path, write_run: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(Path("runs") / "small", steps=1)
    assert find_run("small").path == find_run(os.path.join("runs", "small")).path
    with pytest.raises(RunNotFoundError, match="expected the folder of a run or a name in runs, got 'large'"):
        find_run("large")
