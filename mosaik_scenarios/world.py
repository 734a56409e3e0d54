"""One world, built and run to its end."""

from collections.abc import Callable
from typing import Any

from mosaik_scenarios.recording import connect_recorder
from mosaik_scenarios.twin import Experiment, Twin
from mosaik_scenarios.wiring import (
    SIMULATORS,
    close_the_loop,
    connect_control_room,
    connect_plant,
    connect_telemetry,
    start_simulators,
)

OnProgress = Callable[[float], None]
"""Called with the share of the work that is done. [0 to 1]"""

PROGRESS_CALLS = 200


def simulate(experiment: Experiment, on_progress: OnProgress | None = None) -> None:
    """Build the world of `experiment` and run it from start to end.

    What it finds is where the experiment put it: in the recorder's folder and in its detectors.
    """
    import mosaik

    rhythm = experiment.rhythm
    with mosaik.World(
        SIMULATORS,
        time_resolution=rhythm.tick_s,
        # mosaik's cache keeps, and sweeps at each step, all ticks since the slowest simulator's last: thousands in a
        # dense window.
        cache=False,
        skip_greetings=True,
        configure_logging=False,
    ) as world:
        twin = start_simulators(world, experiment)
        connect_plant(world, twin)
        connect_telemetry(world, twin)
        connect_control_room(world, twin)
        close_the_loop(world, twin)
        if twin.recorder is not None:
            connect_recorder(world, twin)
        if on_progress is not None:
            start_clock(world, twin, on_progress)
        world.run(until=rhythm.until, print_progress=False)


def start_clock(world: Any, twin: Twin, on_progress: OnProgress) -> None:
    """Report the progress of the grid."""
    experiment = twin.experiment
    duration_s = experiment.scenario.duration.total_seconds()
    started = world.start("Clock", step_size=max(1, experiment.rhythm.until // PROGRESS_CALLS))
    clock = started.Clock(on_step=lambda seconds: on_progress(seconds / duration_s))
    world.connect(twin.grid, clock, ("converged", "pace"))
