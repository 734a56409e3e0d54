"""What a run has left: tables, events, alarms, and what they say."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.recording.alarms import CHANNELS, COLUMNS, RESIDUAL_CHANNELS, RESIDUALS
from models.recording.run_folder import EVENTS, SEPARATOR, TIME_COLUMN, RunFolder
from mosaik_scenarios.errors import RunNotFoundError
from mosaik_scenarios.manifest import read_manifest
from mosaik_scenarios.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from mosaik_scenarios.incidents import Incident

RUNS = Path("runs")
"""Where runs lie unless told otherwise."""

EVENT_COLUMNS = ("kind", "element", "before", "after")
ALARM_TYPES = {
    **dict.fromkeys((*CHANNELS, *RESIDUAL_CHANNELS, "detector", "quality", "cleared", "picture"), "string"),
    **dict.fromkeys(("incident", "bus", "degrees_of_freedom"), "Int64"),
    **dict.fromkeys((*RESIDUALS, "duration_s", "score", "threshold", "peak_score", "objective", "p_value"), "float64"),
}


class RunResult:
    """A run's folder, read when asked.

    Every table is an attribute named after it: rows are time, columns are quantity and element, so that
    ``result.bus["vm_pu"]`` is time x bus and ``result.grid["p_loss_mw"]`` a series over time. A run that is still going
    on, or was killed, can be read up to its last chunk.

    Parameters
    ----------
    folder
        Of the run.

    Raises
    ------
    RunNotFoundError
        If the folder holds no run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = RunFolder(Path(folder))
        self.manifest: dict[str, Any] = read_manifest(self.folder)
        self._tables: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        return f"RunResult({str(self.path)!r}: {self.status}, tables {', '.join(self.tables)})"

    @property
    def path(self) -> Path:
        """Of the folder."""
        return self.folder.path

    @property
    def status(self) -> str:
        """``running``, ``complete``, ``failed`` or ``interrupted``."""
        return self.manifest["status"]

    @cached_property
    def scenario(self) -> Scenario:
        """What was run."""
        return Scenario(**self.manifest["scenario"])

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables of this run."""
        return tuple(name for name in self.folder.tables() if name != EVENTS)

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.tables:
            raise AttributeError(f"the run in {self.path} has no table {name!r}; it has {', '.join(self.tables)}.")
        return self.table(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.tables})

    def table(self, name: str) -> pd.DataFrame:
        """A table of the run; time x (quantity, element), empty if the run has none of that name."""
        if name not in self._tables:
            self._tables[name] = _by_quantity_and_element(self._read_parts(name))
        return self._tables[name]

    def columns_of(self, name: str, columns: Collection[str]) -> pd.DataFrame:
        """Some columns of a table, such as ``"vm_pu/7"``, without reading the others; those there are not are left out.

        For tables too large to be read whole.
        """
        return _by_quantity_and_element(self._read_parts(name, columns))

    @cached_property
    def events(self) -> pd.DataFrame:
        """What happened: kind, element, and value before and after, by time."""
        import pandas as pd

        frame = self._read_parts(EVENTS)
        return frame if len(frame.columns) else pd.DataFrame(columns=list(EVENT_COLUMNS), index=frame.index)

    @cached_property
    def alarms(self) -> pd.DataFrame:
        """What the operator saw, one row an alarm episode by the time it was raised; columns as of `alarms.csv`.

        `cleared` is NaT where an alarm stood at the end, `peak_score` NaN where the run came to none.
        """
        import pandas as pd

        if not self.folder.alarms.exists():
            return pd.DataFrame(columns=list(COLUMNS[1:]), index=self._time_index([]))
        alarms = pd.read_csv(self.folder.alarms, dtype=ALARM_TYPES, float_precision="round_trip")
        alarms = alarms.reindex(columns=list(COLUMNS))
        for name in ("time", "cleared"):
            alarms[name] = pd.to_datetime(alarms[name], format="ISO8601", utc=True).dt.tz_convert(self._start.tz)
        return alarms.set_index("time")

    @cached_property
    def incidents(self) -> list[Incident]:
        """Alarms of all detectors that overlap, as one thing that happened."""
        from mosaik_scenarios.incidents import incidents_of

        return incidents_of(self.alarms)

    def summary(self) -> str:
        """What happened to the grid, what the attacks did, what each detector saw and when."""
        from mosaik_scenarios.summary import summarise
        from mosaik_scenarios.summary.text import summary_text

        return summary_text(summarise(self))

    def report(self) -> Path:
        """Write the page with the figures; returns where."""
        from mosaik_scenarios.report import write_report

        return write_report(self)

    @cached_property
    def _start(self) -> pd.Timestamp:
        import pandas as pd

        return pd.Timestamp(self.manifest["scenario"]["start"])

    def _read_parts(self, name: str, columns: Collection[str] | None = None) -> pd.DataFrame:
        import pandas as pd
        import pyarrow
        from pyarrow import parquet

        parts = self.folder.parts(name)
        if not parts:
            return pd.DataFrame(index=self._time_index([]))
        if columns is not None:
            there = set(parquet.read_schema(parts[0]).names)
            columns = [TIME_COLUMN, *(column for column in columns if column in there)]
        frame = pyarrow.concat_tables(parquet.read_table(part, columns=columns) for part in parts).to_pandas()
        time_s = frame.pop(TIME_COLUMN)
        return frame.set_index(self._time_index(time_s))

    def _time_index(self, time_s: Any) -> pd.DatetimeIndex:
        """Seconds since the scenario's start as times, to the microsecond."""
        import numpy as np
        import pandas as pd

        microseconds = (
            np.rint(np.asarray(time_s, dtype=float) * 1e6).astype("timedelta64[us]").astype("timedelta64[ns]")
        )
        return pd.DatetimeIndex(self._start + pd.to_timedelta(microseconds), name="time")


def _by_quantity_and_element(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    pairs = [_quantity_and_element(column) for column in frame.columns]
    frame.columns = pd.MultiIndex.from_tuples(pairs, names=["quantity", "element"]) if pairs else frame.columns
    return frame


def _quantity_and_element(column: str) -> tuple[str, str | int]:
    """``"vm_pu/7"`` as ``("vm_pu", 7)``; whole numbers are indices, a scalar's element is ``""``."""
    quantity, _, element = column.partition(SEPARATOR)
    return quantity, int(element) if element.isdecimal() else element


def find_run(path: str | Path) -> RunResult:
    """The run in a folder, or of that name in ``runs``.

    Raises
    ------
    RunNotFoundError
    """
    for candidate in (Path(path), RUNS / path):
        if RunFolder(candidate).manifest.exists():
            return RunResult(candidate)
    raise RunNotFoundError(f"expected the folder of a run or a name in {RUNS}, got {str(path)!r}.")
