"""What detectors saw of an arena's attacked timelines, from its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosaik_scenarios.arena.missed import Seen
from mosaik_scenarios.arena.plan import ArenaPlan
from mosaik_scenarios.arena.watching import Watch


def seen_in(plan: ArenaPlan, out: Path) -> dict[str, Seen]:
    """By feeder: the attacked timelines by name, and scores over their threshold."""
    return {feeder: _seen(plan, out, feeder) for feeder in plan.feeders}


def _seen(plan: ArenaPlan, out: Path, feeder: str) -> Seen:
    watches = {name: Watch.of_plan(plan, out, feeder, name) for name in plan.detectors}
    timelines = {timeline.place.name: timeline for timeline in next(iter(watches.values())).of_role("attacked")}

    def scores(timeline: str, detector: str) -> NDArray[np.float64]:
        verdict = watches[detector].verdict(timelines[timeline])
        return verdict.score / verdict.threshold

    return Seen(timelines, scores)
