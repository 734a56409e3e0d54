"""The chi-square and the largest-residual test."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from models.detection.chi_square import ChiSquareDetector
from models.detection.history import DetectorFrame
from models.detection.largest_residual import LargestResidualDetector


def frame(objective=0.0, degrees_of_freedom=0.0, residual=(0.0, 0.0, 0.0)):
    silent = DetectorFrame.of_telemetry(0.0, np.zeros(len(residual)), np.zeros(len(residual), np.int8))
    return replace(
        silent, objective=objective, degrees_of_freedom=degrees_of_freedom, normalised_residual=np.array(residual)
    )


@pytest.mark.parametrize("degrees_of_freedom", [1, 10, 250])
def test_chi_square_sounds_above_the_quantile_for_any_degrees_of_freedom(degrees_of_freedom):
    quantile = stats.chi2.ppf(0.99, degrees_of_freedom)
    detector = ChiSquareDetector(false_alarm_probability=0.01)
    assert not detector.update(frame(0.999 * quantile, degrees_of_freedom)).alarm
    assert detector.update(frame(1.001 * quantile, degrees_of_freedom)).alarm
    assert detector.update(frame(quantile, degrees_of_freedom)).score == pytest.approx(1.0)


def test_chi_square_keeps_a_finite_score_when_the_p_value_underflows():
    assert np.isfinite(ChiSquareDetector().update(frame(1e9, 20)).score)


def test_chi_square_points_at_no_channel():
    assert ChiSquareDetector().update(frame(1e3, 20, residual=(9.0, 0.0, 0.0))).channel == -1


@pytest.mark.parametrize(("objective", "degrees_of_freedom"), [(np.nan, 10), (12.0, 0), (0.0, -2), (np.nan, np.nan)])
def test_chi_square_does_not_judge_without_an_estimate_or_redundancy(objective, degrees_of_freedom):
    detection = ChiSquareDetector().update(frame(objective, degrees_of_freedom))
    assert np.isnan(detection.score)
    assert not detection.alarm


def test_largest_residual_counts_both_signs_and_names_the_channel():
    detection = LargestResidualDetector().update(frame(residual=(1.0, -3.1, 2.0)))
    assert (detection.score, detection.channel, detection.alarm) == (3.1, 1, True)


def test_largest_residual_passes_over_channels_without_one():
    detection = LargestResidualDetector().update(frame(residual=(np.nan, 0.5, 2.0)))
    assert (detection.score, detection.channel, detection.alarm) == (2.0, 2, False)


def test_largest_residual_does_not_judge_without_an_estimate():
    detection = LargestResidualDetector().update(frame(residual=(np.nan, np.nan)))
    assert np.isnan(detection.score)
    assert (detection.channel, detection.alarm) == (-1, False)
