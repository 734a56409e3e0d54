"""The recorder under mosaik, and what is left of a run that is killed or runs out of disk."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pandas as pd
import pytest

from simulators.recorder import RecorderSimulator

SIMULATORS: dict[str, Any] = {
    "Ramp": {"python": f"{__name__}:RampSimulator"},
    "Recorder": {"python": "simulators.recorder:RecorderSimulator"},
}
START = "2026-06-17T00:00:00+02:00"

# Records 25 rows in chunks of 10, says so, and does what its argument says.
RECORDING = """
import resource, signal, sys, time
import numpy as np
from models.recording.recorder import Recorder

recorder = Recorder(sys.argv[1], "2026-06-17T00:00:00+02:00", elements={"bus": [0, 1], "events": [0, 1]}, chunk_rows=10)
rows = ({"bus/vm_pu": np.full(2, float(number)), "events/tap": np.full(2, number // 8)} for number in range(1000))
for time_s, row in zip(range(25), rows):
    recorder.record(float(time_s), row)
print("ready", flush=True)
if sys.argv[2] == "wait":
    time.sleep(60)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for time_s, row in zip(range(25, 1000), rows):
    recorder.record(float(time_s), row)
"""


class RampSimulator(mosaik_api_v3.Simulator):
    """Sends its time, as a vector and as a scalar, at every tick."""

    def __init__(self) -> None:
        model = {"public": True, "params": [], "attrs": ["vector", "scalar", "state"]}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Ramp": model}})

    def init(self, sid: str, time_resolution: float = 1.0, **params: Any) -> Any:
        return self.meta

    def create(self, num: int, model: str, **params: Any) -> Any:
        return [{"eid": f"{model}-{number}", "type": model} for number in range(num)]

    def step(self, time: int, inputs: Any, max_advance: int) -> int:
        self.time = time
        return time + 1

    def get_data(self, outputs: Any) -> Any:
        values = {
            "vector": np.array([self.time, -self.time], float),
            "scalar": float(self.time),
            "state": [self.time > 17],
        }
        return {eid: {attr: values[attr] for attr in attrs} for eid, attrs in outputs.items()}


def run_world(folder: Path, until: int, **params: Any) -> None:
    """Ten ticks of 0.1 s a step, every tick from 17 to 20."""
    with mosaik.World(SIMULATORS, time_resolution=0.1, skip_greetings=True, configure_logging=False) as world:
        ramp = world.start("Ramp").Ramp()
        simulator = world.start("Recorder", step_size=10, dense_windows=[(17, 20)])
        recorder = simulator.Recorder(folder=str(folder), start=START, **params)
        world.connect(
            ramp, recorder, ("vector", "bus/vm_pu"), ("scalar", "protection/i_ka"), ("state", "events/switch")
        )
        world.run(until=until, print_progress=False)


def test_it_records_any_attribute_at_its_own_rhythm(tmp_path: Path) -> None:
    elements = {"bus": [0, 1], "events/switch": [3]}
    run_world(tmp_path, until=31, elements=elements, dense_tables=["protection"])
    bus = pd.read_parquet(tmp_path / "bus.parquet")
    assert bus["time_s"].tolist() == [0, 1, 2, 3]
    assert bus["vm_pu/1"].tolist() == [0, -10, -20, -30]
    protection = pd.read_parquet(tmp_path / "protection.parquet")
    assert protection["time_s"].tolist() == pytest.approx([0, 1, 1.7, 1.8, 1.9, 2, 3])
    assert protection["i_ka"].tolist() == [0, 10, 17, 18, 19, 20, 30]


def test_an_event_is_seen_within_a_dense_window(tmp_path: Path) -> None:
    run_world(tmp_path, until=31, elements={"bus": [0, 1], "events/switch": [3]})
    (event,) = pd.read_parquet(tmp_path / "events.parquet").itertuples(index=False)
    assert (event.time_s, event.kind, event.element, event.before, event.after) == (
        pytest.approx(1.8),
        "switch",
        "3",
        0,
        1,
    )


def test_it_lists_its_parameters_and_takes_any_input() -> None:
    model = RecorderSimulator().meta["models"]["Recorder"]
    assert model["any_inputs"]
    assert {"folder", "start", "elements"} <= set(model["params"])


def start_recording(folder: Path, then: str) -> subprocess.Popen:
    command = [sys.executable, "-c", RECORDING, str(folder), then]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_whole_chunks(folder: Path) -> None:
    bus = pd.read_parquet(folder / "bus.parquet")
    assert bus["time_s"].tolist() == list(range(20))
    assert bus["vm_pu/0"].tolist() == list(range(20))
    assert pd.read_parquet(folder / "events.parquet")["time_s"].tolist() == [8, 8, 16, 16]


def test_a_killed_run_is_readable_up_to_its_last_chunk(tmp_path: Path) -> None:
    with start_recording(tmp_path, "wait") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert_whole_chunks(tmp_path)


def test_a_full_disk_is_an_os_error_and_leaves_whole_chunks(tmp_path: Path) -> None:
    process = start_recording(tmp_path, "fill the disk")
    _, errors = process.communicate(timeout=60)
    assert "OSError" in errors.splitlines()[-1]
    assert_whole_chunks(tmp_path)
    assert not list(tmp_path.rglob(".*"))
