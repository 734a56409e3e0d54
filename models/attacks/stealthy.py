"""Stealthy false data injection: the attacker knows the network and forges what agrees with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.attacks.base import Attack, AttackParameters, as_tuple
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number
from models.telemetry.quality import Quality, Telemetry
from models.telemetry.status import STATUS_TYPES

if TYPE_CHECKING:
    from models.attacks.forgery import Forgery, Goal
    from models.attacks.knowledge import Knowledge

USABLE = (Quality.VALID, Quality.STALE)
# A change this small beside the meter's noise is not worth a forged message. [standard deviations]
NEGLIGIBLE_SIGMA = 0.05


@dataclass(frozen=True, kw_only=True)
class StealthyParameters(AttackParameters):
    """What the control room is to believe, and what the attacker knows and can write.

    The goal is one of three: `vm_change_pu` or `p_change_mw` at a `bus`, or `flow_factor` on a `line`.

    Attributes
    ----------
    bus, line
        pandapower index of where the estimate is to be moved.
    vm_change_pu
        Of the estimated voltage. [pu]
    p_change_mw
        Of the estimated consumption; negative steals. [MW]
    flow_factor
        Estimated over true power of the line; below 1 it hides an overload. [-]
    channels, buses
        Channels that can be written, by name or by bus; all unless given.
    access
        Share of those that can, by lot. [-]
    impedance_error_percent
        By how much the impedance of every branch in the attacker's copy of the network is wrong. [percent]
    stale_switches
        pandapower indices of switches whose states the attacker has wrong.
    ramp_s
        Time over which the change grows to its full size; 0 is a jump. [s]
    """

    bus: int | None = None
    line: int | None = None
    vm_change_pu: float | None = None
    p_change_mw: float | None = None
    flow_factor: float | None = None
    channels: tuple[str, ...] = ()
    buses: tuple[int, ...] = ()
    access: float = 1.0
    impedance_error_percent: float = 0.0
    stale_switches: tuple[int, ...] = ()
    ramp_s: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        goals = {"vm_change_pu": self.bus, "p_change_mw": self.bus, "flow_factor": self.line}
        given = [name for name in goals if getattr(self, name) is not None]
        if len(given) != 1 or goals[given[0]] is None or (self.bus is not None and self.line is not None):
            raise InvalidParameterError(
                "a stealthy attack has one goal: vm_change_pu or p_change_mw at a bus, or flow_factor on a line; "
                f"got {', '.join(given) or 'none'} with bus {self.bus} and line {self.line}."
            )
        require_number(given[0], getattr(self, given[0]))
        for name in ("channels", "buses", "stale_switches"):
            object.__setattr__(self, name, as_tuple(name, getattr(self, name)))
        if self.channels and self.buses:
            raise InvalidParameterError("channels that can be written are named or found at buses, not both.")
        require_number("access", self.access, above=0.0, at_most=1.0)
        require_number("impedance_error_percent", self.impedance_error_percent, at_least=0.0, at_most=90.0)
        require_number("ramp_s", self.ramp_s, at_least=0.0)


class StealthyInjection(Attack[StealthyParameters]):
    """False data injection a = h(x + c) - h(x), which no test of the residuals sees [1]_, in its AC form [2]_.

    x is the attacker's own estimate from all it hears, c the smallest change of the state that reaches the goal and
    leaves alone what cannot be written: meters out of reach, injections that are known to be zero, and the forecast of
    those that nobody measures (`forgery.Forgery`). With the right network and every channel in reach, the control
    room's residuals are what they were, while its estimate has moved as wanted; with a wrong network [3]_, or out of
    reach of some channels, they grow.

    References
    ----------
    .. [1] Y. Liu, P. Ning, M. K. Reiter, "False data injection attacks against state estimation in electric power
       grids", ACM Transactions on Information and System Security 14(1), article 13, 2011, theorem 1: a = Hc.
    .. [2] G. Hug, J. A. Giampapa, "Vulnerability assessment of AC state estimation with respect to false data injection
       cyber-attacks", IEEE Transactions on Smart Grid 3(3), 2012: a = h(x + c) - h(x).
    .. [3] M. A. Rahman, H. Mohsenian-Rad, "False data injection attacks with incomplete information against smart power
       grids", IEEE GLOBECOM, 2012.
    """

    family = "stealthy"
    Parameters: ClassVar[type[AttackParameters]] = StealthyParameters

    def __init__(self, parameters: StealthyParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        if surface.plan is None or surface.net is None:
            raise InvalidParameterError("a stealthy attacker knows the metering plan and the network: give both.")
        if any(phase is not None for *_, phase in surface.place):
            raise InvalidParameterError(
                "a stealthy attacker's own estimator is balanced; solve the plant by pandapower, or attack otherwise."
            )
        p, self._random = parameters, random
        if p.line is not None:
            surface.element_positions("line", [p.line])
        else:
            surface.element_positions("bus", [p.bus])  # type: ignore[list-item]
        self._stale = surface.element_positions("switch", p.stale_switches) if p.stale_switches else []
        self._measuring = np.flatnonzero([kind not in STATUS_TYPES for kind in surface.measurement_type])
        self.targets = self._writable(random)
        self.target_names = tuple(surface.names[position] for position in self.targets)

    def _writable(self, random: np.random.Generator) -> NDArray[np.int64]:
        p = self.parameters
        reached = (
            self.surface.choose(p.channels, p.buses, 0, None, random)
            if p.channels or p.buses
            else self._measuring.astype(np.int64)
        )
        count = max(1, round(p.access * len(reached)))
        return np.sort(random.choice(reached, size=count, replace=False)) if count < len(reached) else reached

    @cached_property
    def _knowledge(self) -> Knowledge:
        from models.attacks.knowledge import Knowledge

        return Knowledge(self.surface.net, self.parameters.impedance_error_percent, self._stale, self._random)

    @cached_property
    def _forgery(self) -> Forgery:
        """Built at the onset: nobody else pays for an estimator of the attacker's own."""
        from models.attacks.forgery import Forgery

        plan = self.surface.plan.iloc[self._measuring]  # type: ignore[union-attr]
        writable = np.isin(self._measuring, self.targets)
        return Forgery(self._knowledge, plan, writable, self._goal())

    def _goal(self) -> Goal:
        from models.attacks.forgery import Goal

        p = self.parameters
        if p.line is not None:
            return Goal("line", p.line, ("p", "q"), factor=float(p.flow_factor or 0.0))
        assert p.bus is not None
        if p.vm_change_pu is not None:
            return Goal("bus", p.bus, ("v",), change=p.vm_change_pu)
        return Goal("bus", p.bus, ("p",), change=float(p.p_change_mw or 0.0))

    def overhear(self, tap_pos: NDArray | None, switch_closed: NDArray | None) -> None:
        self._overheard = (tap_pos, switch_closed)

    def apply(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        self.forged, self.magnitude = self.targets[:0], 0.0
        if not self.is_active(seconds):
            return telemetry
        self._knowledge.overhear(*self._overheard)
        at = self._measuring
        usable = np.isin(telemetry.quality[at], USABLE) & np.isfinite(telemetry.value[at])
        change = np.zeros(len(telemetry.value))
        share = self.grown(seconds, self.parameters.ramp_s)
        change[at] = self._forgery.change(telemetry.value[at], usable, share)
        worth_it = np.abs(change) > NEGLIGIBLE_SIGMA * self.surface.std_dev
        self.forged = self.targets[worth_it[self.targets]]
        value = telemetry.value.copy()
        value[self.forged] += change[self.forged]
        self.magnitude = self.surface.largest_change(telemetry.value, value, self.forged)
        return Telemetry(value, telemetry.timestamp_s, telemetry.quality)

    def label(self) -> str:
        return f"{self.description()} through {len(self.targets)} channels"

    def description(self) -> str:
        p = self.parameters
        if p.line is not None:
            return f"stealthy injection: flow of line {p.line} times {p.flow_factor:g}"
        if p.vm_change_pu is not None:
            return f"stealthy injection: voltage of bus {p.bus} by {p.vm_change_pu:+g} pu"
        return f"stealthy injection: power of bus {p.bus} by {p.p_change_mw:+g} MW"
