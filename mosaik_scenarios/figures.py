"""The figures of a run's report; each is None where the run has no such table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mosaik_scenarios.summary import VOLTAGE_BANDS_PU, quantity
from mosaik_scenarios.topology import read_topology

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

INK, GREY, BLUE, ORANGE, GREEN, RED = "#1f2933", "#9aa5b1", "#2f6690", "#d1742c", "#3a7d44", "#b3352b"
LINES = (BLUE, ORANGE, GREEN, "#7d5ba6", "#8a6d3b", "#4a9aa8")
POINTS_A_CURVE = 3000
CURVES_A_FIGURE = 6
CHANNELS_SHOWN = 4
ROW_HEIGHT = 190


def voltage_band(result: RunResult) -> Figure | None:
    """Lowest, middle and highest voltage of all buses over time."""
    vm_pu = quantity(result.table("bus"), "vm_pu")
    if vm_pu.empty:
        return None
    figure = _figure("voltage [pu]")
    lowest, highest = thinned(vm_pu.min(axis=1), "min"), thinned(vm_pu.max(axis=1), "max")
    _curve(figure, highest, "highest bus", GREY, width=1)
    _curve(figure, lowest, "lowest bus", GREY, width=1, fill="tonexty", fillcolor="rgba(47,102,144,0.18)")
    _curve(figure, thinned(vm_pu.median(axis=1), "mean"), "median bus", BLUE)
    for limit in VOLTAGE_BANDS_PU[0]:
        figure.add_hline(limit, line={"color": GREY, "dash": "dot", "width": 1})
    return _over_time(figure, result)


def line_loading(result: RunResult) -> Figure | None:
    """Loading of the lines that were loaded most."""
    return _largest_of(result, "line", "loading_percent", "loading [%]", "line")


def hot_spot(result: RunResult) -> Figure | None:
    """Hot-spot temperature of the transformers that became hottest."""
    figure = _largest_of(result, "transformer", "hot_spot_c", "hot spot [°C]", "trafo")
    ambient = quantity(result.table("weather"), "ambient_c")
    if figure is not None and not ambient.empty:
        _curve(figure, thinned(ambient.iloc[:, 0], "mean"), "ambient", GREY)
    return figure


def frequency(result: RunResult) -> Figure | None:
    """Frequency of the generator."""
    return _largest_of(result, "generator", "frequency_hz", "frequency [Hz]", "generator", keep="min")


def taps(result: RunResult) -> Figure | None:
    """Tap positions of the transformers whose taps moved."""
    positions = quantity(result.table("trafo"), "tap_pos")
    moved = [trafo for trafo in positions.columns if positions[trafo].nunique() > 1][:CURVES_A_FIGURE]
    if not moved:
        return None
    figure = _figure("tap position")
    for trafo, colour in zip(moved, LINES, strict=False):
        _curve(figure, thinned(positions[trafo], "last"), f"trafo {trafo}", colour, shape="hv")
    return _over_time(figure, result)


def events(result: RunResult) -> Figure | None:
    """Every event, one row of marks an element."""
    happened = result.events
    if happened.empty:
        return None
    from plotly import graph_objects

    figure = _figure("")
    for kind, colour in zip(sorted(happened["kind"].unique()), (*LINES, RED, GREY), strict=False):
        of_kind = happened[happened["kind"] == kind]
        change = [f"{before:g} → {after:g}" for before, after in zip(of_kind["before"], of_kind["after"], strict=True)]
        marks = {"color": colour, "size": 9, "symbol": "line-ns", "line": {"color": colour, "width": 2}}
        figure.add_trace(
            graph_objects.Scatter(
                x=_clock(of_kind.index), y=[f"{kind} {element}" for element in of_kind["element"]], name=kind,
                mode="markers", marker=marks, text=change, hovertemplate="%{y}<br>%{x}<br>%{text}<extra></extra>",
            )
        )  # fmt: skip
    rows = happened.groupby(["kind", "element"]).ngroups
    figure.update_layout(height=110 + 24 * rows)
    return _over_time(figure, result)


def attacked_channels(result: RunResult) -> Figure | None:
    """Measured, received and estimated values of channels under attack."""
    measurement, estimate = result.table("measurement"), result.table("estimate")
    forged = quantity(measurement, "forged")
    channels = [channel for channel in forged.columns if forged[channel].any()][:CHANNELS_SHOWN]
    if not channels:
        return None
    figure = _rows(channels)
    lives = {"measured": BLUE, "received": RED}
    for row, channel in enumerate(channels, start=1):
        for life, colour in lives.items():
            values = quantity(measurement, f"value_{life}")
            if channel in values:
                _curve(figure, thinned(values[channel], "last"), life, colour, row=row)
        estimated = _estimated(estimate, str(channel))
        if estimated is not None:
            _curve(figure, thinned(estimated, "last"), "estimated", GREEN, row=row)
    return _over_time(figure, result, rows=len(channels))


def detector_scores(result: RunResult) -> Figure | None:
    """Score of each detector against its threshold; a mark at each alarm raised."""
    detection, alarms = result.table("detection"), result.alarms
    scores, thresholds = quantity(detection, "score"), quantity(detection, "threshold")
    detectors = list(scores.columns)
    if not detectors:
        return None
    from plotly import graph_objects

    figure = _rows(detectors)
    for row, detector in enumerate(detectors, start=1):
        _curve(figure, thinned(scores[detector], "max"), "score", BLUE, row=row)
        if detector in thresholds:
            _curve(figure, thinned(thresholds[detector], "last"), "threshold", RED, row=row, dash="dash", width=1)
        raised = alarms[alarms["detector"] == detector]
        marks = {"color": RED, "size": 7, "symbol": "triangle-down"}
        mark = graph_objects.Scatter(
            x=_clock(raised.index), y=raised["score"], name="alarm", mode="markers", marker=marks, legendgroup="alarm",
            showlegend=row == 1,
        )  # fmt: skip
        figure.add_trace(mark, row=row, col=1)
    return _over_time(figure, result, rows=len(detectors))


def network(result: RunResult) -> Figure | None:
    """The network, its buses coloured by their lowest voltage."""
    topology, vm_pu = read_topology(result.folder), quantity(result.table("bus"), "vm_pu")
    places = {bus["bus"]: (bus["x"], bus["y"]) for bus in topology.get("buses", ()) if "x" in bus}
    if not places or vm_pu.empty:
        return None
    from plotly import graph_objects

    figure = _figure("")
    branches = [*topology["lines"], *topology["trafos"]]
    for in_service, dash in ((True, "solid"), (False, "dot")):
        x, y = _segments(places, [branch for branch in branches if branch["in_service"] == in_service])
        branch_line = {"color": GREY, "width": 1.5, "dash": dash}
        figure.add_trace(
            graph_objects.Scatter(x=x, y=y, mode="lines", line=branch_line, hoverinfo="skip", showlegend=False)
        )
    lowest = vm_pu.min().reindex(list(places))
    slacks = {slack["bus"] for slack in topology["slacks"]}
    marks = {
        "color": lowest.to_numpy(), "colorscale": "Viridis", "size": 11, "line": {"color": INK, "width": 0.7},
        "colorbar": {"title": {"text": "lowest<br>voltage [pu]"}, "thickness": 12, "outlinewidth": 0},
        "symbol": ["square" if bus in slacks else "circle" for bus in places],
    }  # fmt: skip
    text = [f"bus {bus}: {voltage:.4f} pu" for bus, voltage in lowest.items()]
    figure.add_trace(
        graph_objects.Scatter(
            x=[x for x, _ in places.values()],
            y=[y for _, y in places.values()],
            mode="markers",
            marker=marks,
            text=text,
            hoverinfo="text",
            showlegend=False,
        )
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure.update_layout(height=480, hovermode="closest")


def thinned(series: pd.Series, keep: str) -> pd.Series:
    """At most `POINTS_A_CURVE` points of a curve, each standing for a block of rows by its min, max, mean or last."""
    stride = -(-len(series) // POINTS_A_CURVE)
    if stride <= 1:
        return series
    blocks = series.groupby([row // stride for row in range(len(series))]).agg(keep)
    return blocks.set_axis(series.index[::stride])


def _largest_of(result: RunResult, table: str, name: str, axis: str, element: str, keep: str = "max") -> Figure | None:
    """Curves of the elements with the largest values of one quantity."""
    values = quantity(result.table(table), name).dropna(axis="columns", how="all")
    if values.empty:
        return None
    figure = _figure(axis)
    chosen = values.max().sort_values(ascending=False, kind="stable").index[:CURVES_A_FIGURE]
    for column, colour in zip(chosen, LINES, strict=False):
        _curve(figure, thinned(values[column], keep), f"{element} {column}".strip(), colour)
    return _over_time(figure, result)


def _estimated(estimate: pd.DataFrame, channel: str) -> pd.Series | None:
    """The estimated voltage that belongs to a channel such as "v bus 7"; other channels have none."""
    kind, _, bus = channel.partition(" bus ")
    voltages = quantity(estimate, "vm_pu_estimated")
    return voltages[int(bus)] if kind == "v" and bus.isdecimal() and int(bus) in voltages else None


def _segments(places: dict[int, tuple[float, float]], branches: Sequence[dict[str, Any]]) -> tuple[list, list]:
    """Coordinates of the branches, with a gap after each."""
    ends = [(branch["from_bus"], branch["to_bus"]) for branch in branches]
    drawn = [(places[start], places[end]) for start, end in ends if start in places and end in places]
    x = [value for start, end in drawn for value in (start[0], end[0], None)]
    y = [value for start, end in drawn for value in (start[1], end[1], None)]
    return x, y


def _figure(axis: str) -> Figure:
    from plotly import graph_objects

    return _dressed(graph_objects.Figure(layout={"height": 320})).update_yaxes(title_text=axis)


def _rows(titles: Sequence[Any]) -> Figure:
    from plotly.subplots import make_subplots

    titles = [str(title) for title in titles]
    figure = make_subplots(
        rows=len(titles), cols=1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.28 / len(titles)
    )
    figure.update_annotations(font={"size": 12, "color": INK}, x=0, xanchor="left")
    return _dressed(figure).update_layout(height=90 + ROW_HEIGHT * len(titles))


def _dressed(figure: Figure) -> Figure:
    grid = {"gridcolor": "#e4e7eb", "zeroline": False, "linecolor": GREY}
    figure.update_xaxes(**grid)
    figure.update_yaxes(**grid)
    return figure.update_layout(
        font={"family": "system-ui, sans-serif", "size": 12, "color": INK}, plot_bgcolor="white", paper_bgcolor="white",
        margin={"l": 64, "r": 16, "t": 36, "b": 40}, hovermode="x unified",
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip


def _curve(
    figure: Figure, values: pd.Series, name: str, colour: str, row: int | None = None, width: float = 1.5,
    dash: str = "solid", shape: str = "linear", **more: Any,
) -> None:  # fmt: skip
    from plotly import graph_objects

    line = {"color": colour, "width": width, "dash": dash, "shape": shape}
    first = row in (None, 1)
    curve = graph_objects.Scatter(
        x=_clock(values.index), y=values.to_numpy(), name=name, mode="lines", line=line, legendgroup=name,
        showlegend=first, **more,
    )  # fmt: skip
    figure.add_trace(curve, row=row, col=None if row is None else 1)


def _over_time(figure: Figure, result: RunResult, rows: int = 1) -> Figure:
    """The whole scenario on the time axis, in every row: attack windows shaded, a line where a fault begins."""
    scenario = result.scenario
    figure.update_xaxes(range=_clock(pd.DatetimeIndex([scenario.start, scenario.end])))
    for row in range(1, rows + 1):
        place = {"row": row, "col": 1} if rows > 1 else {}
        for attack in scenario.attacks:
            start = scenario.start + attack.start
            window = _clock(pd.DatetimeIndex([start, start + attack.duration]))
            figure.add_vrect(*window, fillcolor=RED, opacity=0.09, line_width=0, layer="below", **place)
        for fault in scenario.faults:
            (begin,) = _clock(pd.DatetimeIndex([scenario.start + fault.start]))
            figure.add_vline(begin, line={"color": INK, "dash": "dash", "width": 1}, **place)
    return figure


def _clock(index: pd.Index) -> list[str]:
    """Times as the wall clock of the scenario shows them, so that the page's reader sees them as they were."""
    return [f"{time:%Y-%m-%dT%H:%M:%S.%f}" for time in index]
