"""A CSV file as header and numbers, with errors that name the place."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mosaik_scenarios.comparison.references.reference import FloatArray
from mosaik_scenarios.errors import ComparisonError

if TYPE_CHECKING:
    from pandas import DataFrame

SEPARATORS = ",;\t"
SAMPLE_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class CsvFile:
    """Where a CSV file lies and how it is written.

    Attributes
    ----------
    path
        Of the file.
    header
        Names of the columns; where the first row holds numbers only, "1", "2" and so on.
    has_header
        Whether the first row holds names.
    separator, decimal
        Between the columns, and within a number.
    """

    path: Path
    header: tuple[str, ...]
    has_header: bool
    separator: str
    decimal: str

    @classmethod
    def open(cls, path: Path) -> CsvFile:
        """Look at a file's first rows.

        Raises
        ------
        ComparisonError
            The file is empty or no text, or has a column twice.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                sample = file.read(SAMPLE_CHARACTERS)
        except UnicodeDecodeError:
            raise ComparisonError(
                f"{path}: expected a text file with comma-separated values, got something else."
            ) from None
        lines = [line for line in sample.splitlines() if line.strip()]
        if not lines or "\0" in sample:
            raise ComparisonError(f"{path}: expected comma-separated values, got {'no text' if lines else 'nothing'}.")
        separator = max(SEPARATORS, key=lines[0].count)
        decimal = "," if separator != "," and len(lines) > 1 and "," in lines[1] else "."
        first = tuple(cell.strip() for cell in next(csv.reader([lines[0]], delimiter=separator)))
        has_header = not all(_is_number(cell, decimal) for cell in first) or _are_bus_numbers(first)
        header = first if has_header else tuple(str(place + 1) for place in range(len(first)))
        twice = [name for name, count in Counter(header).items() if count > 1]
        if twice:
            raise ComparisonError(f"{path}: column {twice[0]!r} is there twice; leave one of them.")
        return cls(path, header, has_header, separator, decimal)

    def read(self, text: tuple[str, ...] = ()) -> DataFrame:
        """All rows; the columns named in `text` as they are written, the others as numbers where they are.

        Raises
        ------
        ComparisonError
            Rows of different lengths, or no rows.
        """
        import pandas as pd

        try:
            # pandas would number a column that is there twice as OpenDSS numbers nodes, so it sees no header.
            table = pd.read_csv(
                self.path, sep=self.separator, decimal=self.decimal, encoding="utf-8-sig", skipinitialspace=True,
                header=None, names=list(self.header), skiprows=int(self.has_header), index_col=False,
                dtype=dict.fromkeys(text, str), low_memory=False,
            )  # fmt: skip
        except (pd.errors.ParserError, ValueError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise ComparisonError(f"{self.path}: expected rows of {len(self.header)} values ({reason}).") from None
        if table.empty:
            raise ComparisonError(f"{self.path}: expected rows of values below its header, got none.")
        return table

    def numbers(self, table: DataFrame, column: str) -> FloatArray:
        """One column as numbers.

        Raises
        ------
        ComparisonError
            A cell is empty, infinite, or holds something else; the message names the row as an editor counts.
        """
        import pandas as pd

        values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            row = int(wrong[0])
            cell = table[column].iloc[row]
            got = "an empty cell or NaN" if pd.isna(cell) else repr(str(cell))
            raise ComparisonError(
                f"{self.path} row {row + 1 + self.has_header} column {column!r}: expected a number, got {got}; "
                "leave the row or the column out."
            )
        return values


def _are_bus_numbers(cells: tuple[str, ...]) -> bool:
    """Whether a row of numbers is a header: whole ones, each of them once, as values never are."""
    return all(cell.isdigit() for cell in cells) and len(set(cells)) == len(cells) > 1


def _is_number(cell: str, decimal: str) -> bool:
    try:
        float(cell.replace(decimal, "."))
    except ValueError:
        return False
    return True
