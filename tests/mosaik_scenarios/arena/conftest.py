"""Timelines as a detector scored them, made by hand: minutes, quiet but for what a test puts in."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
import pytest

from mosaik_scenarios.arena.scoring import Watched

LEAD_IN_SCANS = 20
MINUTE_S = 60.0

Event = tuple[str, int, int, int]
"""Kind, level, first and last scan."""


@pytest.fixture(scope="session")
def watched() -> Callable[..., Watched]:
    """Makes a timeline: ``watched(scans, alarms, events, suspects)``; the score is 2 in an alarm and 0 elsewhere."""
    return make_watched


@pytest.fixture(scope="module")
def ranking_library() -> Iterator[None]:
    """The library's loops as they are written: compiling them takes longer than running them here."""
    pytest.importorskip("dtaianomaly", reason="the extra arena is not installed")
    from dtaianomaly.evaluation import _affiliation_metrics, _volume_under_surface_metrics

    with pytest.MonkeyPatch.context() as patch:
        for place, name in (
            (_volume_under_surface_metrics, "_range_pr_roc_auc_support_numbafied"),
            (_affiliation_metrics, "make_intervals"),
        ):
            loops = getattr(place, name)
            patch.setattr(place, name, getattr(loops, "py_func", loops))
        yield


def make_watched(
    scans: int = 400,
    alarms: Iterable[int] = (),
    events: Iterable[Event] = (),
    suspects: tuple[int, int, int] = (-1, -1, -1),
    seed: int = 1,
) -> Watched:
    score = np.zeros(scans)
    score[list(alarms)] = 2.0
    return Watched(
        name=f"attacked-{seed}",
        seed=seed,
        score=score,
        suspects=np.tile(np.array(suspects), (scans, 1)),
        events=event_rows(events),
        lead_in_scans=LEAD_IN_SCANS,
        step_s=MINUTE_S,
    )


def event_rows(events: Iterable[Event]) -> pd.DataFrame:
    """As in a timeline's folder, aimed at the channel "v bus 1" and bus 1."""
    rows = list(events)
    return pd.DataFrame(
        {
            "event": range(len(rows)),
            "kind": [kind for kind, *_ in rows],
            "family": [kind for kind, *_ in rows],
            "level": [level for _, level, *_ in rows],
            "magnitude": [float(level) for _, level, *_ in rows],
            "first_scan": np.array([first for *_, first, _ in rows], dtype=int),
            "last_scan": np.array([last for *_, last in rows], dtype=int),
            "channels": [["v bus 1"] for _ in rows],
            "buses": [[1] for _ in rows],
        }
    )
