"""What each attack did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from mosaik_scenarios.summary.tables import Extreme, highest, inside, quantity

if TYPE_CHECKING:
    from mosaik_scenarios.results import RunResult


@dataclass(frozen=True)
class AttackSummary:
    """One attack: what it did and when.

    Attributes
    ----------
    channels
        Those that it forged.
    largest_change
        From the measured to the received value. [unit of the channel]
    missing_share
        Of the forged channels' readings, those that did not arrive at all. [-]
    removed_share
        Of the forged readings that arrived, those that the estimator took out as bad data; None where the run does not
        say. [-]
    taps_moved
        Tap operations while it lasted.
    """

    family: str
    start: datetime
    end: datetime
    channels: tuple[str, ...]
    largest_change: Extreme | None
    missing_share: float
    removed_share: float | None
    taps_moved: int


def summarise_attacks(result: RunResult) -> list[AttackSummary]:
    """Every attack of the scenario."""
    measurement, forged_by = result.table("measurement"), quantity(result.table("attack"), "forged_by")
    everything = quantity(measurement, "forged").astype(bool)
    return [
        summarise_attack(
            attack.family,
            start,
            end,
            measurement,
            # Of several attacks on one channel the last one is what arrives.
            forged_by == number if len(forged_by) else everything,
            result.events,
        )
        for number, (attack, (start, end)) in enumerate(
            zip(result.scenario.attacks, attack_windows(result), strict=True)
        )
    ]


def attack_windows(result: RunResult) -> list[tuple[datetime, datetime]]:
    """Begin and end of every attack of the scenario."""
    begin = result.scenario.start
    return [(begin + attack.start, begin + attack.start + attack.duration) for attack in result.scenario.attacks]


def summarise_attack(
    family: str,
    start: datetime,
    end: datetime,
    measurement: pd.DataFrame,
    forged: pd.DataFrame,
    events: pd.DataFrame,
) -> AttackSummary:
    """What happened to the `forged` measurements and to the taps between `start` and `end`."""
    window = measurement.loc[inside(measurement.index, start, end)]
    forged = forged.loc[inside(forged.index, start, end)]
    channels = [channel for channel in forged.columns if forged[channel].any()]
    forged = forged[channels]
    received = quantity(window, "value_received")[channels]
    change = (received - quantity(window, "value_measured")[channels]).where(forged)
    moved = events[(events["kind"] == "tap") & inside(events.index, start, end)]
    return AttackSummary(
        family=family,
        start=start,
        end=end,
        channels=tuple(map(str, channels)),
        largest_change=_largest(change),
        missing_share=_share(received.isna(), of=forged) or 0.0,
        removed_share=_share(quantity(window, "removed"), of=forged & received.notna()),
        taps_moved=len(moved),
    )


def _largest(change: pd.DataFrame) -> Extreme | None:
    """The value of largest magnitude, with its sign."""
    largest = highest(change.abs())
    if largest is None or largest.value == 0:
        return None
    signed = float(change.loc[largest.at, largest.element])  # type: ignore[index, arg-type]
    return Extreme(signed, largest.element, largest.at)


def _share(marked: pd.DataFrame, of: pd.DataFrame) -> float | None:
    """Share of the readings in `of` that are `marked`; None if there are none, or nothing is marked or not."""
    readings = int(of.to_numpy().sum())
    if not readings or not set(of.columns) <= set(marked.columns):
        return None
    return float((marked[of.columns].astype(bool) & of).to_numpy().sum() / readings)
