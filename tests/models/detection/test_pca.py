"""The squared prediction error of a principal component analysis."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from models.detection import History
from models.detection.history import DetectorFrame
from models.detection.pca import PcaDetector, limit_of_squared_error
from models.errors import ChannelMismatchError, InvalidParameterError, NotFittedError

PLANE = np.array([[1.0, 0, 0, 1, 0], [0, 1, 1, 0, 0]]).T / np.sqrt(2)
ORTHOGONAL = np.array([1.0, 0, 0, -1, 0])


@pytest.fixture
def detector():
    """Judges by a plane that is known: channels 0 and 3 are equal, 1 and 2 are equal, channel 4 is zero."""
    detector = PcaDetector()
    detector.channels = tuple("abcde")
    detector.restore({"mean": np.zeros(5), "spread": np.ones(5), "components": PLANE})
    return detector


def judged(detector, value):
    return detector.judge(DetectorFrame.of_telemetry(0.0, np.array(value, dtype=float), np.zeros(5, np.int8)))


def test_error_of_a_scan_in_the_plane_is_zero(detector):
    score, contribution = judged(detector, PLANE @ [3.0, -7.0])
    assert score == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(contribution, 0, atol=1e-12)


def test_error_of_a_scan_orthogonal_to_the_plane_is_its_squared_length(detector):
    score, contribution = judged(detector, 3 * ORTHOGONAL)
    assert score == pytest.approx(18.0)
    np.testing.assert_allclose(contribution, [9, 0, 0, 9, 0], atol=1e-12)


def test_what_lies_in_the_plane_adds_nothing(detector):
    assert judged(detector, 3 * ORTHOGONAL + PLANE @ [3.0, -7.0])[0] == pytest.approx(18.0)


def test_a_lost_value_of_a_scan_in_the_plane_changes_nothing(detector):
    value = PLANE @ [3.0, -7.0]
    value[1] = np.nan
    score, contribution = judged(detector, value)
    assert score == pytest.approx(0, abs=1e-12)
    np.testing.assert_array_equal(np.isnan(contribution), [False, True, False, False, False])


def test_a_lost_value_leaves_the_least_squares_error_of_the_others():
    rng = np.random.default_rng(3)
    components, value = np.linalg.qr(rng.normal(size=(5, 2)))[0], rng.normal(size=5)
    detector = PcaDetector()
    detector.channels = tuple("abcde")
    detector.restore({"mean": np.zeros(5), "spread": np.ones(5), "components": components})
    value[2] = np.nan
    known = np.isfinite(value)
    squared_error = np.linalg.lstsq(components[known], value[known], rcond=None)[1][0]
    assert judged(detector, value)[0] == pytest.approx(squared_error)


def test_no_more_values_than_components_are_no_evidence(detector):
    score, contribution = judged(detector, [9.0, np.nan, -9.0, np.nan, np.nan])
    assert np.isnan(score)
    assert np.isnan(contribution).all()


def test_fit_finds_as_many_components_as_the_channels_have_in_common(clean_days):
    """Sixteen channels made of three profiles, and a little noise."""
    detector = PcaDetector(explained_share=0.85)
    detector.fit([clean_days(2, seed=1)])
    components = detector.learned()["components"]
    assert components.shape == (16, 3)
    np.testing.assert_allclose(components.T @ components, np.eye(3), atol=1e-12)


def test_the_forged_channel_contributes_most(clean_days):
    detector, day = PcaDetector(explained_share=0.9), clean_days(1, seed=2)
    detector.fit([clean_days(2, seed=1)])
    forged = day.value.copy()
    forged[:, 5] += 1.0
    verdicts = detector.watch(replace(day, value=forged))
    assert (verdicts.suspects[:, 0] == 5).all()
    assert (verdicts.score > detector.threshold).all()


def test_a_channel_that_never_moved_is_quiet_until_it_does(clean_days):
    day = clean_days(1, seed=2)
    value = day.value.copy()
    value[:, 3], value[:, 4] = 0.0, np.nan
    still = History.of_values(day.channels, day.time_s, value)
    detector = PcaDetector(explained_share=0.9)
    detector.fit([still])
    assert np.isfinite(detector.scores(still)).all()
    assert np.median(detector.scores(still)) < detector.threshold
    value[100, 3] = 0.1
    moved = detector.watch(History.of_values(day.channels, day.time_s, value))
    assert moved.suspects[100, 0] == 3


@pytest.mark.parametrize("degrees_of_freedom", [1, 4, 60])
def test_limit_is_exact_where_all_variances_are_equal(degrees_of_freedom):
    expected = 0.25 * stats.chi2.ppf(0.99, degrees_of_freedom)
    assert limit_of_squared_error(np.full(degrees_of_freedom, 0.25), 0.01) == pytest.approx(expected)


def test_limit_keeps_its_promise_where_a_few_variances_are_large():
    variance = np.array([1.0, 0.5, *[0.02] * 40])
    squared = np.random.default_rng(0).normal(size=(50_000, len(variance))) ** 2 @ variance
    assert np.mean(squared > limit_of_squared_error(variance, 0.01)) == pytest.approx(0.01, rel=0.5)


def test_it_is_not_ready_before_a_clean_day_nor_for_other_channels(detector):
    frame = DetectorFrame.of_telemetry(0.0, np.zeros(4), np.zeros(4, np.int8))
    with pytest.raises(NotFittedError, match="pca has seen no clean day"):
        PcaDetector().update(frame)
    with pytest.raises(ChannelMismatchError, match="expected 5 channels, got 4"):
        detector.update(frame)
    with pytest.raises(InvalidParameterError, match=r"expected spread of shape \(5,\), got \(4,\)"):
        detector.restore({"mean": np.zeros(5), "spread": np.ones(4), "components": PLANE})
