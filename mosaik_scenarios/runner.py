"""Run a scenario: from its description to a folder of tables."""

import time
from pathlib import Path
from tempfile import mkdtemp

from models.recording.run_folder import RunFolder
from mosaik_scenarios import manifest
from mosaik_scenarios.errors import SimulationFailedError
from mosaik_scenarios.progress import OnStage
from mosaik_scenarios.results import RunResult
from mosaik_scenarios.rhythm import Rhythm
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.topology import write_topology
from mosaik_scenarios.training import trained_detectors
from mosaik_scenarios.twin import Experiment
from mosaik_scenarios.world import rehearse, simulate
from networks.feeder import Feeder


def run(
    scenario: Scenario,
    out: str | Path | None = None,
    force: bool = False,
    progress: OnStage | None = None,
) -> RunResult:
    """Run `scenario` and return its tables.

    Parameters
    ----------
    scenario
        What to simulate.
    out
        Folder to write to; None takes a new temporary one.
    force
        Replace a run that lies in `out`.
    progress
        Called with what is being done and the share that is done. [0 to 1]

    Raises
    ------
    RunFolderExistsError
        If `out` holds a run already and `force` is not given.
    FeederError, ModelError, ScenarioError
        If something about the scenario cannot be simulated.
    SimulationFailedError
        If the simulation ended before its last step.
    """
    from networks.registry import load_feeder

    on_stage = progress or (lambda stage, share: None)
    feeder = load_feeder(scenario.feeder, scenario.extensions)
    rehearse(Experiment(scenario, feeder, detectors={}))
    described = {"title": feeder.title, "source": feeder.source, "approximations": list(feeder.approximations)}
    folder = manifest.claim(out or mkdtemp(prefix="gridtwin-"), scenario.as_mapping(), force, described)
    try:
        counts = _simulate_into(folder, scenario, feeder, on_stage)
    except KeyboardInterrupt:
        manifest.finish(folder, "interrupted")
        raise
    except BaseException as error:
        manifest.finish(folder, "failed", error=f"{type(error).__name__}: {error}")
        raise
    manifest.finish(folder, "complete", counts=counts)
    return RunResult(folder.path)


def _simulate_into(folder: RunFolder, scenario: Scenario, feeder: Feeder, on_stage: OnStage) -> dict[str, int | float]:
    """Train, simulate, check that the simulation came to its end, draw; returns what the manifest counts."""
    from mosaik_scenarios.report.pictures import draw_alarms

    detectors = trained_detectors(scenario, feeder, on_stage)
    experiment = Experiment(scenario, feeder, detectors, folder.path)
    write_topology(folder, feeder.net, experiment.roles.plan)
    start = time.process_time()
    simulate(experiment, lambda share: on_stage("simulating", share))
    cpu_s = time.process_time() - start
    result = RunResult(folder.path)
    steps, due = len(result.grid), Rhythm.of(scenario).regular_steps
    # mosaik logs the exception of a simulator in another process and returns as if all were well.
    if steps != due:
        raise SimulationFailedError(f"the simulation ended after {steps} of {due} steps; its log says why.")
    draw_alarms(result, lambda share: on_stage("drawing alarms", share))
    return {
        "steps": steps,
        "steps_not_converged": int((~result.grid["converged"].astype(bool)).to_numpy().sum()),
        "simulation_cpu_s": round(cpu_s, 3),
    }
