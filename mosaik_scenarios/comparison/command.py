"""The command ``gridtwin compare``."""

from pathlib import Path
from typing import Annotated

import typer

MISSED = 1
"""Exit code where a stated tolerance is missed."""


def compare(
    feeder: Annotated[str, typer.Argument(help="Name of a feeder, or its file.")],
    reference: Annotated[
        Path,
        typer.Option(help="MATPOWER result (.mat), solved bus table, or voltages, totals or taps over time (.csv)."),
    ],
    taps: Annotated[
        Path | None, typer.Option(help="Tap positions to impose: columns TapA, TapB, TapC, one row an hour (.csv).")
    ] = None,
    hours: Annotated[
        str | None, typer.Option(metavar="FIRST:END", help="Hours of the year, such as 0:168; all unless given.")
    ] = None,
    solver: Annotated[str, typer.Option(help="pandapower (balanced) or opendss (by phase).")] = "pandapower",
    tolerance: Annotated[
        float | None,
        typer.Option(help="Largest difference that passes: pu of voltage; where there is none, percent of P, or taps."),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="Of the reference's powers, W, kW or MW; its header's, else kW, unless given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the page; comparisons/FEEDER-REFERENCE unless given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the comparison that lies there.")] = False,
) -> None:
    """Say how closely the twin reproduces results computed elsewhere, and draw it.

    Exit code 1 if the tolerance is missed.
    """
    from mosaik_scenarios.comparison.comparing import compare as compare_with
    from mosaik_scenarios.comparison.folder import PAGE, default_folder

    folder = out or default_folder(feeder, reference)
    comparison = compare_with(feeder, reference, taps, hours, solver, tolerance, unit, folder, force)
    typer.echo(f"{comparison.text()}\n\n{folder / PAGE}")
    if comparison.within_tolerance is False:
        raise typer.Exit(MISSED)
