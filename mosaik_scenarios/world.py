"""One world, built and run to its end."""

from collections.abc import Callable

from mosaik_scenarios.recording import connect_recorder
from mosaik_scenarios.twin import Experiment
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
    with mosaik.World(SIMULATORS, time_resolution=rhythm.tick_s, skip_greetings=True, configure_logging=False) as world:
        twin = start_simulators(world, experiment)
        connect_plant(world, twin)
        connect_telemetry(world, twin)
        connect_control_room(world, twin)
        close_the_loop(world, twin)
        if twin.recorder is not None:
            connect_recorder(world, twin)
        if on_progress is not None:
            duration_s = experiment.scenario.duration.total_seconds()
            clock = world.start("Clock", step_size=max(1, rhythm.until // PROGRESS_CALLS))
            clock.Clock(on_step=lambda seconds: on_progress(seconds / duration_s))
        world.run(until=rhythm.until, print_progress=False)
