"""What a stealthy attacker knows of the network, right or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.network_model import BoolArray, NetworkModel

if TYPE_CHECKING:
    from pandapower import pandapowerNet


class Knowledge:
    """An attacker's own copy of the network, and which state of it the attacker believes in.

    Parameters
    ----------
    net
        The network as it is.
    impedance_error_percent
        By how much the impedance of every line and transformer is wrong, upwards or downwards by lot. [percent]
    stale_switches
        Positions of the switches that the attacker believes to be the opposite of what they are.
    random
        What the lots are drawn from.
    """

    def __init__(
        self,
        net: pandapowerNet,
        impedance_error_percent: float,
        stale_switches: Sequence[int],
        random: np.random.Generator,
    ) -> None:
        self.network = NetworkModel(_with_wrong_impedances(net, impedance_error_percent, random))
        self._stale = list(stale_switches)
        self._tap_pos: NDArray | None = None
        self._switch_closed: BoolArray = self.network.initial_switch_closed

    def overhear(self, tap_pos: NDArray | None, switch_closed: NDArray | None) -> None:
        """Believe in these states; None leaves the belief as it is."""
        self._tap_pos = self._tap_pos if tap_pos is None else tap_pos
        self._switch_closed = self._switch_closed if switch_closed is None else np.asarray(switch_closed, dtype=bool)

    @property
    def tap_pos(self) -> NDArray | None:
        """Believed positions, None as built. (n_trafo,)"""
        return self._tap_pos

    @property
    def switch_closed(self) -> BoolArray:
        """Believed states. (n_switch,)"""
        believed = self._switch_closed.copy()
        believed[self._stale] = ~believed[self._stale]
        return believed


def _with_wrong_impedances(net: pandapowerNet, percent: float, random: np.random.Generator) -> pandapowerNet:
    """A copy of `net` whose branches have impedances by so much too large or too small."""
    if percent == 0.0:
        return net
    wrong = deepcopy(net)
    for table, columns in (("line", ("r_ohm_per_km", "x_ohm_per_km")), ("trafo", ("vk_percent", "vkr_percent"))):
        factor = 1.0 + percent / 100.0 * random.choice([-1.0, 1.0], size=len(wrong[table]))
        for column in columns:
            wrong[table][column] = wrong[table][column] * factor
    return wrong
