"""Events that were missed: which, why it may be, and what there was to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from mosaik_scenarios.arena.evidence import Evidence, evidence_of
from mosaik_scenarios.arena.figures import Look
from mosaik_scenarios.arena.conclusions import MISSED, by_kind, of_feeder
from mosaik_scenarios.report.drawing import BLUE, GREEN, RED, add_curve, clock, figure_of_rows
from mosaik_scenarios.summary.attacks import UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from plotly.graph_objects import Figure

    from models.detection.history import History
    from mosaik_scenarios.arena.result import ArenaResult
    from mosaik_scenarios.arena.timelines import Timeline

EVENTS_SHOWN = 6
DETECTORS_SHOWN = 3
AROUND_SCANS = 45
"""Scans shown before and after an event."""

Scores = Callable[[str, str], "NDArray[np.float64]"]
"""(n_time,) Scores over their threshold, by timeline and detector."""


class Seen(NamedTuple):
    """What is needed of a feeder to show what was missed: its attacked timelines by name, and scores."""

    timelines: Mapping[str, Timeline]
    scores: Scores


class MissedEvent(NamedTuple):
    """One event, with what it left."""

    timeline: str
    kind: str
    level: int
    first: int
    last: int
    evidence: Evidence


def evidence_of_events(
    result: ArenaResult, feeder: str, timelines: Mapping[str, Timeline]
) -> dict[tuple[str, int], Evidence]:
    """What every event of a feeder left, by timeline and number of the event."""
    found = {}
    for name in of_feeder(result.events, feeder)["timeline"].unique():
        history = timelines[name].history
        for row in timelines[name].events.itertuples():
            found[name, int(row.event)] = evidence_of(
                history, int(row.first_scan), int(row.last_scan), list(row.channels), [int(bus) for bus in row.buses]
            )
    return found


def who_misses_what(
    result: ArenaResult, feeder: str, evidence: Mapping[tuple[str, int], Evidence], best: str
) -> pd.DataFrame:
    """One row a kind of which the `best` detector missed events, the most missed first."""
    events = of_feeder(result.events, feeder)
    rates = by_kind(of_feeder(result.rates, feeder), "detection_rate")
    rows = []
    for kind, of_kind in events[events["detector"] == best].groupby("kind", sort=False):
        missed = of_kind[~of_kind["detected"].astype(bool)]
        if missed.empty:
            continue
        left = [evidence[row.timeline, int(row.event)] for row in missed.itertuples()]
        reasons = pd.Series([found.reason for found in left]).value_counts()
        shares = rates.loc[kind].dropna().sort_values(ascending=False)
        rows.append(
            {
                "kind": kind,
                f"missed by {best}": f"{len(missed)} of {len(of_kind)}",
                "share": len(missed) / len(of_kind),
                "caught most by": f"{shares.index[0]}, {100 * shares.iloc[0]:.0f} %",
                "missed by": ", ".join(map(str, shares.index[shares < MISSED])) or "none",
                "residual before": _median(found.residual_before for found in left),
                "residual": _median(found.residual for found in left),
                "shift from the expected": _median(found.shift for found in left),
                "why it may be": f"{reasons.index[0]} ({reasons.iloc[0]} of {len(left)})",
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values("share", ascending=False, kind="stable").drop(columns="share") if rows else table


def missed_events(
    result: ArenaResult, feeder: str, evidence: Mapping[tuple[str, int], Evidence], best: str
) -> Iterator[MissedEvent]:
    """The largest missed event of each kind that `best` misses most, a few kinds."""
    events = of_feeder(result.events, feeder)
    of_best = events[events["detector"] == best]
    missed = of_best[~of_best["detected"].astype(bool)].sort_values("level", ascending=False, kind="stable")
    share = 1 - of_best.groupby("kind")["detected"].mean()
    for kind in share.sort_values(ascending=False, kind="stable").index:
        of_kind = missed[missed["kind"] == kind].head(1)
        for row in of_kind.itertuples():
            found = evidence[row.timeline, int(row.event)]
            yield MissedEvent(row.timeline, kind, int(row.level), int(row.first_scan), int(row.last_scan), found)


def missed_figure(
    event: MissedEvent, timeline: Timeline, scores: Scores, detectors: Sequence[str], look: Mapping[str, Look]
) -> Figure:
    """The channel that changed most (received, estimated, expected) and the scores of some detectors below."""
    history, name = timeline.history, event.evidence.channel
    shown = slice(max(event.first - AROUND_SCANS, 0), event.last + AROUND_SCANS + 1)
    channel = history.channels.index(name)
    unit = UNITS.get(name.partition(" ")[0], "")
    figure = figure_of_rows([f"{name} [{unit}]", "score over threshold"], shared_xaxes=True)
    index = _wall_clock(timeline, history)[shown]
    lives = (("received", history.value, RED), ("estimated", history.estimated, GREEN),
             ("expected", history.expected, BLUE))  # fmt: skip
    for life, values, colour in lives:
        add_curve(figure, pd.Series(values[shown, channel], index).round(6), life, colour, row=1, width=1.4)
    for detector in detectors:
        style, score = look[detector], pd.Series(scores(event.timeline, detector)[shown], index).round(3)
        add_curve(figure, score, detector, style.colour, row=2, width=style.width, dash=style.dash, legend=True)
    figure.add_hline(1.0, line={"color": RED, "dash": "dash", "width": 1}, row=2, col=1)
    begin, end = clock([index[event.first - shown.start], index[event.last - shown.start]])
    for row in (1, 2):
        figure.add_vrect(begin, end, fillcolor=RED, opacity=0.09, line_width=0, layer="below", row=row, col=1)
    return figure.update_yaxes(rangemode="tozero", row=2)


def _wall_clock(timeline: Timeline, history: History) -> pd.DatetimeIndex:
    start, scan = timeline.scenario.start, timeline.scenario.scan_period
    return pd.DatetimeIndex([start + timedelta(seconds=number * scan.total_seconds()) for number in range(len(history))])


def _median(values: Iterator[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.median(finite)) if finite else float("nan")
