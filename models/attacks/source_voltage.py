"""Surge and sag of the supply's voltage: real at the plant, nothing about the telemetry is forged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from models.attacks.base import AttackParameters, FieldAttack
from models.attacks.field import FieldSignals
from models.attacks.surface import AttackSurface
from models.parameters import require_number


@dataclass(frozen=True, kw_only=True)
class SourceVoltageParameters(AttackParameters):
    """How far the voltage of the supply goes from its set-point.

    Attributes
    ----------
    change_pu
        Its size; the family says whether upwards or downwards. [pu]
    ext_grid
        pandapower index of the external grid; all of them unless given.
    """

    change_pu: float
    ext_grid: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("change_pu", self.change_pu, above=0.0, at_most=0.9)


class SourceVoltage(FieldAttack[SourceVoltageParameters]):
    """What surge and sag share."""

    Parameters: ClassVar[type[AttackParameters]] = SourceVoltageParameters
    SIGN: ClassVar[float]

    def __init__(
        self, parameters: SourceVoltageParameters, surface: AttackSurface, random: np.random.Generator
    ) -> None:
        super().__init__(parameters, surface, random)
        known = surface.elements("ext_grid")
        chosen = known if parameters.ext_grid is None else [parameters.ext_grid]
        at = surface.element_positions("ext_grid", chosen)
        self.target_names = tuple(f"ext_grid {index}" for index in chosen)
        self._step_pu = np.zeros(len(known))
        self._step_pu[at] = self.SIGN * parameters.change_pu

    @property
    def size(self) -> float:
        return self.parameters.change_pu

    def change(self, signals: FieldSignals) -> FieldSignals:
        return replace(signals, slack_vm_step_pu=signals.slack_vm_step_pu + self._step_pu)

    def description(self) -> str:
        return f"{self.family} of {self.parameters.change_pu:g} pu"


class VoltageSurge(SourceVoltage):
    """The supply's voltage rises above its set-point, as a swell in the sense of [1]_ but for as long as it is held.

    References
    ----------
    .. [1] IEEE Std 1159-2019, "Recommended practice for monitoring electric power quality": short- and
       long-duration variations of the voltage.
    """

    family = "surge"
    SIGN = 1.0


class VoltageSag(SourceVoltage):
    """The supply's voltage falls below its set-point, as a sag in the sense of [1]_ but for as long as it is held.

    References
    ----------
    .. [1] IEEE Std 1159-2019, "Recommended practice for monitoring electric power quality": short- and
       long-duration variations of the voltage.
    """

    family = "sag"
    SIGN = -1.0
