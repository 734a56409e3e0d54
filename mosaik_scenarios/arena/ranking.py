"""Rankings of detectors by whole score curves and by distances in time, from a kept library.

Both are calculated by kind of attack on segments laid end to end, so that every kind has the same share of attacked
scans on every feeder. The segment of an event is the event and the `SURROUNDING_SCANS` clean scans nearest to it on
either side (`Watched.clean`: no lead-in, no event and no settling after one), so that other events, and the moments
after this one, are cut out; scans between two events of a kind may belong to both segments. About a fifth of the scans
are then attacked, and a score that knows nothing gets that as its VUS-PR.

VUS-PR is the volume under the precision-recall surface over thresholds and widths of a tolerant border around every
event [1]_, here up to `WIDEST_BORDER_SCANS` (half of it on each side): larger ones would reward alarms before the
onset. A score that is 1 in the events and 0 elsewhere has somewhat less than 1, since the border belongs to the events
in part.
Affiliation precision and recall compare the distances in time between alarms and events with those of alarms by lot,
each event in the time that is nearest to it [2]_; 0.5 is lot, and a record that is one alarm has recall 1.

References
----------
.. [1] J. Paparrizos et al., "Volume Under the Surface: A New Accuracy Evaluation Measure for Time-Series Anomaly
   Detection", Proceedings of the VLDB Endowment 15 (2022), section 4.
.. [2] A. Huet, J. M. Navarro, D. Rossi, "Local Evaluation of Time Series Anomaly Detection Algorithms", KDD 2022,
   section 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaik_scenarios.arena.result import ALL_LEVELS
from mosaik_scenarios.arena.scoring import Watched, standing_scans
from mosaik_scenarios.errors import MissingLibraryError

if TYPE_CHECKING:
    import pandas as pd

SURROUNDING_SCANS = 60
WIDEST_BORDER_SCANS = 10


class Segments(NamedTuple):
    """Scans around some events, end to end."""

    attacked: NDArray[np.bool_]
    """(n_scan,) Whether a scan belongs to an event."""
    score: NDArray[np.float64]
    """(n_scan,) [-]"""
    alarm: NDArray[np.bool_]
    """(n_scan,) Whether an alarm stands."""


def ranking(attacked: Sequence[Watched], threshold: float) -> list[dict[str, Any]]:
    """Rows of `ArenaResult.ranking` without feeder and detector.

    Raises
    ------
    MissingLibraryError
        If the library that knows the measures is not installed.
    """
    standing = [standing_scans(timeline.alarms(threshold), len(timeline.score)) for timeline in attacked]
    rows = []
    for (kind, level), events in _events_by_kind_and_level(attacked):
        segments = _segments(attacked, standing, events)
        precision, recall, f1 = affiliation(segments)
        rows.append(
            {
                "kind": kind,
                "level": level,
                "events": len(events),
                "base_rate": float(segments.attacked.mean()),
                "vus_pr": vus_pr(segments),
                "affiliation_precision": precision,
                "affiliation_recall": recall,
                "affiliation_f1": f1,
            }
        )
    return rows


def vus_pr(segments: Segments) -> float:
    """Volume under the precision-recall surface.

    The library joins points of the curve by straight lines, which would give a constant score half of what lies between
    its due, the share of attacked scans, and 1. Scans of the same score are therefore put in an order by lot, as a
    threshold that cuts through them would; what could not be judged comes last.
    """
    require_library()
    from dtaianomaly.evaluation import VolumeUnderPR

    lot = np.random.default_rng(0).permutation(len(segments.score))
    score = np.nan_to_num(segments.score, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    rank = np.empty(len(lot))
    rank[np.lexsort((lot, score))] = np.arange(len(lot))
    volume = VolumeUnderPR(max_buffer_size=WIDEST_BORDER_SCANS)
    with _one_thread():
        return float(volume.compute(segments.attacked.astype(int), rank))


def affiliation(segments: Segments) -> tuple[float, float, float]:
    """Affiliation precision, recall and F1 of the alarms; without an alarm there is no precision, the others are 0."""
    require_library()
    from dtaianomaly.evaluation import AffiliationPrecision, AffiliationRecall

    if not segments.alarm.any():
        return np.nan, 0.0, 0.0
    truth, alarm = segments.attacked.astype(int), segments.alarm.astype(int)
    precision, recall = (
        float(measure().compute(truth, alarm)) for measure in (AffiliationPrecision, AffiliationRecall)
    )
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


@contextmanager
def _one_thread() -> Iterator[None]:
    """The library's loops take half a millisecond; handing each to threads takes longer where the machine is busy."""
    from numba import get_num_threads, set_num_threads

    threads = get_num_threads()
    set_num_threads(1)
    try:
        yield
    finally:
        set_num_threads(threads)


def _events_by_kind_and_level(attacked: Sequence[Watched]) -> Iterator[tuple[tuple[str, int], pd.DataFrame]]:
    """Events with the `place` of their timeline in the sequence: of a kind, and of each of its levels."""
    import pandas as pd

    events = pd.concat([timeline.events.assign(place=place) for place, timeline in enumerate(attacked)])
    for kind, of_kind in events.groupby("kind", sort=False):
        yield (str(kind), ALL_LEVELS), of_kind
        for level in sorted(set(of_kind["level"].tolist())):
            yield (str(kind), level), of_kind[of_kind["level"] == level]


def _segments(attacked: Sequence[Watched], standing: Sequence[NDArray[np.bool_]], events: pd.DataFrame) -> Segments:
    parts = []
    for place, first, last in events[["place", "first_scan", "last_scan"]].itertuples(index=False):
        timeline = attacked[place]
        scans = segment(timeline, first, last)
        parts.append(((scans >= first) & (scans <= last), timeline.score[scans], standing[place][scans]))
    return Segments(*map(np.concatenate, zip(*parts, strict=True)))


def segment(timeline: Watched, first: int, last: int) -> NDArray[np.int64]:
    """Scans of an event and the clean ones nearest to it."""
    clean = np.flatnonzero(timeline.clean)
    before, after = clean[clean < first][-SURROUNDING_SCANS:], clean[clean > last][:SURROUNDING_SCANS]
    return np.concatenate([before, np.arange(first, last + 1), after])


def require_library() -> None:
    """Refuse to go on without the library that knows the measures.

    Raises
    ------
    MissingLibraryError
    """
    try:
        import dtaianomaly.evaluation  # noqa: F401
    except ImportError:
        raise MissingLibraryError(
            'ranking detectors needs the extra "arena"; install it with: pip install -e ".[arena]".'
        ) from None
