"""A run from Python: its tables, a user's own loads, and how it ends when something goes wrong."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.errors import NotObservableError
from models.recording.recorder import CHUNK_ROWS
from models.recording.run_folder import RunFolder
from mosaik_scenarios import RunResult, Scenario, run
from mosaik_scenarios.errors import RunFolderExistsError
from networks.registry import load_feeder

ROOT = Path(__file__).parents[2]
LARGEST_FILE = 16_384
PATIENCE_S = 120


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run(Scenario(feeder="cigre_mv", duration="10min", step="1min", seed=7, detectors=()))


@pytest.fixture
def write_loads(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Writes a CSV of 100 kW at every load of cigre_mv, with changes by (row, load)."""

    def write(rows: int = 12, changes: dict[tuple[int, int], float] | None = None) -> dict[str, str]:
        index = load_feeder("cigre_mv").net.load.index
        times = pd.date_range("2026-06-17", periods=rows, freq="1min", name="time")
        loads = pd.DataFrame(100.0, index=times, columns=[f"load_{load}" for load in index])
        for (row, load), kw in (changes or {}).items():
            loads.iloc[row, load] = kw
        path = tmp_path / "loads.csv"
        loads.to_csv(path)
        return {"path": str(path), "unit": "kW"}

    return write


@pytest.fixture
def full_disk() -> Iterator[Callable[[str, float], None]]:
    """A progress callback that lets no file grow any more once half of the run is done."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(stage: str, share: float) -> None:
        if stage == "simulating" and share > 0.5:
            resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, hard))

    yield fill
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def status_of(folder: Path) -> str:
    return RunResult(folder).status


def test_a_table_is_time_by_element(result: RunResult) -> None:
    vm_pu = result.bus["vm_pu"]
    assert vm_pu.shape == (10, 15)
    assert vm_pu.index[0] == pd.Timestamp("2026-06-17T00:00:00+02:00")
    assert vm_pu.columns.tolist() == load_feeder("cigre_mv").net.bus.index.tolist()
    assert vm_pu.stack().between(0.8, 1.2).all()


def test_what_the_source_delivers_is_drawn_or_lost(result: RunResult) -> None:
    drawn_mw = result.bus["p_mw"].drop(columns=load_feeder("cigre_mv").net.ext_grid.bus).sum(axis=1)
    delivered_mw = result.slack["p_mw"].sum(axis=1)
    np.testing.assert_allclose(delivered_mw, drawn_mw + result.grid["p_loss_mw"].squeeze(), rtol=1e-8)


def test_events_alarms_and_a_summary_are_there(result: RunResult) -> None:
    assert result.status == "complete"
    assert list(result.events.columns) == ["kind", "element", "before", "after"]
    assert result.alarms.empty
    assert "cigre_mv" in result.summary()


def test_a_run_reads_the_same_from_its_folder(result: RunResult) -> None:
    again = RunResult(result.path)
    assert again.scenario == result.scenario
    pd.testing.assert_frame_equal(again.bus, result.bus)


@pytest.mark.parametrize("feeder", ["cigre_mv", "ieee33"])
def test_with_ideal_meters_everywhere_the_estimate_is_the_truth(feeder: str) -> None:
    noon = Scenario(feeder=feeder, duration="3min", start="2026-06-17T12:00:00+02:00", detectors=())
    result = run(noon.with_overrides({"telemetry": "ideal", "telemetry.metering": "full", "telemetry.pmus": 3}))
    for estimated, true in (("vm_pu_estimated", "vm_pu"), ("va_degree_estimated", "va_degree")):
        np.testing.assert_allclose(result.estimate[estimated], result.bus[true], rtol=0, atol=1e-8)
    assert (result.estimate["objective"] < 1e-6).all(axis=None)
    assert (result.estimate["degrees_of_freedom"] > 50).all(axis=None)


def test_a_users_own_loads_drive_the_run(write_loads: Callable) -> None:
    loads = write_loads(changes={(4, 0): 400.0})
    result = run(Scenario(feeder="cigre_mv", duration="10min", loads=loads, detectors=()))
    bus = load_feeder("cigre_mv").net.load.bus.iloc[0]
    drawn_mw = result.bus["p_mw"][bus].to_numpy()
    elsewhere_mw = np.delete(drawn_mw, 4)
    assert drawn_mw[4] - elsewhere_mw == pytest.approx(np.full(9, 0.3))


def test_a_step_without_a_solution_is_marked_and_the_run_goes_on(write_loads: Callable) -> None:
    loads = write_loads(changes={(4, 3): 1e6})
    result = run(Scenario(feeder="cigre_mv", duration="10min", loads=loads, detectors=()))
    converged = result.grid["converged"].to_numpy().ravel().astype(bool)
    assert np.flatnonzero(~converged).tolist() == [4]
    assert result.manifest["counts"]["steps_not_converged"] == 1
    assert result.bus["vm_pu"].iloc[4].isna().all()
    assert result.bus["vm_pu"].drop(index=result.bus.index[4]).notna().all(axis=None)
    events = result.events[result.events["kind"] == "converged"]
    assert events["after"].tolist() == [0, 1]


def test_an_error_inside_the_loop_leaves_a_failed_run_that_can_be_read(tmp_path: Path) -> None:
    def break_off(stage: str, share: float) -> None:
        if share > 0.5:
            raise RuntimeError("the operator pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        run(Scenario(feeder="cigre_mv", duration="10min", detectors=()), out=tmp_path / "run", progress=break_off)
    failed = RunResult(tmp_path / "run")
    assert failed.status == "failed"
    assert failed.manifest["error"] == "RuntimeError: the operator pulled the plug"
    assert 5 <= len(failed.bus) < 10


@pytest.mark.filterwarnings("ignore:AsyncWorld was never shut down")
def test_a_full_disk_leaves_a_failed_run(tmp_path: Path, full_disk: Callable[[str, float], None]) -> None:
    with pytest.raises(OSError, match="File too large"):
        run(Scenario(duration="1h", detectors=()), out=tmp_path / "run", progress=full_disk)
    assert status_of(tmp_path / "run") == "failed"
    assert "failed" in RunResult(tmp_path / "run").summary()


def test_what_cannot_be_simulated_leaves_no_folder(tmp_path: Path, result: RunResult) -> None:
    unloaded = Scenario(feeder="cigre_mv", duration="5min", loads={"path": "nowhere.csv"}, detectors=())
    with pytest.raises(ValueError, match=r"nowhere\.csv"):
        run(unloaded, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_refused_scenario_does_not_replace_the_run_that_lies_there(tmp_path: Path) -> None:
    scenario = Scenario(feeder="cigre_mv", duration="2min", detectors=())
    run(scenario, out=tmp_path / "run")
    with pytest.raises(RunFolderExistsError):
        run(scenario, out=tmp_path / "run")
    with pytest.raises(ValueError, match=r"nowhere\.csv"):
        run(scenario.with_overrides({"loads": {"path": "nowhere.csv"}}), out=tmp_path / "run", force=True)
    assert status_of(tmp_path / "run") == "complete"


def gridtwin_in_the_background(folder: Path, until: Callable[[RunFolder], Any]) -> subprocess.Popen:
    """A run of many steps, under way until something lies in its folder."""
    command = [sys.executable, "-m", "mosaik_scenarios.cli", "run", "clean", "--out", str(folder), "--quiet"]
    options = ["--feeder", "cigre_mv", "--step", "1s", "--set", "detectors=[]"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command, *options],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the tests with & lets them, and so their children, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + PATIENCE_S
    while not until(RunFolder(folder)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def ended(process: subprocess.Popen, with_signal: int) -> tuple[int, str]:
    process.send_signal(with_signal)
    _, errors = process.communicate(timeout=PATIENCE_S)
    return process.returncode, errors


def test_a_killed_run_reads_as_interrupted_up_to_its_last_chunk(tmp_path: Path) -> None:
    process = gridtwin_in_the_background(tmp_path / "run", until=lambda folder: folder.parts("grid"))
    code, _ = ended(process, signal.SIGKILL)
    assert code == -signal.SIGKILL
    killed = RunResult(tmp_path / "run")
    assert killed.status == "interrupted"
    assert len(killed.grid) == CHUNK_ROWS
    assert {len(killed.table(table)) for table in killed.tables} <= {0, CHUNK_ROWS}
    assert "interrupted" in killed.summary()


def test_ctrl_c_ends_a_run_with_its_rows_and_without_a_traceback(tmp_path: Path) -> None:
    process = gridtwin_in_the_background(tmp_path / "run", until=lambda folder: folder.topology.exists())
    code, errors = ended(process, signal.SIGINT)
    assert code == 130
    assert "Traceback" not in errors
    stopped = RunResult(tmp_path / "run")
    assert stopped.status == "interrupted"
    assert len({len(stopped.table(table)) for table in stopped.tables}) <= 1


def test_metering_that_leaves_buses_open_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    feeder = load_feeder("cigre_mv")
    unseen = feeder.meters[feeder.meters.measurement_type != "v"]
    monkeypatch.setattr("networks.registry.load_feeder", lambda *_: type(feeder)(**{**vars(feeder), "meters": unseen}))
    with pytest.raises(NotObservableError, match="leaves the state of 15 of 15 buses open: 0, 1") as refusal:
        run(Scenario(feeder="cigre_mv", duration="2min", detectors=()))
    assert refusal.value.buses == tuple(feeder.net.bus.index)
