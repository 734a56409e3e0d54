"""Plain tables of a case file: numbers and texts that need no grammar."""

from __future__ import annotations

import re

import numpy as np

from networks.importers.matpower.matlab.lexer import SKIPPED_IN_TABLES
from networks.importers.matpower.matlab.problem import MatlabProblem
from networks.importers.matpower.matlab.values import Budget, Matrix

SHORTEST_NUMBER = 2  # characters, with what separates it from the next
TEXT = re.compile(r"'([^'\n]*+)'|[%#][^\n]*+|\.\.\.[^\n]*+")


def numbers_in(body: str, budget: Budget) -> Matrix:
    """The matrix between ``[`` and ``]``: rows end with ``;`` or the line, numbers are apart by blanks or commas."""
    budget.charge(len(body) / SHORTEST_NUMBER)
    plain = SKIPPED_IN_TABLES.sub(" ", body).replace(",", " ").replace(";", "\n")
    lines = [line for line in plain.split("\n") if line and not line.isspace()]
    if not lines:
        return np.zeros((0, 0))
    try:
        return np.loadtxt(lines, ndmin=2, comments=None)
    except ValueError:
        raise MatlabProblem(_uneven(lines)) from None


def texts_in(body: str) -> list[list[str]]:
    """The column of texts between ``{`` and ``}``."""
    return [[found[1]] for found in TEXT.finditer(body) if found[1] is not None]


def _uneven(lines: list[str]) -> str:
    widths = [len(line.split()) for line in lines]
    odd = next((row for row, width in enumerate(widths) if width != widths[0]), 0)
    return f"row {odd + 1} of the matrix has {widths[odd]} numbers, the first has {widths[0]}"
