"""A comparison as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mosaik_scenarios.comparison.references.reference import IntArray

if TYPE_CHECKING:
    from mosaik_scenarios.comparison.result import Comparison

WORST_SHOWN = 8
NAMES_SHOWN = 12


def comparison_text(comparison: Comparison) -> str:
    """What was compared, how far it is apart, where it is worst, and what was matched."""
    blocks: dict[str, Sequence[str]] = {
        headline(comparison): [*comparison.notes, *hour_lines(comparison), *tap_lines(comparison)],
        "Differences": _table(
            ("", "unit", "values", "max", "mean", "95 %", "worst"),
            [_metric(row) for row in comparison.table().itertuples(index=False, name=None)],
        ),
        "Worst": _table(*_worst(comparison)),
        "Matched": [*matched_lines(comparison)],
        "Approximated": comparison.approximations,
        "Tolerance": [*tolerance_lines(comparison)],
    }
    return "\n\n".join(
        "\n".join([title, *(f"  {line}".rstrip() for line in lines)]) for title, lines in blocks.items() if lines
    )


def headline(comparison: Comparison) -> str:
    """Both sides in one line."""
    reference = comparison.reference
    return f"{comparison.feeder} by {comparison.solver} beside {reference.source.name} ({reference.kind})"


def hour_lines(comparison: Comparison) -> Iterator[str]:
    """Which hours, and those without a solution."""
    if comparison.hours is not None:
        yield f"Hours {_hours(comparison.hours)}."
    if comparison.unsolved:
        shown = ", ".join(map(str, comparison.unsolved[:NAMES_SHOWN]))
        more = ", ..." if len(comparison.unsolved) > NAMES_SHOWN else ""
        yield f"No solution of the twin's power flow at {len(comparison.unsolved)} hours, left out here: {shown}{more}."


def tap_lines(comparison: Comparison) -> Iterator[str]:
    """How often the taps agree."""
    if comparison.taps is not None:
        equal, within_one = comparison.taps.within_percent
        hours = len(comparison.taps.hours)
        yield f"All taps equal in {equal:.2f} % of {hours} hours, none more than one off in {within_one:.2f} %."


def matched_lines(comparison: Comparison) -> Iterator[str]:
    """How many were found and how; who was not, and why."""
    if comparison.voltages is not None:
        pairs = comparison.voltages.pairs
        labels = sum(len(pair.labels) for pair in pairs)
        buses = len({pair.row for pair in pairs})
        yield f"{labels} of the reference's voltages at {buses} of the feeder's buses, {comparison.how_matched}"
    by_why: dict[str, list[str]] = {}
    for name, why in comparison.unmatched_reference.items():
        by_why.setdefault(why, []).append(name)
    for why, names in by_why.items():
        yield f"not compared, {why} ({len(names)}): {some(names)}"
    if comparison.unmatched_feeder:
        names = list(comparison.unmatched_feeder)
        yield f"only in the feeder ({len(names)}): {some(names)}"


def tolerance_lines(comparison: Comparison) -> Iterator[str]:
    """Whether the tolerance is kept."""
    if comparison.tolerance is None:
        return
    largest, unit = comparison.judged
    verdict = "kept" if comparison.within_tolerance else "missed"
    yield f"{verdict}: at most {figure(largest)} {unit}, stated {figure(comparison.tolerance)} {unit}"


def figure(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"


def some(names: list[str]) -> str:
    """The first names."""
    return ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")


def _metric(row: tuple[Any, ...]) -> tuple[str, ...]:
    quantity, unit, values, *figures, worst = row
    return quantity, unit, str(values), *map(figure, figures), worst


def _worst(comparison: Comparison) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    worst = comparison.worst.head(WORST_SHOWN)
    columns = [str(name) for name in worst if name != "phase" or worst["phase"].any()]
    if comparison.voltages is not None and (worst["in_reference"] == worst["bus"]).all():
        columns.remove("in_reference")
    rows = [tuple(_cell(value) for value in row) for row in worst[columns].itertuples(index=False)]
    return tuple(name.replace("_", " ") for name in columns), rows


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(head: Iterable[str], rows: list[tuple[str, ...]]) -> list[str]:
    """Columns in line; numbers to the right."""
    lines = [tuple(head), *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    right = [all(_is_number(row[place]) for row in rows) for place in range(len(lines[0]))]
    return [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    ]


def _is_number(cell: str) -> bool:
    return cell.replace(".", "").replace("-", "").replace("e", "").replace("+", "").isdigit()


def _hours(hours: IntArray) -> str:
    first, last = int(hours[0]), int(hours[-1])
    in_a_row = last - first + 1 == len(hours)
    return f"{first}:{last + 1}" if in_a_row else f"{len(hours)} of {first}:{last + 1}"
