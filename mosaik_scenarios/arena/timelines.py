"""The arena's timelines: scenarios with or without attacks, simulated whole, and what detectors would have seen."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from models.detection.history import History
from models.random_streams import stream
from mosaik_scenarios.arena.events import KINDS, Kind
from mosaik_scenarios.arena.plan import EVENT, LEAD_IN, PAUSE, ArenaPlan, TimelinePlace
from mosaik_scenarios.arena.targets import Targets
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.histories import HISTORY, SCENARIO, history_in_subprocess
from mosaik_scenarios.progress import OnProgress, OnStage
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.scenario import Scenario
from networks.registry import load_feeder

if TYPE_CHECKING:
    from pandas import DataFrame

    from models.attacks.base import Attack

TIMELINES, EVENTS = "timelines", "events.parquet"
MEASURED_AT = {"trafo": "lv_bus", "switch": "bus", "ext_grid": "bus", "sgen": "bus"}


@dataclass(frozen=True)
class Event:
    """One attack of a timeline.

    Attributes
    ----------
    kind
        Key of `KINDS`.
    level
        1 to 3, from small to large.
    magnitude
        In the kind's measure.
    start
        Onset, since the timeline's start.
    parameters
        Of the attack's family.
    """

    kind: str
    level: int
    magnitude: float
    start: timedelta
    parameters: dict[str, Any]

    @property
    def attack(self) -> dict[str, Any]:
        """The attack as a scenario takes it."""
        return {"family": KINDS[self.kind].family, "start": self.start, "duration": EVENT, **self.parameters}


@dataclass(frozen=True)
class Timeline:
    """A timeline that was simulated, in its folder."""

    place: TimelinePlace
    folder: Path

    @cached_property
    def scenario(self) -> Scenario:
        """What was simulated."""
        return Scenario.from_file(self.folder / SCENARIO)

    @property
    def history(self) -> History:
        """What detectors would have seen, read anew each time: it may be large."""
        return History.load(self.folder / HISTORY)

    @cached_property
    def events(self) -> DataFrame:
        """One row an attack: event, kind, family, level, magnitude, first_scan and last_scan (rows of the history, the
        last one included), channels (names aimed at; empty where it is none) and buses.
        """
        import pandas as pd

        return pd.read_parquet(self.folder / EVENTS)

    @property
    def lead_in_scans(self) -> int:
        """Scans at the beginning in which nobody is judged."""
        return LEAD_IN // self.scenario.scan_period


def timelines(plan: ArenaPlan, out: Path, processes: int = 2, on_stage: OnStage | None = None) -> tuple[Timeline, ...]:
    """All timelines of an arena, those that are not in the folder yet simulated, several at once.

    Parameters
    ----------
    plan
        Which they are.
    out
        The arena's folder.
    processes
        Simulations at once.
    on_stage
        Called with what is being done and the share that is done.

    Raises
    ------
    ScenarioError
        If a kind of attack cannot be aimed at anything on a feeder, or a folder holds another timeline.
    SimulationFailedError
    """
    found = timelines_in(plan, out)
    missing = [timeline for timeline in found if not (timeline.folder / HISTORY).is_file()]
    total = sum((timeline.place.duration for timeline in missing), timedelta(0))
    shares = dict.fromkeys(missing, 0.0)

    def make(timeline: Timeline) -> None:
        def on_progress(share: float) -> None:
            shares[timeline] = share
            if on_stage is not None:
                done = sum((share * some.place.duration for some, share in shares.items()), timedelta(0))
                on_stage(f"simulating {len(missing)} timelines", done / total)

        simulate(plan, timeline, on_progress)

    with ThreadPoolExecutor(max_workers=processes) as pool:
        for _ in pool.map(make, missing):
            pass
    return found


def timelines_in(plan: ArenaPlan, out: Path) -> tuple[Timeline, ...]:
    """All timelines of an arena where they belong, simulated or not."""
    return tuple(Timeline(place, out / TIMELINES / place.feeder / place.name) for place in plan.places)


def simulate(plan: ArenaPlan, timeline: Timeline, on_progress: OnProgress | None = None) -> None:
    """Simulate one timeline into its folder, which is there only when all of it is."""
    timeline.folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(dir=timeline.folder.parent, prefix=f".{timeline.place.name}-"))
    try:
        scenario, events = described(plan, timeline.place)
        history_in_subprocess(scenario, unfinished, on_progress)
        events.to_parquet(unfinished / EVENTS)
        os.replace(unfinished, timeline.folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def described(plan: ArenaPlan, place: TimelinePlace) -> tuple[Scenario, DataFrame]:
    """The scenario of a timeline, and the table of its events."""
    clean = Scenario(
        name=f"{place.feeder}-{place.name}",
        feeder=place.feeder,
        start=place.start,
        duration=place.duration,
        seed=place.seed,
        telemetry={"metering": plan.metering},
        detectors=(),
    )
    events = _drawn_events(plan.kinds, clean) if place.role == "attacked" else ()
    scenario = Scenario(**{**clean.as_mapping(), "attacks": [event.attack for event in events]})
    return scenario, _table(events, scenario)


def _drawn_events(kinds: tuple[str, ...], scenario: Scenario) -> tuple[Event, ...]:
    """Every kind that the feeder has what it takes for, at every level, in an order drawn by lot."""
    random = stream(scenario.seed, "arena")
    to = Targets(Roles(scenario, load_feeder(scenario.feeder)), random)
    wanted = [
        (name, level, magnitude)
        for name in kinds
        if KINDS[name].possible(to)
        for level, magnitude in enumerate(KINDS[name].magnitudes, start=1)
    ]
    onsets = _onsets(scenario)
    events = []
    # Those that are choosy about their hour choose first.
    for name, level, magnitude in sorted(wanted, key=lambda event: not _is_choosy(KINDS[event[0]])):
        suited = [start for start in onsets if _suits(KINDS[name], start)]
        if not suited:
            raise ScenarioError([("kinds", f"expected time for {len(wanted)} events, {name} {level} found none left")])
        start = suited[int(random.integers(len(suited)))]
        onsets.remove(start)
        events.append(Event(name, level, magnitude, start, dict(KINDS[name].aimed(magnitude, to))))
    return tuple(sorted(events, key=lambda event: event.start))


def _onsets(scenario: Scenario) -> list[timedelta]:
    """When events may begin: as many as there is time for, far enough apart."""
    number = (scenario.duration - LEAD_IN) // (EVENT + PAUSE)
    return [LEAD_IN + count * (EVENT + PAUSE) for count in range(number)]


def _is_choosy(kind: Kind) -> bool:
    return kind.not_before > timedelta(0) or kind.hours != (0.0, 24.0)


def _suits(kind: Kind, start: timedelta) -> bool:
    hour = (start / timedelta(hours=1)) % 24
    return start >= kind.not_before and kind.hours[0] <= hour < kind.hours[1]


def _table(events: tuple[Event, ...], scenario: Scenario) -> DataFrame:
    """The events and whom they are aimed at, as the attacker itself will find its targets."""
    import pandas as pd

    from models.attacks.attacker import Attacker

    roles = Roles(scenario, load_feeder(scenario.feeder))
    attacker = Attacker.of_plan(**roles.attacker())
    scan = scenario.scan_period
    return pd.DataFrame(
        {
            "event": np.arange(len(events)),
            "kind": [event.kind for event in events],
            "family": [KINDS[event.kind].family for event in events],
            "level": [event.level for event in events],
            "magnitude": [float(event.magnitude) for event in events],
            "first_scan": [event.start // scan for event in events],
            "last_scan": [(event.start + EVENT) // scan - 1 for event in events],
            "channels": [_channels(attack, roles) for attack in attacker.attacks],
            "buses": [sorted(set(_buses(attack, roles))) for attack in attacker.attacks],
            "parameters": [json.dumps(event.parameters) for event in events],
        }
    )


def _channels(attack: Attack, roles: Roles) -> list[str]:
    known = set(roles.plan.name)
    return [name for name in attack.target_names if name in known]


def _buses(attack: Attack, roles: Roles) -> Iterator[int]:
    """Where the attack is: the bus it is to move, or those of its channels, or of the equipment it acts on."""
    goal = getattr(attack.parameters, "bus", None)
    if goal is not None:
        yield int(goal)
        return
    bus_of = dict(zip(roles.plan.name, roles.channel_buses, strict=True))
    for name in attack.target_names:
        if name in bus_of:
            yield bus_of[name]
        else:
            table, index = name.split()
            yield int(roles.feeder.net[table].at[int(index), MEASURED_AT[table]])
