"""Events that were missed: which, why it may be, and what there was to see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from mosaik_scenarios.arena.conclusions import MISSED, by_kind, of_feeder
from mosaik_scenarios.arena.evidence import Evidence, evidence_of
from mosaik_scenarios.arena.figures import Look
from mosaik_scenarios.channel_units import unit_of
from mosaik_scenarios.report.drawing import BLUE, GREEN, RED, add_curve, clock, figure_of_rows

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
        for row in timelines[name].events.to_dict("records"):
            window = row["first_scan"], row["last_scan"]
            found[name, row["event"]] = evidence_of(history, *window, list(row["channels"]), list(row["buses"]))
    return found


def who_misses_what(
    result: ArenaResult, feeder: str, evidence: Mapping[tuple[str, int], Evidence], best: str
) -> pd.DataFrame:
    """One row a kind of which the `best` detector missed events, the most missed first."""
    events = _events_of(result, feeder, best)
    rates = by_kind(of_feeder(result.rates, feeder), "detection_rate")
    detected = events.groupby("kind", sort=False)["detected"].mean().sort_values(kind="stable")
    kinds = [str(kind) for kind in detected.index[detected < 1]]
    return pd.DataFrame(
        [_who_misses(kind, events[events["kind"] == kind], rates.T[kind].dropna(), evidence, best) for kind in kinds]
    )


def _who_misses(
    kind: str, of_kind: pd.DataFrame, rates: pd.Series, evidence: Mapping[tuple[str, int], Evidence], best: str
) -> dict[str, Any]:
    missed = of_kind[~of_kind["detected"]]
    left = [evidence[row["timeline"], row["event"]] for row in missed.to_dict("records")]
    reasons = Counter(found.reason for found in left)
    reason, times = reasons.most_common(1)[0]
    rates = rates.sort_values(ascending=False)
    return {
        "kind": kind,
        f"missed by {best}": f"{len(missed)} of {len(of_kind)}",
        "caught most by": f"{rates.index[0]}, {100 * rates.iloc[0]:.0f} %" if rates.iloc[0] else "nobody",
        "half or more missed by": ", ".join(map(str, rates.index[rates < MISSED])) or "none",
        "residual before": _median([found.residual_before for found in left]),
        "residual": _median([found.residual for found in left]),
        "shift": _median([found.shift for found in left]),
        "why it may be": f"{reason} ({times} of {len(left)})",
    }


def missed_events(
    result: ArenaResult, feeder: str, evidence: Mapping[tuple[str, int], Evidence], best: str
) -> Iterator[MissedEvent]:
    """The largest missed event of every kind, those first of which `best` misses most."""
    events = _events_of(result, feeder, best)
    for kind in events.groupby("kind")["detected"].mean().sort_values(kind="stable").index:
        missed = events[(events["kind"] == kind) & ~events["detected"]].sort_values("level")
        for row in missed.tail(1).to_dict("records"):
            found = evidence[row["timeline"], row["event"]]
            yield MissedEvent(row["timeline"], str(kind), row["level"], row["first_scan"], row["last_scan"], found)


def _events_of(result: ArenaResult, feeder: str, detector: str) -> pd.DataFrame:
    events = of_feeder(result.events, feeder)
    return events[events["detector"] == detector].astype({"detected": bool})


def missed_figure(
    event: MissedEvent, timeline: Timeline, scores: Scores, detectors: Sequence[str], look: Mapping[str, Look]
) -> Figure:
    """The channel that changed most (received, estimated, expected) and the scores of some detectors below."""
    history, name = timeline.history, event.evidence.channel
    shown = slice(max(event.first - AROUND_SCANS, 0), event.last + AROUND_SCANS + 1)
    channel = history.channels.index(name)
    figure = figure_of_rows([f"{name} [{unit_of(name)}]", "score over threshold"], shared_xaxes=True)
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
    return pd.DatetimeIndex([start + number * scan for number in range(len(history))])


def _median(values: Sequence[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.median(finite)) if finite else float("nan")
