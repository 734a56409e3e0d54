"""How the report draws: one look for all figures, curves over the wall clock of the scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

INK, GREY, BLUE, ORANGE, GREEN, RED = "#1f2933", "#9aa5b1", "#2f6690", "#d1742c", "#3a7d44", "#b3352b"
COLOURS = (BLUE, ORANGE, GREEN, "#7d5ba6", "#8a6d3b", "#4a9aa8")
POINTS_A_CURVE = 3000
ROW_HEIGHT = 170


def figure_of(axis: str, height: int = 300) -> Figure:
    """An empty figure with one pair of axes; `axis` names the vertical one."""
    from plotly import graph_objects

    return dressed(graph_objects.Figure(layout={"height": height})).update_yaxes(title_text=axis)


def figure_of_rows(titles: Sequence[Any], columns: int = 1, **layout: Any) -> Figure:
    """Axes under (and beside) one another, each with its title."""
    from plotly.subplots import make_subplots

    rows = -(-len(titles) // columns)
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=[str(title) for title in titles],
        vertical_spacing=0.34 / max(rows, 2), horizontal_spacing=0.09, **layout,
    )  # fmt: skip
    figure.update_annotations(font={"size": 12, "color": INK})
    return dressed(figure).update_layout(height=110 + ROW_HEIGHT * rows, margin={"t": 64})


def dressed(figure: Figure) -> Figure:
    """The look of the report: white, thin grid, legend above."""
    grid = {"gridcolor": "#e4e7eb", "zeroline": False, "linecolor": GREY, "automargin": True}
    figure.update_xaxes(**grid)
    figure.update_yaxes(**grid)
    return figure.update_layout(
        font={"family": "system-ui, sans-serif", "size": 12, "color": INK}, plot_bgcolor="white", paper_bgcolor="white",
        margin={"l": 70, "r": 20, "t": 44, "b": 40}, hovermode="x unified",
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "top", "yref": "container"},
    )  # fmt: skip


def add_curve(
    figure: Figure, values: pd.Series, name: str, colour: str, row: int | None = None, col: int = 1,
    width: float = 1.5, dash: str = "solid", shape: str = "linear", legend: bool | None = None, **more: Any,
) -> None:  # fmt: skip
    """One curve; in a figure of rows, the first pair of axes has the legend unless told otherwise."""
    from plotly import graph_objects

    line = {"color": colour, "width": width, "dash": dash, "shape": shape}
    is_time = isinstance(values.index, pd.DatetimeIndex)
    curve = graph_objects.Scatter(
        x=clock(values.index) if is_time else values.index.to_numpy(), y=values.to_numpy(dtype=float), name=name,
        line=line, legendgroup=name, **{"mode": "lines", **more},
        showlegend=legend if legend is not None else row in (None, 1) and col == 1,
    )  # fmt: skip
    figure.add_trace(curve, row=row, col=None if row is None else col)


def over_time(
    figure: Figure,
    result: RunResult,
    window: tuple[datetime, datetime] | None = None,
    places: Sequence[tuple[int, int]] = ((1, 1),),
) -> Figure:
    """The window (the whole scenario unless given) on the time axes: attacks shaded, a line where a fault begins."""
    scenario = result.scenario
    start, end = window or (scenario.start, scenario.end)
    figure.update_xaxes(range=clock([start, end]))
    attacks = [(scenario.start + attack.start, attack.duration) for attack in scenario.attacks]
    faults = [scenario.start + fault.start for fault in scenario.faults]
    for row, col in places:
        place = {"row": row, "col": col} if len(places) > 1 or (row, col) != (1, 1) else {}
        for begin, duration in attacks:
            if begin < end and begin + duration > start:
                shade = clock([max(begin, start), min(begin + duration, end)])
                figure.add_vrect(*shade, fillcolor=RED, opacity=0.09, line_width=0, layer="below", **place)
        for begin in faults:
            if start <= begin < end:
                figure.add_vline(clock([begin])[0], line={"color": INK, "dash": "dash", "width": 1}, **place)
    return figure


def clock(times: Any) -> list[str]:
    """Times as the wall clock of the scenario shows them, so that the page's reader sees them as they were."""
    return [f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}" for time in times]


def thinned(series: pd.Series, keep: str | Callable[[pd.Series], float]) -> pd.Series:
    """At most `POINTS_A_CURVE` points of a curve, each standing for a block of rows: its min, max, mean, last ..."""
    stride = -(-len(series) // POINTS_A_CURVE)
    if stride <= 1:
        return series
    blocks = series.groupby([row // stride for row in range(len(series))]).agg(keep)
    return blocks.set_axis(series.index[::stride])
