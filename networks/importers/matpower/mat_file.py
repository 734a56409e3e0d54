"""MATPOWER cases and results from `.mat` files: version 7 (5 and 6 too), and version 7.3, which is HDF5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from networks.errors import InvalidFeederError
from networks.importers.matpower.case import (
    TABLES,
    UNSUPPORTED_PARTS,
    FloatArray,
    MatpowerCase,
    case_from_fields,
)
from networks.importers.matpower.mat_version_7 import MatFileVersion7
from networks.importers.matpower.solution import MatpowerSolution, solution_from_fields

CASE_FIELDS = frozenset({"baseMVA", *TABLES})
# No other field is looked at: names, costs and an optimisation's model do not change a power flow.
FIELDS_READ = CASE_FIELDS | {"success", "dcline", *UNSUPPORTED_PARTS}
LARGEST_FILE_BYTES = 256 * 2**20
LARGEST_TABLE = 20_000_000  # numbers
NAMES_SHOWN = 8

Fields = Mapping[str, Any]


def read_mat_case(path: str | Path) -> MatpowerCase:
    """The case in a `.mat` file, saved under any name: a case struct, a result struct, or plain variables.

    Raises
    ------
    InvalidFeederError
        No readable file, no case in it or several, or a case that cannot be solved.
    """
    path = Path(path)
    return case_from_fields(path.name, _fields(path))


def read_matpower_solution(path: str | Path) -> MatpowerSolution:
    """What MATPOWER's `runpf` or `runopf` found: voltages, flows and generation of a saved result struct.

    Raises
    ------
    InvalidFeederError
        No readable file, a case that nobody solved, or one that did not converge.
    """
    path = Path(path)
    return solution_from_fields(path.name, _fields(path))


def _fields(path: Path) -> Fields:
    """The fields of the one case that the file holds."""
    if not path.is_file():
        raise InvalidFeederError(f"no file {path}; give the path of a MATPOWER case saved by MATLAB or Octave.")
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise InvalidFeederError(f"{path} has more than {LARGEST_FILE_BYTES // 2**20} MiB; save the case alone.")
    import h5py

    read = _read_version_73 if h5py.is_hdf5(path) else _read_version_7
    try:
        variables = read(path)
    except InvalidFeederError:
        raise
    except Exception as error:  # a damaged file fails anywhere inside h5py, with any type
        lines = str(error).splitlines() or [""]
        raise InvalidFeederError(
            f"{path} is damaged ({type(error).__name__}: {lines[0][:120]}); save it again."
        ) from error
    return _only_case(path, variables)


def _only_case(path: Path, variables: Mapping[str, Any]) -> Fields:
    cases = {
        name: value for name, value in variables.items() if isinstance(value, Mapping) and value.keys() >= CASE_FIELDS
    }
    if len(cases) > 1:
        raise InvalidFeederError(f"{path} holds {len(cases)} cases ({', '.join(cases)}); save one of them alone.")
    if cases:
        return next(iter(cases.values()))
    if variables.keys() >= CASE_FIELDS:
        return variables
    names = list(variables)
    held = ", ".join(names[:NAMES_SHOWN]) + (
        f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    )
    raise InvalidFeederError(
        f"{path} holds {held or 'nothing'}; expected a struct with baseMVA, bus, gen and branch, or these as variables."
    )


def _read_version_7(path: Path) -> dict[str, Any]:
    return MatFileVersion7(path, FIELDS_READ).variables()


def _read_version_73(path: Path) -> dict[str, Any]:
    """Structs as mappings of the fields read, from HDF5; MATLAB keeps a struct as a group and an array transposed."""
    import h5py

    with h5py.File(path, "r") as file:
        return {
            name: dict(_members(path, item, FIELDS_READ)) if isinstance(item, h5py.Group) else item
            for name, item in _members(path, file, None)
        }


def _members(path: Path, group: Any, wanted: frozenset[str] | None) -> Iterator[tuple[str, Any]]:
    """Members of a group, numeric ones as arrays, groups as they are; MATLAB's own (`#refs#`) are left out.

    A link may point into another file, and a dataset may keep its numbers in one: neither is followed.
    """
    import h5py

    for name in group:
        if name.startswith("#") or (wanted is not None and name not in wanted):
            continue
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise InvalidFeederError(f"{path} links {name} to somewhere else; save it again with save('-v7.3', ...).")
        item = group[name]
        if isinstance(item, h5py.Group):
            yield name, item
        elif isinstance(item, h5py.Dataset):
            yield name, _array(path, name, item)


def _array(path: Path, name: str, dataset: Any) -> FloatArray | str:
    """The numbers of a dataset, or, where it holds something else, the name of what."""
    if dataset.external or dataset.is_virtual:
        raise InvalidFeederError(f"{path} keeps {name} in another file; save it again with save('-v7.3', ...).")
    if dataset.attrs.get("MATLAB_empty", 0):
        return np.zeros((0, 0))
    if dataset.dtype.kind not in "fiub":
        return str(dataset.dtype)
    if dataset.size > LARGEST_TABLE:
        raise InvalidFeederError(f"{path}: {name} has more than {LARGEST_TABLE:,} numbers, which no case has.")
    return np.asarray(dataset[()]).T
