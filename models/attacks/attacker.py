"""The attacker: all attacks of a scenario, one after the other on the same telemetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attacks import ATTACKS
from models.attacks.base import Attack
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError, choose
from models.parameters import from_mapping
from models.random_streams import stream
from models.telemetry.quality import Telemetry


class Attacker:
    """Stands between the channel and the control room and carries out its attacks in the order of the list.

    Without an attack, and outside of every window, telemetry passes untouched.

    Parameters
    ----------
    attacks
        One mapping an attack: its `family`, a key of `ATTACKS`, and that family's parameters.
    surface
        The channels that can be reached.
    seed
        The scenario's seed; every attack draws from a stream of its own. [-]

    Attributes
    ----------
    forged
        (n_channel,) Targets of an attack that was active at the last step, whether or not their value changed.
    attack_active
        (n_attack,) 1 while an attack goes on, else 0.

    Raises
    ------
    UnknownNameError, InvalidParameterError
    """

    def __init__(self, attacks: Sequence[Mapping[str, Any]], surface: AttackSurface, seed: int) -> None:
        self.surface = surface
        self.attacks = [
            make_attack(attack, surface, stream(seed, f"attack {number}")) for number, attack in enumerate(attacks)
        ]
        self.forged: NDArray[np.bool_] = np.zeros(len(surface.names), dtype=bool)
        self.attack_active: NDArray[np.int64] = np.zeros(len(self.attacks), dtype=np.int64)

    def step(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        """What the control room gets at `seconds` instead of `telemetry`."""
        self.attack_active = np.array([attack.is_active(seconds) for attack in self.attacks], dtype=np.int64)
        self.forged = np.zeros(len(self.surface.names), dtype=bool)
        for attack in self.attacks:
            telemetry = attack.apply(seconds, telemetry)
            if attack.is_active(seconds):
                self.forged[attack.targets] = True
        return telemetry

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
