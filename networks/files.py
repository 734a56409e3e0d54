"""What a user may hand over as a feeder, beside a registered name, and what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from networks.errors import FeederError, InvalidFeederError
from networks.extensions import add_head_recloser
from networks.feeder import Network
from networks.importers.iowa240 import holds_iowa240, read_iowa240
from networks.importers.simbench import is_simbench_code, read_simbench
from networks.recipes import FEEDERS, Recipe


def recipe_of(name: str) -> tuple[str, Recipe] | None:
    """Name and recipe of the feeder in a file, a folder or a SimBench code; None if `name` means none of them.

    Files are looked at here and read when the recipe is built.

    Raises
    ------
    InvalidFeederError
        There is no such file, it is empty, or nothing reads files of its kind.
    """
    if is_simbench_code(name):
        return name, _recipe(
            f"SimBench grid {name}", "SimBench, Meinecke et al., Energies 13(12), 2020", read_simbench, name
        )
    path = Path(name)
    if not (path.suffix.lower() in READERS or "/" in name or "\\" in name or path.exists()):
        return None
    if holds_iowa240(path):
        return "iowa240", replace(FEEDERS["iowa240"], build=partial(read_iowa240, path))
    _require_content(path)
    return path.stem, _recipe(f"Network from {path.name}", name, READERS[path.suffix.lower()], path)


def _recipe(title: str, source: str, read: Callable[[Any], Any], argument: Any) -> Recipe:
    return Recipe(
        title=title,
        source=source,
        build=partial(read, argument),
        buses=0,
        loads=0,
        vn_kv=(),
        extensions={"protection": add_head_recloser},
        from_file=True,
    )


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
        raise InvalidFeederError(f"{path} is a folder, and not the Iowa 240-bus release; give {ACCEPTED}.")
    if path.suffix.lower() not in READERS:
        raise InvalidFeederError(f"{path} is no kind of file that is read here; give {ACCEPTED}.")
    if not path.is_file():
        raise InvalidFeederError(f"no file {path}; give {ACCEPTED}.")
    if path.stat().st_size == 0:
        raise InvalidFeederError(f"{path} is empty; give {ACCEPTED}.")


def _pandapower_json(path: Path) -> Any:
    from networks.importers.pandapower_json import read_pandapower_json

    return read_pandapower_json(path)


def _pandapower_excel(path: Path) -> Any:
    from networks.importers.pandapower_excel import read_pandapower_excel

    return read_pandapower_excel(path)


def _opendss(path: Path) -> Network:
    from networks.importers.opendss import read_opendss
    from networks.three_phase.network import network_of

    imported = read_opendss(path)
    return network_of(imported.tables, imported.notes)


def _matpower(path: Path) -> Network:
    from networks.importers.matpower import read_matpower

    net, notes = read_matpower(path)
    return Network(net, approximations=notes)


READERS: Mapping[str, Callable[[Path], Any]] = {
    ".json": _pandapower_json,
    ".xlsx": _pandapower_excel,
    ".m": _matpower,
    ".mat": _matpower,
    ".dss": _opendss,
}
ACCEPTED = (
    "a pandapower .json or .xlsx, a MATPOWER .m or .mat, an OpenDSS master .dss, the folder of the Iowa 240-bus "
    "release or a SimBench code"
)
