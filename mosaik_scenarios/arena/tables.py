"""From what detectors said of the test timelines to the arena's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mosaik_scenarios.arena.curves import detection_curve
from mosaik_scenarios.arena.intervals import share_interval
from mosaik_scenarios.arena.plan import Role
from mosaik_scenarios.arena.ranking import ranking
from mosaik_scenarios.arena.result import ArenaResult, table_names
from mosaik_scenarios.arena.scoring import (
    Channels,
    Watched,
    detected_events,
    detection_rates,
    event_table,
    false_alarms,
    judged_events,
)
from mosaik_scenarios.arena.watching import TEST_ROLES, Watch
from mosaik_scenarios.progress import OnProgress

Rows = list[dict[str, Any]]


def score(watches: Sequence[Watch], on_progress: OnProgress = lambda share: None) -> ArenaResult:
    """The tables of several detectors and feeders, whose verdicts are all there.

    Raises
    ------
    MissingLibraryError
        If the library that ranks is not installed.
    """
    import pandas as pd

    tables: dict[str, Rows] = {name: [] for name in table_names()}
    for number, watch in enumerate(watches):
        on_progress(number / len(watches))
        who = {"feeder": watch.feeder, "detector": watch.detector}
        for name, rows in _tables_of(watch).items():
            tables[name] += [{**who, **row} for row in rows]
    on_progress(1.0)
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    return ArenaResult(**{**frames, "events": event_table(tables["events"])})


def _tables_of(watch: Watch) -> dict[str, Rows]:
    of_role = {role: _watched(watch, role) for role in TEST_ROLES}
    clean, attacked = of_role["clean"], of_role["attacked"]
    threshold, channels = watch.verdict(watch.test_timelines[0]).threshold, Channels(*watch.channels())
    alarms = {role: false_alarms(watched, threshold) for role, watched in of_role.items()}
    events = [row for timeline in attacked for row in judged_events(timeline, threshold, channels)]
    return {
        "events": events,
        "rates": detection_rates(event_table(events), alarms["clean"]["per_day"], attacked[0].step_s),
        "false_alarms": [{"role": role, **counted} for role, counted in alarms.items()],
        "curves": detection_curve(clean, attacked),
        "ranking": ranking(attacked, threshold),
        "cost": [_cost(watch)],
        "textbook": _textbook(watch.training["own_threshold"], threshold, clean, attacked),
    }


def _watched(watch: Watch, role: Role) -> list[Watched]:
    watched = []
    for timeline in watch.of_role(role):
        verdict = watch.verdict(timeline)
        watched.append(
            Watched(
                name=timeline.place.name,
                seed=timeline.place.seed,
                score=verdict.score,
                suspects=verdict.suspects,
                events=timeline.events,
                lead_in_scans=timeline.lead_in_scans,
                step_s=timeline.scenario.scan_period.total_seconds(),
            )
        )
    return watched


def _cost(watch: Watch) -> dict[str, Any]:
    verdicts = [watch.verdict(timeline) for timeline in watch.test_timelines]
    scans = sum(len(verdict.score) for verdict in verdicts)
    return {
        "channels": watch.training["channels"],
        "fit_cpu_s": watch.training["fit_cpu_s"],
        "update_ms": watch.training["update_ms"],
        "watch_ms": 1000 * sum(verdict.cpu_s for verdict in verdicts) / scans,
    }


def _textbook(own: float | None, calibrated: float, clean: Sequence[Watched], attacked: Sequence[Watched]) -> Rows:
    if own is None:
        return []
    rows = []
    for which, threshold in {"own": own, "calibrated": calibrated}.items():
        events = sum(len(timeline.events) for timeline in attacked)
        detected = sum(int(detected_events(timeline, threshold).sum()) for timeline in attacked)
        alarms, share = false_alarms(clean, threshold), share_interval(detected, events)
        rows.append(
            {
                "thresholds": which,
                "threshold": threshold,
                "events": events,
                "detected": detected,
                "detection_rate": detected / events,
                "low": share.low,
                "high": share.high,
                **{name: alarms[name] for name in ("days", "alarms", "per_day", "alarmed_share")},
                "per_day_low": alarms["low"],
                "per_day_high": alarms["high"],
            }
        )
    return rows
