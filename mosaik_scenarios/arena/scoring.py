"""What a detector's scores on a timeline are worth: events detected, how late, where, and alarms without a cause.

An alarm is raised at the first score above the threshold after `HOLD_OFF_SCANS` quiet scans; it stands until as many
scans in a row are quiet. An event is detected if an alarm is raised in its window, onset to end. An alarm that stood
already when the event began says nothing about it: only one that is raised anew counts. An alarm raised on a scan that
belongs to nobody is false; what belongs to somebody are the lead-in, the events, and `SETTLING_SCANS` after each, in
which the plant and the detectors come to rest. Nothing is point-adjusted: a detected event is one detection, whatever
its length, and never turns missed scans into hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.detection.episodes import HOLD_OFF_SCANS, alarm_episodes
from models.detection.history import DAY_S
from mosaik_scenarios.arena.intervals import rate_interval, share_interval
from mosaik_scenarios.arena.result import ALL, ALL_LEVELS

if TYPE_CHECKING:
    import pandas as pd

SETTLING_SCANS = 10
"""After an event in which an alarm is neither right nor false. [scans]"""

OF_EVENT = ("event", "kind", "family", "level", "magnitude", "first_scan", "last_scan")
LATE_QUANTILE = 0.9


@dataclass(frozen=True, eq=False)
class Watched:
    """A timeline's scans as one detector scored them.

    Attributes
    ----------
    name, seed
        Of the timeline.
    score
        (n_scan,) NaN where it could not judge. [-]
    suspects
        (n_scan, n) Indices of the most suspicious channels, the most suspicious first, negative for none.
    events
        Table of the attacks, as of `Timeline.events`; no row on a clean timeline.
    lead_in_scans
        At the beginning, in which nobody is judged. [scans]
    step_s
        Time from scan to scan. [s]
    """

    name: str
    seed: int
    score: NDArray[np.float64]
    suspects: NDArray[np.int64]
    events: pd.DataFrame
    lead_in_scans: int
    step_s: float

    @cached_property
    def clean(self) -> NDArray[np.bool_]:
        """(n_scan,) Whether an alarm raised there would be false."""
        clean = np.ones(len(self.score), dtype=bool)
        clean[: self.lead_in_scans] = False
        for first, last in self.events[["first_scan", "last_scan"]].itertuples(index=False):
            clean[first : last + 1 + SETTLING_SCANS] = False
        return clean

    @property
    def clean_days(self) -> float:
        """Time the clean scans cover. [d]"""
        return float(self.clean.sum()) * self.step_s / DAY_S

    def alarms(self, threshold: float) -> NDArray[np.int64]:
        """(n_alarm, 2) First and last scan above the threshold of every alarm."""
        return alarm_episodes(self.score > threshold)


@dataclass(frozen=True, eq=False)
class Channels:
    """Where a detector points when it names a channel.

    Attributes
    ----------
    names
        (n_channel,) Of the channels.
    buses
        (n_channel,) pandapower index of the bus at which each measures, negative where unknown.
    """

    names: Sequence[str]
    buses: NDArray[np.int64]

    def hit(self, suspects: Iterable[int], channels: Iterable[str], buses: Iterable[int]) -> bool | None:
        """Whether one of the suspects is aimed at, or measures at a bus that is; None if nothing is aimed at."""
        aimed_channels, aimed_buses = set(channels), {int(bus) for bus in buses}
        if not aimed_channels and not aimed_buses:
            return None
        named = [suspect for suspect in suspects if suspect >= 0]
        return any(
            self.names[suspect] in aimed_channels or int(self.buses[suspect]) in aimed_buses for suspect in named
        )


def judged_events(watched: Watched, threshold: float, channels: Channels) -> list[dict[str, Any]]:
    """One row an event, as in `ArenaResult.events` without feeder and detector."""
    alarms = watched.alarms(threshold)
    rows = []
    for event in watched.events.to_dict("records"):
        onset, end = int(event["first_scan"]), int(event["last_scan"])
        raised = alarms[(alarms[:, 0] >= onset) & (alarms[:, 0] <= end), 0]
        row = {"timeline": watched.name, "seed": watched.seed, **{name: event[name] for name in OF_EVENT}}
        row |= {
            "detected": len(raised) > 0,
            "standing": bool(np.any((alarms[:, 0] < onset) & (alarms[:, 1] + HOLD_OFF_SCANS > onset))),
            "alarm_scan": int(raised[0]) if len(raised) else None,
            "delay_scans": float(raised[0] - onset) if len(raised) else np.nan,
            "threshold": threshold,
            "peak": float(np.fmax.reduce(watched.score[onset : end + 1])),
        }
        rows.append(row | _pointed(watched, row["alarm_scan"], event, channels))
    return rows


def _pointed(watched: Watched, alarm_scan: int | None, event: Mapping[Any, Any], channels: Channels) -> dict[str, Any]:
    if alarm_scan is None:
        return {"channel": "", "top1": None, "top3": None}
    suspects = watched.suspects[alarm_scan].tolist()
    aimed = event["channels"], event["buses"]
    return {
        "channel": channels.names[suspects[0]] if suspects[0] >= 0 else "",
        "top1": channels.hit(suspects[:1], *aimed),
        "top3": channels.hit(suspects[:3], *aimed),
    }


def detected_events(timeline: Watched, threshold: float) -> NDArray[np.bool_]:
    """(n_event,) Whether an alarm is raised in the event's window."""
    raised = np.zeros(len(timeline.score) + 1, dtype=np.int64)
    raised[timeline.alarms(threshold)[:, 0] + 1] = 1
    until = np.cumsum(raised)
    return until[timeline.events["last_scan"].to_numpy() + 1] > until[timeline.events["first_scan"].to_numpy()]


def event_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of `judged_events` with types that hold what is missing."""
    import pandas as pd

    return pd.DataFrame(rows).astype({"alarm_scan": "Int64", "top1": "boolean", "top3": "boolean"})


def false_alarms(watched: Sequence[Watched], threshold: float) -> dict[str, float]:
    """Columns of `ArenaResult.false_alarms` from `days` on, over several timelines."""
    days = sum(timeline.clean_days for timeline in watched)
    alarms = alarmed = 0
    for timeline in watched:
        episodes = timeline.alarms(threshold)
        alarms += int(timeline.clean[episodes[:, 0]].sum())
        alarmed += int((standing_scans(episodes, len(timeline.score)) & timeline.clean).sum())
    scans = sum(int(timeline.clean.sum()) for timeline in watched)
    low, high = rate_interval(alarms, days)
    return {
        "days": days,
        "alarms": alarms,
        "per_day": alarms / days if days else np.nan,
        "low": low,
        "high": high,
        "alarmed_share": alarmed / scans if scans else np.nan,
    }


def standing_scans(alarms: NDArray[np.int64], scans: int) -> NDArray[np.bool_]:
    """(scans,) Whether an alarm stands: from its first scan above the threshold until the hold-off is over."""
    standing = np.zeros(scans, dtype=bool)
    for first, last in alarms:
        standing[first : last + HOLD_OFF_SCANS] = True
    return standing


def detection_rates(events: pd.DataFrame, false_alarms_per_day: float, step_s: float) -> list[dict[str, Any]]:
    """One row a kind and level, as in `ArenaResult.rates` without feeder and detector.

    Parameters
    ----------
    events
        Of one detector on one feeder.
    false_alarms_per_day
        It was found to raise, for what chance alone would detect. [1/d]
    step_s
        Time from scan to scan. [s]
    """
    rows = [_rates(events, ALL, ALL_LEVELS)]
    for kind, of_kind in events.groupby("kind", sort=False):
        rows.append(_rates(of_kind, str(kind), ALL_LEVELS))
        levels = sorted(set(of_kind["level"].tolist()))
        rows += [_rates(of_kind[of_kind["level"] == level], str(kind), level) for level in levels]
    window_days = float((events["last_scan"] - events["first_scan"] + 1).mean()) * step_s / DAY_S
    chance = float(-np.expm1(-false_alarms_per_day * window_days))
    return [{**row, "chance": chance} for row in rows]


def _rates(events: pd.DataFrame, kind: str, level: int) -> dict[str, Any]:
    hits, tries = int(events["detected"].sum()), len(events)
    low, high = share_interval(hits, tries)
    delays = np.sort(events["delay_scans"].fillna(np.inf).to_numpy())
    return {
        "kind": kind,
        "level": level,
        "magnitude": float(events["magnitude"].iloc[0]) if events["magnitude"].nunique() == 1 else np.nan,
        "events": tries,
        "detected": hits,
        "detection_rate": hits / tries,
        "low": low,
        "high": high,
        # An inverted distribution function, since between a delay and a miss there is nothing to interpolate.
        "median_delay_scans": float(np.quantile(delays, 0.5, method="inverted_cdf")),
        "p90_delay_scans": float(np.quantile(delays, LATE_QUANTILE, method="inverted_cdf")),
        "top1_rate": _share(events["top1"]),
        "top3_rate": _share(events["top3"]),
    }


def _share(hit: pd.Series) -> float:
    known = hit.dropna()
    return float(known.mean()) if len(known) else np.nan
