"""A comparison's page: figures, the table of differences, the worst buses, and what was matched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from models.recording.run_folder import written_at_once
from mosaik_scenarios.comparison import figures
from mosaik_scenarios.comparison.text import headline, hour_lines, matched_lines, tap_lines, tolerance_lines
from mosaik_scenarios.report.page import page, section, table, table_section

if TYPE_CHECKING:
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
    yield table_section("Differences", "Of the twin from the reference.", comparison.table())
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
    yield table_section("Worst", f"The first of {len(worst)}, by the largest difference.", worst.head(WORST_SHOWN))
    yield _matching(comparison)


def _matching(comparison: Comparison) -> str:
    """How many were matched, and the whole lists folded away."""
    lines = "\n".join(f"<p>{escape(line)}</p>" for line in matched_lines(comparison))
    if not lines:
        return ""
    lists = "\n".join(
        f"<details><summary>{summary} ({len(frame)})</summary>\n{table(frame)}\n</details>"
        for summary, frame in (("Matched", comparison.matched), ("Not compared", comparison.unmatched))
        if len(frame)
    )
    return f"<h2>What was matched</h2>\n{lines}\n{lists}"
