"""MATPOWER cases from `.m` files, of format version 1 and 2, with the unit conversions they end with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from networks.errors import InvalidFeederError
from networks.importers.matpower.case import TABLES, MatpowerCase, case_from_fields
from networks.importers.matpower.matlab.problem import MatlabProblem

LARGEST_FILE_BYTES = 64 * 2**20
CASE_FIELDS = ("baseMVA", *TABLES)
HEADER = re.compile(r"^\s*function\s+(\[[^\]]*\]|\w+)\s*=", re.MULTILINE)


def read_m_case(path: str | Path) -> MatpowerCase:
    """The case that a `.m` file describes. The file is interpreted, never executed.

    Raises
    ------
    InvalidFeederError
        No readable file, MATLAB beyond what case files need (with line and construct), or a case that cannot be
        solved.
    """
    path = Path(path)
    text = _text_of(path)
    _require_case(path, text)
    from networks.importers.matpower.matlab.interpreter import run

    try:
        outputs, variables = run(text)
    except MatlabProblem as problem:
        where = f"{path}, line {problem.line}" if problem.line else str(path)
        raise InvalidFeederError(f"{where}: {problem.what}.") from None
    return case_from_fields(path.name, _case_among(path, outputs, variables))


def _text_of(path: Path) -> str:
    if not path.is_file():
        raise InvalidFeederError(f"no file {path}; give the path of a MATPOWER case.")
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise InvalidFeederError(f"{path} has more than {LARGEST_FILE_BYTES // 2**20} MiB, which no case has.")
    content = path.read_bytes()
    if b"\0" in content:
        raise InvalidFeederError(f"{path} is no text; a case file saved by MATLAB ends in .mat.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # older MATLAB; only comments and names go beyond ASCII
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _require_case(path: Path, text: str) -> None:
    """Refuse a function that returns something else before its tables are read."""
    header = HEADER.search(text)
    outputs = re.findall(r"\w+", header[1]) if header else []
    if len(outputs) > 1 and not set(CASE_FIELDS) <= set(outputs):
        raise InvalidFeederError(
            f"{path} returns {', '.join(outputs)}; expected a function that returns mpc, or baseMVA, bus, gen, branch."
        )
    if outputs == ["chgtab"]:
        raise InvalidFeederError(f"{path} returns a change table (chgtab), no case; give the case it changes.")


def _case_among(path: Path, outputs: list[str], variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The struct a function returns; of a script its only struct, or its plain variables."""
    if len(outputs) == 1:
        value = variables.get(outputs[0])
        if not isinstance(value, dict):
            raise InvalidFeederError(f"{path} returns {outputs[0]}, which is no struct; expected a MATPOWER case.")
        return value
    structs = [value for value in variables.values() if isinstance(value, dict)]
    if not outputs and len(structs) == 1:
        return structs[0]
    return variables
