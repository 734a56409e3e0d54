"""Structs and matrices of MATLAB's files of version 5 to 7.

Layout: MathWorks, MAT-File Format (version 5 of the format, which version 7 compresses). 128 bytes of header, then
elements: a tag (type, number of bytes), data, and padding to eight bytes. An array is an element that holds elements:
flags, dimensions, name, and then numbers or, for a struct, its fields' names and arrays.

SciPy's reader crashes Python on some damaged files (a flipped byte can do), follows nested arrays as deep as they go,
and decompresses without limit. A case is one struct of plain matrices, so that reading it takes no more than this.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from networks.errors import InvalidFeederError

HEADER_BYTES = 128
TAG_BYTES = 8
LARGEST_CONTENT_BYTES = 512 * 2**20

MATRIX, COMPRESSED = 14, 15
NUMBER_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
STRUCT, NUMERIC = 2, range(6, 16)
OTHER_CLASSES = {1: "cell array", 3: "object", 4: "text", 5: "sparse matrix", 16: "function", 17: "object"}
COMPLEX = 0x0800


class MatFileVersion7:
    """The variables of a file.

    Parameters
    ----------
    path
        A file of version 5, 6 or 7.
    fields
        Fields of structs to read; others are passed over.

    Raises
    ------
    InvalidFeederError
        If it is none.
    """

    def __init__(self, path: Path, fields: frozenset[str]) -> None:
        self._path = path
        self._fields = fields
        self._content = memoryview(path.read_bytes())
        header = bytes(self._content[:HEADER_BYTES])
        byte_orders = {b"IM": "<", b"MI": ">"}
        if len(header) < HEADER_BYTES or not header.startswith(b"MATLAB 5.0") or header[126:] not in byte_orders:
            raise InvalidFeederError(f"{path} is no MAT-file of version 7 or 7.3; save it with save('-v7', ...).")
        self._order = byte_orders[header[126:]]

    def variables(self) -> dict[str, Any]:
        """Every variable by its name: a matrix; a struct as a dict of those fields; or, of others, the kind in words.

        Raises
        ------
        InvalidFeederError
            If the file is damaged or larger than any case.
        """
        try:
            return dict(self._array(data) for data in self._arrays())
        except InvalidFeederError:
            raise
        except (struct.error, zlib.error, ValueError, KeyError, IndexError) as error:
            raise InvalidFeederError(f"{self._path} is damaged ({_words(error)}); save it again.") from error

    def _arrays(self) -> Iterator[memoryview]:
        """The data of every top-level array, decompressed."""
        total = 0
        for kind, data in self._elements(self._content[HEADER_BYTES:], padded=False):
            if kind == COMPRESSED:
                kind, data = _next(self._elements(self._decompressed(data)))
            total += len(data)
            if total > LARGEST_CONTENT_BYTES:
                raise self._too_large()
            if kind == MATRIX:
                yield data

    def _elements(self, content: memoryview, padded: bool = True) -> Iterator[tuple[int, memoryview]]:
        """Type and data of every element; top-level elements are compressed and not padded, or a multiple of eight."""
        position = 0
        while position + TAG_BYTES <= len(content):
            kind, size = struct.unpack_from(f"{self._order}II", content, position)
            if kind >> 16:  # up to four bytes of data stand within the tag
                yield kind & 0xFFFF, content[position + 4 : position + 4 + min(kind >> 16, 4)]
                position += TAG_BYTES
                continue
            position += TAG_BYTES
            if position + size > len(content):
                raise ValueError(f"{position + size - len(content)} bytes are missing")
            yield kind, content[position : position + size]
            position += size + (-size % 8 if padded else 0)

    def _decompressed(self, data: memoryview) -> memoryview:
        decompressor = zlib.decompressobj()
        content = decompressor.decompress(data, LARGEST_CONTENT_BYTES)
        if decompressor.unconsumed_tail:
            raise self._too_large()
        return memoryview(content)

    def _array(self, data: memoryview) -> tuple[str, Any]:
        """Name and value of an array."""
        if not len(data):
            return "", np.zeros((0, 0))
        elements = self._elements(data)
        flags = int(self._numbers(*_next(elements))[0])
        kind = flags & 0xFF
        if kind in OTHER_CLASSES:  # objects have no dimensions, so that nothing more can be said of all of these
            return _name_of(elements), f"a {OTHER_CLASSES[kind]}"
        dimensions = [int(length) for length in self._numbers(*_next(elements))]
        name = bytes(_next(elements)[1]).decode("latin-1")
        if kind == STRUCT:
            return name, self._struct(elements) if np.prod(dimensions) == 1 else "an array of structs"
        if kind not in NUMERIC:
            raise ValueError(f"there is no array class {kind}")
        if flags & COMPLEX:
            return name, "complex numbers"
        numbers = self._numbers(*_next(elements)) if 0 not in dimensions else np.zeros(0)
        return name, numbers.reshape(dimensions, order="F")

    def _struct(self, elements: Iterator[tuple[int, memoryview]]) -> dict[str, Any]:
        longest_name = int(self._numbers(*_next(elements))[0])
        names = bytes(_next(elements)[1])
        if longest_name < 1:
            raise ValueError("a field has no name")
        starts = range(0, len(names), longest_name)
        fields = [names[start : start + longest_name].split(b"\0")[0].decode("latin-1") for start in starts]
        return {
            field: self._array(data)[1]
            for field, (_, data) in zip(fields, elements, strict=False)
            if field in self._fields and field
        }

    def _numbers(self, kind: int, data: memoryview) -> Any:
        return np.frombuffer(data, dtype=np.dtype(f"{self._order}{NUMBER_TYPES[kind]}"))

    def _too_large(self) -> InvalidFeederError:
        return InvalidFeederError(
            f"{self._path} holds more than {LARGEST_CONTENT_BYTES // 2**20} MiB; "
            "save the case alone: save('-v7', 'case.mat', 'mpc')."
        )


def _name_of(elements: Iterator[tuple[int, memoryview]]) -> str:
    """The first name among an array's elements, which is its own."""
    return next((bytes(data).decode("latin-1") for kind, data in elements if kind in (1, 2)), "")


def _next(elements: Iterator[tuple[int, memoryview]]) -> tuple[int, memoryview]:
    try:
        return next(elements)
    except StopIteration:
        raise ValueError("an element is missing") from None


def _words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no type {error}"
    return str(error).splitlines()[0][:120]
