"""What the measurements cannot tell: unobservable islands, critical measurements and critical pairs, by name.

A *critical* measurement has a residual of zero whatever all of them read: without it the network is unobservable, and
no error of its own can be seen. The residuals of a *critical pair* stand in one fixed ratio: without both the network
is unobservable, and an error can be seen but not which of the two has it. Any two of a *critical group* are such a
pair.

Both are found by letting all rows of the generic network read random numbers a few times: rows whose residuals are
zero every time are critical, rows whose residuals keep their ratio are a group. This is exact for nearly every
network of the graph, and needs no covariance between rows.

It says what is so for structural reasons. Beyond that, numbers can make a measurement all but critical (a meter much
sharper than everything that checks it) or two residuals all but inseparable: estimates report the first as
`critical`, and test the second in `identification`. A group that only three measurements together make observable is
not looked for.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 5: critical measurements,
   critical pairs and their residuals.
.. [2] J. B. A. London, L. F. C. Alberto, N. G. Bretas, Analysis of measurement-set qualitative characteristics for
   state-estimation purposes, IET Generation, Transmission & Distribution 1 (1), 2007: critical sets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from models.estimation.measurements.measurement_set import Readings
from models.estimation.solution.topology import TopologyEstimation
from models.network_model import BoolArray, IntArray

if TYPE_CHECKING:
    from pandas import DataFrame
MOST_LISTED = 10


@dataclass(frozen=True)
class UnobservableIsland:
    """Buses whose voltages are known against one another, but not against the reference."""

    buses: tuple[int, ...]
    """pandapower indices."""
    angle_is_open: bool
    magnitude_is_open: bool

    @property
    def open_states(self) -> str:
        """What is open, in words."""
        parts = {"angle": self.angle_is_open, "magnitude": self.magnitude_is_open}
        return " and ".join(name for name, is_open in parts.items() if is_open)


@dataclass(frozen=True)
class ObservabilityReport:
    """What a set of channels, together with the forecasts for what they do not measure, can and cannot tell."""

    observable: bool
    islands: tuple[UnobservableIsland, ...]
    critical_channels: tuple[str, ...]
    critical_groups: tuple[tuple[str, ...], ...]
    """Channels, and forecasts as ``p forecast bus 7``, any two of which are a critical pair."""

    @property
    def critical_pairs(self) -> tuple[tuple[str, str], ...]:
        """All pairs out of the critical groups."""
        return tuple(pair for group in self.critical_groups for pair in combinations(group, 2))

    def to_frame(self) -> "DataFrame":
        """One row a finding: its kind, the buses or measurements it is about, and what is open or hidden there."""
        import pandas as pd

        rows = [
            *(
                ("unobservable island", ", ".join(map(str, island.buses)), f"{island.open_states} open")
                for island in self.islands
            ),
            *(("critical measurement", name, "its errors cannot be seen") for name in self.critical_channels),
            *(
                ("critical group", _listed(group), "errors are seen, but not which one has them")
                for group in self.critical_groups
            ),
        ]
        return pd.DataFrame(rows, columns=["finding", "where", "meaning"])


def _listed(group: tuple[str, ...]) -> str:
    """The first names of a group; along a feeder nobody measures, forecasts go on for ever."""
    more = [f"and {len(group) - MOST_LISTED} more"] if len(group) > MOST_LISTED else []
    return ", ".join([*group[:MOST_LISTED], *more])


def report(
    topology: TopologyEstimation, readings: Readings, usable: BoolArray, bus_index: IntArray
) -> ObservabilityReport:
    """What the rows active in `readings`, whatever they read, can and cannot tell in one topology state.

    Parameters
    ----------
    usable
        Channels that count. (n_channel,)
    bus_index
        pandapower indices of the buses. (n_bus,)
    """
    islands = tuple(
        UnobservableIsland(
            tuple(bus_index[np.isin(topology.node_of_bus, island.nodes)].tolist()),
            island.angle_is_open,
            island.magnitude_is_open,
        )
        for island in topology.unobservable_islands(readings)
    )
    n_metered = topology.measurements.n_metered
    critical, groups = topology.critical_rows(readings)

    def names(rows: Iterable[int]) -> tuple[str, ...]:
        return tuple(name for row in rows for name in topology.measurements.names_of(row, usable, bus_index))

    named_groups = [names(rows) for rows in groups if min(rows) < n_metered]
    return ObservabilityReport(
        observable=not islands,
        islands=islands,
        critical_channels=names(np.flatnonzero(critical[:n_metered])),
        critical_groups=tuple(group for group in named_groups if len(group) > 1),
    )
