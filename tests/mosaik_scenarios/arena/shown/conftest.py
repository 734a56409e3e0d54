"""A small arena's result, made up: three detectors of known strength on two feeders."""

from collections.abc import Callable, Mapping

import pandas as pd
import pytest

from mosaik_scenarios.arena.events import KINDS
from mosaik_scenarios.arena.plan import ArenaPlan
from mosaik_scenarios.arena.result import ALL, ALL_LEVELS, ArenaResult

CHOSEN_KINDS = ("bias", "stealthy", "freeze")
TIMELINES = ("attacked-1", "attacked-2")
LEVELS = (1, 2, 3)
WEAKEST_SEEN = {
    "chi_square": {"bias": 2, "stealthy": 9, "freeze": 3},
    "pca": {"bias": 3, "stealthy": 9, "freeze": 2},
    "fusion": {"bias": 1, "stealthy": 2, "freeze": 3},
}
"""The lowest level that a detector sees, by kind."""

VUS_PR = {"chi_square": 0.4, "pca": 0.5, "fusion": 0.7}
Strengths = Mapping[str, Mapping[str, float]]


def made_up(vus_pr: Strengths | None = None, feeders: tuple[str, ...] = ("cigre_mv", "ieee33")) -> ArenaResult:
    """What an arena would have found; `vus_pr` by detector and kind."""
    strengths = vus_pr or {name: dict.fromkeys(CHOSEN_KINDS, value) for name, value in VUS_PR.items()}
    each = [(feeder, detector) for feeder in feeders for detector in strengths]
    events = pd.DataFrame([row for pair in each for row in event_rows(*pair)])
    return ArenaResult(
        events=events,
        rates=pd.DataFrame([row for pair in each for row in rate_rows(*pair, events)]),
        false_alarms=pd.DataFrame(
            {"feeder": feeder, "detector": detector, "role": role, "days": 60.0, "alarms": 54, "per_day": 0.9,
             "low": 0.68, "high": 1.17, "alarmed_share": 0.01}
            for feeder, detector in each for role in ("clean", "attacked")
        ),
        curves=pd.DataFrame(
            {"feeder": feeder, "detector": detector, "kind": kind, "threshold": 2.0 / rate,
             "false_alarms_per_day": rate, "events": 9, "detection_rate": 0.5 + 0.05 * rate}
            for feeder, detector in each for kind in (ALL, *CHOSEN_KINDS) for rate in (0.1, 1.0, 10.0)
        ),
        ranking=pd.DataFrame(
            {"feeder": feeder, "detector": detector, "kind": kind, "level": level, "events": 6, "base_rate": 0.1,
             "vus_pr": strengths[detector].get(kind, 0.5), "affiliation_precision": 0.8, "affiliation_recall": 0.9,
             "affiliation_f1": 0.847}
            for feeder, detector in each for kind in (ALL, *CHOSEN_KINDS) for level in (ALL_LEVELS, *LEVELS)
        ),
        cost=pd.DataFrame(
            {"feeder": feeder, "detector": detector, "channels": 130, "fit_cpu_s": 1.5, "update_ms": 0.25,
             "watch_ms": 0.01}
            for feeder, detector in each
        ),
        textbook=pd.DataFrame(
            {"feeder": feeder, "detector": "chi_square", "thresholds": thresholds, "threshold": 1.0, "events": 18,
             "detected": 9, "detection_rate": 0.5, "low": 0.29, "high": 0.71, "days": 60.0, "alarms": 54,
             "per_day": 0.9, "per_day_low": 0.68, "per_day_high": 1.17, "alarmed_share": 0.01}
            for feeder in feeders for thresholds in ("own", "calibrated")
        ),
    )  # fmt: skip


def event_rows(feeder: str, detector: str) -> list[dict]:
    """Every event of every timeline: seen from the detector's weakest level on, two scans after the onset."""
    rows = []
    for seed, timeline in enumerate(TIMELINES, start=1):
        for number, (kind, level) in enumerate((kind, level) for kind in CHOSEN_KINDS for level in LEVELS):
            seen = level >= WEAKEST_SEEN[detector][kind]
            first = 720 + 60 * number
            rows.append(
                {
                    "feeder": feeder, "detector": detector, "timeline": timeline, "seed": seed, "event": number,
                    "kind": kind, "family": KINDS[kind].family, "level": level,
                    "magnitude": float(KINDS[kind].magnitudes[level - 1]), "first_scan": first,
                    "last_scan": first + 29, "detected": seen, "standing": False,
                    "alarm_scan": first + 2 if seen else None, "delay_scans": 2.0 if seen else float("nan"),
                    "peak": 3.0 if seen else 0.5, "channel": "v bus 3", "top1": seen or None, "top3": seen or None,
                }
            )  # fmt: skip
    return rows


def rate_rows(feeder: str, detector: str, events: pd.DataFrame) -> list[dict]:
    """Counted from the events."""
    mine = events[(events["feeder"] == feeder) & (events["detector"] == detector)]
    rows = []
    for kind in (*CHOSEN_KINDS, ALL):
        for level in (ALL_LEVELS, *LEVELS):
            of_kind = mine[(mine["kind"] == kind) | (kind == ALL)]
            chosen = of_kind[(of_kind["level"] == level) | (level == ALL_LEVELS)]
            share = float(chosen["detected"].astype(bool).mean())
            single = kind != ALL and level != ALL_LEVELS
            rows.append(
                {
                    "feeder": feeder, "detector": detector, "kind": kind, "level": level,
                    "magnitude": float(chosen["magnitude"].iloc[0]) if single else float("nan"),
                    "events": len(chosen), "detected": int(chosen["detected"].sum()), "detection_rate": share,
                    "low": 0.0, "high": 1.0, "chance": 0.02,
                    "median_delay_scans": 2.0 if share > 0.5 else float("inf"), "p90_delay_scans": float("inf"),
                    "top1_rate": 1.0, "top3_rate": 1.0,
                }
            )  # fmt: skip
    return rows


@pytest.fixture(scope="session")
def plan() -> ArenaPlan:
    """Whose result it would be."""
    return ArenaPlan(
        feeders=("cigre_mv", "ieee33"), kinds=CHOSEN_KINDS, detectors=("chi_square", "largest_residual"), seeds=2
    )


@pytest.fixture(scope="session")
def result() -> ArenaResult:
    """For reading only."""
    return made_up()


@pytest.fixture
def make_result() -> Callable[..., ArenaResult]:
    """Results of other strengths."""
    return made_up
