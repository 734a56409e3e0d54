"""Alarms: one line of CSV an alarm episode, written as it begins."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import nan
from pathlib import Path

COLUMNS = ("time", "detector", "score", "threshold", "channel", "bus")


class AlarmLog:
    """What an operator would have seen.

    Parameters
    ----------
    file
        To append to; its header is written at once.
    start
        Of the scenario, with its UTC offset.
    channels
        Names of the telemetry channels; a detector points at one of them by its position.
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
        self._in_alarm: set[str] = set()
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerow(COLUMNS)

    def observe(
        self,
        time_s: float,
        detector: str,
        alarm: bool = False,
        score: float = nan,
        threshold: float = nan,
        channel: int = -1,
    ) -> None:
        """Write a line when `detector` begins to raise its alarm; `channel` -1 points at nothing in particular."""
        if not alarm:
            self._in_alarm.discard(detector)
        elif detector not in self._in_alarm:
            self._in_alarm.add(detector)
            self._write(time_s, detector, float(score), float(threshold), int(channel))

    def _write(self, time_s: float, detector: str, score: float, threshold: float, channel: int) -> None:
        time = (self._start + timedelta(seconds=time_s)).isoformat()
        name = self._channels[channel] if 0 <= channel < len(self._channels) else ""
        bus = self._channel_buses[channel] if 0 <= channel < len(self._channel_buses) else ""
        with self._file.open("a", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerow((time, detector, score, threshold, name, bus))
