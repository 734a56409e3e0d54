"""Whom an attack can be aimed at on a feeder, drawn by lot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from models.telemetry.status import STATUS_TYPES
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.roles import Roles

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

BREAKERS_LOOKED_AT = 24
"""Breakers whose importance is worked out at most; a city's ring has hundreds. [-]"""

SMALL_LOAD_QUANTILE = 0.25
"""A customer worth robbing is not among this share of the smallest. [-]"""


class Targets:
    """Draws meters, stations, customers, breakers and regulators of a feeder.

    Parameters
    ----------
    roles
        The feeder, its metering plan and regulators.
    random
        By which is drawn.
    """

    def __init__(self, roles: Roles, random: np.random.Generator) -> None:
        self.roles = roles
        self.net = roles.feeder.net
        self.random = random

    def sign(self) -> float:
        """Up or down."""
        return float(self.random.choice([-1.0, 1.0]))

    def meters(self, number: int, types: Sequence[str] = (), at: str | None = None) -> tuple[str, ...]:
        """Names of different channels, of some measurement types, at a "bus", "line" or "trafo" (anywhere unless told).

        Fewer where there are not that many.
        """
        plan = self._measuring
        if types:
            plan = plan[plan.measurement_type.isin(types)]
        if at is not None:
            plan = plan[plan.element_type == at]
        return tuple(self._drawn(plan.name.to_numpy(), number))

    def share_of_meters(self, share: float) -> int:
        """How many of all channels that measure, at least one."""
        return max(1, round(share * len(self._measuring)))

    def stations(self, number: int) -> tuple[int, ...]:
        """Buses with meters."""
        return tuple(int(bus) for bus in self._drawn(np.unique(self.roles.judged_channel_buses), number))

    def customers(self, number: int) -> tuple[int, ...]:
        """Buses with loads that are not small, whose consumption is metered and who have no generation."""
        return tuple(int(bus) for bus in self._drawn(self._customers, number))

    def consumption_of(self, bus: int) -> float:
        """Nominal active power of the loads at a bus. [MW]"""
        return float(self.net.load.p_mw[self.net.load.bus == bus].sum())

    def channels_of(self, bus: int, types: Sequence[str]) -> tuple[str, ...]:
        """Channels of some types at a bus itself."""
        at_bus = self._measuring[(self._measuring.element_type == "bus") & (self._measuring.element == bus)]
        return tuple(at_bus.name[at_bus.measurement_type.isin(types)])

    def breaker_states(self, number: int) -> tuple[str, ...]:
        """Channels that tell a breaker's state."""
        plan = self.roles.plan
        return tuple(self._drawn(plan.name[plan.measurement_type == "closed"].to_numpy(), number))

    def breaker(self, rank: float) -> tuple[int, float]:
        """A closed switch and the load that would be dark without it [MW]: the least (0) to the most important (1)."""
        switches = self._breakers
        return switches[min(int(rank * len(switches)), len(switches) - 1)]

    def regulated_trafo(self) -> int:
        """A transformer whose taps the control room commands."""
        return int(self.random.choice(sorted({int(row["trafo"]) for row in self.roles.regulators()})))

    @property
    def generators(self) -> int:
        """Number of static generators in service. [-]"""
        return int(self.net.sgen.in_service.sum())

    @cached_property
    def _measuring(self) -> DataFrame:
        plan = self.roles.plan
        return plan[~plan.measurement_type.isin(STATUS_TYPES)]

    @cached_property
    def _customers(self) -> NDArray[Any]:
        drawn = self.net.load[self.net.load.in_service].groupby("bus").p_mw.sum()
        metered = self._measuring[(self._measuring.element_type == "bus") & (self._measuring.measurement_type == "p")]
        found = drawn[(drawn > 0) & drawn.index.isin(metered.element) & ~drawn.index.isin(self.net.sgen.bus.unique())]
        if not len(found):
            raise ScenarioError([("metering", "expected a plan with customers' meters, got none at a bus with a load")])
        return found.index[found >= found.quantile(SMALL_LOAD_QUANTILE)].to_numpy()

    @cached_property
    def _breakers(self) -> list[tuple[int, float]]:
        """Some closed switches with what their opening leaves dark, the least important first."""
        closed = self.net.switch.index[self.net.switch.closed].to_numpy()
        looked_at = self._drawn(closed, BREAKERS_LOOKED_AT)
        dark = ((int(switch), self._dark_without(int(switch))) for switch in looked_at)
        return sorted(dark, key=lambda found: found[1])

    def _dark_without(self, switch: int) -> float:
        from pandapower.topology import unsupplied_buses

        was = self.net.switch.at[switch, "closed"]
        try:
            self.net.switch.at[switch, "closed"] = False
            buses = unsupplied_buses(self.net)
        finally:
            self.net.switch.at[switch, "closed"] = was
        return float(self.net.load.p_mw[self.net.load.bus.isin(buses)].sum())

    def _drawn(self, among: NDArray[Any], number: int) -> NDArray[Any]:
        return self.random.choice(among, size=min(number, len(among)), replace=False)
