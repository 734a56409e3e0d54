"""An arena's tables as pages, figures and text show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mosaik_scenarios.arena.conclusions import (
    OWN,
    best_first,
    by_kind,
    conclusion_on,
    detectors_of,
    feeders_of,
    kinds_of,
    mean_vus_pr,
    of_feeder,
)
from mosaik_scenarios.arena.events import KINDS
from mosaik_scenarios.arena.plan import LEVELS
from mosaik_scenarios.arena.result import ALL, ALL_LEVELS

if TYPE_CHECKING:
    from mosaik_scenarios.arena.result import ArenaResult

BASELINES_SHOWN = 3
"""The best of them, where curves would cover one another."""


def overview(result: ArenaResult, feeder: str) -> pd.DataFrame:
    """One row a detector, the best by mean VUS-PR first."""
    rates, alarms, ranking, cost = (
        of_feeder(table, feeder) for table in (result.rates, result.false_alarms, result.ranking, result.cost)
    )
    whole = rates[(rates["kind"] == ALL) & (rates["level"] == ALL_LEVELS)].set_index("detector")
    clean = alarms[alarms["role"] == "clean"].set_index("detector")
    kinds = ranking[(ranking["kind"] != ALL) & (ranking["level"] == ALL_LEVELS)]
    table = pd.DataFrame(
        {
            "detected": whole["detection_rate"],
            "by_chance": whole["chance"],
            "median_delay_scans": whole["median_delay_scans"],
            "p90_delay_scans": whole["p90_delay_scans"],
            "top1": whole["top1_rate"],
            "top3": whole["top3_rate"],
            "false_alarms_a_day": clean["per_day"],
            "low": clean["low"],
            "high": clean["high"],
            "mean_vus_pr": mean_vus_pr(result, feeder),
            "mean_affiliation_f1": kinds.groupby("detector")["affiliation_f1"].mean(),
            "ms_a_scan": cost.set_index("detector")["update_ms"],
        }
    )
    return table.loc[best_first(result, feeder)].rename_axis("detector").reset_index()


def by_feeder(result: ArenaResult) -> pd.DataFrame:
    """One row a feeder: the product's best detector beside the best baseline."""
    answers = {True: "yes", False: "no", None: "not compared"}
    conclusions = [conclusion_on(result, feeder) for feeder in feeders_of(result)]
    return pd.DataFrame(
        {
            "feeder": [found.feeder for found in conclusions],
            "own best": [found.own or "" for found in conclusions],
            "mean VUS-PR": [round(found.own_vus_pr, 3) for found in conclusions],
            "best baseline": [found.baseline or "" for found in conclusions],
            "its mean VUS-PR": [round(found.baseline_vus_pr, 3) for found in conclusions],
            "own beats every baseline": [answers[found.beats_every_baseline] for found in conclusions],
            "kinds on which a baseline is ahead": [len(found.ahead) for found in conclusions],
        }
    )


def heat(result: ArenaResult, feeder: str) -> tuple[dict[str, pd.DataFrame], dict[str, pd.Series]]:
    """Detection rates as kind x detector, and events a kind, for all levels and each."""
    rates = of_feeder(result.rates, feeder)
    views = {"all magnitudes": ALL_LEVELS, "small": 1, "middle": 2, "large": LEVELS}
    kinds, detectors = kinds_of(result, feeder), detectors_of(result, feeder)
    shares = {
        view: by_kind(rates, "detection_rate", level).reindex(index=kinds, columns=detectors)
        for view, level in views.items()
    }
    events = {view: by_kind(rates, "events", level).max(axis=1) for view, level in views.items()}
    return shares, events


def delays(result: ArenaResult, feeder: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Median delay over magnitude by kind and detector, of the product's detectors and the best baselines; and what
    each kind's magnitude is.
    """
    rates, order = of_feeder(result.rates, feeder), best_first(result, feeder)
    shown = [name for name in order if name in OWN] + [name for name in order if name not in OWN][:BASELINES_SHOWN]
    rows = rates[(rates["kind"] != ALL) & (rates["level"] != ALL_LEVELS) & rates["detector"].isin(shown)]
    curves = rows.rename(columns={"median_delay_scans": "delay_scans"})
    measures = {kind: KINDS[kind].measure for kind in kinds_of(result, feeder)}
    return curves[["kind", "detector", "magnitude", "delay_scans"]], measures


def curves_over_all(result: ArenaResult, feeder: str) -> pd.DataFrame:
    """Detection against false alarms, all kinds together."""
    curves = of_feeder(result.curves, feeder)
    return curves[curves["kind"] == ALL]


def textbook(result: ArenaResult, feeder: str) -> pd.DataFrame:
    """Both thresholds of who has one of its own."""
    return of_feeder(result.textbook, feeder)[
        ["detector", "thresholds", "threshold", "events", "detection_rate", "per_day", "per_day_low", "per_day_high",
         "alarmed_share"]
    ]  # fmt: skip


def cost(result: ArenaResult, feeder: str) -> pd.DataFrame:
    """CPU time of every detector."""
    return of_feeder(result.cost, feeder).drop(columns="feeder").sort_values("update_ms")
