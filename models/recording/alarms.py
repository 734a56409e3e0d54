"""Alarms: one line of CSV an alarm episode, with the evidence an operator needs to judge it.

A line is appended as its alarm is raised, so that the file can be followed while the run goes on. How the episode went
on (cleared, duration, peak) is known later: the file is written anew when the run is closed. A run that was killed has
the lines of all alarms raised, with those columns empty.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import NO_CHANNEL, SUSPECTS, most_suspicious
from models.recording.run_folder import written_at_once
from models.telemetry.quality import Quality

OF_ESTIMATE = ("objective", "degrees_of_freedom", "p_value")
CHANNELS = ("channel", "channel_2", "channel_3")
RESIDUALS = ("residual", "residual_2", "residual_3")
RESIDUAL_CHANNELS = ("residual_channel", "residual_channel_2", "residual_channel_3")
COLUMNS = (
    "time", "cleared", "duration_s", "incident", "detector", "score", "threshold", "peak_score",
    *CHANNELS, "bus", "quality", *OF_ESTIMATE,
    *(name for pair in zip(RESIDUAL_CHANNELS, RESIDUALS, strict=True) for name in pair),
    "picture",
)  # fmt: skip
"""Of the file. Those up to the picture are of the scan at which the alarm was raised, except where it says how it went
on; `bus` and `quality` are those of the first channel."""


@dataclass
class Episode:
    """An alarm of one detector from its begin to its end."""

    line: dict[str, Any]
    raised_s: float
    last_s: float
    peak_score: float
    cleared_s: float | None = None


class AlarmLog:
    """What an operator would have seen.

    Episodes that overlap or follow on one another, of whatever detectors, are one incident.

    Parameters
    ----------
    file
        To append to; its header is written at once.
    start
        Of the scenario, with its UTC offset.
    channels
        Names of the telemetry channels; a detector points at them by their positions.
    channel_buses
        pandapower index of the bus at which each channel is metered.
    """

    def __init__(
        self,
        file: Path,
        start: datetime,
        channels: Sequence[str] = (),
        channel_buses: Sequence[int] = (),
    ) -> None:
        self._file = file
        self._start = start
        self._channels = channels
        self._channel_buses = channel_buses
        self._episodes: list[Episode] = []
        self._standing: dict[str, Episode] = {}
        self._incidents = 0
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerow(COLUMNS)

    def observe(
        self, time_s: float, verdicts: Mapping[str, Mapping[str, Any]], evidence: Mapping[str, Any] | None = None
    ) -> None:
        """Take one scan; write a line for every detector that begins to raise its alarm.

        Parameters
        ----------
        time_s
            Since the scenario's start. [s]
        verdicts
            By detector its `alarm`, `score`, `threshold` and `suspects` (positions of channels, the most suspicious
            first, -1 none); what is left out is unknown.
        evidence
            What the control room knew: `objective`, `degrees_of_freedom`, `p_value`, and by channel
            `normalised_residual` and `quality`; what is left out is unknown.
        """
        stood_before = bool(self._standing)
        for detector in [*self._standing]:
            self._go_on(time_s, detector, verdicts[detector])
        raised = [name for name, verdict in verdicts.items() if verdict.get("alarm") and name not in self._standing]
        if raised and not stood_before:
            self._incidents += 1
        for detector in raised:
            self._raise(time_s, detector, verdicts[detector], evidence or {})

    def close(self) -> None:
        """Write how the episodes went on."""
        _write(self._file, [self._whole_line(episode) for episode in self._episodes])

    def _go_on(self, time_s: float, detector: str, verdict: Mapping[str, Any]) -> None:
        episode = self._standing[detector]
        if not verdict["alarm"]:
            episode.cleared_s = episode.last_s = time_s
            del self._standing[detector]
            return
        episode.last_s = time_s
        episode.peak_score = float(np.fmax(episode.peak_score, verdict.get("score", nan)))

    def _raise(self, time_s: float, detector: str, verdict: Mapping[str, Any], evidence: Mapping[str, Any]) -> None:
        score = float(verdict.get("score", nan))
        line = {
            "time": self._clock(time_s),
            "incident": self._incidents,
            "detector": detector,
            "score": score,
            "threshold": float(verdict.get("threshold", nan)),
            **self._pointed_at(verdict.get("suspects", ()), evidence.get("quality")),
            **{name: evidence[name] for name in OF_ESTIMATE if name in evidence},
            **self._largest_residuals(evidence.get("normalised_residual")),
        }
        self._standing[detector] = Episode(line, time_s, time_s, score)
        self._episodes.append(self._standing[detector])
        with self._file.open("a", newline="", encoding="utf-8") as stream:
            csv.DictWriter(stream, COLUMNS).writerow(line)

    def _pointed_at(self, suspects: Sequence[int], quality: Sequence[int] | None) -> dict[str, Any]:
        known = _channels_in(suspects)
        line = self._named(CHANNELS, known)
        if known and known[0] < len(self._channel_buses):
            line["bus"] = self._channel_buses[known[0]]
        if known and quality is not None:
            line["quality"] = Quality(int(quality[known[0]])).name.lower()
        return line

    def _largest_residuals(self, residual: NDArray[np.float64] | None) -> dict[str, Any]:
        if residual is None:
            return {}
        largest = _channels_in(most_suspicious(np.abs(residual), SUSPECTS))
        values = (float(residual[channel]) for channel in largest)
        return self._named(RESIDUAL_CHANNELS, largest) | dict(zip(RESIDUALS, values, strict=False))

    def _named(self, columns: Sequence[str], channels: Sequence[int]) -> dict[str, Any]:
        names = (self._channels[channel] if channel < len(self._channels) else "" for channel in channels)
        return dict(zip(columns, names, strict=False))

    def _whole_line(self, episode: Episode) -> dict[str, Any]:
        """With how it went on; an alarm that still stood at the end is not cleared."""
        return {
            **episode.line,
            "cleared": "" if episode.cleared_s is None else self._clock(episode.cleared_s),
            "duration_s": round(episode.last_s - episode.raised_s, 6),
            "peak_score": episode.peak_score,
        }

    def _clock(self, time_s: float) -> str:
        return (self._start + timedelta(seconds=time_s)).isoformat()


def _channels_in(suspects: Iterable[int]) -> list[int]:
    return [int(channel) for channel in suspects if channel != NO_CHANNEL]


def note_pictures(file: Path, pictures: Mapping[int, str]) -> None:
    """Write into the file of alarms which picture shows which of them, by the number of its line (the first is 0)."""
    with file.open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    for number, picture in pictures.items():
        lines[number]["picture"] = picture
    _write(file, lines)


def _write(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    with written_at_once(file) as draft, draft.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
