"""What happened to the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from mosaik_scenarios.summary.tables import Extreme, highest, lowest, quantity, row_hours

if TYPE_CHECKING:
    from mosaik_scenarios.results import RunResult

# The narrow band is a planner's, the wide one that of EN 50160:2010, clause 4.2.2 (and 5.2.2).
VOLTAGE_BANDS_PU = ((0.95, 1.05), (0.90, 1.10))
SAG_PU = 0.8
"""While a bus is below this, the network is not in operation but in a fault. [pu]"""


@dataclass(frozen=True)
class GridSummary:
    """What happened to the grid; None where the run has no such table.

    Attributes
    ----------
    lowest_voltage, highest_voltage
        In operation. [pu]
    deepest_sag
        In a fault; None if there was none. [pu]
    minutes_outside
        By voltage band: time in which any bus was outside. [min]
    minutes_without_voltage
        Time in which any bus was dead though the power flow converged. [min]
    peak_line_loading, peak_trafo_loading
        [percent]
    energy_supplied_mwh, losses_mwh
        Through the slacks, and lost on the way. [MWh]
    lowest_frequency, highest_frequency
        [Hz]
    hottest_spot
        Of the transformers' windings. [degC]
    loss_of_life
        Largest loss of insulation life of a transformer. [h]
    steps, steps_not_converged
        Rows of the table `grid`, and how many of them have no power flow.
    """

    lowest_voltage: Extreme | None
    highest_voltage: Extreme | None
    deepest_sag: Extreme | None
    minutes_outside: dict[tuple[float, float], float]
    minutes_without_voltage: float
    peak_line_loading: Extreme | None
    peak_trafo_loading: Extreme | None
    energy_supplied_mwh: float | None
    losses_mwh: float | None
    lowest_frequency: Extreme | None
    highest_frequency: Extreme | None
    hottest_spot: Extreme | None
    loss_of_life: Extreme | None
    steps: int
    steps_not_converged: int


def summarise_grid(result: RunResult) -> GridSummary:
    """What happened to the grid."""
    grid, generator = result.table("grid"), result.table("generator")
    voltage = quantity(result.table("bus"), "vm_pu")
    converged = quantity(grid, "converged")
    slack_p_mw, losses_mw = quantity(result.table("slack"), "p_mw"), quantity(grid, "p_loss_mw")
    frequency = quantity(generator, "frequency_hz")
    return GridSummary(
        lowest_voltage=lowest(in_operation(voltage)),
        highest_voltage=highest(in_operation(voltage)),
        deepest_sag=deepest_sag(result),
        minutes_outside={band: minutes_outside(voltage, *band) for band in VOLTAGE_BANDS_PU},
        minutes_without_voltage=minutes_without_voltage(voltage, converged),
        peak_line_loading=highest(quantity(result.table("line"), "loading_percent")),
        peak_trafo_loading=highest(quantity(result.table("trafo"), "loading_percent")),
        energy_supplied_mwh=energy_mwh(slack_p_mw) if len(slack_p_mw.columns) else None,
        losses_mwh=energy_mwh(losses_mw) if len(losses_mw.columns) else None,
        lowest_frequency=lowest(frequency),
        highest_frequency=highest(frequency),
        hottest_spot=highest(quantity(result.table("transformer"), "hot_spot_c")),
        loss_of_life=highest(quantity(result.table("transformer"), "loss_of_life_h")),
        steps=len(grid),
        steps_not_converged=int((~converged.astype(bool)).to_numpy().sum()),
    )


def in_operation(vm_pu: pd.DataFrame) -> pd.DataFrame:
    """The rows in which no bus with voltage is as low as in a fault."""
    return vm_pu.loc[~(vm_pu < SAG_PU).any(axis=1)]


def deepest_sag(result: RunResult) -> Extreme | None:
    """The lowest voltage of the fine record around faults, if it is one of a fault."""
    fine = quantity(result.table("protection"), "vm_pu")
    sag = lowest(fine if len(fine.columns) else quantity(result.table("bus"), "vm_pu"))
    return sag if sag is not None and sag.value < SAG_PU else None


def minutes_outside(vm_pu: pd.DataFrame, low: float, high: float) -> float:
    """Time in which the voltage of any bus is below `low` or above `high`; dead buses do not count. [min]"""
    values = vm_pu.to_numpy(dtype=float)
    outside = ((values < low) | (values > high)).any(axis=1)
    return float(row_hours(vm_pu.index)[outside].sum() * 60)


def minutes_without_voltage(vm_pu: pd.DataFrame, converged: pd.DataFrame) -> float:
    """Time in which a bus has no voltage although the power flow converged. [min]"""
    dead = vm_pu.isna().any(axis=1)
    if len(converged.columns):
        dead &= converged.iloc[:, 0].reindex(dead.index, method="ffill").fillna(True).astype(bool)
    return float(row_hours(vm_pu.index)[dead.to_numpy()].sum() * 60)


def energy_mwh(p_mw: pd.DataFrame) -> float:
    """Energy of all elements together; rows without a power flow do not count. [MWh]"""
    return float((p_mw.sum(axis=1).to_numpy() * row_hours(p_mw.index)).sum())
