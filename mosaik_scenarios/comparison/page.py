"""A comparison's page: figures, the table of differences, the worst buses, and what was matched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.recording.run_folder import written_at_once
from mosaik_scenarios.comparison import figures
from mosaik_scenarios.comparison.text import headline, hour_lines, matched_lines, tap_lines, tolerance_lines
from mosaik_scenarios.report.page import page, section

if TYPE_CHECKING:
    from pandas import DataFrame

    from mosaik_scenarios.comparison.result import Comparison

WORST_SHOWN = 20


def write_page(comparison: Comparison, path: Path) -> Path:
    """Write the page, whole or not at all; returns where it lies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_at_once(path) as draft:
        draft.write_text(page(headline(comparison), "\n".join(_parts(comparison))), encoding="utf-8")
    return path


def _parts(comparison: Comparison) -> Iterator[str]:
    yield f"<h1>{escape(comparison.feeder)}</h1>\n<p>{escape(headline(comparison))}</p>"
    verdict = [f"Tolerance {line}." for line in tolerance_lines(comparison)]
    for line in (*comparison.notes, *hour_lines(comparison), *tap_lines(comparison), *verdict):
        yield f"<p>{escape(line)}</p>"
    if comparison.approximations:
        lines = "\n".join(f"<p>{escape(line)}</p>" for line in comparison.approximations)
        yield f"<details><summary>What the balanced network simplifies</summary>\n{lines}\n</details>"
    yield _table("Differences", "Of the twin from the reference.", comparison.table())
    yield section(
        "Voltage profile",
        "The twin (dots) on the reference (rings), along the feeder.",
        figures.voltage_profile(comparison),
    )
    yield section(
        "Error by distance from the substation", "Each point is a bus, or a phase of it.",
        figures.error_by_distance(comparison),
    )  # fmt: skip
    yield section("Twin and reference", "On the dashed line they are equal.", figures.scatter(comparison))
    yield section("Over time", "Hours of the year.", figures.over_time(comparison))
    worst = comparison.worst
    yield _table("Worst", f"The first of {len(worst)}, by the largest difference.", worst.head(WORST_SHOWN))
    yield _matching(comparison)


def _matching(comparison: Comparison) -> str:
    """How many were matched, and the whole lists folded away."""
    lines = "\n".join(f"<p>{escape(line)}</p>" for line in matched_lines(comparison))
    if not lines:
        return ""
    lists = "\n".join(
        f"<details><summary>{summary} ({len(table)})</summary>\n{_rows(table)}\n</details>"
        for summary, table in (("Matched", comparison.matched), ("Not compared", comparison.unmatched))
        if len(table)
    )
    return f"<h2>What was matched</h2>\n{lines}\n{lists}"


def _table(title: str, text: str, table: DataFrame) -> str:
    return f"<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>\n{_rows(table)}"


def _rows(table: DataFrame) -> str:
    from pandas.api.types import is_numeric_dtype

    heads = "".join(_head(str(name), is_numeric_dtype(table[name])) for name in table)
    rows = "\n".join(
        "<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in table.itertuples(index=False, name=None)
    )
    return f"<table><tr>{heads}</tr>\n{rows}\n</table>"


def _head(name: str, is_number: bool) -> str:
    kind = ' class="number"' if is_number else ""
    return f"<th{kind}>{escape(name.replace('_', ' '))}</th>"


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f'<td class="number">{text}</td>'
