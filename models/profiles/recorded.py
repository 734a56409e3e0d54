"""Recorded loads, the user's own or those a feeder comes with, matched to the feeder's loads and played back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.errors import InvalidProfileError
from models.profiles.clock import Clock
from models.profiles.load_profiles import PQ, StandardForecast
from models.profiles.loads import Loads

if TYPE_CHECKING:
    import pandas as pd

DAY_S = 86400.0
FIRST_DATA_ROW = 2  # as an editor or a spreadsheet counts: the header is row 1


@dataclass(frozen=True, eq=False)
class LoadRecord:
    """Recorded loads, one column a load or a bus.

    Parameters
    ----------
    source
        Where the data comes from, for messages.
    times
        Strictly ascending, as written: naive (the feeder's wall clock) or with an offset. Their name is that of the
        column of a file, none where there is no file. (n_row,)
    p_mw
        Columns are loads by their pandapower index, where they are numbers; else names or indices of loads or buses, as
        text. (n_row, n_column) [MW]
    q_mvar
        The same columns or some of them; the others keep their nominal power factor. (n_row, up to n_column) [Mvar]
    metered
        Readings of the customers' own smart meters: each states the mean of the interval that it begins and holds
        until the next, and the control room has those of the day before. Else the load goes straight from row to row.
    """

    source: str
    times: pd.DatetimeIndex
    p_mw: pd.DataFrame
    q_mvar: pd.DataFrame
    metered: bool = False

    def __post_init__(self) -> None:
        stray = [column for column in self.q_mvar if column not in self.p_mw]
        if stray:
            raise InvalidProfileError(f"{self.source}: column {stray[0]!r} has Q but no P; add its active power.")

    @classmethod
    def of_meters(
        cls, source: str, start: str, timezone: str, step_s: float, p_mw: pd.DataFrame, q_mvar: pd.DataFrame
    ) -> LoadRecord:
        """Readings of smart meters at a steady pace.

        Parameters
        ----------
        source
            For messages.
        start, timezone
            Wall-clock time of the first reading. The pace is that of time itself, through changes of the clock.
        step_s
            From one reading to the next. [s]
        p_mw, q_mvar
            Columns are loads by their pandapower index. [MW, Mvar]
        """
        times = Clock(start, timezone).times(step_s * np.arange(len(p_mw)))
        return cls(source, times, p_mw, q_mvar, metered=True)

    def place(self, row: int) -> str:
        """Where a row stands, for messages: rows of a file have a number there."""
        in_file = f" row {FIRST_DATA_ROW + row} column {self.times.name!r}" if self.times.name is not None else ""
        return f"{self.source}{in_file}"


class RecordedLoadProfiles:
    """Recorded loads played back; the last row stands until its interval ends.

    Parameters
    ----------
    loads
        Nominal powers, names and buses.
    record
        What was recorded. Its columns are loads, by name or index (``"3"``, ``"load_3"``), one for each, or else buses
        (``"7"``, ``"bus_7"``), whose loads share them in proportion to their nominal power.
    clock
        The scenario's start.
    duration_s
        How long the scenario lasts. [s]

    Raises
    ------
    InvalidProfileError
        A column means no load, a load has no column, or the record does not cover the scenario.

    Notes
    -----
    The forecast knows nothing of a record: it is the standard profile of each load's class times its nominal power.
    Where customers have smart meters, it is what each drew a day ago; on the first day recorded, that day itself.
    """

    def __init__(self, loads: Loads, record: LoadRecord, clock: Clock, duration_s: float) -> None:
        self.loads = loads
        self._seconds = clock.seconds(_localised(record, clock))
        self._require_cover(record, duration_s)
        columns, share = _match(loads, record)
        self._p_mw = record.p_mw.to_numpy(dtype=float)[:, columns] * share
        self._q_mvar = self._reactive(record, columns, share)
        self._metered = record.metered
        self.forecast = StandardForecast(loads, clock)

    def at(self, seconds: float) -> PQ:
        """What the loads drew."""
        row = int(np.searchsorted(self._seconds, seconds, side="right")) - 1
        if self._metered or row == len(self._seconds) - 1:
            return self._p_mw[row].copy(), self._q_mvar[row].copy()
        weight = (seconds - self._seconds[row]) / (self._seconds[row + 1] - self._seconds[row])
        p_mw = (1 - weight) * self._p_mw[row] + weight * self._p_mw[row + 1]
        return p_mw, (1 - weight) * self._q_mvar[row] + weight * self._q_mvar[row + 1]

    def forecast_at(self, seconds: float) -> PQ:
        """The standard profile of each load's class, or what smart meters read a day ago."""
        if not self._metered:
            return self.forecast.at(seconds)
        a_day_ago = seconds - DAY_S
        return self.at(a_day_ago if a_day_ago >= self._seconds[0] else seconds)

    def _require_cover(self, record: LoadRecord, duration_s: float) -> None:
        first_s, last_s = self._seconds[0], self._seconds[-1]
        interval_s = np.median(np.diff(self._seconds)) if len(self._seconds) > 1 else 0.0
        if first_s > 0:
            raise InvalidProfileError(
                f"{record.place(0)}: the data begins at {record.times[0]}, {first_s:g} s after the scenario; "
                "start the scenario then, or add earlier rows."
            )
        covered_s = last_s + interval_s
        if covered_s < duration_s:
            raise InvalidProfileError(
                f"{record.place(len(self._seconds) - 1)}: the data ends with {record.times[-1]}, "
                f"{duration_s - covered_s:g} s before the scenario; shorten the scenario, or add later rows."
            )

    def _reactive(self, record: LoadRecord, columns: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Recorded reactive power where there is one, else active power at the nominal power factor."""
        nominal_p, nominal_q = self.loads.p_mw, self.loads.q_mvar
        tan_phi = np.divide(nominal_q, nominal_p, out=np.zeros_like(nominal_p), where=nominal_p > 0)
        q_mvar = self._p_mw * tan_phi
        names = list(record.p_mw)
        for load, column in enumerate(columns):
            if names[column] in record.q_mvar:
                q_mvar[:, load] = record.q_mvar[names[column]].to_numpy(dtype=float) * share[load]
        return q_mvar


def _localised(record: LoadRecord, clock: Clock) -> pd.DatetimeIndex:
    """The record's times with a timezone: the feeder's, where they were written without."""
    if record.times.tz is not None:
        return record.times
    times = record.times.tz_localize(clock.timezone, ambiguous="NaT", nonexistent="NaT")
    if times.hasnans:
        row = int(np.flatnonzero(times.isna())[0])
        raise InvalidProfileError(
            f"{record.place(row)}: {record.times[row]} is in a clock change of {clock.timezone}; "
            "write times with an offset as +01:00."
        )
    return times


def _match(loads: Loads, record: LoadRecord) -> tuple[np.ndarray, np.ndarray]:
    """Each load's column in the record, and its share of it. (n_load,) [-]"""
    from pandas.api.types import is_integer_dtype

    if not record.p_mw.columns.empty and is_integer_dtype(record.p_mw.columns.dtype):
        return _match_index(loads, record), np.ones(len(loads))
    position = {str(column): number for number, column in enumerate(record.p_mw)}
    by_load, by_bus = _load_keys(loads), _bus_keys(loads)
    means_buses = _hits(by_bus, position) > _hits(by_load, position)
    kind, keys = ("bus", by_bus) if means_buses else ("load", by_load)
    _refuse_mismatch(record.source, kind, keys, position)
    columns = [next(position[key] for key in candidates if key in position) for candidates in keys]
    return np.array(columns, dtype=np.int64), _share_of_bus(loads) if means_buses else np.ones(len(loads))


def _match_index(loads: Loads, record: LoadRecord) -> np.ndarray:
    """Each load's column in a record whose columns are pandapower indices. (n_load,)"""
    import pandas as pd

    columns = record.p_mw.columns.get_indexer(pd.Index(loads.index))
    if (columns < 0).any():
        missing = ", ".join(str(load) for load in loads.index[columns < 0][:8])
        raise InvalidProfileError(f"{record.source}: no column for load {missing}; add one for each load.")
    return columns


def _load_keys(loads: Loads) -> list[tuple[str, ...]]:
    """What a column may be called to mean each load: its name before its index."""
    named = zip(loads.name, loads.index, strict=True)
    return [(*((name,) if name else ()), f"load_{index}", str(index)) for name, index in named]


def _bus_keys(loads: Loads) -> list[tuple[str, ...]]:
    return [(f"bus_{bus}", str(bus)) for bus in loads.bus]


def _hits(keys: list[tuple[str, ...]], position: dict[str, int]) -> int:
    """How many columns mean something."""
    return len(position.keys() & {key for candidates in keys for key in candidates})


def _refuse_mismatch(source: str, kind: str, keys: list[tuple[str, ...]], position: dict[str, int]) -> None:
    meant = {key for candidates in keys for key in candidates}
    stray = [column for column in position if column not in meant]
    if stray:
        raise InvalidProfileError(
            f"{source}: column {stray[0]!r} means no {kind} of the feeder; columns are called as {', '.join(keys[0])}."
        )
    missing = [candidates[0] for candidates in keys if not any(key in position for key in candidates)]
    if missing:
        raise InvalidProfileError(f"{source}: no column for {', '.join(missing[:8])}; add one for each {kind}.")


def _share_of_bus(loads: Loads) -> np.ndarray:
    """Each load's part of what its bus draws: by nominal power, or equal parts where none has any. (n_load,) [-]"""
    share = np.empty(len(loads))
    for bus in np.unique(loads.bus):
        there = loads.bus == bus
        total = loads.p_mw[there].sum()
        share[there] = loads.p_mw[there] / total if total > 0 else 1.0 / there.sum()
    return share
