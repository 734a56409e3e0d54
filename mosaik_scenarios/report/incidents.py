"""The report's incidents: of each its alarms as a table and the curves around it, to be opened one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pandas as pd

from models.recording.run_folder import PICTURES
from mosaik_scenarios.channel_units import unit_of
from mosaik_scenarios.incidents import rows_of
from mosaik_scenarios.report.around import LIVES, Around, Curves
from mosaik_scenarios.report.control_room import logarithmic_range
from mosaik_scenarios.report.drawing import (
    COLOURS,
    GREY,
    INK,
    ORANGE,
    add_curve,
    clock,
    figure_of_rows,
    over_time,
    thinned,
)
from mosaik_scenarios.report.page import figure_html
from mosaik_scenarios.summary import evidence

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.incidents import Incident
    from mosaik_scenarios.results import RunResult

DRAWN = 20
"""Incidents with figures; the others have their table."""
LISTED = 200
OF_DETECTORS = (*COLOURS[3:], ORANGE, INK)
"""Colours that no curve of a channel has."""
CHANNELS_DRAWN = 3
IN_WORDS = (evidence.score, evidence.where, evidence.objective_in_full, evidence.residuals)
COLUMNS = (
    "raised", "cleared", "detector", "score against threshold", "points at", "all measurements", "largest residuals",
    "",
)  # fmt: skip

# A figure that is drawn while it is folded away has no width yet.
UNFOLDING = """<script>document.querySelectorAll("details").forEach(fold => fold.addEventListener("toggle", () =>
fold.querySelectorAll(".js-plotly-plot").forEach(figure => Plotly.Plots.resize(figure))));</script>"""


def incidents_section(result: RunResult) -> str:
    """All incidents as HTML, the first one open; nothing for a run without detectors."""
    if not result.scenario.detectors:
        return ""
    incidents = result.incidents
    if not incidents:
        return "<h2>Alarms</h2>\n<p>None.</p>"
    curves = Curves(result, [channel for incident in incidents[:DRAWN] for channel in _channels(incident)])
    folds = "\n".join(
        f"<details{' open' if place == 0 else ''}><summary>{escape(_line(incident))}</summary>\n{_table(incident)}\n"
        f"{figure_html(incident_figure(result, incident, curves)) if place < DRAWN else ''}</details>"
        for place, incident in enumerate(incidents[:LISTED])
    )
    return f"<h2>Alarms</h2>\n<p>{escape(_introduction(result))}</p>\n{folds}\n{UNFOLDING}"


def incident_figure(result: RunResult, incident: Incident, curves: Curves) -> Figure:
    """The channels it points at, J(x), and every detector's score under one another; orange while an alarm stood."""
    around = curves.around(incident.raised, incident.ended, _channels(incident), incident.detectors)
    lives = {channel: of_channel for channel, of_channel in around.lives.items() if of_channel}
    titles = [f"{channel} [{unit_of(channel)}]" for channel in lives]
    figure = figure_of_rows([*titles, "J(x)", "Scores, in thresholds"], shared_xaxes=True)
    for row, of_channel in enumerate(lives.values(), start=1):
        for life, values in of_channel.items():
            dash = "dash" if life == "expected" else "solid"
            add_curve(figure, thinned(values, "last"), life, LIVES[life], row=row, width=1.3, dash=dash)
    _add_test(figure, around, len(lives) + 1)
    _add_scores(figure, around, len(lives) + 2)
    places = [(row, 1) for row in range(1, len(lives) + 3)]
    for row, _ in places:
        shade = clock([incident.raised, incident.ended])
        figure.add_vrect(*shade, fillcolor=ORANGE, opacity=0.12, line_width=0, layer="below", row=row, col=1)
    return over_time(figure, result, (around.start, around.end), places)


def _channels(incident: Incident) -> list[str]:
    return incident.channels[:CHANNELS_DRAWN]


def _add_test(figure: Figure, around: Around, row: int) -> None:
    threshold = around.chi_square_threshold
    add_curve(figure, thinned(around.objective, "max"), "J(x)", INK, row=row, legend=True)
    add_curve(figure, thinned(threshold, "last"), "threshold", GREY, row=row, dash="dash", width=1.2, legend=True)
    _scale(figure, around.objective, float(threshold.max()), row)


def _add_scores(figure: Figure, around: Around, row: int) -> None:
    for (seer, score), colour in zip(around.scores.items(), cycle(OF_DETECTORS), strict=False):
        add_curve(figure, thinned(score, "max"), seer, colour, row=row, legend=True)
        one = pd.Series(1.0, index=score.index)
        add_curve(figure, thinned(one, "last"), "threshold", GREY, row=row, dash="dash", width=1.2, legend=False)
    if around.scores:
        _scale(figure, pd.concat(around.scores.values()), 1.0, row)


def _scale(figure: Figure, values: pd.Series, threshold: float, row: int) -> None:
    decades = logarithmic_range(values, threshold)
    if decades:
        figure.update_yaxes(type="log", range=decades, row=row, dtick=1)


def _introduction(result: RunResult) -> str:
    incidents = result.incidents
    drawn = f"; the first {DRAWN} are drawn" if len(incidents) > DRAWN else ""
    listed = f", the first {LISTED} listed" if len(incidents) > LISTED else ""
    return (
        f"{len(result.alarms)} alarms in {len(incidents)} incidents: alarms that overlap are one{listed}{drawn}. "
        "Each unfolds; orange is from its first alarm to its last one's end."
    )


def _line(incident: Incident) -> str:
    end = "not cleared" if incident.standing else f"to {evidence.time_after(incident.raised, incident.ended)}"
    where = f" at {', '.join(incident.channels)}" if incident.channels else ""
    return f"{incident.number}: {incident.raised:%Y-%m-%d %H:%M:%S} {end}, {', '.join(incident.detectors)}{where}"


def _table(incident: Incident) -> str:
    rows = [_cells(alarm, incident.raised) for alarm in rows_of(incident.alarms)]
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{name}</th>' for name in COLUMNS)}</tr>\n{body}\n</table>"


def _cells(alarm: dict[str, Any], raised: datetime) -> Iterator[str]:
    yield evidence.time_after(raised, alarm["time"])
    yield "" if pd.isna(alarm["cleared"]) else evidence.time_after(raised, alarm["cleared"])
    yield escape(str(alarm["detector"]))
    yield from (escape(say(alarm)) for say in IN_WORDS)
    picture = alarm["picture"]
    is_ours = not pd.isna(picture) and picture.startswith(f"{PICTURES}/")
    yield f'<a href="{escape(picture)}">picture</a>' if is_ours else ""
