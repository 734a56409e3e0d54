"""The autoencoder of single channels' windows."""

import numpy as np
import pytest
import torch

from models.detection import History
from models.detection.window_autoencoder import WindowAutoencoderDetector
from models.detection.window_network import WindowNetwork, train
from models.detection.window_reconstruction import WindowReconstruction
from models.errors import ChannelMismatchError, InvalidParameterError, NotFittedError

SMALL = {"hidden_size": 4, "updates": 30}


@pytest.fixture
def detector(trained):
    return trained("window_autoencoder")


def test_arrays_reconstruct_what_torch_does():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = WindowNetwork(hidden_size=6)
    window = 3 * np.random.default_rng(0).normal(size=(10, 20)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(window))[-1].numpy()
    last_value = WindowReconstruction(network.weights()).last_value(window)
    np.testing.assert_allclose(last_value, expected, rtol=1e-4, atol=1e-6)


def test_training_lowers_the_error_and_the_same_seed_gives_the_same_weights():
    time = np.arange(400)[:, None]
    waves = (np.sqrt(2) * np.sin(2 * np.pi * time / 100 + np.arange(5))).astype(np.float32)

    def weights(updates, seed=1):
        return train([waves[:200], waves[200:]], 10, 8, updates, 64, 0.02, seed)

    def error(weights):
        network = WindowReconstruction(weights)
        return np.mean(
            [np.square(network.last_value(waves[end - 10 : end]) - waves[end - 1]) for end in range(10, 400)]
        )

    assert error(weights(60)) < 0.3 * error(weights(1))
    again, other = weights(5), weights(5, seed=2)
    assert all((array == again[name]).all() for name, array in weights(5).items())
    assert any((array != other[name]).any() for name, array in again.items())


def test_score_is_the_error_at_the_newest_value_in_standard_deviations(detector, clean_days):
    day = clean_days(1, seed=30)
    learned = detector.learned()
    window = ((day.value[:10] - learned["mean"]) / learned["spread"]).astype(np.float32)
    error = np.abs(WindowReconstruction(learned).last_value(window) - window[-1])
    detection = [detector.update(frame) for frame in day[:10]][-1]
    np.testing.assert_allclose(detection.channel_score, error, rtol=1e-5)
    assert detection.score == pytest.approx(error.max())


def test_published_limit_holds_until_it_is_calibrated(clean_days):
    detector = WindowAutoencoderDetector(**SMALL)
    detector.fit([clean_days(1, seed=1)])
    assert detector.threshold == 0.5
    detector.calibrate([clean_days(1, seed=2)], alarms_per_day=1.0)
    assert detector.threshold != 0.5


def test_a_missing_value_is_shown_as_the_last_known_and_not_judged(detector, clean_days):
    day = clean_days(1, seed=30)[:30]
    lost, held = day.value.copy(), day.value.copy()
    lost[20, 3], held[20, 3] = np.nan, day.value[19, 3]
    by_record = []
    for value in (lost, held):
        detector.reset()
        frames = History.of_values(day.channels, day.time_s, value)
        by_record.append([detector.update(frame).channel_score for frame in frames])
    with_loss, with_hold = np.array(by_record)[:, 9:]
    assert np.isnan(with_loss[11, 3])
    np.testing.assert_array_equal(np.where(np.isnan(with_loss), with_hold, with_loss), with_hold)


def test_a_leap_of_one_channel_is_seen_there(detector, clean_days):
    day = clean_days(1, seed=31)
    forged = day.value.copy()
    forged[150:, 5] += 3.0
    verdicts = detector.watch(History.of_values(day.channels, day.time_s, forged))
    assert (verdicts.suspects[150:, 0] == 5).all()
    assert (verdicts.score[150:] > detector.threshold).all()


def test_it_is_not_ready_before_a_clean_day_nor_for_less_than_a_window(detector, clean_days):
    day = clean_days(1, seed=1)
    with pytest.raises(NotFittedError, match="has seen no clean day"):
        WindowAutoencoderDetector().watch(day)
    with pytest.raises(InvalidParameterError, match="records of 10 scans or more, one window, got 9"):
        WindowAutoencoderDetector(**SMALL).fit([day[:9]])
    with pytest.raises(ChannelMismatchError, match="expected 16 channels, got 2"):
        detector.watch(History.of_values(("a", "b"), day.time_s[:20], day.value[:20, :2]))
