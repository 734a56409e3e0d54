"""An arena's folder: whose it is, and what may be put there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from mosaik_scenarios.arena.page import PAGE
from mosaik_scenarios.arena.plan import ArenaPlan
from mosaik_scenarios.arena.result import TABLES
from mosaik_scenarios.arena.timelines import TIMELINES
from mosaik_scenarios.arena.watching import PLAN, VERDICTS
from mosaik_scenarios.errors import ArenaError
from mosaik_scenarios.output_folder import require_free_folder

ARENA = Path("runs", "arena")
"""Where an arena lies unless told otherwise."""

OF_AN_ARENA = (PLAN, TIMELINES, VERDICTS, TABLES, PAGE)
NOT_OF_TIMELINES = frozenset({"feeders", "detectors", "alarms_per_day"})
"""Fields of a plan without influence on a timeline: an arena may have other ones added."""


def claim(plan: ArenaPlan, out: Path, force: bool = False) -> None:
    """See to it that `out` is free, or holds the timelines of `plan` or the beginning of them.

    Parameters
    ----------
    force
        Remove an arena with other timelines. Files that belong to no arena are never touched.

    Raises
    ------
    ArenaError
        If there is something that may not be replaced.
    """
    require_free_folder(out, "arena", lambda names: PLAN in names, force=True, refusal=ArenaError)
    if not (out / PLAN).is_file():
        return
    there, wanted = timelines_described(ArenaPlan.from_file(out / PLAN)), timelines_described(plan)
    different = [name for name in wanted if there[name] != wanted[name]]
    if different and not force:
        raise ArenaError(
            f"expected a free folder, got {out}, which holds an arena with other {', '.join(different)}; "
            "replace it with --force or choose another with --out."
        )
    if different:
        clear(out)


def clear(out: Path) -> None:
    """Remove the arena; what somebody else put into the folder stays."""
    for name in OF_AN_ARENA:
        if (out / name).is_dir():
            shutil.rmtree(out / name)
        else:
            (out / name).unlink(missing_ok=True)


def timelines_described(plan: ArenaPlan) -> dict[str, Any]:
    """What of a plan its timelines depend on."""
    return {name: value for name, value in plan.as_mapping().items() if name not in NOT_OF_TIMELINES}
