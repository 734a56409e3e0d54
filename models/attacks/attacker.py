"""The attacker: all attacks of a scenario, one after the other on the same telemetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.attacks import ATTACKS
from models.attacks.base import Attack
from models.attacks.field import FieldSignals
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError, choose
from models.parameters import from_mapping
from models.random_streams import stream
from models.telemetry.quality import Telemetry

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet


class Attacker:
    """All attacks of a scenario, carried out in the order of the list.

    It stands between the channel and the control room (`step`) and between whatever acts on the plant and the plant
    (`act`); two that are made from the same attacks and seed are the same attacker in both places. Without an attack,
    and outside of every window, everything passes untouched.

    Parameters
    ----------
    attacks
        One mapping an attack: its `family`, a key of `ATTACKS`, and that family's parameters.
    surface
        What can be reached, and what is known.
    seed
        The scenario's seed; every attack draws from a stream of its own. [-]

    Attributes
    ----------
    forged
        (n_channel,) Channels that an attack forged at the last step, whether or not their value changed.
    forged_by
        (n_channel,) Number of the last attack that did, -1 where none.
    change
        (n_channel,) Value handed on less value received; NaN where either is missing. [unit of the channel]
    attack_active
        (n_attack,) 1 while an attack goes on, else 0.
    magnitude
        (n_attack,) How large each attack is at the last step: of forged channels the largest change in standard
        deviations of the meter, else in the family's own measure.

    Raises
    ------
    UnknownNameError, InvalidParameterError
    """

    def __init__(self, attacks: Sequence[Mapping[str, Any]], surface: AttackSurface, seed: int) -> None:
        self.surface = surface
        self.attacks = [
            make_attack(attack, surface, stream(seed, f"attack {number}")) for number, attack in enumerate(attacks)
        ]
        self.forged_by: NDArray[np.int64] = np.full(len(surface.names), -1)
        self.change: NDArray[np.float64] = np.zeros(len(surface.names))
        self.attack_active: NDArray[np.int64] = np.zeros(len(self.attacks), dtype=np.int64)
        self.magnitude: NDArray[np.float64] = np.zeros(len(self.attacks))

    @classmethod
    def of_plan(
        cls,
        plan: pd.DataFrame | Sequence[Mapping[str, Any]],
        attacks: Sequence[Mapping[str, Any]] = (),
        channel_buses: Sequence[int] = (),
        net: pandapowerNet | None = None,
        start_time_of_day_s: float = 0.0,
        seed: int = 0,
    ) -> Attacker:
        """The attacker before the channels of a metering plan; the other parameters are as of `AttackSurface`."""
        import pandas as pd

        known = {"net": net, "start_time_of_day_s": start_time_of_day_s}
        return cls(attacks, AttackSurface.of_plan(pd.DataFrame(plan), channel_buses, **known), seed)

    @property
    def forged(self) -> NDArray[np.bool_]:
        """Channels that an attack forged at the last step. (n_channel,)"""
        return self.forged_by >= 0

    def step(
        self,
        seconds: float,
        telemetry: Telemetry,
        tap_pos: NDArray | None = None,
        switch_closed: NDArray | None = None,
    ) -> Telemetry:
        """What the control room gets at `seconds` instead of `telemetry`.

        `tap_pos` (n_trafo) and `switch_closed` (n_switch) are the states that an attacker overhears; None is nothing.
        """
        received = telemetry
        self.forged_by = np.full(len(self.surface.names), -1)
        for number, attack in enumerate(self.attacks):
            attack.overhear(tap_pos, switch_closed)
            received = attack.apply(seconds, received)
            self.forged_by[attack.forged] = number
        self.change = received.value - telemetry.value
        self.attack_active = np.array([attack.is_active(seconds) for attack in self.attacks], dtype=np.int64)
        self.magnitude = np.array([attack.magnitude for attack in self.attacks], dtype=float)
        return received

    def act(self, seconds: float, signals: FieldSignals) -> FieldSignals:
        """What reaches the plant at `seconds` instead of `signals`."""
        for attack in self.attacks:
            signals = attack.act(seconds, signals)
        return signals

    def labels(self) -> list[str]:
        """Every attack in one line."""
        return [attack.label() for attack in self.attacks]


def make_attack(attack: Mapping[str, Any], surface: AttackSurface, random: np.random.Generator) -> Attack:
    """The attack that a mapping describes: `family` and that family's parameters.

    Raises
    ------
    UnknownNameError
        For an unknown family or channel.
    InvalidParameterError
    """
    if "family" not in attack:
        raise InvalidParameterError(f"an attack needs its family, one of {', '.join(sorted(ATTACKS))}; got {attack!r}.")
    attack_class = choose(ATTACKS, attack["family"], "attack family")
    parameters = {name: value for name, value in attack.items() if name != "family"}
    return attack_class(from_mapping(attack_class.Parameters, parameters), surface, random)
