"""The command ``gridtwin``."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mosaik_scenarios.arena.command import arena
from mosaik_scenarios.comparison.command import compare
from mosaik_scenarios.estimation.command import estimate

if TYPE_CHECKING:
    from mosaik_scenarios.scenario import Scenario

BAD_INPUT = 2
OUR_MODULES = r"(models|networks|simulators|mosaik_scenarios)\b"

app = typer.Typer(
    name="gridtwin",
    help="A digital twin of a power distribution feeder.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Entry point.

    What is refused is a line on stderr and exit code 2 (``GRIDTWIN_DEBUG=1`` shows the traceback); Ctrl-C is exit code
    130, which typer sees to.
    """
    from models.errors import ModelError
    from mosaik_scenarios.errors import GridTwinError
    from networks.errors import FeederError

    _tell_only_our_warnings()
    try:
        app()
    except (GridTwinError, ModelError, FeederError, OSError) as error:
        if os.environ.get("GRIDTWIN_DEBUG"):
            raise
        _complain(str(error))
        sys.exit(BAD_INPUT)


@app.command()
def run(
    scenario: Annotated[
        str | None, typer.Argument(help="Name of a scenario, or its .toml or .json file; the day unless given.")
    ] = None,
    feeder: Annotated[str | None, typer.Option(help="Name of a feeder, or its file.")] = None,
    solver: Annotated[str | None, typer.Option(help="pandapower (balanced) or opendss (every phase).")] = None,
    duration: Annotated[
        str | None, typer.Option(help="Such as 1d, 6h or 90s; what would happen later is left out.")
    ] = None,
    step: Annotated[str | None, typer.Option(help="Such as 1min or 20ms.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of every random draw.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME unless given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the run that lies there.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any field, e.g. telemetry=ideal.")
    ] = None,
    with_consequences: Annotated[
        bool, typer.Option("--consequences", help="Run it without its attacks too, and say what they changed.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Simulate a scenario and leave a folder of results."""
    given = {"feeder": feeder, "solver": solver, "step": step, "seed": seed}
    overrides = {name: value for name, value in given.items() if value is not None} | _settings(settings or [])
    chosen = find_scenario(scenario)
    chosen = chosen.lasting(duration) if duration is not None else chosen
    chosen = chosen.with_overrides(overrides) if overrides else chosen

    from mosaik_scenarios.consequences import consequences
    from mosaik_scenarios.progress import progress_shown
    from mosaik_scenarios.results import RUNS
    from mosaik_scenarios.runner import run as run_scenario

    with progress_shown(quiet) as progress:
        result = run_scenario(chosen, out=out or RUNS / chosen.name, force=force, progress=progress)
        if with_consequences:
            consequences(result, progress=progress)
    if not quiet:
        typer.echo(result.summary())


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="feeders, scenarios, attacks, kinds (of attacks in the arena) or detectors; all unless given."
        ),
    ] = None,
) -> None:
    """List what there is to choose from."""
    from mosaik_scenarios.errors import GridTwinError

    if kind is not None and kind not in INVENTORIES:
        raise GridTwinError(f"expected one of {', '.join(INVENTORIES)}, got {kind!r}.")
    for chosen in [kind] if kind else INVENTORIES:
        typer.echo(chosen)
        for name, line in INVENTORIES[chosen]():
            typer.echo(f"  {name:20}{line}".rstrip())


@app.command()
def show(run: Annotated[str, typer.Argument(help="Folder of a run, or its name in runs/.")]) -> None:
    """Say what happened in a run."""
    from mosaik_scenarios.results import find_run

    typer.echo(find_run(run).summary())


@app.command()
def report(run: Annotated[str, typer.Argument(help="Folder of a run, or its name in runs/.")]) -> None:
    """Write the page with the figures of a run."""
    from mosaik_scenarios.results import find_run

    typer.echo(find_run(run).report())


app.command()(arena)
app.command()(compare)
app.command()(estimate)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False,
) -> None:
    if version:
        from mosaik_scenarios.manifest import versions

        typer.echo(f"gridtwin {versions().get('gridtwin', '(not installed)')}")
        raise typer.Exit


def find_scenario(name: str | None) -> Scenario:
    """The scenario in a file, where `name` is one's, else the one of that name in the catalogue."""
    from mosaik_scenarios.scenario import Scenario

    if name is not None and Path(name).suffix in (".toml", ".json"):
        return Scenario.from_file(name)
    from mosaik_scenarios import catalogue

    return catalogue.find(catalogue.DEFAULT if name is None else name)


def _settings(settings: list[str]) -> dict[str, str]:
    from mosaik_scenarios.errors import ScenarioError

    pairs = [setting.partition("=") for setting in settings]
    wrong = [setting for setting, (key, equals, _) in zip(settings, pairs, strict=True) if not (key and equals)]
    if wrong:
        raise ScenarioError([("--set", f"expected KEY=VALUE, got {setting!r}") for setting in wrong])
    return {key.strip(): value.strip() for key, _, value in pairs}


def _feeders() -> Iterator[tuple[str, str]]:
    from networks.registry import list_feeders

    for feeder in list_feeders().astype(str).to_dict("records"):
        levels = f"{feeder['vn_kv']} kV"
        phases = {"3": "3 phases", "balanced": "balanced"}[feeder["phases"]]
        yield feeder["name"], f"{feeder['buses']:>4} buses  {levels:27}{phases:10}{feeder['title']}"
        yield "", f"solver {feeder['solvers'].replace(', ', ' or ')}; {feeder['source']}"


def _scenarios() -> Iterator[tuple[str, str]]:
    from mosaik_scenarios.catalogue import CATALOGUE

    return ((name, scenario.description) for name, scenario in CATALOGUE.items())


def _attacks() -> Iterator[tuple[str, str]]:
    from models.attacks import ATTACKS

    return ((name, _first_line(family)) for name, family in ATTACKS.items())


def _kinds() -> Iterator[tuple[str, str]]:
    from mosaik_scenarios.arena.events import KINDS

    for name, kind in KINDS.items():
        yield name, f"{kind.family:20}{', '.join(f'{size:g}' for size in kind.magnitudes)} {kind.measure}"


def _detectors() -> Iterator[tuple[str, str]]:
    from models.detection import DETECTORS

    return ((name, _first_line(detector)) for name, detector in DETECTORS.items())


INVENTORIES: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {
    "feeders": _feeders,
    "scenarios": _scenarios,
    "attacks": _attacks,
    "kinds": _kinds,
    "detectors": _detectors,
}


def _first_line(documented: Any) -> str:
    """Of a docstring, without marks of references."""
    return re.sub(r" \[\d+\]_", "", (documented.__doc__ or "").strip().partition("\n")[0])


def _tell_only_our_warnings() -> None:
    """What libraries tell their developers is no news to a user; what the twin itself warns of is one line."""
    if os.environ.get("GRIDTWIN_DEBUG"):
        return
    warnings.filterwarnings("ignore")
    warnings.filterwarnings("default", module=OUR_MODULES)
    warnings.showwarning = lambda message, *_, **__: _complain(f"warning: {message}")


def _complain(message: str) -> None:
    first, *rest = message.splitlines() or ["failed"]
    typer.echo("\n".join([f"gridtwin: {first}", *(f"gridtwin: {line}" for line in rest)]), err=True)


if __name__ == "__main__":
    main()
