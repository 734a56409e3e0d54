"""Command tampering: what reaches taps, breakers and generators is not what the control room sent.

The attacker stands at the plant's end of the line: a command forged at a step acts on that step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from models.attacks.base import AttackParameters, FieldAttack, as_tuple
from models.attacks.field import FieldSignals
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number


@dataclass(frozen=True, kw_only=True)
class TapCommandParameters(AttackParameters):
    """Where the tap is sent: to a `position`, or `steps` away from where the control room sends it.

    Attributes
    ----------
    trafo
        pandapower index of the transformer.
    position
        [-]
    steps
        Added to the command. [-]
    """

    trafo: int
    position: int | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.position is None) == (self.steps is None):
            raise InvalidParameterError(
                f"a tap is sent to a position or some steps away: one of the two, got {self.position} and {self.steps}."
            )
        require_number("position or steps", self.position if self.steps is None else self.steps)


class ForgedTapCommand(FieldAttack[TapCommandParameters]):
    """A tap changer gets other commands than the control room sends, never beyond its range [1]_.

    With `steps` the regulator sees what it did not order and works against it; with `position` it works in vain. When
    the attack ends, the regulator's next command is obeyed again.

    References
    ----------
    .. [1] A. Teixeira et al., "Security of smart distribution grids: data integrity attacks on integrated volt/VAR
       control and countermeasures", American Control Conference, 2014.
    """

    family = "tap_command"
    Parameters: ClassVar[type[AttackParameters]] = TapCommandParameters

    def __init__(self, parameters: TapCommandParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        (self._at,) = surface.element_positions("trafo", [parameters.trafo])
        self.target_names = (f"trafo {parameters.trafo}",)
        trafo = surface.table("trafo").iloc[self._at]
        if not trafo.tap_min < trafo.tap_max:
            raise InvalidParameterError(f"trafo {parameters.trafo} has no tap changer to command.")
        self._lowest, self._highest = int(trafo.tap_min), int(trafo.tap_max)

    @property
    def size(self) -> float:
        p = self.parameters
        return float(abs(p.steps) if p.steps is not None else abs(p.position or 0))

    def change(self, signals: FieldSignals) -> FieldSignals:
        p, taps = self.parameters, signals.tap_pos.copy()
        wanted = int(taps[self._at]) + p.steps if p.steps is not None else p.position or 0
        taps[self._at] = min(max(wanted, self._lowest), self._highest)
        return replace(signals, tap_pos=taps)

    def description(self) -> str:
        p = self.parameters
        return f"forged tap command ({p.steps:+d})" if p.steps is not None else f"forged tap command to {p.position}"


@dataclass(frozen=True, kw_only=True)
class BreakerCommandParameters(AttackParameters):
    """Which breaker is operated.

    Attributes
    ----------
    switch
        pandapower index.
    closed
        What it is commanded to be.
    restored
        Whether it is put back at the end of the window; else it stays until somebody operates it.
    """

    switch: int
    closed: bool = False
    restored: bool = True


class ForgedBreakerCommand(FieldAttack[BreakerCommandParameters]):
    """A breaker is opened or closed by a command that nobody in the control room sent [1]_.

    References
    ----------
    .. [1] R. M. Lee, M. J. Assante, T. Conway, "Analysis of the cyber attack on the Ukrainian power grid", E-ISAC and
       SANS ICS, 2016.
    """

    family = "breaker_command"
    Parameters: ClassVar[type[AttackParameters]] = BreakerCommandParameters

    def __init__(
        self, parameters: BreakerCommandParameters, surface: AttackSurface, random: np.random.Generator
    ) -> None:
        super().__init__(parameters, surface, random)
        (self._at,) = surface.element_positions("switch", [parameters.switch])
        self.target_names = (f"switch {parameters.switch}",)
        self._found: bool | None = None

    @property
    def size(self) -> float:
        return 1.0

    def act(self, seconds: float, signals: FieldSignals) -> FieldSignals:
        if self.is_active(seconds):
            self._found = bool(signals.switch_closed[self._at]) if self._found is None else self._found
        elif self._found is not None and self.parameters.restored:
            found, self._found = self._found, None
            return self._operated(signals, found)
        return super().act(seconds, signals)

    def change(self, signals: FieldSignals) -> FieldSignals:
        return self._operated(signals, self.parameters.closed)

    def _operated(self, signals: FieldSignals, closed: bool) -> FieldSignals:
        switch_closed = signals.switch_closed.copy()
        switch_closed[self._at] = closed
        return replace(signals, switch_closed=switch_closed)

    def description(self) -> str:
        return f"forged command to {'close' if self.parameters.closed else 'open'}"


@dataclass(frozen=True, kw_only=True)
class SetPointParameters(AttackParameters):
    """What the generators are told to deliver.

    Attributes
    ----------
    factor
        Delivered power over what it would be otherwise; 0 stops them. [-]
    sgens
        pandapower indices of the static generators; all of them unless given.
    """

    factor: float
    sgens: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("factor", self.factor, at_least=0.0)
        object.__setattr__(self, "sgens", as_tuple("sgens", self.sgens))


class ForgedSetPoint(FieldAttack[SetPointParameters]):
    """Distributed generators get forged set-points of their active power [1]_.

    What follows the sun can only deliver less than it would; a factor above 1 is for those that hold a reserve.

    References
    ----------
    .. [1] J. Qi, A. Hahn, X. Lu, J. Wang, C.-C. Liu, "Cybersecurity for distributed energy resources and smart
       inverters", IET Cyber-Physical Systems: Theory & Applications 1(1), 2016.
    """

    family = "set_point"
    Parameters: ClassVar[type[AttackParameters]] = SetPointParameters

    def __init__(self, parameters: SetPointParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        chosen = list(parameters.sgens) or surface.elements("sgen")
        if not chosen:
            raise InvalidParameterError("the network has no static generators whose set-points could be forged.")
        at = surface.element_positions("sgen", chosen)
        self.target_names = tuple(f"sgen {index}" for index in chosen)
        self._factor = np.ones(len(surface.elements("sgen")))
        self._factor[at] = parameters.factor

    @property
    def size(self) -> float:
        return abs(1.0 - self.parameters.factor)

    def change(self, signals: FieldSignals) -> FieldSignals:
        return replace(signals, sgen_p_mw=self._factor * signals.sgen_p_mw)

    def description(self) -> str:
        return f"forged set-point ({self.parameters.factor:g} times)"
