"""What an arena is: feeders, kinds of attacks, detectors, and the timelines they meet on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta, timezone
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any, Literal

from mosaik_scenarios.errors import ScenarioError

Role = Literal["train", "calibrate", "clean", "attacked"]
ROLES: tuple[Role, ...] = ("train", "calibrate", "clean", "attacked")

FEEDERS = ("cigre_mv", "ieee33", "ieee123", "oberrhein")
LEAD_IN = timedelta(hours=12)
"""Quiet time at the beginning of every timeline, in which detectors find their feet; nobody is judged there."""

EVENT, PAUSE = timedelta(minutes=30), timedelta(minutes=30)
LEVELS = 3
FIRST_SEED = {"train": 1001, "calibrate": 2001, "clean": 3001, "attacked": 1}
"""Seeds of the roles are disjoint: other customers, meters and luck. [-]"""

DAYS_OF_ROLE = {"train": "training_days", "calibrate": "calibration_days", "clean": "clean_days"}
MOST_TRAINING_SEEDS = 6
SHORTEST_ATTACKED = timedelta(days=2)
"""A replay of the day before needs one before."""

YEAR_BEGINS = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))
DAYS_OF_YEAR = 365


@dataclass(frozen=True)
class TimelinePlace:
    """Where one timeline belongs: what it is for, by which seed, and on which dates."""

    feeder: str
    role: Role
    seed: int
    start: datetime
    duration: timedelta

    @property
    def name(self) -> str:
        """Its folder's name within its feeder's."""
        return f"{self.role}-{self.seed}"


@dataclass(frozen=True)
class ArenaPlan:
    """An arena, described.

    Attributes
    ----------
    feeders
        Registered names.
    kinds
        Kinds of attacks, keys of `events.KINDS`; each comes at three magnitudes in every attacked timeline.
    detectors
        Registered names.
    seeds
        Attacked timelines, and calibration and clean ones, of every feeder. [-]
    training_days, calibration_days, clean_days
        Clean days of a feeder in all, lead-ins not counted. [d]
    alarms_per_day
        Budget of false alarms of every detector. [1/d]
    metering
        Metering plan, as of `Telemetry`.

    Raises
    ------
    ScenarioError
        With one line for every field that is wrong.
    """

    feeders: tuple[str, ...] = FEEDERS
    kinds: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()
    seeds: int = 10
    training_days: float = 6.0
    calibration_days: float = 20.0
    clean_days: float = 60.0
    alarms_per_day: float = 1.0
    metering: str = "full"

    def __post_init__(self) -> None:
        from models.detection import DETECTORS
        from mosaik_scenarios.arena.events import KINDS
        from networks.registry import FEEDERS as REGISTERED

        known = {"feeders": tuple(REGISTERED), "kinds": tuple(KINDS), "detectors": tuple(DETECTORS)}
        problems = []
        for name, names in known.items():
            chosen = tuple(getattr(self, name)) or (FEEDERS if name == "feeders" else names)
            object.__setattr__(self, name, chosen)
            unknown = [entry for entry in chosen if entry not in names]
            if unknown:
                problems.append((name, f"expected some of {', '.join(names)}, got {', '.join(unknown)}"))
            elif len(set(chosen)) < len(chosen):
                problems.append((name, f"expected each once, got {', '.join(chosen)}"))
        if not 1 <= self.seeds < FIRST_SEED["train"]:
            problems.append(("seeds", f"expected 1 to {FIRST_SEED['train'] - 1} timelines, got {self.seeds}"))
        for name in ("training_days", "calibration_days", "clean_days", "alarms_per_day"):
            if not getattr(self, name) > 0:
                problems.append((name, f"expected a positive number, got {getattr(self, name)}"))
        if not problems and self._days > DAYS_OF_YEAR:
            problems.append(("seeds", f"the timelines take {self._days} days, there are {DAYS_OF_YEAR}; ask for fewer"))
        if problems:
            raise ScenarioError(problems)

    @cached_property
    def places(self) -> tuple[TimelinePlace, ...]:
        """All timelines, feeder by feeder; those of a feeder share no date, and every role meets all seasons."""
        return tuple(
            TimelinePlace(feeder, role, seed, start, duration)
            for feeder in self.feeders
            for role, seed, start, duration in self._calendar()
        )

    def of(self, feeder: str, role: Role) -> tuple[TimelinePlace, ...]:
        """The timelines of a feeder in one role."""
        return tuple(place for place in self.places if (place.feeder, place.role) == (feeder, role))

    def as_mapping(self) -> dict[str, Any]:
        """The plan in plain values, as its file holds it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def to_file(self, path: Path) -> None:
        """Write the plan as JSON."""
        path.write_text(json.dumps(self.as_mapping(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def from_file(cls, path: Path) -> ArenaPlan:
        """The plan that `to_file` wrote.

        Raises
        ------
        ScenarioError
            If it is not one.
        """
        try:
            told = json.loads(path.read_text(encoding="utf-8")).items()
            plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told}
            return cls(**plain)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            expected = ", ".join(field.name for field in fields(cls))
            raise ScenarioError([(str(path), f"expected an arena's plan ({expected}), got {error}")]) from None

    def _calendar(self) -> Iterator[tuple[Role, int, datetime, timedelta]]:
        """The timelines of one feeder, those of every role evenly spread over the year."""
        wanted = [
            ((number + 0.5) / self._number(role), role, FIRST_SEED[role] + number)
            for role in ROLES
            for number in range(self._number(role))
        ]
        spread = DAYS_OF_YEAR / self._days
        taken = 0
        for _, role, seed in sorted(wanted):
            yield role, seed, YEAR_BEGINS + timedelta(days=int(taken * spread)), self._duration(role)
            taken += self._reserved_days(role)

    def _number(self, role: Role) -> int:
        """Timelines of a feeder in one role."""
        return min(self.seeds, MOST_TRAINING_SEEDS) if role == "train" else self.seeds

    def _duration(self, role: Role) -> timedelta:
        """Of every timeline in one role."""
        if role == "attacked":
            return max(LEAD_IN + LEVELS * len(self.kinds) * (EVENT + PAUSE), SHORTEST_ATTACKED)
        return self._clean_duration(role, getattr(self, DAYS_OF_ROLE[role]))

    def _clean_duration(self, role: Role, days: float) -> timedelta:
        return LEAD_IN + whole_minutes(timedelta(days=days) / self._number(role))

    def _reserved_days(self, role: Role) -> int:
        """Dates that a timeline may take: never fewer than by default.

        Whoever asks for fewer days gets shorter timelines, but no other dates: what was simulated with as many stays.
        """
        usual = [self._clean_duration(role, getattr(type(self), DAYS_OF_ROLE[role]))] if role != "attacked" else []
        return max(whole_days(duration) for duration in (self._duration(role), *usual))

    @property
    def _days(self) -> int:
        return sum(self._number(role) * self._reserved_days(role) for role in ROLES)


def whole_days(duration: timedelta) -> int:
    """Dates that a timeline from midnight on touches. [d]"""
    return ceil(duration / timedelta(days=1))


def whole_minutes(duration: timedelta) -> timedelta:
    """Rounded up."""
    return timedelta(minutes=ceil(duration / timedelta(minutes=1)))
