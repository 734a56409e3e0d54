"""An arena's timelines as a labelled data set that others can train on."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from models.recording.run_folder import written_at_once
from mosaik_scenarios.arena import data_set
from mosaik_scenarios.arena.card import CARD, CARD_TEXT, CHANNELS, card_of, card_text, plan_described
from mosaik_scenarios.arena.timelines import EVENTS, SCENARIO
from mosaik_scenarios.errors import ArenaError, SimulationFailedError
from mosaik_scenarios.output_folder import require_free_folder
from mosaik_scenarios.subprocesses import Subprocesses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mosaik_scenarios.arena.plan import ArenaPlan
    from mosaik_scenarios.arena.timelines import Timeline
    from mosaik_scenarios.progress import OnStage


def export(
    plan: ArenaPlan,
    timelines: Sequence[Timeline],
    folder: Path,
    processes: int = 2,
    on_stage: OnStage | None = None,
) -> Path:
    """Write the data set; timelines that lie there already are kept. Returns where its card lies.

    A timeline is the same however often it is simulated, and here it is once more with all that the plant did and the
    attacker wrote: ``FEEDER/ROLE-SEED/`` holds the files of `data_set`, ``FEEDER/channels.csv`` the metering plan.

    Parameters
    ----------
    plan
        Whose the timelines are.
    timelines
        Already simulated.
    folder
        Free, or of the same plan.
    processes
        Simulations at once.
    on_stage
        Called with what is being done and the share that is done.

    Raises
    ------
    ArenaError
        If the folder holds something else.
    SimulationFailedError
    """
    require_free(plan, folder)
    folder.mkdir(parents=True, exist_ok=True)
    card = card_of(plan, timelines)
    # The card comes first: by it an export that was interrupted is known again.
    with written_at_once(folder / CARD) as draft:
        draft.write_text(json.dumps(card, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    for feeder in plan.feeders:
        _write_channels(next(timeline for timeline in timelines if timeline.place.feeder == feeder), folder / feeder)
    _simulate([timeline for timeline in timelines if not _there(timeline, folder)], folder, processes, on_stage)
    with written_at_once(folder / CARD_TEXT) as draft:
        draft.write_text(card_text(card), encoding="utf-8")
    return folder / CARD_TEXT


def require_free(plan: ArenaPlan, folder: Path) -> None:
    """Refuse a folder with something in it, unless it is the same data set or the beginning of it.

    Raises
    ------
    ArenaError
    """
    require_free_folder(folder, "data set", lambda names: CARD in names, True, ArenaError, option="--export")
    if not (folder / CARD).is_file():
        return
    try:
        there = json.loads((folder / CARD).read_text(encoding="utf-8"))["plan"]
    except (ValueError, KeyError, TypeError):
        there = None
    if there != plan_described(plan):
        raise ArenaError(
            f"expected a free folder, got {folder}, which holds the data set of another plan; "
            "choose another with --export."
        )


def _there(timeline: Timeline, folder: Path) -> bool:
    return (folder / timeline.place.feeder / timeline.place.name / data_set.SCENARIO).is_file()


def _write_channels(timeline: Timeline, folder: Path) -> None:
    """The metering plan of a feeder: what the columns of its files are."""
    from mosaik_scenarios.roles import Roles
    from networks.registry import load_feeder

    folder.mkdir(parents=True, exist_ok=True)
    roles = Roles(timeline.scenario, load_feeder(timeline.scenario.feeder))
    table = roles.plan.assign(bus=roles.channel_buses, judged=roles.plan.name.isin(roles.judged_channels))
    with written_at_once(folder / CHANNELS) as draft:
        table.to_csv(draft, index=False)


def _simulate(missing: Sequence[Timeline], folder: Path, processes: int, on_stage: OnStage | None) -> None:
    total = sum((timeline.place.duration for timeline in missing), timedelta(0))
    done = {timeline.place: timedelta(0) for timeline in missing}

    def make(timeline: Timeline) -> None:
        place = timeline.place

        def on_progress(share: float) -> None:
            done[place] = share * place.duration
            if on_stage is not None:
                on_stage(f"exporting {len(missing)} timelines", sum(done.values(), timedelta(0)) / total)

        arguments = (timeline.folder / SCENARIO, timeline.folder / EVENTS, folder / place.feeder / place.name)
        errors = Path(temporary, f"{place.feeder}-{place.name}.txt")
        reason = workers.run(data_set.__name__, [str(path) for path in arguments], errors, on_progress)
        if reason is not None:
            raise SimulationFailedError(f"exporting {place.feeder}, {place.name}, failed: {reason}")

    with (
        TemporaryDirectory() as temporary,
        ThreadPoolExecutor(max_workers=processes) as pool,
        Subprocesses() as workers,
    ):
        for _ in pool.map(make, missing):
            pass
