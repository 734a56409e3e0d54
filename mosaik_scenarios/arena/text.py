"""An arena in words: who is best, who catches what, and at what price."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf, isnan
from typing import TYPE_CHECKING

from mosaik_scenarios.arena.conclusions import (
    CAUGHT,
    MISSED,
    Conclusion,
    caught_by_nobody,
    caught_by_own_alone,
    conclusion_on,
    feeders_of,
    of_feeder,
)
from mosaik_scenarios.arena.overview import overview

if TYPE_CHECKING:
    import pandas as pd

    from mosaik_scenarios.arena.result import ArenaResult

NEVER = "missed"
AHEAD_NAMED = 6


def arena_text(result: ArenaResult) -> str:
    """Who catches what at a glance, feeder by feeder."""
    return "\n\n".join("\n".join(_feeder_lines(result, feeder)) for feeder in feeders_of(result))


def _feeder_lines(result: ArenaResult, feeder: str) -> Iterator[str]:
    yield f"{feeder}: {facts(result, feeder)}"
    yield f"  {'detector':20}{'detected':>9}{'delay':>8}{'false alarms a day':>24}{'VUS-PR':>8}{'ms a scan':>11}"
    for row in overview(result, feeder).to_dict("records"):
        alarms = f"{row['false_alarms_a_day']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        detected, delay = percent(row["detected"]), delay_text(row["median_delay_scans"])
        yield (
            f"  {row['detector']:20}{detected:>9}{delay:>8}{alarms:>24}{row['mean_vus_pr']:>8.2f}"
            f"{row['ms_a_scan']:>11.2f}"
        )
    for line in (*conclusion_lines(conclusion_on(result, feeder)), *reach_lines(result, feeder)):
        yield f"  {line}"


def facts(result: ArenaResult, feeder: str) -> str:
    """What one feeder's figures rest on."""
    events = of_feeder(result.events, feeder)
    clean = of_feeder(result.false_alarms, feeder).query("role == 'clean'")
    days = f"{clean['days'].iloc[0]:.0f}" if len(clean) else "no"
    number = len(events.drop_duplicates(["timeline", "event"]))
    return f"{number} events on {events['timeline'].nunique()} attacked timelines, {days} clean days"


def conclusion_lines(conclusion: Conclusion) -> Iterator[str]:
    """Whether the product's best detector is the best of all, and on what it is not."""
    if conclusion.own is None or conclusion.baseline is None:
        yield "The product's detectors and the baselines were not set against each other here."
        return
    ours = f"{conclusion.own} (mean VUS-PR {conclusion.own_vus_pr:.2f})"
    theirs = f"{conclusion.baseline} ({conclusion.baseline_vus_pr:.2f})"
    if conclusion.beats_every_baseline:
        yield f"The product's best detector, {ours}, beats every baseline; the best of them is {theirs}."
    else:
        yield f"The product's best detector, {ours}, does not beat the best baseline, {theirs}."
    if conclusion.ahead:
        named = [
            f"{ahead.kind} ({ahead.baseline} {ahead.vus_pr:.2f} against {ahead.own_vus_pr:.2f})"
            for ahead in conclusion.ahead[:AHEAD_NAMED]
        ]
        more = len(conclusion.ahead) - len(named)
        yield f"A baseline is ahead on {', '.join(named)}{f' and {more} more' if more else ''}."
    else:
        yield "No baseline is ahead on any kind of attack."


def reach_lines(result: ArenaResult, feeder: str) -> Iterator[str]:
    """What only the product catches, and what nobody does."""
    alone = caught_by_own_alone(result, feeder)
    if alone:
        yield (
            f"At least {percent(CAUGHT)} caught by one of the product's detectors, less than {percent(MISSED)} by "
            f"every baseline: {', '.join(alone)}."
        )
    nobody = caught_by_nobody(result, feeder)
    yield (
        f"Less than {percent(MISSED)} caught by anyone: {', '.join(nobody)}."
        if nobody
        else (f"Every kind is caught by someone, in {percent(MISSED)} of its events or more.")
    )


def percent(share: float) -> str:
    """``"83 %"``; nothing where there is no share."""
    return "" if isnan(share) else f"{100 * share:.0f} %"


def delay_text(scans: float) -> str:
    """A delay in scans; an infinite one was missed."""
    if isnan(scans):
        return ""
    return NEVER if isinf(scans) else f"{scans:g}"


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Floats to three digits."""
    floats = table.select_dtypes("float").columns
    return table.assign(**{name: table[name].map(lambda value: float(f"{value:.3g}")) for name in floats})
