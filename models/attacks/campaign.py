"""Campaigns: attacks drawn by lot, one after the other, far enough apart to be judged one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.attacks import ATTACKS
from models.errors import InvalidParameterError, choose
from models.parameters import from_mapping, require_number
from models.random_streams import stream

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What one kind of event in a campaign may be.

    Attributes
    ----------
    family
        A key of `ATTACKS`.
    parameters
        What is the same every time.
    ranges
        Parameters drawn anew each time, uniformly between a lowest and a highest value.
    choices
        Parameters drawn anew each time from lists, such as the stations to attack: ``{"buses": [[2], [3]]}``.
    signs
        Those of the `ranges` whose sign is drawn as well.
    """

    family: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    choices: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    signs: Sequence[str] = ()

    def __post_init__(self) -> None:
        choose(ATTACKS, self.family, "attack family")
        for name, bounds in self.ranges.items():
            require_range(name, bounds)
        for name, values in self.choices.items():
            if not values:
                raise InvalidParameterError(f"{name} of {self.family} has nothing to choose from.")
        for name in self.signs:
            if name not in self.ranges:
                raise InvalidParameterError(f"the sign of {name} cannot be drawn: it is none of the ranges.")


@dataclass(frozen=True, kw_only=True)
class CampaignParameters:
    """How many attacks of which kinds, when, and how far apart.

    Attributes
    ----------
    events
        The kinds; they take turns in an order that is drawn anew for every round.
    count
        Attacks in all. [-]
    duration_s
        Shortest and longest. [s]
    gap_s
        Least time between the end of one and the onset of the next. [s]
    start_s, end_s
        No attack begins before or ends after. [s]
    step_s
        Onsets are multiples of it, and durations, rounded up. [s]
    """

    events: Sequence[Event | Mapping[str, Any]]
    count: int
    duration_s: Range
    gap_s: float
    end_s: float
    start_s: float = 0.0
    step_s: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", tuple(from_mapping(Event, event) for event in self.events))
        if not self.events:
            raise InvalidParameterError("a campaign needs the kinds of events it is made of, got none.")
        require_number("count", self.count, at_least=1)
        require_range("duration_s", self.duration_s, above=0.0)
        require_number("gap_s", self.gap_s, at_least=0.0)
        require_number("step_s", self.step_s, above=0.0)
        require_number("start_s", self.start_s, at_least=0.0)
        require_number("end_s", self.end_s, above=self.start_s)
        if self.longest_s > self.end_s - self.start_s:
            raise InvalidParameterError(
                f"{self.count} attacks of up to {self.duration_s[1]:g} s, {self.gap_s:g} s apart, take "
                f"{self.longest_s:g} s; there are {self.end_s - self.start_s:g} s: fewer, shorter or closer ones fit."
            )

    @property
    def longest_s(self) -> float:
        """What the campaign takes if every attack is as long as may be. [s]"""
        longest = _ceil(self.duration_s[1], self.step_s)
        return self.count * longest + (self.count - 1) * _ceil(self.gap_s, self.step_s)


def require_range(name: str, bounds: Any, **limits: Any) -> None:
    """Refuse what is no pair of a lowest and a highest number.

    Raises
    ------
    InvalidParameterError
    """
    if not isinstance(bounds, Sequence) or len(bounds) != 2:
        raise InvalidParameterError(f"{name} is a range [lowest, highest], got {bounds!r}.")
    for bound in bounds:
        require_number(name, bound, **limits)
    if bounds[0] > bounds[1]:
        raise InvalidParameterError(f"{name} is a range [lowest, highest], got {list(bounds)}.")


def campaign(parameters: CampaignParameters | Mapping[str, Any], seed: int) -> list[dict[str, Any]]:
    """The attacks of a campaign in order of time, as `Attacker` takes them.

    What is left of the time after all attacks and gaps is spread over the gaps by lot, uniformly over all ways to do
    so. The same seed draws the same campaign.

    Raises
    ------
    InvalidParameterError, UnknownNameError
    """
    told = from_mapping(CampaignParameters, parameters)
    random = stream(seed, "campaign")
    durations_s = [_ceil(random.uniform(*told.duration_s), told.step_s) for _ in range(told.count)]
    begin_s, gap_s = _ceil(told.start_s, told.step_s), _ceil(told.gap_s, told.step_s)
    spare_s = _floor(told.end_s - begin_s - sum(durations_s) - gap_s * (told.count - 1), told.step_s)
    pauses_s = np.sort(random.uniform(0.0, max(spare_s, 0.0), told.count))
    attacks = []
    taken_s = begin_s
    for number, (event, duration_s) in enumerate(zip(_turns(told, random), durations_s, strict=True)):
        onset_s = taken_s + _floor(float(pauses_s[number]), told.step_s)
        attacks.append({"family": event.family, "start_s": onset_s, "duration_s": duration_s, **_drawn(event, random)})
        taken_s += duration_s + gap_s
    return attacks


def _turns(told: CampaignParameters, random: np.random.Generator) -> list[Event]:
    """Which kind each attack is: every kind once before any comes again."""
    rounds = -(-told.count // len(told.events))
    order = np.concatenate([random.permutation(len(told.events)) for _ in range(rounds)])[: told.count]
    return [told.events[kind] for kind in order]


def _drawn(event: Event, random: np.random.Generator) -> dict[str, Any]:
    drawn = dict(event.parameters)
    for name, bounds in event.ranges.items():
        sign = random.choice([-1.0, 1.0]) if name in event.signs else 1.0
        drawn[name] = float(sign * random.uniform(*bounds))
    for name, values in event.choices.items():
        drawn[name] = values[int(random.integers(len(values)))]
    return drawn


def _floor(seconds: float, step_s: float) -> float:
    return float(np.floor(seconds / step_s + 1e-9) * step_s)


def _ceil(seconds: float, step_s: float) -> float:
    return float(np.ceil(seconds / step_s - 1e-9) * step_s)
