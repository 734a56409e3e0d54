"""What an arena's tables come to: who is best, who is ahead of whom on what, what nobody catches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mosaik_scenarios.arena.events import KINDS
from mosaik_scenarios.arena.result import ALL, ALL_LEVELS

if TYPE_CHECKING:
    import pandas as pd

    from mosaik_scenarios.arena.result import ArenaResult

OWN = ("fusion", "lstm_forecaster", "lstm_autoencoder")
"""Detectors that are the product's own; all others are baselines, from the textbook or from elsewhere."""

CAUGHT, MISSED = 0.9, 0.5
"""Detection rates from which a kind counts as caught, and below which as missed. [0 to 1]"""

CLEARLY = 0.01
"""Difference of VUS-PR from which one detector is ahead of another. [-]"""


@dataclass(frozen=True)
class Ahead:
    """A kind of attack on which a baseline does better than the product's best."""

    kind: str
    baseline: str
    vus_pr: float
    own_vus_pr: float


@dataclass(frozen=True)
class Conclusion:
    """One feeder in short.

    Attributes
    ----------
    own, baseline
        The product's best detector and the best baseline by mean VUS-PR over kinds of attacks; None if there is none.
    own_vus_pr, baseline_vus_pr
        Those means; NaN if there is none. [0 to 1]
    ahead
        Kinds on which some baseline is ahead of `own`, the widest gap first.
    """

    feeder: str
    own: str | None
    own_vus_pr: float
    baseline: str | None
    baseline_vus_pr: float
    ahead: tuple[Ahead, ...]

    @property
    def beats_every_baseline(self) -> bool | None:
        """Whether the product's best has the highest mean VUS-PR; None where there is nothing to compare."""
        if self.own is None or self.baseline is None:
            return None
        return self.own_vus_pr > self.baseline_vus_pr


def feeders_of(result: ArenaResult) -> list[str]:
    """In the arena's order."""
    return [str(feeder) for feeder in result.rates["feeder"].unique()]


def detectors_of(result: ArenaResult, feeder: str) -> list[str]:
    """The product's own first."""
    there = [str(name) for name in of_feeder(result.rates, feeder)["detector"].unique()]
    return [name for name in OWN if name in there] + [name for name in there if name not in OWN]


def kinds_of(result: ArenaResult, feeder: str) -> list[str]:
    """Kinds of attacks there were, in the order of the register."""
    return _in_order(of_feeder(result.rates, feeder)["kind"])


def of_feeder(table: pd.DataFrame, feeder: str) -> pd.DataFrame:
    """The rows of one feeder."""
    return table[table["feeder"] == feeder]


def by_kind(table: pd.DataFrame, value: str, level: int = ALL_LEVELS) -> pd.DataFrame:
    """kind x detector of a column of a feeder's `rates` or `ranking`, kinds in the order of the register."""
    rows = table[(table["level"] == level) & (table["kind"] != ALL)]
    pivoted = rows.pivot(index="kind", columns="detector", values=value)
    return pivoted.reindex(index=_in_order(rows["kind"]), columns=rows["detector"].unique())


def _in_order(kinds: pd.Series) -> list[str]:
    there = set(kinds)
    return [kind for kind in KINDS if kind in there]


def mean_vus_pr(result: ArenaResult, feeder: str) -> pd.Series:
    """Mean over kinds of attacks, every kind counting the same, by detector. [0 to 1]"""
    return by_kind(of_feeder(result.ranking, feeder), "vus_pr").mean()


def conclusion_on(result: ArenaResult, feeder: str) -> Conclusion:
    """Who is best on a feeder, and where that is not the product."""
    means = mean_vus_pr(result, feeder).dropna()
    own = _best(means, [name for name in means.index if name in OWN])
    baselines = [name for name in means.index if name not in OWN]
    baseline = _best(means, baselines)
    return Conclusion(
        feeder,
        own,
        float(means[own]) if own else float("nan"),
        baseline,
        float(means[baseline]) if baseline else float("nan"),
        _ahead(by_kind(of_feeder(result.ranking, feeder), "vus_pr"), own, baselines) if own and baseline else (),
    )


def best_first(result: ArenaResult, feeder: str) -> list[str]:
    """Detectors by mean VUS-PR."""
    means = mean_vus_pr(result, feeder)
    return [str(name) for name in means.sort_values(ascending=False, na_position="last").index]


def caught_by_nobody(result: ArenaResult, feeder: str) -> list[str]:
    """Kinds of which no detector sees half of the events."""
    best = by_kind(of_feeder(result.rates, feeder), "detection_rate").max(axis=1)
    return [str(kind) for kind in best.index[best < MISSED]]


def caught_by_own_alone(result: ArenaResult, feeder: str) -> list[str]:
    """Kinds that one of the product's detectors catches and every baseline misses."""
    rates = by_kind(of_feeder(result.rates, feeder), "detection_rate")
    own = rates[[name for name in rates if name in OWN]].max(axis=1)
    baselines = rates[[name for name in rates if name not in OWN]].max(axis=1)
    return [str(kind) for kind in rates.index[(own >= CAUGHT) & (baselines < MISSED)]]


def _best(means: pd.Series, names: Sequence[str]) -> str | None:
    return str(means[list(names)].idxmax()) if names else None


def _ahead(vus_pr: pd.DataFrame, own: str, baselines: Sequence[str]) -> tuple[Ahead, ...]:
    best = vus_pr[list(baselines)].max(axis=1)
    behind = best[best > vus_pr[own] + CLEARLY].index
    winners = vus_pr.loc[behind, list(baselines)].idxmax(axis=1)
    found = [
        Ahead(str(kind), str(winner), float(best[str(kind)]), float(vus_pr[own][str(kind)]))
        for kind, winner in winners.items()
    ]
    return tuple(sorted(found, key=lambda ahead: ahead.own_vus_pr - ahead.vus_pr))
