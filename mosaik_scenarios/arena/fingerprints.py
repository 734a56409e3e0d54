"""By what one knows that something was made from the same: digests of records and of code."""

import ast
import json
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

OWN_PACKAGE = "models"


def digest(description: Any) -> str:
    """Of anything that JSON can hold."""
    return sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def record_fingerprint(path: Path) -> str:
    """Of an ``.npz`` file's arrays, from the checksums that the archive holds: it may be large."""
    with ZipFile(path) as archive:
        return digest([(member.filename, member.file_size, member.CRC) for member in archive.infolist()])


def code_fingerprint(module: str) -> str:
    """Of the sources on which a module depends."""
    return digest(sources(module))


def sources(module: str) -> dict[str, str]:
    """By name, the source of a module and of all modules of `OWN_PACKAGE` that it imports, directly or not."""
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        spec = find_spec(name) if name not in found else None
        if spec is not None and spec.origin is not None:
            found[name] = Path(spec.origin).read_text(encoding="utf-8")
            waiting += _imported(found[name])
    return found


def _imported(source: str) -> Iterator[str]:
    """Modules of `OWN_PACKAGE` that a source imports, be it inside a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith(f"{OWN_PACKAGE}."):
            yield node.module
