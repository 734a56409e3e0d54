"""The smallest change of state that makes the control room believe what it shall, and what meters would read in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.attacks.knowledge import Knowledge
from models.estimation.estimator import StateEstimator
from models.estimation.measurements.channel_readings import ChannelReadings
from models.estimation.measurements.metering_plan import COLUMNS
from models.estimation.measurements.pseudo_measurements import PSEUDO_STD_DEV_FRACTION
from models.network_model import BoolArray, FloatArray

if TYPE_CHECKING:
    from pandas import DataFrame

# Writable channels resist a change this many times less than those out of reach,
WRITABLE_STD_DEV_FACTOR = 300.0
# and the goal is held as if by a meter this many times better than the best of its kind.
GOAL_STD_DEV_FACTOR = 0.03
DEFAULT_STD_DEV = {"v": 1e-3, "p": 1e-2, "q": 1e-2}
# A small load is not forecast better than this share of a mean one.
SMALLEST_SHARE_OF_MEAN = 0.01


@dataclass(frozen=True)
class Goal:
    """What the estimate is to become at one element: the attacker's own estimate times `factor` plus `change`.

    Attributes
    ----------
    element_type, element
        Where; of a line, its "from" end.
    quantities
        Of measurement types.
    """

    element_type: str
    element: int
    quantities: tuple[str, ...]
    factor: float = 1.0
    change: float = 0.0

    @property
    def side(self) -> str | None:
        """As a metering plan states it."""
        return "from" if self.element_type == "line" else None


class Forgery:
    """Finds a = h(x + c) - h(x) by two estimates of the attacker's own.

    The first is x, from what the channels read. The second starts from what all of them would read in x, with the goal
    measured sharply, writable channels measured badly and everything else as well as it is: its least squares is x + c
    with the least contradiction to what cannot be written and, among such, the least change of what can.

    Parameters
    ----------
    knowledge
        The network as the attacker believes it to be.
    plan
        Channels that measure.
    writable
        Which of them can be written. (n_channel,)
    goal
        What the control room is to believe.
    """

    def __init__(self, knowledge: Knowledge, plan: DataFrame, writable: BoolArray, goal: Goal) -> None:
        self._knowledge = knowledge
        self._goal = goal
        self._n_channel = len(plan)
        own = plan[list(COLUMNS)]
        extended = _extended(own, knowledge, goal)
        self._first = StateEstimator(knowledge.network, own, max_removals=0)
        self._second = StateEstimator(knowledge.network, extended, max_removals=0)
        self._h = ChannelReadings(self._second.channels)
        variance = extended["std_dev"].to_numpy(dtype=float) ** 2
        self._extra_variance = np.zeros(len(extended))
        self._extra_variance[: self._n_channel] = np.where(
            writable, (WRITABLE_STD_DEV_FACTOR**2 - 1.0) * variance[: self._n_channel], 0.0
        )

    def change(self, value: FloatArray, usable: BoolArray, share: float) -> FloatArray:
        """What has to be added to the channels for a `share` of the goal; zero where no state can be found.

        Parameters
        ----------
        value, usable
            What the channels read and which of them count. (n_channel,)
        """
        believed: dict[str, Any] = {"tap_pos": self._knowledge.tap_pos, "switch_closed": self._knowledge.switch_closed}
        nothing = np.zeros(self._n_channel)
        now = self._first.estimate(value, usable, **believed)
        if not now.converged:
            return nothing
        admittances = self._knowledge.network.admittances(**believed)
        reads = self._h.at(admittances, now.vm_pu, now.va_degree)
        wanted = reads.copy()
        goal = slice(-len(self._goal.quantities), None)
        wanted[goal] += share * ((self._goal.factor - 1.0) * reads[goal] + self._goal.change)
        then = self._second.estimate(wanted, np.isfinite(wanted), extra_variance=self._extra_variance, **believed)
        if not then.converged:
            return nothing
        change = self._h.at(admittances, then.vm_pu, then.va_degree) - reads
        return np.nan_to_num(change[: self._n_channel])


def _extended(plan: DataFrame, knowledge: Knowledge, goal: Goal) -> DataFrame:
    """The plan with a channel more for every injection that is only forecast, and at last those of the goal."""
    import pandas as pd

    sharp = {quantity: _sharpest(plan, quantity) for quantity in goal.quantities}
    goals = [
        (
            f"goal {quantity}",
            quantity,
            goal.element_type,
            goal.element,
            goal.side,
            GOAL_STD_DEV_FACTOR * sharp[quantity],
        )
        for quantity in goal.quantities
    ]
    aimed_at = {(quantity, goal.element) for quantity in goal.quantities} if goal.element_type == "bus" else set()
    rows = [row for row in _forecast_injections(plan, knowledge) if (row[1], row[3]) not in aimed_at]
    added = pd.DataFrame([*rows, *goals], columns=list(COLUMNS))
    return pd.concat([plan, added], ignore_index=True)


def _forecast_injections(plan: DataFrame, knowledge: Knowledge) -> list[tuple[str, str, str, int, None, float]]:
    """A channel for the active and reactive power of every bus that has a load or static generator but no meter."""
    network = knowledge.network
    net = network.net
    drawn = network.bus_consumption(
        np.abs(net.load.p_mw.to_numpy(dtype=float)) + 1j * np.abs(net.load.q_mvar.to_numpy(dtype=float)),
        -np.abs(net.sgen.p_mw.to_numpy(dtype=float)) - 1j * np.abs(net.sgen.q_mvar.to_numpy(dtype=float)),
    )
    buses = sorted({*network.load_bus.tolist(), *network.sgen_bus.tolist()})
    if not buses:
        return []
    at_bus = plan[plan["element_type"] == "bus"]
    metered = set(zip(at_bus["measurement_type"], at_bus["element"].astype(int), strict=True))
    free = set(network.gen_bus.tolist()) | set(network.ext_grid_bus.tolist())
    floor = max(SMALLEST_SHARE_OF_MEAN * float(np.abs(drawn[buses]).mean()), 1e-6)
    rows: list[tuple[str, str, str, int, None, float]] = []
    for position in buses:
        bus = int(network.bus_index[position])
        for quantity, nominal in (("p", drawn[position].real), ("q", drawn[position].imag)):
            if position not in free and (quantity, bus) not in metered:
                std_dev = max(PSEUDO_STD_DEV_FRACTION * float(nominal), floor)
                rows.append((f"forecast {quantity} bus {bus}", quantity, "bus", bus, None, std_dev))
    return rows


def _sharpest(plan: DataFrame, quantity: str) -> float:
    of_kind = plan.loc[plan["measurement_type"] == quantity, "std_dev"]
    return float(of_kind.min()) if len(of_kind) else DEFAULT_STD_DEV[quantity]
