"""A picture of each alarm as a file, made without a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.recording.alarms import note_pictures
from models.recording.run_folder import PICTURE_SUFFIX, PICTURES, written_at_once
from mosaik_scenarios.channel_units import unit_of
from mosaik_scenarios.incidents import channel_of, rows_of
from mosaik_scenarios.progress import OnProgress
from mosaik_scenarios.report.around import LIVES, Curves
from mosaik_scenarios.report.control_room import logarithmic_range
from mosaik_scenarios.report.drawing import BLUE, GREY, INK, ORANGE, RED, thinned
from mosaik_scenarios.summary import evidence
from mosaik_scenarios.summary.attacks import attack_windows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mosaik_scenarios.results import RunResult

MOST_PICTURES = 30
"""Of one run: a detector that sounds all day is not to fill the disk."""
INCHES = (8.4, 6.2)
DOTS_PER_INCH = 90
Window = tuple[datetime, datetime]


def draw_alarms(result: RunResult, on_progress: OnProgress | None = None, most: int = MOST_PICTURES) -> list[Path]:
    """Draw the alarms of a run into its folder and note the pictures in `alarms.csv`; returns where they lie.

    Where there are more than `most`, every incident's first alarm goes before any incident's second.
    """
    alarms = dict(enumerate(rows_of(result.alarms)))
    rank = result.alarms.groupby("incident").cumcount()
    chosen = sorted(alarms, key=lambda number: (rank.iloc[number], number))[:most]
    curves = Curves(result, [channel for number in chosen if (channel := channel_of(alarms[number]))])
    drawn: dict[int, Path] = {}
    for number in chosen:
        if on_progress is not None:
            on_progress(len(drawn) / len(chosen))
        picture = result.folder.picture(f"{number + 1:03d}-{alarms[number]['detector']}{PICTURE_SUFFIX}")
        picture.parent.mkdir(exist_ok=True)
        with written_at_once(picture) as draft:
            picture_of(alarms[number], curves, attack_windows(result)).savefig(draft, format="png", dpi=DOTS_PER_INCH)
        drawn[number] = picture
    if drawn:
        note_pictures(result.folder.alarms, {n: f"{PICTURES}/{picture.name}" for n, picture in drawn.items()})
    return [drawn[number] for number in sorted(drawn)]


def picture_of(alarm: Mapping[str, Any], curves: Curves, attacks: Sequence[Window] = ()) -> Figure:
    """The channel's curves, J(x) and the detector's score under one another; the alarm in orange, attacks in red."""
    from matplotlib.figure import Figure

    channel, detector = channel_of(alarm), alarm["detector"]
    raised = alarm["time"]
    ended = raised + timedelta(seconds=np.nan_to_num(alarm["duration_s"]))
    around = curves.around(raised, ended, [channel] if channel else [], [detector])
    panels = [(name, lives) for name, lives in around.lives.items() if lives]
    figure = Figure(figsize=INCHES)
    # Margins that matplotlib works out by itself cost as much as the drawing.
    figure.subplots_adjust(left=0.1, right=0.98, top=0.85, bottom=0.06, hspace=0.14)
    figure.text(0.01, 0.985, title_of(alarm), va="top", fontsize=9, color=INK)
    heights = [2.0] * len(panels) + [1.0, 1.0]
    axes = figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (name, lives) in zip(axes, panels, strict=False):
        axis.set_ylabel(f"{name} [{unit_of(name)}]")
        for life, values in lives.items():
            _curve(axis, values, life, color=LIVES[life], linestyle="--" if life == "expected" else "-")
    score = around.scores.get(detector, pd.Series(dtype=float))
    _against_threshold(axes[-2], "J(x)", around.objective, around.chi_square_threshold)
    _against_threshold(axes[-1], "score\n[thresholds]", score, pd.Series(1.0, index=score.index))
    for axis in axes:
        _dress(axis, (around.start, around.end), (raised, ended), attacks)
    return figure


def title_of(alarm: Mapping[str, Any]) -> str:
    """What an operator reads first."""
    raised, cleared = alarm["time"], alarm["cleared"]
    until: str = "not cleared" if pd.isna(cleared) else f"cleared {cleared:%H:%M:%S}"
    return "\n".join(
        [
            f"{alarm['detector']} at {evidence.where(alarm)}: raised {raised:%Y-%m-%d %H:%M:%S}, {until}",
            f"score {evidence.score(alarm)}; {evidence.objective_in_full(alarm)}",
            f"largest normalised residuals: {evidence.residuals(alarm)}",
        ]
    )


def _against_threshold(axis: Axes, name: str, values: pd.Series, threshold: pd.Series) -> None:
    axis.set_ylabel(name)
    if not np.isfinite(values).any():
        return
    _curve(axis, values, color=BLUE)
    _curve(axis, threshold, color=GREY, linestyle="--")
    decades = logarithmic_range(values, float(threshold.max()))
    if decades:
        axis.set_yscale("log")
        axis.set_ylim(*(10**decade for decade in decades))


def _curve(axis: Axes, values: pd.Series, label: str | None = None, **style: Any) -> None:
    thin = thinned(values.astype(float), "last")
    axis.plot(_clock(thin.index), thin.to_numpy(), label=label, linewidth=1.1, **style)


def _dress(axis: Axes, window: Window, alarmed: Window, attacks: Sequence[Window]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    start, end = window
    axis.set_xlim(*_clock(window))
    for begin, over in attacks:
        if begin < end and over > start:
            axis.axvspan(*_clock([begin, over]), color=RED, alpha=0.08, linewidth=0)
    axis.axvspan(*_clock(alarmed), color=ORANGE, alpha=0.12, linewidth=0)
    axis.axvline(_clock(alarmed)[0], color=ORANGE, linewidth=1)
    axis.grid(color="#e4e7eb")
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    axis.yaxis.label.set_fontsize(8)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), fontsize=8, ncols=4, frameon=False)
    locator = AutoDateLocator()
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _clock(times: Any) -> np.ndarray:
    """The wall clock of the scenario, which is what the axis is to show."""
    return pd.DatetimeIndex(times).tz_localize(None).to_numpy()
