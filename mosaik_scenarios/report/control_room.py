"""Figures of what the control room saw: channels under attack, detector scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mosaik_scenarios.channel_units import unit_of
from mosaik_scenarios.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    add_curve,
    figure_of_rows,
    over_time,
    thinned,
)
from mosaik_scenarios.summary.attacks import attack_windows
from mosaik_scenarios.summary.tables import inside, quantity

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

CHANNELS_SHOWN = 4
MARGIN = 0.25
"""Of an attack's length, shown before and after it. [-]"""
LOG_FROM = 20.0
"""Where a score rises to this many thresholds, its axis is logarithmic. [-]"""


def attacked_channels(result: RunResult) -> Iterator[tuple[str, Figure]]:
    """For each attack a caption and the life of its channels: measured, received, estimated."""
    for attack, window in zip(result.scenario.attacks, attack_windows(result), strict=True):
        forged = quantity(result.table("measurement"), "forged")
        during = forged.loc[inside(forged.index, *window)]
        channels = [channel for channel in during.columns if during[channel].any()]
        if channels:
            shown = channels[:CHANNELS_SHOWN]
            more = f", {len(shown)} of {len(channels)} channels" if len(channels) > len(shown) else ""
            start, end = window
            yield f"{attack.family}, {start:%H:%M} to {end:%H:%M}{more}", _channels(result, shown, window)


def _channels(result: RunResult, channels: list[str], attack: tuple[datetime, datetime]) -> Figure:
    start, end = attack
    margin = max((end - start) * MARGIN, 10 * result.scenario.scan_period)
    window = max(start - margin, result.scenario.start), min(end + margin, result.scenario.end)
    columns = 1 if len(channels) == 1 else 2
    figure = figure_of_rows([f"{name} [{unit_of(name)}]" for name in channels], columns)
    places = [(number // columns + 1, number % columns + 1) for number in range(len(channels))]
    for channel, (row, col) in zip(channels, places, strict=True):
        for life, values, colour in _lives(result, channel):
            near = values.loc[inside(values.index, *window)]
            add_curve(figure, thinned(near, "last"), life, colour, row=row, col=col, width=1.3)
    return over_time(figure, result, window, places)


def _lives(result: RunResult, channel: str) -> Iterator[tuple[str, pd.Series, str]]:
    """What the meter read, what the control room received, and (of voltages) what it made of it."""
    measurement = result.table("measurement")
    for life, colour in (("received", RED), ("measured", BLUE)):
        values = quantity(measurement, f"value_{life}")
        if channel in values:
            yield life, values[channel], colour
    kind, _, bus = channel.partition(" bus ")
    voltages = quantity(result.table("estimate"), "vm_pu_estimated")
    if kind == "v" and bus.isdecimal() and int(bus) in voltages:
        yield "estimated", voltages[int(bus)], GREEN


def detector_scores(result: RunResult) -> Figure | None:
    """Score of each detector against its threshold; orange where it is in alarm."""
    detection = result.table("detection")
    scores, thresholds, alarms = (quantity(detection, name) for name in ("score", "threshold", "alarm"))
    detectors = list(scores.columns)
    if not detectors:
        return None
    figure = figure_of_rows(detectors, shared_xaxes=True)
    for row, detector in enumerate(detectors, start=1):
        score = thinned(scores[detector].astype(float), "max")
        threshold = thresholds[detector] if detector in thresholds else pd.Series(np.nan, index=scores.index)
        add_curve(figure, score, "score", BLUE, row=row, width=1.2)
        if detector in alarms:
            in_alarm = thinned(scores[detector].where(alarms[detector].astype(bool)).astype(float), "max")
            add_curve(figure, in_alarm, "score in alarm", ORANGE, row=row, width=2.4)
        add_curve(figure, thinned(threshold, "last"), "threshold", GREY, row=row, dash="dash", width=1.2)
        scale = logarithmic_range(scores[detector], float(threshold.max()))
        if scale:
            figure.update_yaxes(type="log", range=scale, row=row, dtick=1)
    return over_time(figure, result, places=[(row, 1) for row in range(1, len(detectors) + 1)])


def logarithmic_range(score: pd.Series, threshold: float) -> tuple[float, float] | None:
    """Decades to show where a score leaves its threshold far behind; None where a linear axis shows it all."""
    positive = score[np.isfinite(score) & (score > 0)]
    if positive.empty or not threshold > 0 or positive.max() < LOG_FROM * threshold:
        return None
    lowest = min(float(positive.quantile(0.01)), threshold)
    return floor(log10(lowest) * 10) / 10 - 0.1, log10(float(positive.max())) + 0.2
