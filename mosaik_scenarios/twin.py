"""One experiment, and the entities of the world that is built from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mosaik_scenarios.rhythm import Rhythm
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.scenario import Scenario
from networks.feeder import Feeder


@dataclass(frozen=True)
class Experiment:
    """All that a world is built from.

    Attributes
    ----------
    scenario, feeder
        What is simulated, and on which network.
    detectors
        Detectors by name, ready to watch.
    folder
        Where the recorder writes; None runs without one.
    """

    scenario: Scenario
    feeder: Feeder
    detectors: Mapping[str, Any]
    folder: Path | None = None

    @cached_property
    def rhythm(self) -> Rhythm:
        """The experiment's time in ticks."""
        return Rhythm.of(self.scenario)

    @cached_property
    def roles(self) -> Roles:
        """What every simulator is told at its start."""
        return Roles(self.scenario, self.feeder)


@dataclass
class Twin:
    """The entities of one world."""

    experiment: Experiment
    profiles: Any
    photovoltaic: Any
    disturbances: Any
    generator: Any
    grid: Any
    transformer: Any
    scada: Any
    attacker: Any
    field_attacker: Any
    estimator: Any
    detectors: dict[str, Any]
    regulator: Any
    recloser: Any
    recorder: Any | None

    @property
    def hosts_machine(self) -> bool:
        """Whether the feeder hosts a machine whose EMF is one of its slacks."""
        return len(self.experiment.feeder.machines) > 0
