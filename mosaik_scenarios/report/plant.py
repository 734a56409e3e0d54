"""Figures of the plant over time: voltages, loadings, temperatures, frequency, and what was operated when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mosaik_scenarios.report.drawing import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    RED,
    add_curve,
    clock,
    figure_of,
    figure_of_rows,
    over_time,
    thinned,
)
from mosaik_scenarios.summary.grid import VOLTAGE_BANDS_PU, in_operation
from mosaik_scenarios.summary.tables import quantity

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

CURVES_A_FIGURE = 4

# Event kind -> value of "after" with which a bar begins, and its colour.
LANES = {
    "attack": (1, RED),
    "fault": (1, INK),
    "switch": (0, ORANGE),
    "converged": (0, GREY),
    "observable": (0, GREY),
}
LANE_NAMES = {"attack": "attack", "fault": "fault", "switch": "open: switch", "converged": "no power flow",
              "observable": "not observable"}  # fmt: skip
NAMELESS_LANES = ("converged", "observable")


def voltage(result: RunResult) -> Figure | None:
    """Lowest, middle and highest voltage of all buses over time, on a scale of the band and what is near it."""
    vm_pu = quantity(result.table("bus"), "vm_pu")
    if vm_pu.empty:
        return None
    figure = figure_of("voltage [pu]", height=340)
    low, high = thinned(vm_pu.min(axis=1), "min"), thinned(vm_pu.max(axis=1), "max")
    add_curve(figure, high, "highest bus", GREY, width=1)
    add_curve(figure, low, "lowest bus", GREY, width=1, fill="tonexty", fillcolor="rgba(47,102,144,0.18)")
    add_curve(figure, thinned(vm_pu.median(axis=1), "mean"), "median bus", BLUE)
    for limit in VOLTAGE_BANDS_PU[0]:
        figure.add_hline(limit, line={"color": RED, "dash": "dot", "width": 1})
    figure.update_yaxes(range=operating_range(vm_pu))
    return over_time(figure, result)


def operating_range(vm_pu: pd.DataFrame) -> tuple[float, float]:
    """From below the lowest voltage in operation, or the band's limit, to above the highest. [pu]"""
    operating = in_operation(vm_pu).to_numpy()
    (low_limit, high_limit), margin = VOLTAGE_BANDS_PU[0], 0.006
    return np.nanmin([low_limit, *operating.flat]) - margin, np.nanmax([high_limit, *operating.flat]) + margin


def line_loading(result: RunResult) -> Figure | None:
    """Loading of the lines that were loaded most."""
    return _largest_of(result, "line", "loading_percent", "loading [%]", "line")


def hot_spot(result: RunResult) -> Figure | None:
    """Hot-spot temperature of the transformers that became hottest."""
    figure = _largest_of(result, "transformer", "hot_spot_c", "temperature [°C]", "hot spot of trafo")
    ambient = quantity(result.table("weather"), "ambient_c")
    if figure is not None and not ambient.empty:
        add_curve(figure, thinned(ambient.iloc[:, 0], "mean"), "ambient", GREY)
    return figure


def frequency(result: RunResult) -> Figure | None:
    """Frequency of the machine, and its mechanical and electrical power."""
    generator = result.table("generator")
    hertz = quantity(generator, "frequency_hz")
    if hertz.empty:
        return None
    figure = figure_of_rows(["frequency [Hz]", "power [MW]"], shared_xaxes=True)
    add_curve(figure, thinned(hertz.iloc[:, 0], "min"), "frequency", BLUE, row=1, legend=False)
    for name, label, colour in (
        ("p_mechanical_mw", "mechanical", ORANGE),
        ("p_electrical_mw", "electrical", GREEN),
    ):
        power = quantity(generator, name)
        if not power.empty:
            add_curve(figure, thinned(power.iloc[:, 0], "mean"), label, colour, row=2, legend=True)
    return over_time(figure, result, places=[(1, 1), (2, 1)])


def taps(result: RunResult) -> Figure | None:
    """Tap positions of the transformers whose taps moved."""
    positions = quantity(result.table("trafo"), "tap_pos")
    moved = [trafo for trafo in positions.columns if positions[trafo].nunique() > 1][:CURVES_A_FIGURE]
    if not moved:
        return None
    figure = figure_of("tap position", height=240).update_yaxes(tickformat="d")
    for trafo, colour in zip(moved, COLOURS, strict=False):
        add_curve(figure, thinned(positions[trafo], "last"), f"trafo {trafo}", colour, shape="hv", legend=True)
    return over_time(figure, result)


def timeline(result: RunResult) -> Figure | None:
    """Bars of what lasted (attacks, faults, open switches), marks of every tap change."""
    happened = result.events
    happened = happened[happened["kind"].isin([*LANES, "tap"])]
    if happened.empty:
        return None
    figure = figure_of("")
    lanes = []
    for kind, begins_with, colour in ((kind, *lane) for kind, lane in LANES.items()):
        for element, own in happened[happened["kind"] == kind].groupby("element"):
            lanes.append(LANE_NAMES[kind] if kind in NAMELESS_LANES else f"{LANE_NAMES[kind]} {element}")
            _add_bars(figure, own, begins_with, lanes[-1], colour, result)
    for trafo, own in happened[happened["kind"] == "tap"].groupby("element"):
        lanes.append(f"tap of trafo {trafo}")
        _add_tap_marks(figure, own, lanes[-1])
    figure.update_yaxes(categoryorder="array", categoryarray=lanes[::-1])
    figure.update_layout(height=90 + 30 * len(lanes), showlegend=False, hovermode="closest")
    return over_time(figure, result)


def _add_bars(
    figure: Figure, events: pd.DataFrame, begins_with: float, lane: str, colour: str, result: RunResult
) -> None:
    from plotly import graph_objects

    begins = events.index[events["after"] == begins_with]
    for begin in begins:
        ends = events.index[(events.index > begin) & (events["after"] != begins_with)]
        end = ends[0] if len(ends) else pd.Timestamp(result.scenario.end)
        figure.add_trace(
            graph_objects.Scatter(
                x=clock([begin, end]), y=[lane, lane], mode="lines+markers", line={"color": colour, "width": 9},
                marker={"color": colour, "size": 9, "symbol": "line-ns", "line": {"color": colour, "width": 2}},
                hovertemplate=f"{lane}<br>%{{x}}<extra></extra>",
            )
        )  # fmt: skip


def _add_tap_marks(figure: Figure, events: pd.DataFrame, lane: str) -> None:
    from plotly import graph_objects

    is_raised = events["after"] > events["before"]
    text = [f"{before:g} → {after:g}" for before, after in zip(events["before"], events["after"], strict=True)]
    symbols = ["triangle-up" if raised else "triangle-down" for raised in is_raised]
    figure.add_trace(
        graph_objects.Scatter(
            x=clock(events.index), y=[lane] * len(events), mode="markers", text=text,
            marker={"color": BLUE, "size": 9, "symbol": symbols}, hovertemplate="%{x}<br>%{text}<extra></extra>",
        )
    )  # fmt: skip


def _largest_of(result: RunResult, table: str, name: str, axis: str, element: str) -> Figure | None:
    """Curves of the elements with the largest values of one quantity."""
    values = quantity(result.table(table), name).dropna(axis="columns", how="all")
    if values.empty:
        return None
    figure = figure_of(axis)
    chosen = values.max().sort_values(ascending=False, kind="stable").index[:CURVES_A_FIGURE]
    for column, colour in zip(chosen, COLOURS, strict=False):
        add_curve(figure, thinned(values[column], "max"), f"{element} {column}", colour, legend=True)
    return over_time(figure, result)
