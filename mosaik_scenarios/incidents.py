"""Alarms of several detectors that overlap are one incident: one attack is read once, with all who saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Incident:
    """One thing that happened, as the control room saw it.

    Attributes
    ----------
    number
        As in `alarms.csv`, from 1 on.
    alarms
        The rows of `RunResult.alarms` that belong to it, the earliest first.
    raised
        When the first of them was.
    ended
        When the last of them was cleared, or the record ended.
    standing
        Whether one of them was not cleared, as far as the run tells.
    """

    number: int
    alarms: pd.DataFrame
    raised: datetime
    ended: datetime
    standing: bool

    @property
    def detectors(self) -> list[str]:
        """Those that saw it, the earliest first."""
        return list(dict.fromkeys(self.alarms["detector"]))

    @property
    def channels(self) -> list[str]:
        """What the alarms point at, each at one channel, the earliest first."""
        return list(dict.fromkeys(filter(None, map(channel_of, rows_of(self.alarms)))))


def incidents_of(alarms: pd.DataFrame) -> list[Incident]:
    """The incidents among a run's alarms, in order of time."""
    import pandas as pd

    found = []
    for number, of_incident in alarms.groupby("incident"):
        # Without a duration the run was stopped before it came to one.
        ended = of_incident.index + pd.to_timedelta(of_incident["duration_s"].fillna(0.0), unit="s")
        found.append(
            Incident(
                number=int(str(number)),
                alarms=of_incident,
                raised=of_incident.index[0].to_pydatetime(),
                ended=ended.max().to_pydatetime(),
                standing=bool(of_incident["cleared"].isna().any()),
            )
        )
    return found


def rows_of(alarms: pd.DataFrame) -> list[dict[str, Any]]:
    """Each alarm by the names of its columns, ``time`` too."""
    return [{str(name): value for name, value in row.items()} for row in alarms.reset_index().to_dict("records")]


def channel_of(alarm: Mapping[str, Any]) -> str | None:
    """The channel that an alarm points at; where its detector points at none, that of the largest residual."""
    import pandas as pd

    return next((alarm[name] for name in ("channel", "residual_channel") if not pd.isna(alarm[name])), None)
