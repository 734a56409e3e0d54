"""Attack-free days of the same feeder, simulated in a process of their own, for detectors to learn from.

``python -m mosaik_scenarios.clean_days SCENARIO.json HISTORY.npz`` simulates a clean scenario and keeps what the
control room saw; each line it prints is the share that is done.
"""

import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector
from models.detection.history import DetectorFrame, History
from mosaik_scenarios.errors import SimulationFailedError
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.sections import Area
from mosaik_scenarios.wiring import Experiment
from mosaik_scenarios.world import OnProgress, simulate
from networks.registry import load_feeder


class HistoryKeeper(Detector):
    """Sits in a detector's place and keeps every frame instead of judging it."""

    name = "history"

    def __init__(self) -> None:
        super().__init__(threshold=float("inf"))
        self.frames: list[DetectorFrame] = []

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """Keep the frame; nothing is suspicious."""
        self.frames.append(frame)
        return 0.0, np.zeros(len(frame.value))


def clean_scenario(scenario: Scenario, days_before: int, days: int) -> Scenario:
    """The same feeder `days_before` days earlier, for whole days from midnight on, and nothing goes wrong."""
    midnight = scenario.start.replace(hour=0, minute=0, second=0, microsecond=0)
    return scenario.model_copy(
        update={
            "start": midnight - timedelta(days=days_before),
            "duration": timedelta(days=days),
            "attacks": (),
            "faults": (),
            "switching": (),
            "area": Area(**scenario.area.model_dump(exclude={"load_steps", "generation_trips"})),
            "detectors": (),
        }
    )


def history_of(scenario: Scenario, on_progress: OnProgress | None = None) -> History:
    """What the control room saw while `scenario` went by."""
    feeder = load_feeder(scenario.feeder, scenario.extensions)
    keeper = HistoryKeeper()
    simulate(Experiment(scenario, feeder, {keeper.name: keeper}), on_progress)
    return History.of_frames(tuple(Roles(scenario, feeder).plan.name), keeper.frames)


def history_in_subprocess(scenario: Scenario, folder: Path, on_progress: OnProgress | None = None) -> History:
    """`history_of` in a Python process of its own, so that several can work at once.

    Raises
    ------
    SimulationFailedError
        With the last line of what went wrong there.
    """
    described, kept = folder / "scenario.json", folder / "history.npz"
    scenario.to_file(described)
    command: Sequence[str] = [sys.executable, "-m", "mosaik_scenarios.clean_days", str(described), str(kept)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if on_progress is not None:
                on_progress(float(line))
        errors = process.stderr.read().strip().splitlines()
    if process.returncode:
        reason = errors[-1] if errors else f"exit code {process.returncode}"
        raise SimulationFailedError(f"simulating clean days of feeder {scenario.feeder!r} failed: {reason}")
    return History.load(kept)


def main(described: str, kept: str) -> None:
    """Simulate the scenario in one file, keep its history in another."""
    history = history_of(Scenario.from_file(described), lambda share: print(f"{share:.3f}", flush=True))
    history.save(Path(kept))


if __name__ == "__main__":
    main(*sys.argv[1:])
