"""Delay and jitter: messages are held back on their way, not rewritten."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from models.attacks.base import AttackParameters, ChannelAttack, ChannelAttackParameters
from models.attacks.recording import Heard, Recording
from models.attacks.surface import AttackSurface
from models.parameters import require_number
from models.telemetry.quality import Telemetry


@dataclass(frozen=True, kw_only=True)
class DelayParameters(ChannelAttackParameters):
    """For how long messages are held back.

    Attributes
    ----------
    delay_s
        Of every message; of jitter, the longest. [s]
    restamped
        Whether they bear the time at which they are let go, as where the receiver sets the timestamps; else their age
        shows.
    """

    delay_s: float
    restamped: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("delay_s", self.delay_s, above=0.0)


class HeldBack(ChannelAttack[DelayParameters]):
    """What delay and jitter share: every target shows what it was some time ago."""

    Parameters: ClassVar[type[AttackParameters]] = DelayParameters

    def __init__(self, parameters: DelayParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._recording = Recording(self.targets, parameters.delay_s)

    def watch(self, seconds: float, telemetry: Telemetry) -> None:
        self._recording.add(seconds, telemetry)

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        self._recording.add(seconds, telemetry)
        shown = self.shown(seconds)
        received = Telemetry(telemetry.value.copy(), telemetry.timestamp_s.copy(), telemetry.quality.copy())
        received.value[self.targets] = shown.value
        if not self.parameters.restamped:
            received.timestamp_s[self.targets] = shown.timestamp_s
        received.quality[self.targets] = shown.quality
        return received

    @abstractmethod
    def shown(self, seconds: float) -> Heard:
        """What the targets show at `seconds`."""


class Delay(HeldBack):
    """Time-delay attack: everything arrives later by the same time [1]_.

    References
    ----------
    .. [1] A. Sargolzaei, K. K. Yen, M. N. Abdelghani, "Preventing time-delay switch attack on load frequency control in
       distributed power systems", IEEE Transactions on Smart Grid 7(2), 2016.
    """

    family = "delay"

    def shown(self, seconds: float) -> Heard:
        return self._recording.at(seconds - self.parameters.delay_s)

    def description(self) -> str:
        return f"delay of {self.parameters.delay_s:g} s"


class Jitter(HeldBack):
    """Every message is held back for a time of its own, uniform between nothing and the longest delay [1]_.

    A receiver drops what is older than what it has, so that a channel never steps back in time.

    References
    ----------
    .. [1] A. Sargolzaei, K. K. Yen, M. N. Abdelghani, "Preventing time-delay switch attack on load frequency control in
       distributed power systems", IEEE Transactions on Smart Grid 7(2), 2016: random time delays.
    """

    family = "jitter"

    def __init__(self, parameters: DelayParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._random = random
        self._shown_s: NDArray[np.float64] = np.full(len(self.targets), -np.inf)

    def shown(self, seconds: float) -> Heard:
        let_go_s = seconds - self.parameters.delay_s * self._random.random(len(self.targets))
        self._shown_s = np.maximum(self._shown_s, let_go_s)
        heard = [self._recording.at(float(time_s)) for time_s in self._shown_s]
        return Heard(*(np.array([getattr(h, part)[k] for k, h in enumerate(heard)]) for part in Heard._fields))

    def description(self) -> str:
        return f"jitter of up to {self.parameters.delay_s:g} s"
