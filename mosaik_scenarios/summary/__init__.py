"""What happened in a run, as numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mosaik_scenarios.summary.attacks import AttackSummary, attack_windows, summarise_attacks
from mosaik_scenarios.summary.detectors import DetectorSummary, summarise_detector
from mosaik_scenarios.summary.grid import GridSummary, summarise_grid
from mosaik_scenarios.summary.protection import (
    FaultSummary,
    RecloserSummary,
    disturbed_windows,
    summarise_faults,
    summarise_reclosers,
)

if TYPE_CHECKING:
    import pandas as pd

    from mosaik_scenarios.consequences import Consequence
    from mosaik_scenarios.incidents import Incident
    from mosaik_scenarios.results import RunResult

# What changes back and forth counts once: when it becomes this value.
COUNTED_AS = {"attack": 1, "fault": 1, "converged": 0, "observable": 0}
# Told in words of their own.
NOT_COUNTED = ("recloser",)


@dataclass(frozen=True)
class Summary:
    """A run at a glance; `event_counts` by kind of event, `consequences` empty unless somebody asked for them."""

    result: RunResult
    grid: GridSummary
    event_counts: Mapping[str, int]
    faults: tuple[FaultSummary, ...]
    reclosers: tuple[RecloserSummary, ...]
    attacks: tuple[AttackSummary, ...]
    consequences: tuple[Consequence, ...]
    incidents: tuple[Incident, ...]
    detectors: tuple[DetectorSummary, ...]


def summarise(result: RunResult) -> Summary:
    """The numbers of a run."""
    from mosaik_scenarios.consequences import read_consequences

    attacks, disturbances = attack_windows(result), disturbed_windows(result)
    detection, alarms = result.table("detection"), result.alarms
    return Summary(
        result=result,
        grid=summarise_grid(result),
        event_counts=count_events(result.events),
        faults=tuple(summarise_faults(result)),
        reclosers=tuple(summarise_reclosers(result.events)),
        attacks=tuple(summarise_attacks(result)),
        consequences=read_consequences(result),
        incidents=tuple(result.incidents),
        detectors=tuple(
            summarise_detector(name, detection, alarms, attacks, disturbances) for name in result.scenario.detectors
        ),
    )


def count_events(events: pd.DataFrame) -> dict[str, int]:
    """How often each kind of thing happened."""
    counts = {}
    for kind in sorted(events["kind"].unique()):
        of_kind = events[events["kind"] == kind]
        counted = of_kind[of_kind["after"] == COUNTED_AS[kind]] if kind in COUNTED_AS else of_kind
        if len(counted) and kind not in NOT_COUNTED:
            counts[str(kind)] = len(counted)
    return counts
