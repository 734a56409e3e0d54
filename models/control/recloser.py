"""Automatic recloser (device 79): opens on overcurrent, tries again after dead times, gives up after the last shot.

::

    CLOSED --trip--> TRIPPED --contacts part--> WAITING --dead time--> RECLOSING --contacts meet--> RESET
      ^                ^   |                                                                       |   |
      |                |   +--no shot left--> LOCKOUT --by hand--> RESET                           |   |
      |                +-----------------------------trip------------------------------------------+   |
      +---------------------------------reset time without pickup--------------------------------------+
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import inf

from models.control.overcurrent import OvercurrentRelay, OvercurrentSettings
from models.errors import ModelError
from models.parameters import require_number

# Durations that add up to a tick in decimal do not quite in binary.
ROUNDING_S = 1e-9


class RecloserState(IntEnum):
    """Where the reclosing sequence stands, after IEEE Std C37.104."""

    CLOSED = 0
    """In service, no sequence under way."""
    TRIPPED = 1
    """The relay has tripped; the contacts still carry current until they part."""
    WAITING = 2
    """Open; the dead time runs."""
    RECLOSING = 3
    """Open; the close command is given, the contacts are on their way."""
    LOCKOUT = 4
    """Open until somebody closes by hand."""
    RESET = 5
    """Closed again; the reset (reclaim) time runs, a trip within it continues the sequence."""


CONDUCTING = frozenset({RecloserState.CLOSED, RecloserState.TRIPPED, RecloserState.RESET})


@dataclass(frozen=True, kw_only=True)
class RecloserSettings:
    """Where a recloser sits and how it is set; the default sequence is two fast trips, two delayed, then lockout.

    Attributes
    ----------
    line
        pandapower index of the line whose current the relay sees.
    switch
        pandapower index of the switch it operates.
    pickup_ka, curve, time_dial, instantaneous_ka, disc_reset_s
        Its relay, see `OvercurrentSettings`.
    instantaneous_shots
        Trips of a sequence on which the instantaneous element may act: the fast ones, which save fuses; the later ones
        are delayed, by the inverse-time element alone.
    dead_times_s
        Open time before each reclosure; lockout follows the trip after the last. [s]
    reset_s
        Time closed without pickup after which the sequence is forgotten. [s]
    opening_time_s, closing_time_s
        From command to parted or touching contacts. [s]

    Raises
    ------
    InvalidParameterError
    UnknownNameError
        For a curve that is not in `CURVES`.
    """

    line: int
    switch: int
    pickup_ka: float
    curve: str = "ieee_very_inverse"
    time_dial: float = 1.0
    instantaneous_ka: float | None = None
    disc_reset_s: float | None = 0.0
    instantaneous_shots: int = 2
    dead_times_s: Sequence[float] = (0.5, 15.0, 15.0)
    reset_s: float = 30.0
    opening_time_s: float = 0.04
    closing_time_s: float = 0.06

    def __post_init__(self) -> None:
        object.__setattr__(self, "dead_times_s", tuple(self.dead_times_s))
        self.overcurrent()
        for name in ("reset_s", "opening_time_s", "closing_time_s", "instantaneous_shots"):
            require_number(name, getattr(self, name), at_least=0.0)
        for seconds in self.dead_times_s:
            require_number("dead_times_s", seconds, at_least=0.0)

    def overcurrent(self) -> OvercurrentSettings:
        """The relay's part of the settings."""
        return OvercurrentSettings(
            pickup_ka=self.pickup_ka,
            curve=self.curve,
            time_dial=self.time_dial,
            instantaneous_ka=self.instantaneous_ka,
            disc_reset_s=self.disc_reset_s,
        )


class Recloser:
    """One recloser: its relay, its contacts, its sequence.

    Attributes
    ----------
    state
        Where the sequence stands.
    shots
        Reclosures of the present sequence.
    trip_count
        Trips since the start.
    """

    def __init__(self, settings: RecloserSettings) -> None:
        self.settings = settings
        self.relay = OvercurrentRelay(settings.overcurrent())
        self.state = RecloserState.CLOSED
        self.shots = 0
        self.trip_count = 0
        self._seconds_in_state = 0.0

    @property
    def closed(self) -> bool:
        """Whether the contacts carry current."""
        return self.state in CONDUCTING

    def step(self, seconds: float, current_ka: float) -> bool:
        """Live through `seconds` under a current that is held; returns whether the contacts are closed at the end.

        All that falls due happens in the order of its exact time. A reclosure ends the step early, because the current
        that now flows is only known to the next one: at coarse steps a sequence makes one reclosure a step.

        Parameters
        ----------
        seconds
            How long. [s]
        current_ka
            Current at the relay as long as the contacts are closed; NaN counts as none. [kA]
        """
        require_number("seconds", seconds, at_least=0.0)
        remaining_s = seconds
        while (due_s := self._time_to_event_s(current_ka)) <= remaining_s + ROUNDING_S:
            self._wait(due_s, current_ka)
            remaining_s -= due_s
            if self._do_what_is_due(current_ka) is RecloserState.RESET:
                return self.closed
        self._wait(max(0.0, remaining_s), current_ka)
        return self.closed

    def close_by_hand(self) -> None:
        """Close out of lockout; a trip before the reset time is over locks out again at once.

        Raises
        ------
        ModelError
            If the recloser is not locked out.
        """
        if self.state is not RecloserState.LOCKOUT:
            raise ModelError(f"the recloser is in {self.state.name}; only out of LOCKOUT is it closed by hand.")
        self.relay.travel = 0.0
        self._enter(RecloserState.RESET)

    def _time_to_event_s(self, current_ka: float) -> float:
        """How long the present state lasts if the current stays. [s]"""
        match self.state:
            case RecloserState.LOCKOUT:
                return inf
            case RecloserState.CLOSED:
                return self._time_to_trip_s(current_ka)
            case RecloserState.RESET if self.relay.picks_up(current_ka):
                return self._time_to_trip_s(current_ka)
        return max(0.0, self._duration_s() - self._seconds_in_state)

    def _time_to_trip_s(self, current_ka: float) -> float:
        is_fast = self.shots < self.settings.instantaneous_shots
        return self.relay.time_to_trip_s(current_ka, instantaneous=is_fast)

    def _duration_s(self) -> float:
        """How long the present state lasts by its own timer. [s]"""
        match self.state:
            case RecloserState.TRIPPED:
                return self.settings.opening_time_s
            case RecloserState.WAITING:
                return self.settings.dead_times_s[self.shots]
            case RecloserState.RECLOSING:
                return self.settings.closing_time_s
            case RecloserState.RESET:
                return self.settings.reset_s
        return inf

    def _wait(self, seconds: float, current_ka: float) -> None:
        """Let time pass: the relay turns, the state's timer runs."""
        through_contacts_ka = current_ka if self.closed else 0.0
        if self.state is not RecloserState.TRIPPED:
            self.relay.advance(seconds, through_contacts_ka)
        # A relay that has picked up is about to trip: the reset timer stands still for it.
        if not (self.state is RecloserState.RESET and self.relay.picks_up(through_contacts_ka)):
            self._seconds_in_state += seconds

    def _do_what_is_due(self, current_ka: float) -> RecloserState:
        """End the present state and enter the one that follows."""
        match self.state:
            case RecloserState.CLOSED:
                return self._trip()
            case RecloserState.RESET if self.relay.picks_up(current_ka):
                return self._trip()
            case RecloserState.RESET:
                self.shots = 0
                return self._enter(RecloserState.CLOSED)
            case RecloserState.TRIPPED if self.shots == len(self.settings.dead_times_s):
                return self._enter(RecloserState.LOCKOUT)
            case RecloserState.TRIPPED:
                return self._enter(RecloserState.WAITING)
            case RecloserState.WAITING:
                return self._enter(RecloserState.RECLOSING)
            case RecloserState.RECLOSING:
                self.shots += 1
                return self._enter(RecloserState.RESET)
        raise AssertionError("nothing falls due in LOCKOUT")

    def _trip(self) -> RecloserState:
        self.trip_count += 1
        return self._enter(RecloserState.TRIPPED)

    def _enter(self, state: RecloserState) -> RecloserState:
        self.state = state
        self._seconds_in_state = 0.0
        return state
