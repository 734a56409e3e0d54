"""From scores of clean days to a threshold that keeps a promise about false alarms."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.detection.episodes import HOLD_OFF_SCANS, alarm_episodes
from models.detection.history import DAY_S
from models.errors import InvalidParameterError

TAIL_SHARE = 0.05
"""Share of the scans that counts as the tail of the scores. [-]"""


def threshold_for_alarm_rate(
    scores: Sequence[NDArray[np.float64]], step_s: float, alarms_per_day: float, hold_off_scans: int = HOLD_OFF_SCANS
) -> float:
    """Threshold above which clean days give at most `alarms_per_day` alarm episodes.

    The larger of two: the lowest threshold that kept the promise on these very scores, and the level that an
    exponential tail of the episodes' peaks predicts for the rate. The second matters where days are few: it goes beyond
    the largest score seen when fewer alarms are allowed than there were days to see one.

    Parameters
    ----------
    scores
        (n_time,) each, one array a record: scores of successive clean scans, NaN where the detector could not judge.
    step_s
        Time from scan to scan. [s]
    alarms_per_day
        Alarm episodes allowed a day. [1/d]
    hold_off_scans
        Quiet scans that end an episode. [scans]

    Raises
    ------
    InvalidParameterError
        If `alarms_per_day` is not positive or no score is finite.
    """
    if not (np.isfinite(alarms_per_day) and alarms_per_day > 0):
        raise InvalidParameterError(
            f"alarms_per_day must be positive, got {alarms_per_day}; no threshold excludes every false alarm, "
            "0.1 allows one in ten days."
        )
    days = sum(map(len, scores)) * step_s / DAY_S
    in_a_row = _end_to_end(scores, hold_off_scans)
    if not np.isfinite(in_a_row).any():
        raise InvalidParameterError(
            f"calibration needs scores of clean scans, none of those of {days:g} days is finite; "
            "was the network observable on the clean days?"
        )
    return max(
        _lowest_within_budget(in_a_row, int(alarms_per_day * days), hold_off_scans),
        _return_level(in_a_row, days, alarms_per_day, hold_off_scans),
    )


def _end_to_end(scores: Sequence[NDArray[np.float64]], hold_off_scans: int) -> NDArray[np.float64]:
    """The records one after the other, so far apart that no episode goes on from one to the next."""
    pause = np.full(hold_off_scans + 1, np.nan)
    return np.concatenate([part for record in scores for part in (record, pause)])


def _lowest_within_budget(scores: NDArray[np.float64], allowed: int, hold_off_scans: int) -> float:
    """The lowest score that, as a threshold, leaves at most `allowed` episodes, as do all above it."""
    candidates = np.unique(scores[np.isfinite(scores)])[::-1]
    threshold = candidates[0]
    for candidate in candidates[1:]:
        if len(alarm_episodes(scores > candidate, hold_off_scans)) > allowed:
            break
        threshold = candidate
    return float(threshold)


def _return_level(scores: NDArray[np.float64], days: float, alarms_per_day: float, hold_off_scans: int) -> float:
    """Level that the peaks of episodes exceed `alarms_per_day` times a day, after peaks over threshold.

    The mean excess is widened by one standard error, so that few peaks err towards silence.

    References
    ----------
    .. [1] S. Coles, "An Introduction to Statistical Modeling of Extreme Values", Springer 2001, section 4.3.3,
       equation 4.12 with shape 0; declustering by runs: section 5.3.2.
    """
    start_of_tail = float(np.nanquantile(scores, 1 - TAIL_SHARE))
    episodes = alarm_episodes(scores > start_of_tail, hold_off_scans)
    if len(episodes) == 0:
        return start_of_tail
    peaks = np.array([np.nanmax(scores[first : last + 1]) for first, last in episodes])
    mean_excess = float((peaks - start_of_tail).mean()) * (1 + 1 / np.sqrt(len(peaks)))
    episodes_per_day = len(peaks) / days
    return float(start_of_tail + mean_excess * np.log(episodes_per_day / alarms_per_day))
