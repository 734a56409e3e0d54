"""An alarm's evidence in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from models.recording.alarms import CHANNELS, RESIDUAL_CHANNELS, RESIDUALS

SMALLEST_P_VALUE = 1e-99
"""Below it nobody cares by how much. [-]"""


def time_after(start: datetime, time: datetime) -> str:
    """The time of day, and the date where it is another one than that of `start`."""
    return f"{time:%H:%M:%S}" if time.date() == start.date() else f"{time:%Y-%m-%d %H:%M:%S}"


def where(alarm: Mapping[str, Any]) -> str:
    """``"v bus 5 (bus 5, stale), p bus 7"``: the channels it points at; the first with its bus and its quality."""
    channels = [str(alarm[name]) for name in CHANNELS if not pd.isna(alarm[name])]
    if not channels:
        return "no channel"
    about = [f"bus {alarm['bus']}"] if not pd.isna(alarm["bus"]) else []
    about += [str(alarm["quality"])] if not pd.isna(alarm["quality"]) else []
    first = f"{channels[0]} ({', '.join(about)})" if about else channels[0]
    return ", ".join([first, *channels[1:]])


def score(alarm: Mapping[str, Any]) -> str:
    """``"8.12 against 4.3, peak 9.5"``."""
    peak = "" if pd.isna(alarm["peak_score"]) else f", peak {alarm['peak_score']:.4g}"
    return f"{alarm['score']:.4g} against {alarm['threshold']:.4g}{peak}"


def objective(alarm: Mapping[str, Any]) -> str:
    """``"J(x) 312, p = 2e-23"``: how little the measurements agree with one another."""
    if pd.isna(alarm["objective"]):
        return "no estimate"
    return f"J(x) {alarm['objective']:.4g}, {_probability(alarm['p_value'])}"


def objective_in_full(alarm: Mapping[str, Any]) -> str:
    """``"J(x) 312, p = 2e-23 at 97 degrees of freedom"``."""
    freedom = alarm["degrees_of_freedom"]
    return objective(alarm) + ("" if pd.isna(freedom) else f" at {freedom} degrees of freedom")


def residuals(alarm: Mapping[str, Any]) -> str:
    """``"v bus 5: 8.1, p bus 5: 3.2"``: the largest normalised residuals."""
    return ", ".join(f"{channel}: {residual:.3g}" for channel, residual in _residuals(alarm)) or "no residuals"


def _residuals(alarm: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for channel, residual in zip(RESIDUAL_CHANNELS, RESIDUALS, strict=True):
        if not pd.isna(alarm[channel]):
            yield str(alarm[channel]), float(alarm[residual])


def _probability(p_value: float) -> str:
    if pd.isna(p_value):
        return "no redundancy"
    return f"p < {SMALLEST_P_VALUE:.0e}" if p_value < SMALLEST_P_VALUE else f"p = {p_value:.2g}"
