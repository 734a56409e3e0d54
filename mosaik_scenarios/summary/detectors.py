"""What each detector saw, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from mosaik_scenarios.summary.tables import inside, quantity, row_hours

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Sighting:
    """What a detector saw of one attack.

    Attributes
    ----------
    delay
        From the attack's begin to the first alarm in its window; None where it was missed.
    stood_before
        Whether the detector was in alarm already when the attack began: then it is no evidence for having seen it.
    alarmed, lasted
        Time in alarm during the attack, and time that the attack lasted within the run.
    outlasted
        How long an alarm that stood at the attack's end stood on.
    """

    delay: timedelta | None
    stood_before: bool
    alarmed: timedelta
    lasted: timedelta
    outlasted: timedelta


@dataclass(frozen=True)
class DetectorSummary:
    """What one detector saw.

    Attributes
    ----------
    sightings
        One an attack.
    alarms
        Alarm episodes raised, of which
    alarms_at_faults
        began outside of every attack, during a fault or before the grid was whole again,
    false_alarms
        began outside of both.
    alarmed_falsely
        How long those stood.
    """

    name: str
    sightings: tuple[Sighting, ...]
    alarms: int
    alarms_at_faults: int
    false_alarms: int
    alarmed_falsely: timedelta


def summarise_detector(
    name: str,
    detection: pd.DataFrame,
    alarms: pd.DataFrame,
    attacks: Sequence[Window],
    disturbances: Sequence[Window],
) -> DetectorSummary:
    """One detector against the attacks and the times in which faults disturbed the grid."""
    raised = alarms.index[(alarms["detector"] == name).to_numpy(dtype=bool)]
    outside = raised[~_in_any(raised, attacks)]
    at_faults = int(_in_any(outside, disturbances).sum())
    in_alarm = quantity(detection, "alarm")
    alarm = in_alarm[name].astype(bool) if name in in_alarm else pd.Series(False, index=in_alarm.index, dtype=bool)
    sightings = tuple(_sighting(alarm, start, end) for start, end in attacks)
    return DetectorSummary(
        name=name,
        sightings=sightings,
        alarms=len(raised),
        alarms_at_faults=at_faults,
        false_alarms=len(outside) - at_faults,
        alarmed_falsely=_time_in(_of_false_alarms(alarm, [*attacks, *disturbances])),
    )


def _sighting(alarm: pd.Series, start: datetime, end: datetime) -> Sighting:
    """An alarm that was raised before an attack and still stands sees the attack from its first moment."""
    within = pd.Series(inside(alarm.index, start, end), index=alarm.index)
    seen = alarm.index[within & alarm]
    before = alarm[alarm.index < start]
    return Sighting(
        delay=(seen[0] - start).to_pytimedelta() if len(seen) else None,
        stood_before=bool(len(before) and before.iloc[-1]),
        alarmed=_time_in(within & alarm),
        lasted=_time_in(within),
        outlasted=_outlasted(alarm, end) if (within & alarm).any() else timedelta(0),
    )


def _outlasted(alarm: pd.Series, end: datetime) -> timedelta:
    """Time in alarm from the last row before `end` on without a pause, as far as it lies after `end`."""
    before, after = alarm[alarm.index < end], alarm[alarm.index >= end]
    if not before.iloc[-1]:
        return timedelta(0)
    return _time_in((after.astype(int).cumprod() > 0).reindex(alarm.index, fill_value=False))


def _of_false_alarms(alarm: pd.Series, causes: Sequence[Window]) -> pd.Series:
    """The rows outside of all causes whose alarm did not begin in one of them: an alarm may outlast its cause."""
    begins = alarm & ~alarm.shift(fill_value=False)
    has_cause = pd.Series(_in_any(alarm.index, causes), index=alarm.index)
    began_with_cause = has_cause.astype(float).where(begins).ffill().fillna(0.0) > 0
    return alarm & ~has_cause & ~began_with_cause


def _time_in(rows: pd.Series) -> timedelta:
    """How long the marked rows stand, to the millisecond: sums of floats are not whole minutes."""
    return timedelta(milliseconds=round(row_hours(rows.index)[rows.to_numpy(dtype=bool)].sum() * 3_600_000))


def _in_any(times: pd.Index, windows: Sequence[Window]) -> np.ndarray:
    return np.logical_or.reduce([inside(times, *window) for window in windows], initial=False) & np.ones(
        len(times), dtype=bool
    )
