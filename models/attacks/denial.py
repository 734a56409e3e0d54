"""Denial of service: measurements no longer get through, openly or behind a frozen picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.attacks.base import AttackParameters, ChannelAttack, ChannelAttackParameters
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.telemetry.quality import Quality, Telemetry

MODES = ("frozen", "missing")


@dataclass(frozen=True, kw_only=True)
class DenialParameters(ChannelAttackParameters):
    """How the denial looks from the control room.

    Attributes
    ----------
    mode
        "frozen": the last value before the onset comes again and again, as if fresh. "missing": nothing comes.
    """

    mode: str = "missing"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in MODES:
            raise InvalidParameterError(f"mode of a denial must be {' or '.join(MODES)}, got {self.mode!r}.")


class Denial(ChannelAttack[DenialParameters]):
    """Denial of service on chosen channels, or on whole stations by their `buses` [1]_.

    "missing" leaves NaN, flagged MISSING, with the timestamp of the last value before the onset. "frozen" rewrites the
    messages that still pass: each keeps its own fresh timestamp and quality, but carries the last value from before
    the onset. Where nothing passes there is nothing to rewrite; where nothing had come before the onset, the first
    value inside the window is the one that freezes.

    References
    ----------
    .. [1] S. Amin, A. A. Cárdenas, S. S. Sastry, "Safe and secure networked control systems under denial-of-service
       attacks", Hybrid Systems: Computation and Control, LNCS 5469, 2009, pp. 31-45.
    """

    family = "denial"
    Parameters: ClassVar[type[AttackParameters]] = DenialParameters

    def __init__(self, parameters: DenialParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._last_value = np.full(len(self.targets), np.nan)
        self._last_timestamp_s = np.full(len(self.targets), np.nan)

    def watch(self, seconds: float, telemetry: Telemetry) -> None:
        seen = telemetry.value[self.targets]
        self._last_value = np.where(np.isnan(seen), self._last_value, seen)
        self._last_timestamp_s = telemetry.timestamp_s[self.targets]

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        return self._freeze(telemetry) if self.parameters.mode == "frozen" else self._silence(telemetry)

    def _freeze(self, telemetry: Telemetry) -> Telemetry:
        passing = telemetry.value[self.targets]
        self._last_value = np.where(np.isnan(self._last_value), passing, self._last_value)
        return self.with_values(telemetry, self._last_value)

    def _silence(self, telemetry: Telemetry) -> Telemetry:
        value, timestamp_s = telemetry.value.copy(), telemetry.timestamp_s.copy()
        quality = telemetry.quality.copy()
        value[self.targets] = np.nan
        timestamp_s[self.targets] = self._last_timestamp_s
        quality[self.targets] = Quality.MISSING
        return Telemetry(value, timestamp_s, quality)

    def description(self) -> str:
        return f"denial ({self.parameters.mode})"
