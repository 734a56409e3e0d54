"""What an estimate says, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mosaik_scenarios.channel_units import UNITS

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.table import Table

    from models.estimation.tables.estimate_tables import EstimateTables

WORST_SHOWN = 8
NAMES_SHOWN, GROUPS_SHOWN = 12, 4
WIDTH = 110
"""Of what goes into a file or a pipe. [characters]"""


def show(tables: EstimateTables, title: str) -> None:
    """Print the tests, the verdict, and the measurements that fit worst."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(title, style="bold", markup=False)
    for line in lines(tables):
        console.print(f"  {line}", markup=False)
    if tables:
        console.print()
        console.print(worst_measurements(tables.measurement_table()))


def lines(tables: EstimateTables) -> Iterator[str]:
    """How much was measured, the tests, the verdict, and what it rests on."""
    estimate, measured = tables.estimate, tables.measurements
    silent = len(measured) - int(measured.usable.sum())
    yield (
        f"{len(measured)} measurements{f', {silent} of them without a value' if silent else ''}; "
        f"{tables.estimator.network.n_bus} buses; method {tables.estimator.method}"
    )
    if tables:
        yield (
            f"J(x) {estimate.objective:.4g}, {estimate.degrees_of_freedom} degrees of freedom; threshold "
            f"{estimate.chi_square_threshold:.4g} at {tables.estimator.significance:.3g}, "
            f"p-value {estimate.p_value:.3g}"
        )
    if estimate.removed.any():
        yield f"J(x) {estimate.objective_after_removal:.4g} without what was taken for bad data"
    yield tables.verdict()
    if tables:
        yield from _blind_spots(tables)


def worst_measurements(table: DataFrame) -> Table:
    """The measurements with the largest normalised residuals."""
    from rich.box import SIMPLE
    from rich.table import Table

    shown = Table(box=SIMPLE, title="Largest residuals, normalised before anything is removed", title_justify="left")
    for heading in ("measurement", "unit", "value", "estimated", "residual", "std dev", "normalised", ""):
        shown.add_column(heading, justify="left" if heading in ("measurement", "unit", "") else "right", no_wrap=True)
    for row in table.nlargest(WORST_SHOWN, "normalised_residual").to_dict("records"):
        shown.add_row(
            row["name"], UNITS[row["measurement_type"]],
            *(f"{row[column]:.5g}" for column in ("value", "estimated", "residual", "std_dev")),
            f"{row['normalised_residual']:.2f}", _said_of(row),
        )  # fmt: skip
    return shown


def _said_of(row: dict[Any, Any]) -> str:
    """What became of a measurement."""
    return "removed" if row["removed"] else "suspect" if row["suspect"] else ""


def _blind_spots(tables: EstimateTables) -> Iterator[str]:
    """What the estimate cannot tell."""
    table = tables.measurement_table()
    critical = table["name"][table["critical"]].tolist()
    if critical:
        yield f"Critical, an error here would not be seen ({len(critical)}): {_some(critical)}"
    groups = [f"({_some(list(group))})" for group in tables.critical_groups]
    if groups:
        yield f"Checked by hardly more than one another, which one is bad hardly shows: {_some(groups, GROUPS_SHOWN)}"
    unused = table["name"][~table["used"]].tolist()
    if unused:
        yield f"Without a say, no value or nothing flows there ({len(unused)}): {_some(unused)}"
    if tables.estimate.contradicted_forecasts:
        buses = list(map(str, tables.estimate.contradicted_forecasts))
        yield f"Forecasts that the meters contradict, left out ({len(buses)}): bus {_some(buses)}"


def _some(names: list[str], shown: int = NAMES_SHOWN) -> str:
    return ", ".join(names[:shown]) + (", ..." if len(names) > shown else "")
