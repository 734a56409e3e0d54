"""What every attack family shares: a window in time, a place where it acts, and no trace outside of either."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.attacks.field import FieldSignals
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number
from models.telemetry.quality import Telemetry


@dataclass(frozen=True, kw_only=True)
class AttackParameters:
    """When an attack happens.

    Attributes
    ----------
    start_s
        Onset, since the scenario's start. [s]
    duration_s
        The attack is active in the half-open window [start_s, start_s + duration_s). [s]
    """

    start_s: float
    duration_s: float

    def __post_init__(self) -> None:
        require_number("start_s", self.start_s, at_least=0.0)
        require_number("duration_s", self.duration_s, above=0.0, finite=False)


@dataclass(frozen=True, kw_only=True)
class ChannelAttackParameters(AttackParameters):
    """When an attack on telemetry happens and to whom.

    One of three says who: `channels` names the targets, `count` of them are drawn by lot, or `buses` takes all that
    measure at these buses, as the remote terminal unit of a station sends them.

    Attributes
    ----------
    channels
        Names of the targets.
    count
        How many targets to draw instead. [-]
    buses
        pandapower indices of the buses whose channels are the targets instead.
    measurement_type
        "v", "va", "p", "q", "i", "tap" or "closed": what to take among; None is all that measure something, that is not
        the positions of tap changers and switches.
    """

    channels: tuple[str, ...] = ()
    count: int = 0
    buses: tuple[int, ...] = ()
    measurement_type: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("count", self.count, at_least=0)
        for name in ("channels", "buses"):
            object.__setattr__(self, name, as_tuple(name, getattr(self, name)))
        if (bool(self.channels), bool(self.count), bool(self.buses)).count(True) != 1:
            raise InvalidParameterError(
                "an attack names its channels, gives the count to draw, or names buses: one of the three, "
                f"got channels {list(self.channels)}, count {self.count} and buses {list(self.buses)}."
            )
        if len(set(self.channels)) < len(self.channels):
            raise InvalidParameterError(f"an attack names each channel once, got {', '.join(self.channels)}.")
        if self.measurement_type is not None and self.channels:
            raise InvalidParameterError("measurement_type goes with count or buses; leave it out with named channels.")


def as_tuple(name: str, values: Sequence) -> tuple:
    """A parameter's list as the tuple that a frozen dataclass keeps.

    Raises
    ------
    InvalidParameterError
        If it is no list.
    """
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidParameterError(f"{name} must be a list, got {values!r}.")
    return tuple(values)


P = TypeVar("P", bound=AttackParameters)
C = TypeVar("C", bound=ChannelAttackParameters)


class Attack(ABC, Generic[P]):
    """One attack, on the telemetry (`apply`) or on what acts on the plant (`act`).

    A family states its `family` name and its `Parameters`, and implements one of the two; `description` says what it
    does for the label.

    Parameters
    ----------
    parameters
        When, to whom, and what.
    surface
        What the attacker reaches and knows.
    random
        The attack's own stream, so that its draws shift nobody else's.

    Attributes
    ----------
    target_names
        Whom it is aimed at.
    forged
        (n_forged,) Positions of the channels that it forges at the moment; empty outside of its window.
    magnitude
        How large it is at the moment, in the family's own measure; 0 outside of its window.

    Raises
    ------
    UnknownNameError, InvalidParameterError
        If the targets cannot be found or drawn.
    """

    family: ClassVar[str]
    Parameters: ClassVar[type[AttackParameters]]

    def __init__(self, parameters: P, surface: AttackSurface, random: np.random.Generator) -> None:
        self.parameters = parameters
        self.surface = surface
        self.target_names: tuple[str, ...] = ()
        self.forged: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.magnitude = 0.0

    def is_active(self, seconds: float) -> bool:
        """Whether the attack goes on at this time. [s]"""
        return self.parameters.start_s <= seconds < self.parameters.start_s + self.parameters.duration_s

    def grown(self, seconds: float, ramp_s: float) -> float:
        """Share of the full size of an attack that grows from its onset on, linearly over `ramp_s`."""
        elapsed_s = seconds - self.parameters.start_s
        return 1.0 if elapsed_s >= ramp_s else elapsed_s / ramp_s

    def apply(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        """What the control room gets instead of `telemetry`; the very same outside of the attack's window.

        To be called at every step, for an attacker also listens before the onset.
        """
        return telemetry

    def act(self, seconds: float, signals: FieldSignals) -> FieldSignals:
        """What reaches the plant instead of `signals`; the very same outside of the attack's window."""
        return signals

    def overhear(self, tap_pos: NDArray | None, switch_closed: NDArray | None) -> None:
        """Take note of the states of taps and switches; None where nobody tells."""

    def label(self) -> str:
        """The attack in one line, as the ground truth of a run records it."""
        shown = ", ".join(self.target_names[:3])
        if len(self.target_names) > 3:
            shown += f" and {len(self.target_names) - 3} more"
        return f"{self.description()} on {shown}"

    def description(self) -> str:
        """What is done to the targets, in a few words."""
        return self.family


class ChannelAttack(Attack[C]):
    """An attack on chosen channels between telemetry and control room.

    A family implements `forge`; `watch` is for those that need to know the traffic before the onset.

    Attributes
    ----------
    targets
        (n_target,) Positions of the attacked channels.
    """

    def __init__(self, parameters: C, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self.targets = surface.choose(
            parameters.channels, parameters.buses, int(parameters.count), parameters.measurement_type, random
        )
        self.target_names = tuple(surface.names[position] for position in self.targets)

    def require_type(self, types: Sequence[str], problem: str) -> None:
        """Refuse targets that are known to be of none of these measurement types.

        Raises
        ------
        InvalidParameterError
        """
        for position, name in zip(self.targets, self.target_names, strict=True):
            if self.surface.of_type(position) not in (None, *types):
                raise InvalidParameterError(f"{name!r} {problem}")

    def apply(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        active = self.is_active(seconds)
        self.forged = self.targets if active else self.targets[:0]
        received = self.forge(seconds, telemetry) if active else telemetry
        self.magnitude = self.surface.largest_change(telemetry.value, received.value, self.forged)
        if seconds < self.parameters.start_s:
            self.watch(seconds, telemetry)
        return received

    @abstractmethod
    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        """The forged telemetry at a time inside the window; only the targets may differ, and in fresh arrays."""

    def watch(self, seconds: float, telemetry: Telemetry) -> None:
        """Look at the traffic before the onset."""

    def with_values(self, telemetry: Telemetry, values: NDArray[np.float64]) -> Telemetry:
        """`telemetry` with the targets' values replaced where there is one: what is missing cannot be rewritten."""
        value = telemetry.value.copy()
        passing = ~np.isnan(value[self.targets])
        value[self.targets[passing]] = values[passing]
        return Telemetry(value, telemetry.timestamp_s, telemetry.quality)


class FieldAttack(Attack[P]):
    """An attack on what acts on the plant; the telemetry reports its effects truthfully.

    A family states its `size`, which is its magnitude while it is active, and implements `change`.
    """

    @property
    @abstractmethod
    def size(self) -> float:
        """How large the attack is."""

    def apply(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        self.magnitude = self.size if self.is_active(seconds) else 0.0
        return telemetry

    def act(self, seconds: float, signals: FieldSignals) -> FieldSignals:
        return self.change(signals) if self.is_active(seconds) else signals

    @abstractmethod
    def change(self, signals: FieldSignals) -> FieldSignals:
        """The forged signals, in fresh arrays."""
