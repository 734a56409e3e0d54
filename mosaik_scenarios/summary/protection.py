"""What faults did to the grid, and what protection did about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from models.control.recloser import RecloserState
from mosaik_scenarios.summary.tables import quantity

if TYPE_CHECKING:
    from mosaik_scenarios.results import RunResult


@dataclass(frozen=True)
class FaultSummary:
    """One fault.

    Attributes
    ----------
    kind
        ``"temporary"`` or ``"permanent"``.
    place
        Of the short circuit, e.g. ``"line 11"``.
    buses_lost
        Largest number of buses without voltage afterwards.
    restored
        When every bus had voltage again; None if that did not happen within the run.
    """

    kind: str
    place: str
    start: datetime
    buses_lost: int
    restored: datetime | None


@dataclass(frozen=True)
class RecloserSummary:
    """One recloser that acted.

    Attributes
    ----------
    line
        Whose current it sees.
    trips, reclosures
        How often it opened, and closed again.
    locked_out
        When it gave up; None if it did not.
    """

    line: str
    trips: int
    reclosures: int
    locked_out: datetime | None


def summarise_faults(result: RunResult) -> list[FaultSummary]:
    """Every fault of the scenario that began within the run."""
    begins = result.events[(result.events["kind"] == "fault") & (result.events["after"] == 1)]
    summaries = []
    for time, place in zip(begins.index, begins["element"], strict=True):
        start = time.to_pydatetime()
        kinds = [f.kind for f in result.scenario.faults if abs(result.scenario.start + f.start - start) < _tick(result)]
        dead = _buses_without_voltage(result, since=start)
        summaries.append(
            FaultSummary(
                kind=kinds[0] if kinds else "",
                place=str(place),
                start=start,
                buses_lost=int(dead.max()) if len(dead) else 0,
                restored=_restored(dead, start),
            )
        )
    return summaries


def summarise_reclosers(events: pd.DataFrame) -> list[RecloserSummary]:
    """Every recloser that changed its state."""
    of_reclosers = events[events["kind"] == "recloser"]
    return [
        RecloserSummary(
            line=str(line),
            trips=int((own["after"] == RecloserState.TRIPPED).sum()),
            reclosures=int(((own["before"] == RecloserState.RECLOSING) & (own["after"] == RecloserState.RESET)).sum()),
            locked_out=_last(own.index[own["after"] == RecloserState.LOCKOUT]),
        )
        for line, own in of_reclosers.groupby("element")
    ]


def disturbed_windows(result: RunResult) -> list[tuple[datetime, datetime]]:
    """From each fault's begin until every bus has voltage again, at least as long as protection is watched finely."""
    watched = result.scenario.recloser.fault_window
    return [
        (fault.start, max(fault.restored or result.scenario.end, fault.start + watched))
        for fault in summarise_faults(result)
    ]


def _tick(result: RunResult) -> timedelta:
    return max(result.scenario.step, result.scenario.recloser.fault_step)


def _buses_without_voltage(result: RunResult, since: datetime) -> pd.Series:
    """Number of dead buses at every row of the fine record (else of the regular one) from `since` on."""
    vm_pu = quantity(result.table("protection"), "vm_pu")
    if vm_pu.empty:
        vm_pu = quantity(result.table("bus"), "vm_pu")
    return vm_pu.loc[vm_pu.index >= since].isna().sum(axis=1)


def _restored(dead: pd.Series, start: datetime) -> datetime | None:
    """After the last row with a dead bus; the fault's begin if no bus ever was, None if one is until the end."""
    lost = dead.index[dead > 0]
    if not len(lost):
        return start
    after = dead.index[dead.index > lost[-1]]
    return after[0].to_pydatetime() if len(after) else None


def _last(times: pd.Index) -> datetime | None:
    return times[-1].to_pydatetime() if len(times) else None
