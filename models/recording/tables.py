"""Tables that grow by one row a step and are written in chunks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError
from models.recording.run_folder import SEPARATOR, TIME_COLUMN, RunFolder, written_at_once


class TableWriter:
    """One table: a row a time, a column a quantity and element, e.g. ``vm_pu/7``; a scalar's column is its quantity.

    The first row settles which quantities there are (every row has the same), their lengths and their types (float64,
    int64 or bool); values are kept bit for bit. Rows wait in memory until a chunk is full.

    Parameters
    ----------
    folder
        Of the run.
    name
        Of the table.
    elements
        What the elements of each vector are; scalars are absent.
    chunk_rows
        Rows of a chunk.
    """

    def __init__(self, folder: RunFolder, name: str, elements: Mapping[str, Sequence[Any]], chunk_rows: int) -> None:
        self.name = name
        self._folder = folder
        self._elements = elements
        self._time_s = np.empty(chunk_rows)
        self._buffers: dict[str, NDArray] = {}
        self._rows = 0
        self._parts = 0

    def append(self, time_s: float, quantities: Mapping[str, Any]) -> bool:
        """Add the row of `time_s` [s]; returns whether that completed a chunk, which is then written.

        Raises
        ------
        InvalidParameterError
            If a quantity has another length or type than in the first row, or names that do not match its length.
        """
        if not self._buffers:
            self._buffers = {quantity: self._buffer(quantity, value) for quantity, value in quantities.items()}
        self._time_s[self._rows] = time_s
        for quantity, buffer in self._buffers.items():
            self._store(buffer, quantity, quantities[quantity])
        self._rows += 1
        if self._rows < len(self._time_s):
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write the rows that wait as one more chunk."""
        if not self._rows:
            return
        import pyarrow
        from pyarrow import parquet

        columns = {TIME_COLUMN: pyarrow.array(self._time_s[: self._rows].copy())}
        for quantity, buffer in self._buffers.items():
            by_element = np.ascontiguousarray(buffer[: self._rows].reshape(self._rows, -1).T)
            columns.update(zip(self._columns(quantity), map(pyarrow.array, by_element), strict=True))
        part = self._folder.part(self.name, self._parts)
        part.parent.mkdir(parents=True, exist_ok=True)
        with written_at_once(part) as draft:
            # Measured values hardly repeat: dictionaries and statistics cost time and save nothing.
            parquet.write_table(pyarrow.table(columns), draft, use_dictionary=False, write_statistics=False)
        self._parts += 1
        self._rows = 0

    def _buffer(self, quantity: str, value: Any) -> NDArray:
        value = np.asarray(value)
        if value.dtype.kind not in "fiub" or value.ndim > 1:
            raise InvalidParameterError(
                f"{self.name}/{quantity} must be a number or a vector of numbers, "
                f"got {value.dtype} of {value.ndim} dimensions."
            )
        names = self._elements.get(quantity, ())
        if value.ndim and len(names) != len(value):
            raise InvalidParameterError(
                f"{self.name}/{quantity} has {len(value)} elements and {len(names)} names; "
                f"name them by elements={{'{self.name}': [...]}} or {{'{self.name}/{quantity}': [...]}}."
            )
        kept_as = {"f": np.float64, "b": np.bool_}.get(value.dtype.kind, np.int64)
        return np.empty((len(self._time_s), *value.shape), dtype=kept_as)

    def _store(self, buffer: NDArray, quantity: str, value: Any) -> None:
        try:
            np.copyto(buffer[self._rows, ...], value, casting="same_kind")
        except (TypeError, ValueError):
            raise InvalidParameterError(
                f"{self.name}/{quantity} began as {buffer.dtype} of shape {buffer.shape[1:]} and became "
                f"{np.asarray(value).dtype} of shape {np.shape(value)}; give it one type and length."
            ) from None

    def _columns(self, quantity: str) -> list[str]:
        if self._buffers[quantity].ndim == 1:
            return [quantity]
        return [f"{quantity}{SEPARATOR}{element}" for element in self._elements[quantity]]
