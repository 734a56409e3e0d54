"""Figures of a comparison: the twin in blue, the reference in orange."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mosaik_scenarios.comparison.matching import Pair
from mosaik_scenarios.comparison.metrics import PowerErrors
from mosaik_scenarios.comparison.references.reference import MEGAWATTS, REACTIVE, FloatArray
from mosaik_scenarios.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    POINTS_A_CURVE,
    add_curve,
    figure_of,
    figure_of_rows,
    thinned,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.comparison.result import Comparison
    from mosaik_scenarios.report.page import Captioned

CROWDED = 150
"""From so many points on they are drawn smaller."""


def voltage_profile(comparison: Comparison) -> Captioned | None:
    """Voltages over the distance from the source, one pair of axes a phase; over time at the hour that is worst."""
    voltages = comparison.voltages
    if voltages is None:
        return None
    row = int(np.abs(voltages.error).max(axis=1).argmax())
    caption = "" if voltages.hours is None else f"Hour {voltages.hours[row]}, where the largest difference is"
    phases = sorted({pair.phase for pair in voltages.pairs})
    titles = [f"phase {phase}" if phase else "" for phase in phases]
    figure = figure_of_rows(titles) if len(phases) > 1 else figure_of("voltage [pu]", height=380)
    for place, phase in enumerate(phases, start=1):
        at = {"row": place, "col": 1} if len(phases) > 1 else {}
        _add_profile(figure, comparison, row, phase, place == 1, at)
    if len(phases) > 1:
        figure.update_yaxes(title_text="[pu]").update_layout(height=130 + 240 * len(phases))
    bottom = {"row": len(phases), "col": 1} if len(phases) > 1 else {}
    figure.update_xaxes(title_text=distance_title(comparison), **bottom)
    return [(caption, figure.update_layout(hovermode="closest"))]


def error_by_distance(comparison: Comparison) -> Figure | None:
    """The largest, and over time the mean, difference of every bus over its distance."""
    voltages = comparison.voltages
    if voltages is None:
        return None
    size = np.abs(voltages.error)
    figure = figure_of("|ΔV| [pu]")
    text = [f"bus {pair.name}" for pair in voltages.pairs]
    over_time = len(size) > 1
    name = "largest of all hours" if over_time else "|ΔV|"
    _add_points(figure, voltages.distance, size.max(axis=0), name, {"color": BLUE, "size": 7}, text)
    if over_time:
        marks = {"color": GREEN, "size": 6, "symbol": "diamond"}
        _add_points(figure, voltages.distance, size.mean(axis=0), "mean of all hours", marks, text)
    figure.update_xaxes(title_text=distance_title(comparison))
    return figure.update_yaxes(rangemode="tozero", tickformat="~g").update_layout(hovermode="closest")


def scatter(comparison: Comparison) -> Captioned:
    """Twin over reference, with the line on which they agree."""
    voltages = comparison.voltages
    if voltages is not None:
        figure = figure_of("twin [pu]", height=420).update_xaxes(title_text="reference [pu]")
        names = np.array([f"bus {pair.name}" for pair in voltages.pairs])
        yield (
            "Voltage",
            _agreement(figure, voltages.twin, voltages.reference, np.broadcast_to(names, voltages.twin.shape)),
        )
    for errors in (comparison.source, comparison.branches):
        if errors is not None and len(errors.places) > 1:
            for quantity, unit, twin, reference in _powers(errors):
                figure = figure_of(f"twin [{unit}]", height=420).update_xaxes(title_text=f"reference [{unit}]")
                yield f"{quantity}, {errors.what}", _agreement(figure, twin, reference, np.array(errors.places))


def over_time(comparison: Comparison) -> Captioned:
    """Differences over the hours of the year."""
    if comparison.hours is None or len(comparison.hours) < 2:
        return
    index = pd.Index(comparison.hours, name="hour")
    if comparison.voltages is not None:
        size = np.abs(comparison.voltages.error)
        figure = figure_of("|ΔV| [pu]")
        add_curve(figure, thinned(pd.Series(size.max(axis=1), index), "max"), "largest of all buses", BLUE, legend=True)
        add_curve(figure, thinned(pd.Series(size.mean(axis=1), index), "mean"), "mean of all buses", GREEN, legend=True)
        yield "Voltage", figure.update_xaxes(title_text="hour of the year").update_yaxes(rangemode="tozero")
    if comparison.taps is not None:
        for place, name in enumerate(comparison.taps.columns):
            yield name, _taps_over_time(index, comparison.taps.twin[:, place], comparison.taps.reference[:, place])
    if comparison.source is not None:
        for quantity, unit, twin, reference in _powers(comparison.source):
            yield f"{quantity} at the source", _both_over_time(index, unit, twin, reference)


def distance_title(comparison: Comparison) -> str:
    """What the axis of distances is called."""
    return f"distance from the substation [{comparison.distances.unit}]"


def _add_profile(
    figure: Figure, comparison: Comparison, row: int, phase: str, legend: bool, at: dict[str, int]
) -> None:
    voltages = comparison.voltages
    assert voltages is not None
    places = [place for place, pair in enumerate(voltages.pairs) if pair.phase == phase]
    pairs = [voltages.pairs[place] for place in places]
    distance = voltages.distance[places]
    twin, reference = voltages.twin[row, places], voltages.reference[row, places]
    text = [
        f"bus {pair.name}<br>twin {ours:.5f} pu<br>reference {theirs:.5f} pu"
        for pair, ours, theirs in zip(pairs, twin, reference, strict=True)
    ]
    from plotly import graph_objects

    x, y = _branches(pairs, comparison.distances.parent, distance, twin)
    line = {"color": GREY, "width": 1}
    figure.add_trace(graph_objects.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False), **at)
    _add_points(figure, distance, reference, "reference", _reference_marks(len(pairs)), text, legend, at)
    _add_points(figure, distance, twin, "twin", _twin_marks(len(pairs)), text, legend, at)


def _branches(
    pairs: list[Pair], parent: Any, distance: FloatArray, vm_pu: FloatArray
) -> tuple[list[float | None], list[float | None]]:
    """A line from every bus to the next one towards the source that is compared too."""
    place_of = {pair.row: place for place, pair in enumerate(pairs)}
    x: list[float | None] = []
    y: list[float | None] = []
    for place, pair in enumerate(pairs):
        before = int(parent[pair.row])
        while before >= 0 and before not in place_of:
            before = int(parent[before])
        if before >= 0:
            ends = [place, place_of[before]]
            x += [*distance[ends].tolist(), None]
            y += [*vm_pu[ends].tolist(), None]
    return x, y


def _agreement(figure: Figure, twin: FloatArray, reference: FloatArray, names: Any) -> Figure:
    """Points around the diagonal; of very many, an even choice and the worst."""
    from plotly import graph_objects

    ours, theirs, names = twin.ravel(), reference.ravel(), names.ravel()
    shown = np.arange(0, len(ours), -(-len(ours) // POINTS_A_CURVE))
    shown = np.union1d(shown, np.argsort(np.abs(ours - theirs))[-POINTS_A_CURVE // 10 :])
    ends = [float(min(ours.min(), theirs.min())), float(max(ours.max(), theirs.max()))]
    line = {"color": GREY, "width": 1, "dash": "dash"}
    figure.add_trace(graph_objects.Scatter(x=ends, y=ends, mode="lines", line=line, hoverinfo="skip", name="equal"))
    _add_points(
        figure, theirs[shown], ours[shown], "twin", _twin_marks(len(shown)), names[shown].tolist(), legend=False
    )
    return figure.update_layout(hovermode="closest")


def _both_over_time(index: pd.Index, unit: str, twin: FloatArray, reference: FloatArray) -> Figure:
    figure = figure_of_rows(["", ""], shared_xaxes=True).update_layout(height=400)
    sides = (("reference", reference, ORANGE, 2.6), ("twin", twin, BLUE, 1.2))
    for name, values, colour, width in sides:
        add_curve(figure, thinned(pd.Series(values, index), "mean"), name, colour, row=1, width=width)
    error = thinned(pd.Series(twin - reference, index), _largest)
    add_curve(figure, error, "twin - reference", INK, row=2, width=1.0)
    figure.update_yaxes(title_text=f"[{unit}]", row=1, col=1).update_yaxes(
        title_text=f"difference [{unit}]", row=2, col=1
    )
    return figure.update_xaxes(title_text="hour of the year", row=2, col=1)


def _taps_over_time(index: pd.Index, twin: FloatArray, reference: FloatArray) -> Figure:
    figure = figure_of("tap position").update_xaxes(title_text="hour of the year")
    for name, values, colour, width in (("reference", reference, ORANGE, 2.6), ("twin", twin, BLUE, 1.2)):
        add_curve(figure, thinned(pd.Series(values, index), "last"), name, colour, width=width, shape="hv", legend=True)
    return figure


def _largest(differences: pd.Series) -> float:
    """The one furthest from zero, with its sign."""
    return float(differences.iloc[int(np.abs(differences).argmax())])


def _powers(errors: PowerErrors) -> Iterator[tuple[str, str, FloatArray, FloatArray]]:
    """P and Q, as far as the reference has them, in its unit."""
    scale = 1.0 / MEGAWATTS[errors.unit]
    if errors.p_reference is not None:
        yield "P", errors.unit, errors.p_twin * scale, errors.p_reference * scale
    if errors.q_reference is not None:
        yield "Q", REACTIVE[errors.unit], errors.q_twin * scale, errors.q_reference * scale


def _twin_marks(points: int) -> dict[str, Any]:
    return {"color": BLUE, "size": 6 if points < CROWDED else 4}


def _reference_marks(points: int) -> dict[str, Any]:
    size, width = (10, 1.6) if points < CROWDED else (7, 1.0)
    return {"color": ORANGE, "size": size, "symbol": "circle-open", "line": {"width": width}}


def _add_points(
    figure: Figure, x: FloatArray, y: FloatArray, name: str, marks: dict[str, Any], text: list[str],
    legend: bool = True, at: dict[str, int] | None = None,
) -> None:  # fmt: skip
    from plotly import graph_objects

    points = graph_objects.Scatter(
        x=x, y=y, mode="markers", name=name, marker=marks, text=text, hoverinfo="text+y", legendgroup=name,
        showlegend=legend,
    )  # fmt: skip
    figure.add_trace(points, **(at or {}))
