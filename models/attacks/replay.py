"""Replay: the control room sees an earlier time again."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import ClassVar

import numpy as np

from models.attacks.base import AttackParameters, ChannelAttack, ChannelAttackParameters
from models.attacks.recording import Recording
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number
from models.telemetry.quality import Telemetry

DAY_S = 86_400.0


@dataclass(frozen=True, kw_only=True)
class ReplayParameters(ChannelAttackParameters):
    """Which time is played.

    Attributes
    ----------
    age_s
        How old the recording is: 86400 plays the same hour of the day before. One shorter than the attack is played
        again and again, so that the attack's own duration plays the time just before the onset. [s]
    """

    age_s: float = DAY_S

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("age_s", self.age_s, above=0.0)
        if self.start_s < self.age_s:
            raise InvalidParameterError(
                f"a replay plays what it recorded before its onset: start_s must be at least age_s, "
                f"got {self.start_s:g} s and {self.age_s:g} s; begin later or replay a younger recording."
            )


class Replay(ChannelAttack[ReplayParameters]):
    """Replay attack [1]_: recorded values come again as if fresh, under the timestamps of the messages they replace.

    Where nothing arrived while it was recording, the last value before is played; where nothing passes during the
    attack, there is no message to rewrite.

    References
    ----------
    .. [1] Y. Mo, B. Sinopoli, "Secure control against replay attacks", 47th Allerton Conference, 2009, pp. 911-918.
    """

    family = "replay"
    Parameters: ClassVar[type[AttackParameters]] = ReplayParameters

    def __init__(self, parameters: ReplayParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._recording = Recording(self.targets, parameters.age_s)
        self._last_value = np.full(len(self.targets), np.nan)

    def watch(self, seconds: float, telemetry: Telemetry) -> None:
        if seconds >= self.parameters.start_s - self.parameters.age_s:
            self._recording.add(seconds, telemetry)

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        played = self._recording.at(self._played_s(seconds)).value
        self._last_value = np.where(np.isnan(played), self._last_value, played)
        passing = telemetry.value[self.targets]
        return self.with_values(telemetry, np.where(np.isnan(self._last_value), passing, self._last_value))

    def _played_s(self, seconds: float) -> float:
        """The time that is played at `seconds`: as many ages back as lead before the onset."""
        ages = floor((seconds - self.parameters.start_s) / self.parameters.age_s + 1e-9) + 1
        return seconds - ages * self.parameters.age_s

    def description(self) -> str:
        return f"replay of {self.parameters.age_s / 60:g} min ago"
