"""The contract of every registered detector."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from models.detection import DETECTORS, Detector, History
from models.detection.episodes import alarm_episodes
from models.detection.history import DetectorFrame
from models.errors import ChannelMismatchError, ModelError
from models.telemetry.quality import Quality

every_detector = pytest.mark.parametrize("name", DETECTORS)


@every_detector
def test_detector_keeps_silent_on_clean_days_within_its_budget(name, trained, clean_days):
    detector, days = trained(name), clean_days(4, seed=30)
    alarm = np.array([detector.update(frame).alarm for frame in days])
    # One a day is expected of four days; nine or more would have a probability of 2 % if that were true.
    assert len(alarm_episodes(alarm)) <= 8


@every_detector
def test_detector_alarms_when_everything_it_looks_at_is_absurd(name, trained, clean_days):
    detector, day = trained(name), clean_days(1, seed=31)
    absurd = replace(day, value=day.value + 5, objective=day.objective + 500, normalised_residual=day.value + 50)
    alarms = [detector.update(frame).alarm for frame in absurd]
    assert all(alarms[detector.warm_up_scans :])
    assert not any(alarms[: detector.warm_up_scans])


@every_detector
def test_detector_scores_every_channel_and_points_at_the_most_suspicious(name, trained, clean_days):
    detector = trained(name)
    detection = [detector.update(frame) for frame in clean_days(1, seed=30)[: detector.warm_up_scans + 2]][-1]
    assert detection.channel_score.shape == (16,)
    assert np.isscalar(detection.score)
    assert isinstance(detection.alarm, bool)
    if detection.channel >= 0:
        assert detection.channel == np.nanargmax(detection.channel_score)
        # The largest of its channels' scores, or made of all of them.
        assert detection.score >= detection.channel_score[detection.channel]


@every_detector
def test_detector_outlives_scans_without_any_value(name, trained, clean_days):
    detector, day = trained(name), clean_days(1, seed=30)
    nothing = np.full(16, np.nan)
    for scan, frame in enumerate(day[:30], start=-detector.warm_up_scans):
        if scan < 0:
            detector.update(frame)
        elif 5 <= scan < 10:
            frame = DetectorFrame.of_telemetry(frame.time_s, nothing, np.full(16, 2, np.int8))
            assert detector.update(frame).channel_score.shape == (16,)
        else:
            assert np.isfinite(detector.update(frame).score)


@every_detector
def test_same_seed_and_same_days_give_the_same_scores(name, train, trained, clean_days):
    day = clean_days(1, seed=30)
    again = train(name)
    assert again.threshold == trained(name).threshold
    np.testing.assert_array_equal(again.scores(day), trained(name).scores(day))


@every_detector
def test_reset_begins_the_same_stream_again(name, trained, clean_days):
    detector, day = trained(name), clean_days(1, seed=30)[:50]
    first = [detector.update(frame).score for frame in day]
    detector.reset()
    assert [detector.update(frame).score for frame in day] == first


@every_detector
def test_detector_has_no_verdict_before_it_is_warm(name, trained, clean_days):
    detector, day = trained(name), clean_days(1, seed=30)
    scores = np.array([detector.update(frame).score for frame in day[:30]])
    np.testing.assert_array_equal(np.isnan(scores), np.arange(30) < detector.warm_up_scans)


@every_detector
def test_judging_a_record_at_once_gives_the_verdicts_of_the_stream(name, trained, clean_days):
    detector, day = trained(name), with_gaps(clean_days(1, seed=30))[:60]
    stream = [detector.update(frame) for frame in day]
    verdicts = detector.watch(day)
    np.testing.assert_allclose(verdicts.score, [detection.score for detection in stream], rtol=1e-5)
    np.testing.assert_array_equal(verdicts.suspects[:, 0], [detection.channel for detection in stream])


def with_gaps(history):
    """A scan without anything, a channel that is silent for a while, and scattered losses."""
    lost = np.random.default_rng(0).random(history.value.shape) < 0.02
    lost[20], lost[25:40, 3] = True, True
    return replace(
        history,
        value=np.where(lost, np.nan, history.value),
        quality=np.where(lost, Quality.MISSING, history.quality),
        normalised_residual=np.where(lost, np.nan, history.normalised_residual),
    )


def test_one_cause_is_one_alarm_however_the_score_flickers():
    """The alarm goes on through fewer than ten quiet scans, as an episode of the calibration does."""

    class ScoreDetector(Detector):
        name = "score"

        def judge(self, frame):
            return float(frame.value[0]), frame.value

    detector = ScoreDetector(threshold=1.0)
    scores = [0, 2, *[0] * 9, 2, *[0] * 12, 2, 0]
    history = History.of_values(("v bus 0",), np.arange(len(scores)), np.array(scores, dtype=float)[:, None])
    alarms = [detector.update(frame).alarm for frame in history]
    raised = int(np.sum(np.diff([False, *alarms]) & np.array(alarms)))
    assert raised == len(alarm_episodes(detector.scores(history) > 1.0)) == 2
    assert alarms[1:21] == [True] * 20
    assert not alarms[21]


@every_detector
def test_parameters_rebuild_the_detector_from_json(name, trained):
    detector = trained(name)
    rebuilt = DETECTORS[name](**json.loads(json.dumps(detector.parameters)))
    assert rebuilt.parameters == detector.parameters


@every_detector
def test_calibrating_on_other_channels_is_refused_with_the_difference(name, trained, clean_days):
    days = clean_days(1, seed=30)
    others = replace(days, channels=("q line 3 from", *days.channels[1:]))
    with pytest.raises(ChannelMismatchError, match="missing v bus 0; unknown q line 3 from"):
        trained(name).calibrate([others], alarms_per_day=1.0)


def test_the_registry_does_without_the_libraries_that_train():
    command = "import sys; import models.detection.model_store; sys.exit(bool({'torch', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


def test_names_in_the_registry_are_the_detectors_own():
    assert {name: detector.name for name, detector in DETECTORS.items()} == {name: name for name in DETECTORS}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("chi_square", {"false_alarm_probability": 0}),
        ("largest_residual", {"sigma": -1}),
        ("innovation_ewma", {"weight_of_newest": [1.5]}),
        ("innovation_cusum", {"reference": [0]}),
        ("lstm_autoencoder", {"hidden_size": 0}),
        ("lstm_autoencoder", {"smoothing": 1.5}),
        ("lstm_autoencoder", {"layers": 3}),
        ("lstm_forecaster", {"gain_spread": 0}),
        ("pca", {"explained_share": 1.0}),
        ("pca", {"false_alarm_probability": 0.0}),
        ("isolation_forest", {"trees": 0}),
        ("isolation_forest", {"scans_a_tree": 1}),
        ("window_autoencoder", {"error_limit": 0.0}),
        ("window_autoencoder", {"layers": 3}),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(name, wrong):
    with pytest.raises(ModelError, match=next(iter(wrong))):
        DETECTORS[name](**wrong)
