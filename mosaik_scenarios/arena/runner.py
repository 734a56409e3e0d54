"""The arena from its plan to its tables: simulate, watch, score."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from models.recording.run_folder import written_at_once
from mosaik_scenarios.arena.plan import ArenaPlan
from mosaik_scenarios.arena.ranking import require_library
from mosaik_scenarios.arena.result import ArenaResult
from mosaik_scenarios.arena.tables import score
from mosaik_scenarios.arena.timelines import timelines
from mosaik_scenarios.arena.watching import PLAN, Watch
from mosaik_scenarios.errors import SimulationFailedError
from mosaik_scenarios.progress import OnStage
from mosaik_scenarios.subprocesses import Subprocesses


def arena(
    plan: ArenaPlan, out: str | Path, processes: int | None = None, progress: OnStage | None = None
) -> ArenaResult:
    """Let detectors meet attacks on whole timelines, and score them.

    What lies in the folder already and was made from the same is not made again: an arena that was stopped goes on, and
    one with another detector or seed more does only that.

    Parameters
    ----------
    plan
        Feeders, kinds of attacks, detectors, days and seeds.
    out
        Folder of the arena: ``timelines``, ``verdicts``, ``tables`` and the plan.
    processes
        At work at once; None takes one for every core.
    progress
        Called with what is being done and the share that is done. [0 to 1]

    Raises
    ------
    MissingLibraryError
        If the libraries of the extra ``arena`` are not installed.
    ScenarioError
        If a timeline cannot be as it is planned.
    SimulationFailedError
        If a timeline could not be simulated, or a detector not be trained or watch.
    """
    require_library()
    on_stage = progress or (lambda stage, share: None)
    out, processes = Path(out), processes or os.cpu_count() or 1
    out.mkdir(parents=True, exist_ok=True)
    with written_at_once(out / PLAN) as draft:
        plan.to_file(draft)
    timelines(plan, out, processes, on_stage)
    watches = [Watch.of_plan(plan, out, feeder, detector) for feeder in plan.feeders for detector in plan.detectors]
    watch_all(watches, out, processes, on_stage)
    result = score(watches, lambda share: on_stage("scoring", share))
    result.save(out)
    return result


def watch_all(watches: Sequence[Watch], out: Path, processes: int, on_stage: OnStage) -> None:
    """Make the verdicts that are missing, every detector and feeder in a process of its own, several at once.

    Raises
    ------
    SimulationFailedError
        With the last line of what went wrong there.
    """
    to_do = [watch for watch in watches if watch.missing]
    shares = dict.fromkeys(to_do, 0.0)
    # Processes share the cores; a library's threads beside them would only stand in each other's way.
    environment = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // processes))}

    def do(watch: Watch) -> None:
        def on_progress(share: float) -> None:
            shares[watch] = share
            on_stage(f"{len(to_do)} detectors train and watch", sum(shares.values()) / len(to_do))

        arguments = [str(out), watch.feeder, watch.detector]
        errors = folder / f"{watch.feeder}-{watch.detector}.txt"
        reason = workers.run("mosaik_scenarios.arena.watching", arguments, errors, on_progress, environment)
        if reason is not None:
            raise SimulationFailedError(f"{watch.detector} on {watch.feeder} failed: {reason}")

    with TemporaryDirectory() as temporary, ThreadPoolExecutor(max_workers=processes) as pool:
        folder = Path(temporary)
        with Subprocesses() as workers:
            for _ in pool.map(do, to_do):
                pass
