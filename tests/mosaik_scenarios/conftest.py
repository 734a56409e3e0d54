"""A small run to read: two hours of minutes, one attack, one fault, written by the project's own recorder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.recording.recorder import Recorder
from mosaik_scenarios.manifest import claim, finish
from mosaik_scenarios.results import RunResult
from mosaik_scenarios.scenario import Scenario

STEPS = 120
ATTACK = range(60, 90)
RECLOSER_STATES = {100: 1, 101: 2, 102: 2, 103: 2, 104: 3}
CHANNELS = ["v bus 0", "v bus 2", "p line 0 from"]
SCENARIO = Scenario(
    name="small",
    duration="2h",
    attacks=[{"family": "bias", "start": "1h", "duration": "30min", "channels": ["v bus 2"], "bias": 0.05}],
    faults=[{"line": 1, "start": "100min"}],
    detectors=["chi_square", "largest_residual"],
)


def row(step: int) -> dict[str, Any]:
    """What the twin would have recorded: voltage dips at 30, bus 2 is dead for 5 minutes, the attack is seen at 62."""
    under_attack = step in ATTACK
    low = 0.94 if step == 30 else 0.97
    vm_pu = np.array([1.0, 0.98, np.nan if 100 <= step < 105 else low])
    measured = np.array([1.0, low, 2.0])
    received = measured + np.array([0, 0.05 * under_attack, 0])
    seen = 62 <= step < 90
    return {
        "bus/vm_pu": vm_pu,
        "line/loading_percent": np.array([50.0 + step % 7, 20.0]),
        "trafo/tap_pos": np.array([1 if step >= 40 else 0]),
        "grid/converged": step != 110,
        "grid/p_loss_mw": 0.1,
        "slack/p_mw": np.array([3.0]),
        "generator/frequency_hz": 50.0 - 0.2 * (step == 50),
        "transformer/hot_spot_c": np.array([60.0 + step / 10]),
        "transformer/loss_of_life_h": np.array([step / 600]),
        "weather/ambient_c": 20.0,
        "measurement/value_measured": measured,
        "measurement/value_received": received,
        "measurement/forged": np.array([False, under_attack, False]),
        "measurement/value_estimated": measured,
        "measurement/value_expected": np.array([1.0, 0.96, 1.9]),
        "measurement/normalised_residual": np.array([np.nan, 9.0 if seen else 1.5, 4.0 if step == 10 else 0.5]),
        "measurement/quality": np.array([0, 0, int(step == 10)], dtype=np.int8),
        "measurement/removed": np.array([False, seen, False]),
        "estimate/vm_pu_estimated": np.array([1.0, 0.98, received[1]]),
        "estimate/objective": 12.0 if seen else 3.0,
        "estimate/chi_square_threshold": 10.0,
        "estimate/degrees_of_freedom": 4,
        "estimate/p_value": 0.017 if seen else 0.56,
        "protection/vm_pu": vm_pu,
        "protection/line_i_ka": np.array([0.1, 2.0 if step == 100 else 0.1]),
        "protection/recloser_state": np.array([RECLOSER_STATES.get(step, 5 if step > 104 else 0)]),
        "events/recloser": np.array([RECLOSER_STATES.get(step, 5 if step > 104 else 0)]),
        "events/fault": np.array([int(step == 100)]),
        "events/switch": np.array([not 100 <= step < 105]),
        "events/attack": np.array([int(under_attack)]),
        "detection/score/chi_square": 12.0 if seen or step == 10 else 3.0,
        "detection/threshold/chi_square": 10.0,
        "detection/alarm/chi_square": seen or step == 10,
        "detection/suspects/chi_square": np.array([-1, -1, -1]),
        "detection/score/largest_residual": 4.0 if step == 10 else 1.0,
        "detection/threshold/largest_residual": 3.0,
        "detection/alarm/largest_residual": step == 10,
        "detection/suspects/largest_residual": np.array([2, 1, -1]),
    }


def write_small_run(folder: Path, complete: bool = True, steps: int = STEPS, chunk_rows: int = 50) -> RunResult:
    """Record the run; an incomplete one is left as a process that was stopped leaves it."""
    run_folder = claim(folder, SCENARIO.as_mapping())
    elements = {
        "bus": [0, 1, 2],
        "estimate": [0, 1, 2],
        "line": [0, 1],
        "trafo": [0],
        "transformer": [0],
        "slack": [0],
        "measurement": CHANNELS,
        "detection": ["1", "2", "3"],
        "events/switch": [4],
        "events/attack": ["0 bias"],
        "events/fault": ["line 1"],
        "events/recloser": [1],
        "protection/vm_pu": [0, 1, 2],
        "protection/line_i_ka": [0, 1],
        "protection/recloser_state": [1],
    }
    recorder = Recorder(
        folder,
        SCENARIO.start,
        elements=elements,
        watch={"trafo/tap_pos": "tap"},
        before={"events/attack": 0},
        channels=CHANNELS,
        channel_buses=[0, 2, 0],
        chunk_rows=chunk_rows,
    )
    for step in range(steps):
        recorder.record(60.0 * step, row(step))
    if complete:
        recorder.close()
        finish(run_folder, "complete", counts={"steps": steps})
    return RunResult(folder)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The small run, complete; for reading only."""
    return write_small_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture
def write_run() -> Callable[..., RunResult]:
    """Writes the small run into a folder of the test's own."""
    return write_small_run
