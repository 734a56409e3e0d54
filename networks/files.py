"""What a user may hand over as a feeder, and what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from networks.errors import FeederError, InvalidFeederError
from networks.extensions import add_head_recloser
from networks.recipes import Recipe

Reader = Callable[[Path], Any]


def recipe_of_path(path: Path) -> Recipe:
    """How the feeder in this file is made; the file is opened when the recipe is built.

    Raises
    ------
    InvalidFeederError
        There is no such file, it is empty, or nothing reads files of its kind.
    """
    _require_content(path)
    read = READERS[path.suffix.lower()]
    return Recipe(
        title=f"Network from {path.name}",
        source=str(path),
        build=lambda: read(path),
        buses=0,
        loads=0,
        vn_kv=(),
        extensions={"protection": add_head_recloser},
        from_file=True,
    )


def looks_like_path(name: str) -> bool:
    """Whether a feeder's name means a file."""
    return Path(name).suffix.lower() in READERS or "/" in name or "\\" in name or Path(name).exists()


@contextmanager
def refused_in_one_line(source: str) -> Iterator[None]:
    """Turn whatever a file makes fail into one line about the file.

    A file can hold anything, and libraries meet the nonsensical with any type of error.
    """
    try:
        yield
    except FeederError:
        raise
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0][:120]
        raise InvalidFeederError(f"{source} is no usable network ({type(error).__name__}: {first_line}).") from error


def _require_content(path: Path) -> None:
    if path.is_dir():
        raise InvalidFeederError(f"{path} is a folder; give {ACCEPTED}.")
    if path.suffix.lower() not in READERS:
        raise InvalidFeederError(f"{path} is no kind of file that is read here; give {ACCEPTED}.")
    if not path.is_file():
        raise InvalidFeederError(f"no file {path}; give {ACCEPTED}.")
    if path.stat().st_size == 0:
        raise InvalidFeederError(f"{path} is empty; give {ACCEPTED}.")


def _pandapower_json(path: Path) -> Any:
    from networks.importers.pandapower_json import read_pandapower_json

    return read_pandapower_json(path)


READERS: Mapping[str, Reader] = {".json": _pandapower_json}
ACCEPTED = "a pandapower .json file"
