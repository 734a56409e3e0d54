"""Results computed elsewhere, whatever file they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mosaik_scenarios.comparison.hours import HOUR_S
from mosaik_scenarios.comparison.names import NodeName
from mosaik_scenarios.errors import ComparisonError

if TYPE_CHECKING:
    from pandas import DatetimeIndex

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]

MEGAWATTS = {"W": 1e-6, "kW": 1e-3, "MW": 1.0}
"""What a unit is worth. [MW]"""

REACTIVE = {"W": "var", "kW": "kvar", "MW": "Mvar"}


@dataclass(frozen=True, eq=False)
class Voltages:
    """Voltages of buses or nodes.

    Attributes
    ----------
    nodes
        Buses, or phases of buses, as the file calls them.
    vm_pu
        (n_row, n_node). [pu]
    va_degree
        (n_row, n_node), None where the file has none. [degree]
    """

    nodes: tuple[NodeName, ...]
    vm_pu: FloatArray
    va_degree: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Totals:
    """What the whole feeder draws at its source, consumption positive.

    Attributes
    ----------
    p_mw, q_mvar
        (n_row,), None where the file does not say. [MW, Mvar]
    """

    p_mw: FloatArray | None
    q_mvar: FloatArray | None


@dataclass(frozen=True, eq=False)
class Taps:
    """Tap positions over time.

    Attributes
    ----------
    columns
        What the file calls the tap changers.
    positions
        (n_row, n_column). [-]
    """

    columns: tuple[str, ...]
    positions: FloatArray


@dataclass(frozen=True, eq=False)
class Branches:
    """Power into branches at either end, (n_branch,). [MW, Mvar]"""

    from_bus: tuple[str, ...]
    to_bus: tuple[str, ...]
    p_from_mw: FloatArray
    q_from_mvar: FloatArray
    p_to_mw: FloatArray
    q_to_mvar: FloatArray


@dataclass(frozen=True, eq=False)
class Reference:
    """Results to compare the twin with.

    Attributes
    ----------
    kind
        One of `KINDS`, for people.
    source
        The file.
    rows
        Number of rows over time; 1 for a snapshot.
    voltages, totals, taps, branches
        What the file offers.
    injection_mva
        Generation less load of every bus of a snapshot, in the order of its voltages. (n_node,) [MVA]
    hours, times
        Hour of the year or wall-clock time of each row, where the file says so. (n_row,)
    unit
        In which powers are shown: a key of `MEGAWATTS`.
    matpower_numbers
        Whether buses are numbered as MATPOWER does, from one.
    ignored
        By name: what of the file is not compared, and why.
    """

    kind: str
    source: Path
    rows: int = 1
    voltages: Voltages | None = None
    totals: Totals | None = None
    taps: Taps | None = None
    branches: Branches | None = None
    injection_mva: ComplexArray | None = None
    hours: IntArray | None = None
    times: DatetimeIndex | None = None
    unit: str = "MW"
    matpower_numbers: bool = False
    ignored: Mapping[str, str] = field(default_factory=dict)

    @property
    def states_time(self) -> bool:
        """Whether every row says when it was."""
        return self.hours is not None or self.times is not None

    def hours_since(self, start: str) -> IntArray | None:
        """Hour of each row since the wall-clock time `start`, None where the file does not say.

        Raises
        ------
        ComparisonError
            A time is not on the hour.
        """
        if self.times is None:
            return self.hours
        import pandas as pd

        hours = (self.times - pd.Timestamp(start)).total_seconds().to_numpy() / HOUR_S
        off = np.flatnonzero(hours != np.round(hours))
        if len(off):
            raise ComparisonError(
                f"{self.source}: expected times in whole hours after {start}, got {self.times[off[0]]}; "
                "leave other rows out."
            )
        return hours.astype(np.int64)
