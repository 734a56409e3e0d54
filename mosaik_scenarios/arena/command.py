"""The command ``gridtwin arena``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mosaik_scenarios.arena.plan import ArenaPlan

A_LIST = "NAME,NAME"


def arena(
    feeders: Annotated[
        str | None, typer.Option(metavar=A_LIST, help="cigre_mv, ieee33, ieee123 and oberrhein unless given.")
    ] = None,
    families: Annotated[
        str | None, typer.Option(metavar=A_LIST, help="Families of attacks, all kinds of each; all unless given.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(metavar=A_LIST, help='Kinds of attacks, finer than families, e.g. "stealthy slow".')
    ] = None,
    detectors: Annotated[str | None, typer.Option(metavar=A_LIST, help="All unless given.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Attacked timelines of every feeder; 10 unless given.")] = None,
    days: Annotated[
        str | None,
        typer.Option(
            metavar="LEARN,CALIBRATE,CLEAN",
            help="Clean days of every feeder to learn on, to set thresholds by, and to count false alarms on; "
            "6,20,60 unless given.",
        ),
    ] = None,
    alarms_per_day: Annotated[
        float | None, typer.Option(help="Everyone's budget of false alarms; 1 unless given.")
    ] = None,
    metering: Annotated[str | None, typer.Option(help="Metering plan; full unless given.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the arena; runs/arena unless given.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Folder for the timelines as a labelled data set, truth included.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="At work at once; one for every core unless given.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an arena with other timelines that lies there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Let detectors meet attacks on whole timelines, under one budget of false alarms, and say who catches what.

    What is done is kept: the same command goes on where it was stopped, and one with another detector or feeder does
    only that.
    """
    from mosaik_scenarios.arena.folder import ARENA

    plan = plan_of(
        {
            "feeders": feeders, "families": families, "kinds": kinds, "detectors": detectors, "days": days,
            "seeds": seeds, "alarms_per_day": alarms_per_day, "metering": metering,
        }
    )  # fmt: skip
    try:
        text = _held(plan, out or ARENA, export, processes, force, quiet)
    except KeyboardInterrupt:
        typer.echo("gridtwin: stopped; what is done is kept, and the same command goes on from there.", err=True)
        raise
    if not quiet:
        typer.echo(text)


def plan_of(told: Mapping[str, Any]) -> ArenaPlan:
    """The plan that options ask for; those that are None leave it to the plan.

    Raises
    ------
    ScenarioError
        With one line for every option that is wrong.
    """
    from mosaik_scenarios.arena.plan import ArenaPlan

    fields: dict[str, Any] = {
        name: told[name] for name in ("seeds", "alarms_per_day", "metering") if told[name] is not None
    }
    for name in ("feeders", "detectors"):
        if told[name] is not None:
            fields[name] = _names(told[name])
    chosen = _kinds(told["families"], told["kinds"])
    if chosen is not None:
        fields["kinds"] = chosen
    return ArenaPlan(**fields, **_days(told["days"]))


def _kinds(families: str | None, kinds: str | None) -> tuple[str, ...] | None:
    """Those named and those of the families named, in the order of the register; None for all."""
    from mosaik_scenarios.arena.events import KINDS
    from mosaik_scenarios.errors import ScenarioError

    if families is None and kinds is None:
        return None
    named, wanted = _names(kinds or ""), _names(families or "")
    known = {kind.family: None for kind in KINDS.values()}
    unknown = [family for family in wanted if family not in known]
    if unknown:
        raise ScenarioError([("families", f"expected some of {', '.join(known)}, got {', '.join(unknown)}")])
    of_families = tuple(name for name, kind in KINDS.items() if kind.family in wanted and name not in named)
    return named + of_families


def _days(told: str | None) -> dict[str, Any]:
    from mosaik_scenarios.errors import ScenarioError

    if told is None:
        return {}
    names = ("training_days", "calibration_days", "clean_days")
    try:
        return dict(zip(names, map(float, told.split(",")), strict=True))
    except ValueError:
        raise ScenarioError(
            [("days", f"expected days to learn on, to calibrate on and to count on, such as 6,20,60, got {told!r}")]
        ) from None


def _names(told: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in told.split(",") if name.strip())


def _held(
    plan: ArenaPlan, out: Path, export: Path | None, processes: int | None, force: bool, quiet: bool
) -> str:  # fmt: skip
    """Hold the arena, write its page, export it; returns what to say at the end."""
    import os

    from mosaik_scenarios.arena.export import export as export_to
    from mosaik_scenarios.arena.export import require_free
    from mosaik_scenarios.arena.folder import claim
    from mosaik_scenarios.arena.page import PAGE, write_page
    from mosaik_scenarios.arena.runner import arena as hold
    from mosaik_scenarios.arena.seen import seen_in
    from mosaik_scenarios.arena.text import arena_text
    from mosaik_scenarios.arena.timelines import timelines_in
    from mosaik_scenarios.progress import progress_shown

    processes = processes or os.cpu_count() or 1
    claim(plan, out, force)
    if export is not None:
        require_free(plan, export)
    with progress_shown(quiet) as progress:
        result = hold(plan, out, processes, progress)
        page = write_page(result, plan, seen_in(plan, out), out / PAGE)
        card = export_to(plan, timelines_in(plan, out), export, processes, progress) if export is not None else None
    return "\n".join([arena_text(result), "", str(page), *([str(card)] if card is not None else [])])
