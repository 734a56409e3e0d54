"""The kept library's measures at the limits where their papers' definitions leave no choice."""

import sys

import numpy as np
import pytest

from mosaik_scenarios.arena import ranking as module
from mosaik_scenarios.arena.ranking import SURROUNDING_SCANS, Segments, affiliation, ranking, segment, vus_pr
from mosaik_scenarios.arena.scoring import SETTLING_SCANS
from mosaik_scenarios.errors import MissingLibraryError

pytestmark = pytest.mark.usefixtures("ranking_library")


MANY = {"events": 6, "before": 40, "length": 20}
"""So that lot is near its mean."""


def segments(score=None, alarm=None, events=3, before=20, length=10) -> Segments:
    attacked = np.tile(np.repeat([False, True, False], [before, length, before]), events)
    nothing = np.zeros(len(attacked))
    return Segments(
        attacked, nothing if score is None else score(attacked), (nothing if alarm is None else alarm(attacked)) > 0
    )


def test_a_score_that_knows_everything_has_a_volume_of_nearly_one():
    assert 0.9 < vus_pr(segments(lambda attacked: attacked.astype(float))) <= 1


def test_a_constant_score_has_the_share_of_attacked_scans():
    constant = vus_pr(segments(**MANY))
    assert constant == pytest.approx(0.2, abs=0.06)
    assert vus_pr(segments(lambda attacked: np.full(len(attacked), np.nan), **MANY)) == pytest.approx(constant)


def test_a_score_that_is_wrong_everywhere_is_worse_than_lot():
    assert vus_pr(segments(lambda attacked: -attacked.astype(float), **MANY)) < 0.15


def test_the_volume_depends_on_the_order_of_the_scores_alone():
    noise = np.random.default_rng(0).normal(size=150)
    assert vus_pr(segments(lambda attacked: attacked + noise)) == pytest.approx(
        vus_pr(segments(lambda attacked: np.exp(3 * (attacked + noise))))
    )


def test_alarms_that_are_the_events_have_affiliation_one():
    assert affiliation(segments(alarm=lambda attacked: attacked)) == pytest.approx((1, 1, 1))


def test_a_record_that_is_one_alarm_misses_nothing_and_knows_little():
    precision, recall, _ = affiliation(segments(alarm=np.ones_like))
    assert recall == pytest.approx(1)
    assert 0.4 < precision < 0.65


def test_silence_recalls_nothing():
    precision, recall, f1 = affiliation(segments())
    assert np.isnan(precision)
    assert (recall, f1) == (0, 0)


def test_an_alarm_a_little_late_is_worth_more_than_one_far_off():
    def late_by(scans):
        return affiliation(segments(alarm=lambda attacked: np.roll(attacked, scans)))[2]

    assert 1 > late_by(3) > late_by(10) > late_by(18)


def test_a_segment_is_the_event_and_the_clean_scans_nearest_to_it(watched):
    timeline = watched(events=[("bias", 1, 100, 129), ("theft", 1, 160, 189), ("bias", 1, 300, 329)])
    scans = segment(timeline, 160, 189)
    before = np.r_[50:100, 130 + SETTLING_SCANS : 160]
    after = np.arange(190 + SETTLING_SCANS, 300)
    np.testing.assert_array_equal(scans, np.r_[before[-SURROUNDING_SCANS:], 160:190, after[:SURROUNDING_SCANS]])


def test_every_kind_and_level_is_ranked_on_its_own_events(watched):
    events = [("bias", 1, 100, 129), ("bias", 2, 160, 189), ("theft", 1, 220, 249)]
    timeline = watched(alarms=[*range(100, 130), *range(160, 190)], events=events)
    rows = {(row["kind"], row["level"]): row for row in ranking([timeline], 1.0)}
    assert [rows[key]["events"] for key in rows] == [2, 1, 1, 1, 1]
    assert rows["bias", 0]["vus_pr"] > 0.95
    assert rows["theft", 0]["vus_pr"] < 0.3
    assert rows["theft", 0]["affiliation_recall"] == 0
    assert rows["bias", 2]["affiliation_recall"] == pytest.approx(1)


def test_without_the_library_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "dtaianomaly.evaluation", None)
    with pytest.raises(MissingLibraryError, match=r'^[^\n]*pip install -e "\.\[arena\]"\.$'):
        module.require_library()
