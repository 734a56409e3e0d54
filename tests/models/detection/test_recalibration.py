"""What is usual follows honest changes, and no attack."""

import numpy as np
import pytest

from models.detection.recalibration import Pace, RollingCalibration
from models.errors import InvalidParameterError

DAY = 1440
NOISE = np.random.default_rng(0).normal(size=(2 * DAY, 1))


@pytest.fixture
def settled():
    calibration = RollingCalibration(np.zeros(1), np.ones(1))
    watch(calibration, NOISE[:DAY])
    return calibration


def watch(calibration, series):
    return np.array([calibration.standardise(scan) for scan in series])


def test_noise_keeps_the_unit_it_has(settled):
    deviation = watch(settled, NOISE[DAY:])
    assert deviation.std() == pytest.approx(1.0, abs=0.1)
    assert deviation.mean() == pytest.approx(0.0, abs=0.1)


def test_a_bias_that_was_there_from_the_start_is_no_news_after_a_while():
    calibration = RollingCalibration(np.zeros(1), np.ones(1))
    deviation = watch(calibration, 3.0 + NOISE[:DAY])
    assert abs(deviation[60:].mean()) < 0.15


def test_a_loud_change_is_not_learnt_while_it_may_be_an_attack(settled):
    location = settled.location.copy()
    watch(settled, 20.0 + NOISE[: settled.pace.patience_scans - 1])
    np.testing.assert_array_equal(settled.location, location)


@pytest.mark.parametrize("size", [3.0, 6.0])
def test_half_an_hour_of_a_smaller_change_is_learnt_at_a_bounded_rate(settled, size):
    location = settled.location.copy()
    watch(settled, size + NOISE[:30])
    most = 30 / settled.pace.location_scans * settled.pace.clip * settled.scale
    assert np.all(np.abs(settled.location - location) <= 1.1 * most)


def test_a_change_that_stays_is_usual_within_a_day(settled):
    deviation = watch(settled, 20.0 + NOISE[:DAY])
    assert np.all(deviation[:60] > 10)
    assert abs(deviation[-60:].mean()) < 0.3


def test_a_restless_afternoon_is_learnt_and_forgotten(settled):
    watch(settled, 2.0 * NOISE[:DAY])
    restless = settled.scale.copy()
    watch(settled, NOISE[:DAY])
    assert restless > 1.4
    assert settled.scale == pytest.approx(1.0, abs=0.2)


def test_a_quiet_series_does_not_grow_over_sensitive(settled):
    watch(settled, np.zeros((2 * DAY, 1)))
    assert settled.scale == pytest.approx(settled.pace.least_scale)


def test_what_is_unknown_teaches_nothing(settled):
    before = settled.location.copy(), settled.scale.copy()
    assert np.isnan(watch(settled, np.full((100, 1), np.nan))).all()
    np.testing.assert_array_equal((settled.location, settled.scale), before)


def test_what_must_not_be_learnt_is_not(settled):
    before = settled.location.copy()
    assert settled.standardise(np.array([2.0]), learns=False) > 1
    np.testing.assert_array_equal(settled.location, before)


@pytest.mark.parametrize("wrong", [{"clip": 0}, {"location_scans": -1}, {"least_scale": 2}])
def test_an_impossible_pace_is_refused_by_name(wrong):
    with pytest.raises(InvalidParameterError, match=next(iter(wrong))):
        Pace(**wrong)
