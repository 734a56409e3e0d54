"""One world, built and run to its end."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mosaik_scenarios.progress import OnProgress
from mosaik_scenarios.recording import connect_recorder
from mosaik_scenarios.twin import Experiment, Twin
from mosaik_scenarios.wiring import (
    SIMULATORS,
    close_the_loop,
    connect_control_room,
    connect_plant,
    connect_telemetry,
    hold_back_the_sources,
    start_simulators,
)

PROGRESS_CALLS = 200


def rehearse(experiment: Experiment) -> None:
    """Build every simulator of `experiment` and let go of it: what is refused at the start is refused here.

    Raises
    ------
    FeederError, ModelError, ScenarioError
    """
    with world_of(experiment) as world:
        start_simulators(world, experiment)
    # A world refers to itself and has a destructor, in which a Ctrl-C would be lost: none is to be left for the run.
    gc.collect()


def simulate(experiment: Experiment, on_progress: OnProgress | None = None) -> None:
    """Build the world of `experiment` and run it from start to end.

    What it finds is where the experiment put it: in the recorder's folder and in its detectors.
    """
    with world_of(experiment) as world:
        twin = start_simulators(world, experiment)
        connect_plant(world, twin)
        connect_telemetry(world, twin)
        connect_control_room(world, twin)
        close_the_loop(world, twin)
        hold_back_the_sources(world, twin)
        if twin.recorder is not None:
            connect_recorder(world, twin)
        if on_progress is not None:
            start_clock(world, twin, on_progress)
        # Everybody waits for whom it reads, and the sources for the grid. That everybody also waits for all its
        # readers, as mosaik would have it, costs a quarter of its time and adds nothing.
        world.run(until=experiment.rhythm.until, print_progress=False, lazy_stepping=False)


def start_clock(world: Any, twin: Twin, on_progress: OnProgress) -> None:
    """Report how far the grid has come, a limited number of times."""
    rhythm, scenario = twin.experiment.rhythm, twin.experiment.scenario
    duration_s = scenario.duration.total_seconds()
    clock = world.start("Clock", step_size=max(1, rhythm.until // PROGRESS_CALLS))
    clock = clock.Clock(on_step=lambda seconds: on_progress(seconds / duration_s))
    world.connect(twin.grid, clock, ("converged", "after"))


@contextmanager
def world_of(experiment: Experiment) -> Iterator[Any]:
    """A world at the experiment's tick, shut down at the end."""
    import mosaik

    with mosaik.World(
        SIMULATORS,
        time_resolution=experiment.rhythm.tick_s,
        # mosaik's cache keeps, and sweeps at each step, all ticks since the slowest simulator's last: thousands in a
        # dense window.
        cache=False,
        skip_greetings=True,
        configure_logging=False,
    ) as world:
        try:
            yield world
        except BaseException:
            _stop_waiting(world.loop)
            raise


def _stop_waiting(loop: asyncio.AbstractEventLoop) -> None:
    """End the tasks of the simulators that wait for the one that failed; mosaik leaves them, and asyncio complains."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
