"""Campaigns of attacks in a scenario: drawn by its seed, within its duration, on its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.attacks.campaign import campaign
from mosaik_scenarios.duration import parse_duration
from mosaik_scenarios.scenario import Scenario


def with_campaign(
    scenario: Scenario,
    events: Sequence[Mapping[str, Any]],
    count: int,
    duration: tuple[Any, Any],
    gap: Any,
    start: Any = "1h",
) -> Scenario:
    """`scenario` with `count` attacks drawn by its seed, in place of its own.

    Parameters
    ----------
    events
        The kinds of attacks, as mappings of `models.attacks.campaign.Event`: `family`, `parameters`, `ranges`,
        `choices`, `signs`.
    count
        Attacks in all.
    duration
        Shortest and longest, such as ``("10min", "1h")``.
    gap
        Least time between two attacks.
    start
        None begins earlier.

    Raises
    ------
    ModelError
        If the attacks do not fit into the scenario.
    ScenarioError
        If a parameter is none of its family's.
    """
    shortest_s, longest_s = (parse_duration(bound).total_seconds() for bound in duration)
    drawn = campaign(
        {
            "events": events,
            "count": count,
            "duration_s": (shortest_s, longest_s),
            "gap_s": parse_duration(gap).total_seconds(),
            "start_s": parse_duration(start).total_seconds(),
            "end_s": scenario.duration.total_seconds(),
            "step_s": scenario.scan_period.total_seconds(),
        },
        scenario.seed,
    )
    attacks = [{**attack, "start": attack.pop("start_s"), "duration": attack.pop("duration_s")} for attack in drawn]
    return Scenario(**{**scenario.as_mapping(), "attacks": attacks})
