"""A comparison's folder: the page, and its tables as CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.recording.run_folder import written_at_once
from mosaik_scenarios.errors import ComparisonError
from mosaik_scenarios.output_folder import require_free_folder

if TYPE_CHECKING:
    from pandas import DataFrame

    from mosaik_scenarios.comparison.result import Comparison

COMPARISONS = Path("comparisons")
"""Where comparisons lie unless told otherwise."""

PAGE = "comparison.html"
TABLES = ("metrics.csv", "worst.csv", "matched.csv", "unmatched.csv")


def default_folder(feeder: str, reference: str | Path) -> Path:
    """``comparisons/FEEDER-REFERENCE``, with the characters that a shell needs not escape."""
    name = f"{Path(feeder).stem}-{Path(reference).stem}"
    return COMPARISONS / "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


def require_free(folder: Path, force: bool) -> None:
    """Refuse a folder with something in it, unless it is a comparison and may be replaced.

    Raises
    ------
    ComparisonError
    """
    require_free_folder(folder, "comparison", {PAGE, *TABLES}.issuperset, force, ComparisonError)


def write_folder(comparison: Comparison, folder: Path, force: bool = False) -> Path:
    """Write the tables, then the page; returns where the page lies."""
    require_free(folder, force)
    folder.mkdir(parents=True, exist_ok=True)
    tables: tuple[DataFrame, ...] = (comparison.table(), comparison.worst, comparison.matched, comparison.unmatched)
    for name, table in zip(TABLES, tables, strict=True):
        with written_at_once(folder / name) as draft:
            table.to_csv(draft, index=False)
    return comparison.write_page(folder / PAGE)
