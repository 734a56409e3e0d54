"""Energy theft: a customer's meter reports less than the customer draws."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from models.attacks.base import AttackParameters, ChannelAttack, ChannelAttackParameters, as_tuple
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number
from models.telemetry.quality import Telemetry

DAY_H = 24.0
WAYS = ("factor", "cap_mw", "bypass_mw")


@dataclass(frozen=True, kw_only=True)
class TheftParameters(ChannelAttackParameters):
    """How much is reported: by `factor`, by `cap_mw` or with a `bypass_mw`, one of the three.

    Attributes
    ----------
    factor
        Reported over drawn power. [-]
    cap_mw
        The most that is ever reported. [MW]
    bypass_mw
        Drawn past the meter, which sees the rest but never less than nothing. [MW]
    hours
        Begin and end of the time of day at which it is done, over midnight if the end is the smaller one; all day
        unless given. [h]
    """

    factor: float | None = None
    cap_mw: float | None = None
    bypass_mw: float | None = None
    hours: tuple[float, ...] = (0.0, DAY_H)

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [name for name in WAYS if getattr(self, name) is not None]
        if len(given) != 1:
            raise InvalidParameterError(f"theft is by one of {', '.join(WAYS)}, got {', '.join(given) or 'none'}.")
        most = 1.0 if given == ["factor"] else inf
        require_number(given[0], getattr(self, given[0]), at_least=0.0, at_most=most)
        object.__setattr__(self, "hours", as_tuple("hours", self.hours))
        if len(self.hours) != 2:
            raise InvalidParameterError(f"hours are begin and end, such as [22, 6], got {list(self.hours)}.")
        for hour in self.hours:
            require_number("hours", hour, at_least=0.0, at_most=DAY_H)


class Theft(ChannelAttack[TheftParameters]):
    """Under-reporting at a customer's meter, as [1]_ generates thefts: all the time, above a cap, or by time of day.

    The plant's load stays what it is. Active power is what `factor`, `cap_mw` and `bypass_mw` mean; reactive power at
    the same place shrinks in proportion, as where the meter's current is bypassed. Feed-in (negative consumption) is
    reported as it is. What the control room expects of loads is their contract's standard profile, not their bill, so
    that a theft does not change it; an estimator that believes meters more than forecasts is fooled nevertheless.

    References
    ----------
    .. [1] P. Jokar, N. Arianpoo, V. C. M. Leung, "Electricity theft detection in AMI using customers' consumption
       patterns", IEEE Transactions on Smart Grid 7(1), 2016, section IV: malicious samples.
    """

    family = "theft"
    Parameters: ClassVar[type[AttackParameters]] = TheftParameters

    def __init__(self, parameters: TheftParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._active_power = np.array([self._active_power_beside(int(position)) for position in self.targets])

    def _active_power_beside(self, position: int) -> int:
        """The channel of active power at a target's place, itself if it is one or if there is none to be known."""
        surface, kind = self.surface, self.surface.of_type(position)
        if kind == "q" and surface.place:
            for other, place in enumerate(surface.place):
                if place == surface.place[position] and surface.of_type(other) == "p":
                    return other
        if kind == "p" or (kind in ("q", None) and self.parameters.factor is not None):
            return position
        raise InvalidParameterError(
            f"a customer's {surface.names[position]!r} cannot be under-reported; take channels of p, or of q beside "
            "a p at the same place."
        )

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        if not self._is_the_hour(seconds):
            self.forged = self.targets[:0]
            return telemetry
        share = self._reported_share(telemetry.value[self._active_power])
        return self.with_values(telemetry, share * telemetry.value[self.targets])

    def _reported_share(self, drawn_mw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Reported over drawn active power; 1 for feed-in and where it is unknown."""
        p = self.parameters
        if p.factor is not None:
            return np.where(drawn_mw < 0.0, 1.0, p.factor)
        consumed_mw = np.where(drawn_mw > 0.0, drawn_mw, np.inf)
        reported_mw = consumed_mw - p.bypass_mw if p.bypass_mw is not None else np.minimum(consumed_mw, p.cap_mw or 0.0)
        share = np.divide(reported_mw, consumed_mw, out=np.ones_like(drawn_mw), where=np.isfinite(consumed_mw))
        return np.maximum(share, 0.0)

    def _is_the_hour(self, seconds: float) -> bool:
        hour = (self.surface.start_time_of_day_s + seconds) / 3600.0 % DAY_H
        begin, end = self.parameters.hours
        return begin <= hour < end if begin <= end else hour >= begin or hour < end

    def description(self) -> str:
        p = self.parameters
        if p.factor is not None:
            return f"theft of {100 * (1 - p.factor):g} %"
        return f"theft above {p.cap_mw:g} MW" if p.cap_mw is not None else f"theft of {p.bypass_mw:g} MW past the meter"
