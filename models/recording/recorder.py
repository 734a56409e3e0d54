"""The recorder: sends what it is given to tables, events and alarms."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InvalidParameterError
from models.recording.alarms import AlarmLog
from models.recording.events import EventLog, Watch
from models.recording.run_folder import DETECTION, EVENTS, SEPARATOR, RunFolder
from models.recording.tables import TableWriter

# 12 hours of minutes; a chunk's cost is by the column, so few large ones are cheaper than many small ones.
CHUNK_ROWS = 720
OF_VERDICT = ("alarm", "score", "threshold", "suspects")
EVIDENCE = {
    "objective": "estimate/objective",
    "degrees_of_freedom": "estimate/degrees_of_freedom",
    "p_value": "estimate/p_value",
    "normalised_residual": "measurement/normalised_residual",
    "quality": "measurement/quality",
}
"""What an alarm is judged by, and where it is recorded."""


class Recorder:
    """Writes a run's folder as the run goes.

    An attribute is addressed as ``table/quantity``. Two tables mean more: what comes as ``events/<kind>`` is only
    watched for changes, and the alarms are read off ``detection/alarm/<detector>`` with ``score``, ``threshold`` and
    ``suspects`` in the place of ``alarm``, their evidence off the tables ``estimate`` and ``measurement``.

    Parameters
    ----------
    folder
        Of the run; exists.
    start
        Of the scenario, ISO 8601 with its UTC offset.
    elements
        What the elements of vectors are, by table or (going first) by ``table/quantity``.
    watch
        Attributes that are recorded *and* watched, with the kind of event their changes are.
    before
        By attribute, what a watched vector was before the first step, e.g. ``{"events/attack": 0}``; without, the first
        step's values are the baseline.
    dense_tables
        Tables that also get the rows between regular steps.
    channels, channel_buses
        Names and buses of the telemetry channels, for the alarms.
    chunk_rows
        Rows of a chunk.

    Raises
    ------
    InvalidParameterError
    """

    def __init__(
        self,
        folder: str | Path,
        start: str | datetime,
        elements: Mapping[str, Sequence[Any]] | None = None,
        watch: Mapping[str, str] | None = None,
        before: Mapping[str, float] | None = None,
        dense_tables: Collection[str] = (),
        channels: Sequence[str] = (),
        channel_buses: Sequence[int] = (),
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        if chunk_rows < 1:
            raise InvalidParameterError(f"chunk_rows must be at least 1, got {chunk_rows}.")
        self._folder = RunFolder(Path(folder))
        self._elements = dict(elements or {})
        self._watched = dict(watch or {})
        self._before = dict(before or {})
        self._dense_tables = frozenset(dense_tables)
        self._chunk_rows = chunk_rows
        self._attributes: frozenset[str] = frozenset()
        self._tables: dict[str, dict[str, str]] = {}
        self._detectors: dict[str, dict[str, str]] = {}
        self._watches: dict[str, Watch] = {}
        self._writers: dict[str, TableWriter] = {}
        self._events = EventLog(self._folder)
        start = datetime.fromisoformat(start) if isinstance(start, str) else start
        self._alarms = AlarmLog(self._folder.alarms, start, channels, channel_buses)

    def record(self, time_s: float, attributes: Mapping[str, Any], regular: bool = True) -> None:
        """Take everything of one time.

        Parameters
        ----------
        time_s
            Since the scenario's start. [s]
        attributes
            Values by ``table/quantity``.
        regular
            Whether this is a regular step, not one of the fine ones between.
        """
        if not self._attributes:
            self._route(attributes)
        elif attributes.keys() != self._attributes:
            odd = ", ".join(sorted(attributes.keys() ^ self._attributes))
            raise InvalidParameterError(
                f"the recorder's attributes at {time_s} s differ from the first step's in {odd}; "
                "connect attributes that arrive at every step."
            )
        self._note_events(time_s, attributes)
        if regular:
            self._note_alarms(time_s, attributes)
        self._write_rows(time_s, attributes, regular)

    def close(self) -> None:
        """Write whatever still waits, and how the alarms went on."""
        for writer in self._writers.values():
            writer.flush()
        self._events.flush()
        self._alarms.close()

    def _route(self, attributes: Mapping[str, Any]) -> None:
        """Settle, with the first row, where each attribute goes."""
        self._attributes = frozenset(attributes)
        for attribute, value in sorted(attributes.items()):  # mosaik's order differs from process to process
            table, separator, quantity = attribute.partition(SEPARATOR)
            if not (table and separator and quantity):
                raise InvalidParameterError(f"the recorder takes attributes named 'table/quantity', got {attribute!r}.")
            kind = quantity if table == EVENTS else self._watched.get(attribute)
            if kind is not None:
                self._watches[attribute] = self._watch(attribute, kind, value)
            if table == DETECTION:
                self._route_alarm(attribute, *quantity.split(SEPARATOR, 1))
            if table != EVENTS:
                self._tables.setdefault(table, {})[quantity] = attribute
        for table, quantities in self._tables.items():
            elements = {q: self._elements_of(attribute) for q, attribute in quantities.items()}
            self._writers[table] = TableWriter(self._folder, table, elements, self._chunk_rows)

    def _watch(self, attribute: str, kind: str, value: Any) -> Watch:
        elements = self._elements_of(attribute) if np.ndim(value) else [attribute.rpartition(SEPARATOR)[2]]
        return Watch(kind, elements, self._before.get(attribute))

    def _route_alarm(self, attribute: str, quantity: str, detector: str = "") -> None:
        if detector and quantity in OF_VERDICT:
            self._detectors.setdefault(detector, {})[quantity] = attribute

    def _elements_of(self, attribute: str) -> Sequence[Any]:
        table = attribute.partition(SEPARATOR)[0]
        return self._elements.get(attribute, self._elements.get(table, ()))

    def _note_events(self, time_s: float, attributes: Mapping[str, Any]) -> None:
        for attribute, watch in self._watches.items():
            self._events.observe(time_s, watch, attributes[attribute])

    def _note_alarms(self, time_s: float, attributes: Mapping[str, Any]) -> None:
        verdicts = {
            detector: {quantity: attributes[attribute] for quantity, attribute in of_detector.items()}
            for detector, of_detector in self._detectors.items()
        }
        evidence = {name: attributes[attribute] for name, attribute in EVIDENCE.items() if attribute in attributes}
        self._alarms.observe(time_s, verdicts, evidence)

    def _write_rows(self, time_s: float, attributes: Mapping[str, Any], regular: bool) -> None:
        for table, quantities in self._tables.items():
            if regular or table in self._dense_tables:
                row = {quantity: attributes[attribute] for quantity, attribute in quantities.items()}
                if self._writers[table].append(time_s, row):
                    self._events.flush()
