"""Detection against false alarms, as the threshold moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.episodes import HOLD_OFF_SCANS
from mosaik_scenarios.arena.result import ALL
from mosaik_scenarios.arena.scoring import Watched, detected_events

RATES_PER_DAY = np.geomspace(0.1, 10.0, 13)
"""False alarms at which the curve is looked at. [1/d]"""

ROUNDING = 1e-9
"""Of a number of alarms that is a whole one but for floating point. [-]"""


def detection_curve(clean: Sequence[Watched], attacked: Sequence[Watched]) -> list[dict[str, Any]]:
    """Rows of `ArenaResult.curves` without feeder and detector, for all kinds together and each.

    The thresholds are those that keep a rate on the clean timelines themselves: a curve shows what a detector could do,
    not what it does at a threshold set beforehand. A rate below one alarm in all clean days cannot be told and has no
    row.
    """
    import pandas as pd

    days = sum(timeline.clean_days for timeline in clean)
    if not days or not attacked:
        return []
    rows = []
    kinds = pd.concat([timeline.events[["kind"]] for timeline in attacked])
    allowed = np.floor(RATES_PER_DAY * days + ROUNDING).astype(int)
    for threshold, count in thresholds_for(clean, allowed[allowed > 0].tolist()):
        events = kinds.assign(detected=np.concatenate([detected_events(timeline, threshold) for timeline in attacked]))
        of_kinds = [(ALL, events), *events.groupby("kind", sort=False)]
        rows += [
            {
                "kind": str(kind),
                "threshold": threshold,
                "false_alarms_per_day": count / days,
                "events": len(of_kind),
                "detection_rate": float(of_kind["detected"].mean()),
            }
            for kind, of_kind in of_kinds
        ]
    return rows


def thresholds_for(clean: Sequence[Watched], allowed: Sequence[int]) -> list[tuple[float, int]]:
    """For growing numbers of false alarms, the lowest threshold that keeps within, and how many it has.

    As the threshold falls, alarms grow together and their number may fall again; a threshold counts only if all above
    it keep within the number, too. Numbers that give the same threshold as the one before are left out.
    """
    found: list[tuple[float, int]] = []
    steps = iter(alarms_by_threshold(clean, max(allowed, default=0)))
    threshold, count = next(steps)
    ahead = next(steps, None)
    for most in allowed:
        while ahead is not None and ahead[1] <= most:
            threshold, count = ahead
            ahead = next(steps, None)
        if count > 0 and (threshold, count) not in found:
            found.append((threshold, count))
    return found


def alarms_by_threshold(clean: Sequence[Watched], most: int) -> list[tuple[float, int]]:
    """Falling thresholds with the number of false alarms at each, until there are more than `most`.

    The scans are taken in by falling score: one that has no alarm within the hold-off on either side is a new alarm,
    one that has two different ones joins them.
    """
    score = _end_to_end(clean)
    order = np.argsort(-score, kind="stable")[: int(np.isfinite(score).sum())]
    levels = np.append(score[order], -np.inf)
    alarmed = bytearray(len(score))
    found, count = [(float(levels[0]), 0)], 0
    for place, scan in enumerate(order.tolist()):
        count += _new_alarms(alarmed, scan)
        if levels[place + 1] < levels[place]:
            if count > most:
                break
            found.append((float(levels[place + 1]), count))
    return found


def _end_to_end(clean: Sequence[Watched]) -> NDArray[np.float64]:
    """Scores of the clean scans, the timelines so far apart that no alarm goes on from one to the next."""
    pause = np.full(HOLD_OFF_SCANS, np.nan)
    parts = [part for timeline in clean for part in (pause, np.where(timeline.clean, timeline.score, np.nan))]
    return np.concatenate([*parts, pause])


def _new_alarms(alarmed: bytearray, scan: int) -> int:
    """1 if the scan is a new alarm, -1 if it joins two, 0 if it belongs to one; it is alarmed from now on."""
    before = alarmed.rfind(1, scan - HOLD_OFF_SCANS, scan)
    after = alarmed.find(1, scan + 1, scan + 1 + HOLD_OFF_SCANS)
    alarmed[scan] = 1
    if before >= 0 and after >= 0:
        return -1 if after - before > HOLD_OFF_SCANS else 0
    return 0 if before >= 0 or after >= 0 else 1
