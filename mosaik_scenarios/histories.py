"""What detectors would have seen while a scenario went by, simulated in a process of its own.

``python -m mosaik_scenarios.histories SCENARIO.json HISTORY.npz`` simulates a scenario and keeps what the control room
knew; each line it prints is the share that is done, the last line of its errors says what went wrong.
"""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.detection.base import Detector
from models.detection.history import DetectorFrame, History
from mosaik_scenarios.errors import SimulationFailedError
from mosaik_scenarios.progress import OnProgress
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.subprocesses import Subprocesses, answer, tell_share
from mosaik_scenarios.twin import Experiment
from mosaik_scenarios.world import simulate
from networks.registry import load_feeder

SCENARIO, HISTORY = "scenario.json", "history.npz"
"""Files that a history in a process of its own leaves in its folder."""


class HistoryKeeper(Detector):
    """Sits in a detector's place and keeps every frame instead of judging it."""

    name = "history"

    def __init__(self, channels: tuple[str, ...], channel_bus: ArrayLike) -> None:
        super().__init__(threshold=float("inf"))
        self.channels = channels
        self.channel_bus = np.asarray(channel_bus, dtype=np.int64)
        self.frames: list[DetectorFrame] = []

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """Keep the frame; nothing is suspicious."""
        self.frames.append(frame)
        return 0.0, np.zeros(len(frame.value))

    @property
    def history(self) -> History:
        """All it has seen."""
        return History.of_frames(self.channels, self.frames, self.channel_bus)


def history_of(scenario: Scenario, on_progress: OnProgress | None = None) -> History:
    """What the control room saw on the channels that detectors judge while `scenario` went by."""
    feeder = load_feeder(scenario.feeder, scenario.extensions)
    roles = Roles(scenario, feeder)
    keeper = HistoryKeeper(roles.judged_channels, roles.judged_channel_buses)
    simulate(Experiment(scenario, feeder, {keeper.name: keeper}), on_progress)
    return keeper.history


def history_in_subprocess(scenario: Scenario, folder: Path, on_progress: OnProgress | None = None) -> History:
    """`history_of` in a Python process of its own, so that several can work at once.

    Parameters
    ----------
    scenario
        Its detectors do not matter.
    folder
        Empty, for the files that pass between the two processes.
    on_progress
        Called with the share that is done. [0 to 1]

    Raises
    ------
    SimulationFailedError
        With the last line of what went wrong there.
    """
    described, kept, errors = folder / SCENARIO, folder / HISTORY, folder / "errors.txt"
    scenario.to_file(described)
    with Subprocesses() as processes:
        reason = processes.run("mosaik_scenarios.histories", [str(described), str(kept)], errors, on_progress)
    if reason is not None:
        raise SimulationFailedError(
            f"simulating what detectors learn from, {scenario.duration.days or 'part of a'} day(s) from "
            f"{scenario.start.date()} on, failed: {reason} (without detectors there is nothing to learn)"
        )
    return History.load(kept)


def main(described: str, kept: str) -> None:
    """Simulate the scenario in one file, keep its history in another."""
    history = history_of(Scenario.from_file(described), tell_share)
    history.save(Path(kept))


if __name__ == "__main__":
    answer(main)
