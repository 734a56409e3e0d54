"""The command ``gridtwin estimate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.estimation.tables.estimate_tables import EstimateTables

IN_DOUBT = 1
"""Exit code where no state is found, or measurements are bad and which ones cannot be told."""


def estimate(
    net: Annotated[str, typer.Argument(help="File of a network with or without measurements, or name of a feeder.")],
    measurements: Annotated[
        Path | None,
        typer.Argument(
            help="Measurements (.csv) in the columns of pandapower's net.measurement; the net's own if none."
        ),
    ] = None,
    method: Annotated[str, typer.Option(help="wls (least squares), huber, shgm or lav (robust).")] = "wls",
    significance: Annotated[float, typer.Option(help="Rate of false alarms of the tests for bad data.")] = 0.01,
    zero_injection: Annotated[
        str, typer.Option(help="aux_bus (auxiliary buses only), or no_inj_bus (all with nothing connected).")
    ] = "aux_bus",
    pseudo_measurements: Annotated[
        bool, typer.Option("--pseudo-measurements", help="Expect nominal power where loads and the like have no meter.")
    ] = False,
    max_removals: Annotated[int, typer.Option(min=0, help="Most measurements removed as bad data.")] = 10,
    out: Annotated[Path | None, typer.Option(help="Folder for bus.csv, measurements.csv and estimate.json.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the estimate that lies there.")] = False,
) -> None:
    """Estimate the state of a network from measurements, and say which of these are not to be trusted.

    Exit code 1 if no state is found, or measurements are bad and which ones cannot be told.
    """
    from mosaik_scenarios.estimation.folder import require_free, write_folder
    from mosaik_scenarios.estimation.text import show

    if out is not None:
        require_free(out, force)
    tables = estimate_network(
        net,
        measurements,
        algorithm=method,
        significance=significance,
        zero_injection=zero_injection,
        pseudo_measurements=pseudo_measurements,
        max_removals=max_removals,
    )
    show(tables, title=net if measurements is None else f"{net}, measurements of {measurements}")
    if out is not None:
        write_folder(tables, out, force)
        typer.echo(str(out))
    if not (tables and tables.estimate.identifiable):
        raise typer.Exit(IN_DOUBT)


def estimate_network(net: str, measurements: Path | None, **settings: object) -> EstimateTables:
    """The estimate of a network as published or as it lies in a file.

    Parameters
    ----------
    settings
        Of `models.estimation.pandapower_net.estimate`.

    Raises
    ------
    FeederError, ModelError
        The network or the measurements are not what they should be, or do not determine the state.
    """
    from models.estimation.measurements.measurement_frame import MeasurementFrame
    from models.estimation.pandapower_net import estimate as estimate_net
    from networks.registry import load_feeder

    frame = None if measurements is None else MeasurementFrame.from_csv(measurements)
    return estimate_net(load_feeder(net, extensions=()).net, measurements=frame, **settings)  # type: ignore[arg-type]
