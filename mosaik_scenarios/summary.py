"""What happened in a run, as numbers: functions of its tables (rows are time, columns are elements)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from mosaik_scenarios.results import RunResult
    from mosaik_scenarios.scenario import Scenario

# The narrow band is a planner's, the wide one that of EN 50160:2010, clause 4.2.2 (and 5.2.2).
VOLTAGE_BANDS_PU = ((0.95, 1.05), (0.90, 1.10))


@dataclass(frozen=True)
class Extreme:
    """The value that stood out, with its element (a bus, a line, ...; None for a scalar) and its time."""

    value: float
    element: object
    at: datetime


@dataclass(frozen=True)
class GridSummary:
    """What happened to the grid; None where the run has no such table.

    Attributes
    ----------
    lowest_voltage, highest_voltage
        [pu]
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


@dataclass(frozen=True)
class AttackSummary:
    """One attack: what it did and when.

    Attributes
    ----------
    channels
        Those that it forged.
    largest_change
        From the measured to the received value. [unit of the channel]
    missing_share
        Of the forged channels' readings, those that did not arrive at all. [-]
    """

    family: str
    start: datetime
    end: datetime
    channels: tuple[str, ...]
    largest_change: Extreme | None
    missing_share: float


@dataclass(frozen=True)
class DetectorSummary:
    """What one detector saw.

    Attributes
    ----------
    delays
        An attack's entry is the time from its begin to the first alarm in its window; None where it was missed.
    alarms, alarms_outside
        Alarms raised, and how many of them outside of every attack.
    """

    name: str
    delays: tuple[timedelta | None, ...]
    alarms: int
    alarms_outside: int


@dataclass(frozen=True)
class Summary:
    """A run at a glance; `event_counts` by kind of event."""

    result: RunResult
    grid: GridSummary
    event_counts: dict[str, int]
    attacks: tuple[AttackSummary, ...]
    detectors: tuple[DetectorSummary, ...]


def summarise(result: RunResult) -> Summary:
    """The numbers of a run."""
    return Summary(
        result=result,
        grid=summarise_grid(result),
        event_counts={str(kind): int(count) for kind, count in result.events["kind"].value_counts().items()},
        attacks=tuple(summarise_attacks(result.scenario, result.table("measurement"))),
        detectors=tuple(summarise_detectors(result.scenario, result.table("detection"), result.alarms)),
    )


def summarise_grid(result: RunResult) -> GridSummary:
    """What happened to the grid."""
    grid, generator = result.table("grid"), result.table("generator")
    voltage = quantity(result.table("bus"), "vm_pu")
    converged = quantity(grid, "converged")
    slack_p_mw, losses_mw = quantity(result.table("slack"), "p_mw"), quantity(grid, "p_loss_mw")
    frequency = quantity(generator, "frequency_hz")
    return GridSummary(
        lowest_voltage=lowest(voltage),
        highest_voltage=highest(voltage),
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


def quantity(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """One quantity of a table, time x element; a scalar has one column, an unknown quantity none."""
    if table.columns.nlevels < 2:
        return table.iloc[:, :0]
    chosen = table.loc[:, table.columns.get_level_values("quantity") == name]
    return chosen.droplevel("quantity", axis="columns")


def lowest(table: pd.DataFrame) -> Extreme | None:
    """The smallest value with its element and time; None if there is no number."""
    return _extreme(table, np.nanargmin)


def highest(table: pd.DataFrame) -> Extreme | None:
    """The largest value with its element and time; None if there is no number."""
    return _extreme(table, np.nanargmax)


def _extreme(table: pd.DataFrame, position_of: Callable[[np.ndarray], Any]) -> Extreme | None:
    values = table.to_numpy(dtype=float)
    if not np.isfinite(values).any():
        return None
    row, column = np.unravel_index(position_of(values), values.shape)
    element, time = table.columns[column], cast(pd.Timestamp, table.index[row])
    return Extreme(float(values[row, column]), None if element == "" else element, time.to_pydatetime())


def row_hours(index: pd.Index) -> np.ndarray:
    """How long each row stands: until the next one; the last as long as the one before. [h]"""
    hours = np.diff(index.to_numpy()) / np.timedelta64(1, "h")
    return np.append(hours, hours[-1:]) if len(hours) else np.zeros(len(index))


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


def summarise_attacks(scenario: Scenario, measurement: pd.DataFrame) -> list[AttackSummary]:
    """What each attack did to the measurements."""
    forged = quantity(measurement, "forged")
    change = quantity(measurement, "value_received") - quantity(measurement, "value_measured")
    summaries = []
    for attack in scenario.attacks:
        start = scenario.start + attack.start
        end = start + attack.duration
        in_window = forged.loc[inside(forged.index, start, end)]
        channels = [channel for channel in forged.columns if in_window[channel].any()]
        changed = change.loc[inside(change.index, start, end), [c for c in channels if c in change.columns]]
        largest = _largest(changed)
        missing_share = float(changed.isna().to_numpy().mean()) if changed.size else 0.0
        summaries.append(AttackSummary(attack.family, start, end, tuple(map(str, channels)), largest, missing_share))
    return summaries


def _largest(change: pd.DataFrame) -> Extreme | None:
    """The value of largest magnitude, with its sign."""
    largest = highest(change.abs())
    if largest is None or largest.value == 0:
        return None
    signed = float(change.loc[largest.at, largest.element])  # type: ignore[index, arg-type]
    return Extreme(signed, largest.element, largest.at)


def inside(index: pd.Index, start: datetime, end: datetime) -> np.ndarray:
    """Which times lie in the half-open window [start, end)."""
    return np.asarray((index >= start) & (index < end))


def summarise_detectors(scenario: Scenario, detection: pd.DataFrame, alarms: pd.DataFrame) -> list[DetectorSummary]:
    """When each detector saw which attack, and how often it raised an alarm for nothing."""
    windows = [(scenario.start + a.start, scenario.start + a.start + a.duration) for a in scenario.attacks]
    in_alarm = quantity(detection, "alarm")
    summaries = []
    for name in scenario.detectors:
        raised = alarms.index[(alarms["detector"] == name).to_numpy(dtype=bool)]
        # An alarm that was raised before an attack and still stands sees the attack from its first moment.
        seen = in_alarm.index[in_alarm[name].to_numpy(dtype=bool)] if name in in_alarm else raised
        delays = tuple(_delay(seen, start, end) for start, end in windows)
        outside = ~np.logical_or.reduce([inside(raised, *window) for window in windows], initial=False)
        summaries.append(DetectorSummary(name, delays, len(raised), int(np.sum(outside & np.ones(len(raised), bool)))))
    return summaries


def _delay(times: pd.Index, start: datetime, end: datetime) -> timedelta | None:
    """From the begin of a window to the first of `times` in it."""
    within = times[inside(times, start, end)]
    return (within[0] - start).to_pytimedelta() if len(within) else None
