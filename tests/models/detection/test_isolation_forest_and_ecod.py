"""Isolation forest and ECOD say what scikit-learn and PyOD say when called directly."""

from dataclasses import replace

import numpy as np
import pytest

from models.detection import History
from models.detection.ecod import EcodDetector
from models.detection.isolation_forest import IsolationForestDetector
from models.detection.isolation_trees import average_path_length
from models.detection.scan_features import MOST_SCANS, features_of, medians, sample_of_clean_scans

KINDS = [IsolationForestDetector, EcodDetector]


@pytest.fixture(scope="module")
def fitted(clean_days):
    """Each kind of detector, fitted to the same day."""
    detectors = {kind: kind() for kind in KINDS}
    for detector in detectors.values():
        detector.fit([clean_days(1, seed=1)], seed=5)
    return detectors


@pytest.fixture(scope="module")
def training(clean_days):
    return of(clean_days(1, seed=1))


@pytest.fixture(scope="module")
def asked(clean_days):
    """Scans of another day, some of them odd."""
    day = clean_days(1, seed=2)[:40]
    value = day.value.copy()
    value[20:30, 3] += 1.0
    return replace(day, value=value)


def of(history):
    return features_of(history.value, history.normalised_residual)


def test_forest_scores_as_scikit_learn_does(fitted, training, asked):
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, max_samples=256, random_state=5).fit(training)
    scores = fitted[IsolationForestDetector].scores(asked)
    np.testing.assert_allclose(scores, -forest.score_samples(of(asked)), rtol=1e-12)


def test_ecod_scores_as_pyod_does_when_asked_about_one_scan_at_a_time(fitted, training, asked):
    from pyod.models.ecod import ECOD

    ecod = ECOD().fit(training)
    expected = [ecod.decision_function(scan[None])[0] for scan in of(asked)]
    np.testing.assert_allclose(fitted[EcodDetector].scores(asked), expected, rtol=1e-12)


def test_ecod_adds_up_its_channels_and_points_at_the_one_furthest_out(fitted, asked):
    detector = fitted[EcodDetector]
    score, channel_score = detector.judge_scans(asked.value, asked.normalised_residual)
    np.testing.assert_allclose(channel_score.sum(axis=1), score)
    n_training = 288
    assert channel_score[20:30, 3].min() > np.log(n_training + 1)  # further out than anything seen
    assert channel_score.min() >= 0


def test_forest_ranks_the_channel_first_that_its_cuts_part_from_the_rest():
    """One of three channels leaves the range of the others' clean days."""
    rng = np.random.default_rng(0)
    time_s = 60.0 * np.arange(400)
    day = History.of_values(("a", "b", "c"), time_s, rng.normal(size=(400, 3)))
    detector = IsolationForestDetector()
    detector.fit([day])
    forged = day.value.copy()
    forged[:, 1] = 40.0
    verdicts = detector.watch(History.of_values(day.channels, time_s, forged))
    assert np.mean(verdicts.suspects[:, 0] == 1) > 0.95
    assert np.mean(verdicts.score > detector.scores(day)) > 0.95


def test_average_path_is_that_of_an_unsuccessful_search():
    harmonic = np.sum(1 / np.arange(1, 256))
    expected = [0.0, 1.0, 2 * harmonic - 2 * 255 / 256]
    np.testing.assert_allclose(average_path_length(np.array([1, 2, 256])), expected, atol=5e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_number_counts_as_the_clean_median(kind, fitted, training, asked):
    value, residual = asked.value.copy(), asked.normalised_residual.copy()
    value[0, 2] = residual[0, 4] = np.nan
    median = medians(training)
    lost = fitted[kind].judge_scans(value, residual)[0]
    value[0, 2], residual[0, 4] = median[2], median[16 + 4]
    assert lost[0] == fitted[kind].judge_scans(value, residual)[0][0]


@pytest.mark.parametrize("kind", KINDS)
def test_channels_that_never_moved_never_spoke_or_had_no_residual_do_no_harm(kind, clean_days):
    day = clean_days(1, seed=3)[:100]
    value, residual = day.value.copy(), np.full(day.value.shape, np.nan)
    value[:, 0], value[:, 1] = 1.0, np.nan
    detector = kind()
    detector.fit([replace(day, value=value, normalised_residual=residual)])
    value[50, :] = 7.0
    scores = detector.scores(replace(day, value=value, normalised_residual=residual))
    assert np.isfinite(scores).all()
    assert np.argmax(scores) == 50


def test_medians_pass_over_what_is_missing():
    features = np.array([[1, np.nan, np.nan], [9, 4, np.nan], [2, np.nan, np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(medians(features), [2, 4, 0])


def test_of_long_records_a_sample_by_seed_is_kept():
    n_time = MOST_SCANS // 2 + 100
    records = [
        History.of_values(("a",), 60.0 * np.arange(n_time), start + np.arange(n_time, dtype=float)[:, None])
        for start in (0, 10_000)
    ]
    sample = sample_of_clean_scans(records, seed=1)
    assert sample.shape == (MOST_SCANS, 2)
    assert len(np.unique(sample[:, 0])) == MOST_SCANS
    np.testing.assert_array_equal(sample, sample_of_clean_scans(records, seed=1))
    assert (sample[:, 0] != sample_of_clean_scans(records, seed=2)[:, 0]).any()
