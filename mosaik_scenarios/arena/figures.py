"""Figures of an arena: who catches what, how late, at what price in false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from mosaik_scenarios.arena.conclusions import OWN
from mosaik_scenarios.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    RED,
    add_curve,
    dressed,
    figure_of,
    figure_of_rows,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SHADES = [[0.0, "#ffffff"], [0.5, "#b9d3e6"], [0.9, "#4f8bb8"], [1.0, BLUE]]
CELL_HEIGHT, BAR_HEIGHT = 24, 26
COLUMNS = 3
NEVER = "missed"

OWN_COLOURS = (BLUE, GREEN, ORANGE, RED)
BASELINE_COLOURS = ("#7b8794", "#8a6d3b", "#7d5ba6", "#4a9aa8", "#b08ea2", "#616e7c", "#a3a847", "#c08497", "#52606d")
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star", "hexagon", "pentagon")


class Look(NamedTuple):
    """How one detector is drawn, the same in every figure."""

    colour: str
    width: float
    dash: str
    symbol: str


def looks(detectors: Sequence[str]) -> dict[str, Look]:
    """The product's detectors in strong solid lines, the baselines in thin dotted ones."""
    own, baselines = [name for name in detectors if name in OWN], [name for name in detectors if name not in OWN]
    kinds = [(own, OWN_COLOURS, 2.4, "solid"), (baselines, BASELINE_COLOURS, 1.2, "dot")]
    return {
        name: Look(colours[place % len(colours)], width, dash, SYMBOLS[place % len(SYMBOLS)])
        for names, colours, width, dash in kinds
        for place, name in enumerate(names)
    }


def heat_map(rates: Mapping[str, pd.DataFrame], events: Mapping[str, pd.Series]) -> Figure:
    """Share of events detected, kinds of attack downwards, detectors to the right, with a button for each view.

    Parameters
    ----------
    rates
        By view ("all levels", "level 1", ...): kind x detector, NaN where there was no such event. [0 to 1]
    events
        By the same views: how many events each kind had.
    """
    from plotly import graph_objects

    views = list(rates)
    figure = dressed(graph_objects.Figure())
    for view in views:
        figure.add_trace(_heat(rates[view], events[view], visible=view == views[0]))
    first = rates[views[0]]
    buttons = [
        {"label": view, "method": "update", "args": [{"visible": [other == view for other in views]}]} for view in views
    ]
    menu = {
        "type": "buttons", "direction": "right", "buttons": buttons, "showactive": True, "x": 0, "xanchor": "left",
        "y": 1, "yanchor": "bottom", "pad": {"b": 105}, "font": {"size": 11},
    }  # fmt: skip
    figure.update_xaxes(side="top", showgrid=False, tickangle=-30 if len(first.columns) > 6 else 0)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure.update_layout(
        height=190 + CELL_HEIGHT * len(first), hovermode="closest", margin={"t": 160, "r": 90},
        updatemenus=[menu] if len(views) > 1 else [],
    )  # fmt: skip


def _heat(rates: pd.DataFrame, events: pd.Series, visible: bool) -> Any:
    from plotly import graph_objects

    share = rates.to_numpy(dtype=float)
    text = np.where(np.isnan(share), "", np.char.mod("%.0f", np.nan_to_num(100 * share)))
    counts = [[f"{events.get(kind, 0)} events"] * rates.shape[1] for kind in rates.index]
    return graph_objects.Heatmap(
        x=list(rates.columns), y=list(rates.index), z=np.round(share, 4), zmin=0, zmax=1, colorscale=SHADES,
        showscale=False, text=text.tolist(), texttemplate="%{text}", customdata=counts, xgap=1, ygap=1, visible=visible,
        hovertemplate="%{y}, %{x}: %{z:.0%} of %{customdata}<extra></extra>",
    )  # fmt: skip


def delay_curves(curves: pd.DataFrame, measures: Mapping[str, str], look: Mapping[str, Look]) -> Figure:
    """Median delay over magnitude, one pair of axes a kind; a median event that was missed lies on the top line.

    Parameters
    ----------
    curves
        Columns `kind`, `detector`, `magnitude`, `delay_scans` (median, infinite if the median event was missed).
    measures
        What magnitudes are measured in, by kind, in the order of the axes.
    """
    titles = [f'{kind}<br><span style="font-size:10px">{measure}</span>' for kind, measure in measures.items()]
    figure = figure_of_rows(titles, columns=min(COLUMNS, len(titles)))
    finite = curves["delay_scans"][np.isfinite(curves["delay_scans"])]
    top = 1.25 * max(float(finite.max()) if len(finite) else 0.0, 4.0)
    for place, kind in enumerate(measures):
        row, col = place // COLUMNS + 1, place % COLUMNS + 1
        for detector, curve in curves[curves["kind"] == kind].groupby("detector", sort=False):
            delay = pd.Series(curve["delay_scans"].clip(upper=top).to_numpy(), curve["magnitude"]).sort_index()
            _add_marked(figure, delay, str(detector), look[str(detector)], row, col, legend=place == 0)
        figure.add_hline(top, line={"color": RED, "width": 1, "dash": "dash"}, row=row, col=col)
    ticks = [tick for tick in (0, 5, 10, 15, 20, 25, 30) if tick < 0.9 * top]
    figure.update_yaxes(range=[-0.06 * top, 1.08 * top], tickvals=[*ticks, top], ticktext=[*map(str, ticks), NEVER])
    rows = -(-len(titles) // COLUMNS)
    return figure.update_layout(height=150 + 190 * rows, hovermode="closest", margin={"t": 100})


def _add_marked(
    figure: Figure, values: pd.Series, detector: str, style: Look, row: int, col: int, legend: bool
) -> None:
    add_curve(
        figure, values, detector, style.colour, row=row, col=col, width=style.width, dash=style.dash, legend=legend,
        mode="lines+markers", marker={"symbol": style.symbol, "size": 6},
    )  # fmt: skip


def detection_against_false_alarms(curves: pd.DataFrame, look: Mapping[str, Look], budget: float) -> Figure:
    """Share of events detected over false alarms a day as the threshold moves; the budget is a vertical line.

    Parameters
    ----------
    curves
        Columns `detector`, `false_alarms_per_day`, `detection_rate`. [1/d], [0 to 1]
    """
    figure = figure_of("events detected", height=420)
    for detector, curve in curves.groupby("detector", sort=False):
        style, ordered = look[str(detector)], curve.sort_values("false_alarms_per_day")
        values = pd.Series(ordered["detection_rate"].to_numpy(), ordered["false_alarms_per_day"])
        add_curve(figure, values, str(detector), style.colour, width=style.width, dash=style.dash, legend=True)
    figure.add_vline(budget, line={"color": INK, "dash": "dash", "width": 1})
    figure.update_xaxes(title_text="false alarms a day", type="log").update_yaxes(range=[0, 1.02], tickformat=".0%")
    return figure.update_layout(hovermode="closest", margin={"t": 90})


def bars(values: pd.Series, look: Mapping[str, Look], axis: str) -> Figure:
    """One bar a detector, the best above."""
    from plotly import graph_objects

    ordered = values.sort_values(ascending=True, na_position="first")
    bar = graph_objects.Bar(
        x=ordered.to_numpy(), y=list(ordered.index), orientation="h",
        marker={"color": [look[str(name)].colour for name in ordered.index],
                "opacity": [1.0 if look[str(name)].dash == "solid" else 0.55 for name in ordered.index]},
        text=[f"{value:.2f}" for value in ordered], textposition="outside", cliponaxis=False, hoverinfo="skip",
    )  # fmt: skip
    figure = dressed(graph_objects.Figure([bar])).update_xaxes(title_text=axis, rangemode="tozero")
    return figure.update_yaxes(showgrid=False).update_layout(
        height=90 + BAR_HEIGHT * len(ordered), showlegend=False, hovermode="closest"
    )


def false_alarms(alarms: pd.DataFrame, look: Mapping[str, Look], budget: float) -> Figure:
    """False alarms a day of clean test timelines with their confidence interval, beside the budget.

    Parameters
    ----------
    alarms
        Indexed by detector: `per_day`, `low`, `high`. [1/d]
    """
    from plotly import graph_objects

    ordered = alarms.sort_values("per_day", ascending=False)
    points = graph_objects.Scatter(
        x=ordered["per_day"], y=list(ordered.index), mode="markers", hoverinfo="x+y",
        marker={"size": 9, "color": [look[str(name)].colour for name in ordered.index]},
        error_x={"type": "data", "symmetric": False, "array": ordered["high"] - ordered["per_day"],
                 "arrayminus": ordered["per_day"] - ordered["low"], "color": GREY, "thickness": 1.5},
    )  # fmt: skip
    figure = dressed(graph_objects.Figure([points])).update_xaxes(title_text="false alarms a day", rangemode="tozero")
    figure.add_vline(budget, line={"color": INK, "dash": "dash", "width": 1})
    figure.add_vrect(0.5 * budget, 2 * budget, fillcolor=GREEN, opacity=0.08, line_width=0, layer="below")
    return figure.update_layout(height=90 + BAR_HEIGHT * len(ordered), showlegend=False, hovermode="closest")
