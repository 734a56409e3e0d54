"""Thresholds for a stated number of false alarms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.detection.episodes import alarm_episodes
from models.detection.threshold import threshold_for_alarm_rate
from models.errors import InvalidParameterError

MINUTE_S = 60.0
SCANS_A_DAY = 1440


def test_alarms_close_together_are_one_episode():
    alarm = np.zeros(30, dtype=bool)
    alarm[[2, 3, 8, 20]] = True
    np.testing.assert_array_equal(alarm_episodes(alarm, hold_off_scans=5), [[2, 8], [20, 20]])
    np.testing.assert_array_equal(alarm_episodes(alarm, hold_off_scans=4), [[2, 3], [8, 8], [20, 20]])


def test_silence_is_no_episode():
    assert alarm_episodes(np.zeros(10, dtype=bool)).shape == (0, 2)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), alarms_per_day=st.floats(0.05, 30))
def test_calibration_days_keep_within_the_rate_they_calibrated(seed, alarms_per_day):
    scores = np.random.default_rng(seed).gamma(2.0, size=SCANS_A_DAY)
    threshold = threshold_for_alarm_rate([scores], MINUTE_S, alarms_per_day)
    assert len(alarm_episodes(scores > threshold)) <= alarms_per_day


def test_fewer_alarms_need_a_higher_threshold():
    scores = np.random.default_rng(0).gamma(2.0, size=2 * SCANS_A_DAY)
    thresholds = [threshold_for_alarm_rate([scores], MINUTE_S, rate) for rate in (20, 5, 1, 0.2, 0.01)]
    assert np.all(np.diff(thresholds) > 0)


def test_fewer_alarms_than_days_go_beyond_the_largest_score_seen():
    scores = np.random.default_rng(0).exponential(size=2 * SCANS_A_DAY)
    assert threshold_for_alarm_rate([scores], MINUTE_S, alarms_per_day=0.01) > scores.max()


def test_an_exponential_tail_is_continued_at_its_own_rate():
    """Of independent exponential scores n exceed ln(scans / n); the margin for few peaks may add some per cent."""
    scores = np.random.default_rng(1).exponential(size=20 * SCANS_A_DAY)
    expected = np.log(SCANS_A_DAY / 0.05)
    assert threshold_for_alarm_rate([scores], MINUTE_S, alarms_per_day=0.05) == pytest.approx(expected, rel=0.15)


def test_rate_holds_on_days_not_seen_in_calibration():
    rng = np.random.default_rng(2)
    threshold = threshold_for_alarm_rate([rng.gamma(2.0, size=5 * SCANS_A_DAY)], MINUTE_S, alarms_per_day=2.0)
    fresh = rng.gamma(2.0, size=50 * SCANS_A_DAY)
    assert 0.5 < len(alarm_episodes(fresh > threshold)) / 50 < 3.0


def test_scans_without_a_verdict_do_not_matter():
    scores = np.random.default_rng(3).gamma(2.0, size=SCANS_A_DAY)
    scores[100:110] = np.nan
    assert np.isfinite(threshold_for_alarm_rate([scores], MINUTE_S, alarms_per_day=1.0))


def test_constant_scores_give_that_score():
    assert threshold_for_alarm_rate([np.full(100, 0.7)], MINUTE_S, alarms_per_day=1.0) == pytest.approx(0.7)


@pytest.mark.parametrize("alarms_per_day", [0, -1, np.nan, np.inf])
def test_a_rate_that_no_threshold_can_keep_is_refused(alarms_per_day):
    with pytest.raises(InvalidParameterError, match="alarms_per_day must be positive"):
        threshold_for_alarm_rate([np.ones(10)], MINUTE_S, alarms_per_day)


def test_days_without_a_single_verdict_are_refused():
    with pytest.raises(InvalidParameterError, match="none of those of"):
        threshold_for_alarm_rate([np.full(10, np.nan)], MINUTE_S, 1.0)
