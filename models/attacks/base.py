"""What every attack family shares: a window in time, chosen channels, and no trace outside of either."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number
from models.telemetry.quality import Telemetry


@dataclass(frozen=True, kw_only=True)
class AttackParameters:
    """When an attack happens and to whom.

    Either `channels` names the targets, or `count` of them are drawn by lot.

    Attributes
    ----------
    start_s
        Onset, since the scenario's start. [s]
    duration_s
        The attack is active in the half-open window [start_s, start_s + duration_s). [s]
    channels
        Names of the targets.
    count
        How many targets to draw instead. [-]
    measurement_type
        "v", "va", "p", "q", "i", "tap" or "closed": what to draw among; None draws among all that measure something,
        that is not among the positions of tap changers and switches.
    """

    start_s: float
    duration_s: float
    channels: tuple[str, ...] = ()
    count: int = 0
    measurement_type: str | None = None

    def __post_init__(self) -> None:
        require_number("start_s", self.start_s, at_least=0.0)
        require_number("duration_s", self.duration_s, above=0.0, finite=False)
        require_number("count", self.count, at_least=0)
        if isinstance(self.channels, str):
            raise InvalidParameterError(f"channels must be a list of channel names, got the text {self.channels!r}.")
        object.__setattr__(self, "channels", tuple(self.channels))
        if bool(self.channels) == bool(self.count):
            raise InvalidParameterError(
                "an attack names its channels or gives the count to draw: "
                f"one of the two, got channels {list(self.channels)} and count {self.count}."
            )
        if len(set(self.channels)) < len(self.channels):
            raise InvalidParameterError(f"an attack names each channel once, got {', '.join(self.channels)}.")
        if self.measurement_type is not None and self.channels:
            raise InvalidParameterError("measurement_type goes with count, not with named channels; leave it out.")


P = TypeVar("P", bound=AttackParameters)


class Attack(ABC, Generic[P]):
    """One attack on the telemetry between the channel and the control room.

    A family states its `family` name and its `Parameters`, and implements `forge`; `watch` is for those that need to
    know the traffic before the onset, `description` for the label.

    Parameters
    ----------
    parameters
        When, to whom, and what.
    surface
        The channels that can be reached.
    random
        The attack's own stream, so that its draws shift nobody else's.

    Attributes
    ----------
    targets
        (n_target,) Positions of the attacked channels.

    Raises
    ------
    UnknownNameError, InvalidParameterError
        If the targets cannot be found or drawn.
    """

    family: ClassVar[str]
    Parameters: ClassVar[type[AttackParameters]]

    def __init__(self, parameters: P, surface: AttackSurface, random: np.random.Generator) -> None:
        self.parameters = parameters
        self.targets: NDArray[np.int64] = (
            surface.positions(parameters.channels)
            if parameters.channels
            else surface.draw(int(parameters.count), parameters.measurement_type, random)
        )
        self.target_names = tuple(surface.names[position] for position in self.targets)

    def is_active(self, seconds: float) -> bool:
        """Whether the attack goes on at this time. [s]"""
        return self.parameters.start_s <= seconds < self.parameters.start_s + self.parameters.duration_s

    def apply(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        """What the control room gets instead of `telemetry`; the very same outside of the attack's window.

        To be called at every step, for an attacker also listens before the onset.
        """
        if self.is_active(seconds):
            return self.forge(seconds, telemetry)
        if seconds < self.parameters.start_s:
            self.watch(telemetry)
        return telemetry

    def label(self) -> str:
        """The attack in one line, as the ground truth of a run records it."""
        shown = ", ".join(self.target_names[:3])
        if len(self.target_names) > 3:
            shown += f" and {len(self.target_names) - 3} more"
        return f"{self.description()} on {shown}"

    @abstractmethod
    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        """The forged telemetry at a time inside the window; only the targets may differ, and in fresh arrays."""

    def watch(self, telemetry: Telemetry) -> None:
        """Look at the traffic before the onset."""

    def description(self) -> str:
        """What is done to the targets, in a few words."""
        return self.family
