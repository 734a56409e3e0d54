"""What the control room takes taps and switches for: as built, until telemetry says otherwise."""

import numpy as np

from models.estimation.measurements.metering_plan import STATUS, Channels
from models.estimation.network_equations import EstimatedNetwork
from models.network_model import BoolArray, FloatArray, IntArray

# Of a state that is told as a number: nearer to closed (1) than to open (0).
CLOSED_FROM = 0.5


class BelievedTopology:
    """Taps and switches as the status channels of a metering plan last told them, right or wrong.

    What has no channel, and what has not reported yet, is taken to be as built. A report that is lost leaves the one
    before it in force, as SCADA systems retain the last good value; so does a tap position outside the changer's range.

    Parameters
    ----------
    network
        The network as built.
    channels
        The metering plan.

    Attributes
    ----------
    tap_pos
        (n_trafo,) Believed tap positions. [-]
    switch_closed
        (n_switch,) Believed states of the switches.
    """

    def __init__(self, network: EstimatedNetwork, channels: Channels) -> None:
        self._tap_channel, self._switch_channel = (_status_at(table, channels) for table in ("trafo", "switch"))
        self._trafo: IntArray = channels.position[self._tap_channel]
        self._switch: IntArray = channels.position[self._switch_channel]
        self._tap_min, self._tap_max = network.tap_range
        self.tap_pos: FloatArray = network.initial_tap_pos.astype(np.float64)
        self.switch_closed: BoolArray = network.initial_switch_closed.copy()

    def update(self, value: FloatArray, usable: BoolArray) -> None:
        """Believe what came in.

        Parameters
        ----------
        value, usable
            What the channels of the plan read, and which of them count. (n_channel,)
        """
        told = np.where(usable, value, np.nan)
        tap, state = told[self._tap_channel], told[self._switch_channel]
        # NaN compares false.
        possible = (tap >= self._tap_min[self._trafo]) & (tap <= self._tap_max[self._trafo])
        self.tap_pos = self.tap_pos.copy()
        self.tap_pos[self._trafo[possible]] = tap[possible]
        known = np.isfinite(state)
        self.switch_closed = self.switch_closed.copy()
        self.switch_closed[self._switch[known]] = state[known] >= CLOSED_FROM


def _status_at(table: str, channels: Channels) -> IntArray:
    """The status channels at elements of one table."""
    at_table = np.array([element_type == table for element_type in channels.element_type], dtype=bool)
    return np.flatnonzero((channels.quantity == STATUS) & at_table)
