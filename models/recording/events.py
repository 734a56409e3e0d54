"""Events: whenever an element of a watched vector changes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError
from models.recording.run_folder import EVENTS, TIME_COLUMN, RunFolder, written_at_once


class Watch:
    """One vector (or scalar) that is watched for changes.

    Parameters
    ----------
    kind
        What a change of it is, e.g. ``"tap"``.
    elements
        What its elements are.
    before
        What it is taken to have been until the first step; None takes the first step's own values.
    """

    def __init__(self, kind: str, elements: Sequence[Any], before: float | None = None) -> None:
        self.kind = kind
        self.elements = [str(element) for element in elements]
        self._before: NDArray | None = None if before is None else np.full(len(elements), before)

    def changes(self, values: Any) -> list[tuple[str, float, float]]:
        """Element, value before and value after of everything that changed since the last call."""
        now = np.atleast_1d(np.array(values))
        if len(now) != len(self.elements):
            raise InvalidParameterError(
                f"events of kind {self.kind!r} watch {len(now)} elements and know {len(self.elements)} names; "
                f"name them by elements={{'{EVENTS}/{self.kind}': [...]}} or those of the watched table."
            )
        before, self._before = self._before, now
        if before is None or np.array_equal(before, now):
            return []
        changed = np.flatnonzero((before != now) & ~(_is_nan(before) & _is_nan(now)))
        return [(self.elements[position], float(before[position]), float(now[position])) for position in changed]


class EventLog:
    """The table of events: time, kind, element, before, after; written in chunks."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._rows: list[tuple[float, str, str, float, float]] = []
        self._parts = 0

    def observe(self, time_s: float, watch: Watch, values: Any) -> None:
        """Note what changed in a watched vector."""
        self._rows += [(time_s, watch.kind, *change) for change in watch.changes(values)]

    def flush(self) -> None:
        """Write the events that wait; the first time even if there are none, so that the table exists."""
        if not self._rows and self._parts:
            return
        import pyarrow
        from pyarrow import parquet

        text, number = pyarrow.string(), pyarrow.float64()
        schema = {TIME_COLUMN: number, "kind": text, "element": text, "before": number, "after": number}
        columns = list(zip(*self._rows, strict=True)) or [()] * len(schema)
        table = pyarrow.table(list(map(list, columns)), schema=pyarrow.schema(schema))
        part = self._folder.part(EVENTS, self._parts)
        part.parent.mkdir(parents=True, exist_ok=True)
        with written_at_once(part) as draft:
            parquet.write_table(table, draft)
        self._parts += 1
        self._rows = []


def _is_nan(values: NDArray) -> NDArray[np.bool_]:
    return values != values
