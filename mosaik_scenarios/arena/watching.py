"""One detector on one feeder: trained, calibrated, and what it says of every test timeline, kept in files.

``python -m mosaik_scenarios.arena.watching ARENA FEEDER DETECTOR`` does it for an arena's folder; each line it prints
is the share that is done. What is there already and was made from the same is not made again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, overload
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector
from models.detection.history import History
from models.detection.model_store import ModelStore
from models.recording.run_folder import written_at_once
from mosaik_scenarios.arena.fingerprints import code_fingerprint, digest, record_fingerprint
from mosaik_scenarios.arena.plan import ArenaPlan, Role
from mosaik_scenarios.arena.timelines import HISTORY, Timeline, timelines_in
from mosaik_scenarios.progress import OnProgress
from mosaik_scenarios.subprocesses import answer, tell_share
from mosaik_scenarios.training import new_detector

PLAN, VERDICTS, TRAINING = "plan.json", "verdicts", "training.json"
TEST_ROLES: tuple[Role, ...] = ("clean", "attacked")
SEED = 0
TIMED_SCANS = 500
"""By which the cost of a scan is measured. [scans]"""

FITTED, CALIBRATED = 0.5, 0.7
"""Shares of the work that are done then, roughly. [0 to 1]"""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a detector said of a timeline.

    Attributes
    ----------
    score
        (n_scan,) [-]
    suspects
        (n_scan, n) Indices of the most suspicious channels, the most suspicious first.
    threshold
        As calibrated. [-]
    cpu_s
        CPU time it took. [s]
    """

    score: NDArray[np.float64]
    suspects: NDArray[np.int64]
    threshold: float
    cpu_s: float


@dataclass(frozen=True, eq=False)
class Watch:
    """One detector's work on one feeder's timelines.

    Attributes
    ----------
    feeder, detector
        Registered names.
    timelines
        Of the feeder, in all roles.
    folder
        Where its verdicts lie.
    alarms_per_day
        Budget of false alarms. [1/d]
    """

    feeder: str
    detector: str
    timelines: tuple[Timeline, ...]
    folder: Path
    alarms_per_day: float

    @classmethod
    def of_plan(cls, plan: ArenaPlan, out: Path, feeder: str, detector: str) -> Watch:
        """The work as an arena's plan asks for it."""
        timelines = tuple(timeline for timeline in timelines_in(plan, out) if timeline.place.feeder == feeder)
        return cls(feeder, detector, timelines, out / VERDICTS / feeder / detector, plan.alarms_per_day)

    def of_role(self, role: Role) -> tuple[Timeline, ...]:
        """The timelines for one purpose."""
        return tuple(timeline for timeline in self.timelines if timeline.place.role == role)

    @property
    def test_timelines(self) -> tuple[Timeline, ...]:
        """Those that are watched."""
        return tuple(timeline for role in TEST_ROLES for timeline in self.of_role(role))

    @cached_property
    def training_key(self) -> dict[str, Any]:
        """All that the trained detector depends on, as JSON."""
        detector = new_detector(self.detector)
        learned_from = {
            role: [record_fingerprint(timeline.folder / HISTORY) for timeline in self.of_role(role)]
            for role in ("train", "calibrate")
        }
        return {
            "detector": self.detector,
            "parameters": detector.parameters,
            "code": code_fingerprint(type(detector).__module__),
            **learned_from,
            "lead_in_scans": [timeline.lead_in_scans for timeline in self.of_role("calibrate")],
            "alarms_per_day": self.alarms_per_day,
            "seed": SEED,
        }

    def path(self, timeline: Timeline) -> Path:
        """Of the verdict on a timeline."""
        return self.folder / f"{timeline.place.name}.npz"

    def key(self, timeline: Timeline) -> str:
        """By what a verdict is known to be of this detector, trained on this, and of this timeline."""
        return digest({**self.training_key, "timeline": record_fingerprint(timeline.folder / HISTORY)})

    @property
    def missing(self) -> tuple[Timeline, ...]:
        """Timelines without a verdict."""
        return tuple(timeline for timeline in self.test_timelines if not self._is_there(timeline))

    def verdict(self, timeline: Timeline) -> Verdict:
        """What the detector said of a timeline."""
        with np.load(self.path(timeline), allow_pickle=False) as stored:
            return Verdict(stored["score"], stored["suspects"], float(stored["threshold"]), float(stored["cpu_s"]))

    @property
    def training(self) -> dict[str, Any]:
        """How the training went: `own_threshold` before calibration (None if it has none), `channels`, `fit_cpu_s`,
        `update_ms`.
        """
        return json.loads((self.folder / TRAINING).read_text(encoding="utf-8"))

    def do(self, on_progress: OnProgress = lambda share: None) -> None:
        """Train the detector unless it is kept, and judge the timelines that have no verdict."""
        missing = self.missing
        if not missing:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        detector = self._trained(on_progress)
        for number, timeline in enumerate(missing):
            on_progress(CALIBRATED + (1 - CALIBRATED) * number / len(missing))
            self._judge(detector, timeline)
        on_progress(1.0)

    def channels(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Names of the feeder's channels, and the bus at which each measures."""
        # An archive's members are read one by one: not the whole record for the names of its channels.
        with np.load(self.timelines[0].folder / HISTORY, allow_pickle=False) as stored:
            return tuple(stored["channels"].tolist()), stored["channel_bus"]

    def _is_there(self, timeline: Timeline) -> bool:
        key = self.key(timeline)
        try:
            with np.load(self.path(timeline), allow_pickle=False) as stored:
                return str(stored["key"]) == key
        except (OSError, KeyError, ValueError, BadZipFile):
            return False

    def _trained(self, on_progress: OnProgress) -> Detector:
        """From the folder, or fitted on the training records and calibrated on the others."""
        store = ModelStore(self.folder / "trained")
        kept = store.load(self.training_key, self.channels()[0]) if (self.folder / TRAINING).is_file() else None
        if kept is not None:
            return kept
        train, calibrate = (StoredHistories(self.of_role(role)) for role in ("train", "calibrate"))
        detector = new_detector(self.detector)
        begin = time.process_time()
        detector.fit(train, seed=SEED, progress=lambda share: on_progress(FITTED * share))
        own_threshold = detector.threshold if np.isfinite(detector.threshold) else None
        on_progress(FITTED)
        detector.calibrate(calibrate, self.alarms_per_day, calibrate.timelines[0].lead_in_scans)
        training = {
            "own_threshold": own_threshold,
            "channels": len(detector.channels),
            "fit_cpu_s": round(time.process_time() - begin, 3),
            "update_ms": _update_ms(detector, calibrate[0]),
        }
        store.save(self.training_key, detector)
        with written_at_once(self.folder / TRAINING) as draft:
            draft.write_text(json.dumps(training, indent=2) + "\n", encoding="utf-8")
        return detector

    def _judge(self, detector: Detector, timeline: Timeline) -> None:
        history = timeline.history
        begin = time.process_time()
        score, suspects = detector.watch(history)
        cpu_s = time.process_time() - begin
        with written_at_once(self.path(timeline)) as draft, draft.open("wb") as file:
            np.savez(
                file, key=self.key(timeline), score=score, suspects=suspects.astype(np.int32),
                threshold=detector.threshold, cpu_s=cpu_s,
            )  # fmt: skip


class StoredHistories(Sequence[History]):
    """Records of timelines, each read when it is asked for and not kept: all of them together may not fit in memory."""

    def __init__(self, timelines: Sequence[Timeline]) -> None:
        self.timelines = timelines

    def __len__(self) -> int:
        return len(self.timelines)

    @overload
    def __getitem__(self, place: int) -> History: ...
    @overload
    def __getitem__(self, place: slice) -> StoredHistories: ...
    def __getitem__(self, place: int | slice) -> History | StoredHistories:
        if isinstance(place, slice):
            return StoredHistories(self.timelines[place])
        return self.timelines[place].history


def _update_ms(detector: Detector, history: History) -> float:
    """CPU time of a scan in a stream. [ms]"""
    frames = list(islice(history, TIMED_SCANS))
    detector.reset()
    begin = time.process_time()
    for frame in frames:
        detector.update(frame)
    cpu_s = time.process_time() - begin
    detector.reset()
    return 1000 * cpu_s / len(frames)


def main(out: str, feeder: str, detector: str) -> None:
    """Do one detector's work on one feeder."""
    plan = ArenaPlan.from_file(Path(out) / PLAN)
    Watch.of_plan(plan, Path(out), feeder, detector).do(tell_share)


if __name__ == "__main__":
    answer(main)
