"""The state estimator over time: its test of all measurements, what it removed, and how far it is off the truth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mosaik_scenarios.report.control_room import logarithmic_range
from mosaik_scenarios.report.drawing import BLUE, GREEN, GREY, INK, RED, add_curve, figure_of_rows, over_time, thinned
from mosaik_scenarios.summary.grid import in_operation
from mosaik_scenarios.summary.tables import highest, quantity

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

LANES = 8
"""Removed channels shown, those that were removed most often."""


def state_estimate(result: RunResult) -> Figure | None:
    """J(x) against its threshold, removed channels, the bus whose estimate is farthest off; None without estimates."""
    estimate = result.table("estimate")
    objective = quantity(estimate, "objective")
    if objective.empty:
        return None
    removed = quantity(result.table("measurement"), "removed").astype(bool)
    error = estimation_error(result)
    rows: dict[str, Callable[[Figure, int], None]] = {
        "J(x)": partial(_add_test, objective.iloc[:, 0], quantity(estimate, "chi_square_threshold").iloc[:, 0])
    }
    if removed.any(axis=None):
        rows[_title_of_removed(removed)] = partial(_add_removed, removed)
    worst = highest(error.abs())
    if worst is not None:
        signed: Any = error.at[worst.at, worst.element]
        off = f"{signed:+.4f} pu at {worst.at:%H:%M:%S}"
        title = f"Voltage of bus {worst.element!s}, whose estimate was farthest off: {off} [pu]"
        rows[title] = partial(_add_worst, result, worst.element)
    figure = figure_of_rows(list(rows), shared_xaxes=True)
    for row, add in enumerate(rows.values(), start=1):
        add(figure, row)
    return over_time(figure, result, places=[(row, 1) for row in range(1, len(rows) + 1)])


def estimation_error(result: RunResult) -> pd.DataFrame:
    """Estimated less true voltage by bus, while the network is in operation. [pu]"""
    true = in_operation(quantity(result.table("bus"), "vm_pu"))
    return quantity(result.table("estimate"), "vm_pu_estimated").reindex_like(true) - true


def _add_test(objective: pd.Series, threshold: pd.Series, figure: Figure, row: int) -> None:
    above = objective.where(objective > threshold)
    add_curve(figure, thinned(objective, "max"), "J(x)", BLUE, row=row, width=1.2)
    add_curve(figure, thinned(above, "max"), "above its threshold", RED, row=row, width=2)
    add_curve(figure, thinned(threshold, "last"), "threshold", GREY, row=row, dash="dash", width=1.2)
    scale = logarithmic_range(objective, float(threshold.max()))
    if scale:
        figure.update_yaxes(type="log", range=scale, row=row, dtick=1)


def _title_of_removed(removed: pd.DataFrame) -> str:
    ever = int(removed.any().sum())
    return f"Channels taken for bad data{f', {LANES} of {ever}' if ever > LANES else ''}"


def _add_removed(removed: pd.DataFrame, figure: Figure, row: int) -> None:
    """A lane for each removed channel, with a mark at every time it was."""
    channels = removed.sum().nlargest(LANES, keep="first")
    lanes = [str(channel) for channel, times in channels.items() if times]
    for lane, channel in enumerate(lanes):
        at = pd.Series(np.where(removed[channel], float(lane), np.nan), index=removed.index)
        marks: dict[str, Any] = {"mode": "lines+markers", "marker": {"size": 4, "color": INK}}
        add_curve(figure, thinned(at, "max"), "removed", INK, row=row, legend=False, width=4, **marks)
    figure.update_yaxes(row=row, tickvals=list(range(len(lanes))), ticktext=lanes, range=[len(lanes) - 0.4, -0.6])


def _add_worst(result: RunResult, bus: Any, figure: Figure, row: int) -> None:
    """The bus as it was and as it was taken to be."""
    true = in_operation(quantity(result.table("bus"), "vm_pu"))[bus]
    estimated = quantity(result.table("estimate"), "vm_pu_estimated")[bus].reindex_like(true)
    add_curve(figure, thinned(true, "last"), "true", GREY, row=row, legend=True, width=3.5)
    add_curve(figure, thinned(estimated, "last"), "estimated", GREEN, row=row, legend=True, width=1.2)
