"""A look over a MATLAB version 5 to 7 file before anything is read from it.

Layout: MathWorks, MAT-File Format (version 5): 128 bytes of header, then elements of a tag (type, number of bytes) and
data; arrays within cells and structs are elements within elements. SciPy follows nested elements by recursion and
decompresses without limit, so a small file can exhaust stack or memory; this walk over the tags finds out first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

from networks.errors import InvalidFeederError

HEADER_BYTES = 128
TAG_BYTES = 8
MATRIX, COMPRESSED = 14, 15
LARGEST_CONTENT_BYTES = 512 * 2**20
MOST_ELEMENTS = 5_000_000
DEEPEST_NESTING = 64


def check_elements(path: Path) -> None:
    """Refuse a file that is cut short, or holds more or deeper nested data than any case.

    Raises
    ------
    InvalidFeederError
        With the limit that was passed.
    """
    content = path.read_bytes()
    tag = Struct(">II" if content[126:128] == b"MI" else "<II")
    total, elements = 0, 0
    for variable in _variables(path, content, tag):
        total += len(variable)
        elements += _check_nesting(path, variable, tag)
        if total > LARGEST_CONTENT_BYTES or elements > MOST_ELEMENTS:
            raise _too_large(path)


def _variables(path: Path, content: bytes, tag: Struct) -> Iterator[memoryview]:
    """The data of every top-level element, decompressed."""
    position = HEADER_BYTES
    while position + TAG_BYTES <= len(content):
        kind, size = tag.unpack_from(content, position)
        position += TAG_BYTES
        if position + size > len(content):
            raise InvalidFeederError(f"{path} is cut short: {position + size - len(content)} bytes are missing.")
        data = memoryview(content)[position : position + size]
        yield _decompressed(path, data)[TAG_BYTES:] if kind == COMPRESSED else data
        position += size


def _decompressed(path: Path, data: memoryview) -> memoryview:
    decompressor = zlib.decompressobj()
    try:
        content = decompressor.decompress(data, LARGEST_CONTENT_BYTES)
    except zlib.error as error:
        raise InvalidFeederError(f"{path} is damaged ({error}); save it again.") from None
    if decompressor.unconsumed_tail:
        raise _too_large(path)
    return memoryview(content)


def _check_nesting(path: Path, variable: memoryview, tag: Struct) -> int:
    """Follow the tags down to every nested array; how many elements there are."""
    elements = 0
    unseen = [(0, len(variable), 1)]
    while unseen:
        position, end, depth = unseen.pop()
        if depth > DEEPEST_NESTING:
            raise InvalidFeederError(f"{path} nests arrays more than {DEEPEST_NESTING} deep, which no case does.")
        while position + TAG_BYTES <= end:
            elements += 1
            if elements > MOST_ELEMENTS:
                raise _too_large(path)
            kind, size = tag.unpack_from(variable, position)
            position += TAG_BYTES
            if kind >> 16:  # up to four bytes of data stand within the tag itself
                continue
            stop = min(position + size, end)
            if kind == MATRIX:
                unseen.append((position, stop, depth + 1))
            position = position + size + -size % 8  # elements are padded to eight bytes
    return elements


def _too_large(path: Path) -> InvalidFeederError:
    return InvalidFeederError(
        f"{path} holds more than {LARGEST_CONTENT_BYTES // 2**20} MiB or {MOST_ELEMENTS:,} arrays; "
        "save the case alone: save('-v7', 'case.mat', 'mpc')."
    )
