"""Forged states of breakers: the control room believes in another network than there is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from models.attacks.base import AttackParameters, ChannelAttack, ChannelAttackParameters
from models.attacks.surface import AttackSurface
from models.telemetry.quality import Telemetry


class ForgedBreakerState(ChannelAttack[ChannelAttackParameters]):
    """Topology attack [1]_: every target reports the opposite of what its breaker is, 1 being closed and 0 open.

    Nothing else is forged, so that measurements contradict the topology; in [1]_ an attacker who knows the network
    forges these as well.

    References
    ----------
    .. [1] J. Kim, L. Tong, "On topology attack of a smart grid: undetectable attacks and countermeasures", IEEE Journal
       on Selected Areas in Communications 31(7), 2013.
    """

    family = "breaker_state"
    Parameters: ClassVar[type[AttackParameters]] = ChannelAttackParameters

    def __init__(
        self, parameters: ChannelAttackParameters, surface: AttackSurface, random: np.random.Generator
    ) -> None:
        super().__init__(parameters, surface, random)
        self.require_type(("closed",), "tells no breaker's state; take channels of type closed.")

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        return self.with_values(telemetry, 1.0 - telemetry.value[self.targets])

    def description(self) -> str:
        return "forged breaker state"
