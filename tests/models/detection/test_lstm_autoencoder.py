"""What the LSTM autoencoder sees, and that it sees the same scan by scan as over a whole record."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.detection import DETECTORS, History
from models.detection.context import CONTEXT_OF_ALL
from models.detection.lstm_network import AutoencoderNetwork, as_state
from models.detection.silence import SilenceWatch, longest_silence
from models.detection.streaming_autoencoder import StreamingAutoencoder
from models.errors import ChannelMismatchError, NotFittedError

NOISE = 0.02
ATTACK = slice(150, 200)
VICTIM = 5


@pytest.fixture
def detector(trained):
    return trained("lstm_autoencoder")


@pytest.fixture
def day(clean_days):
    return clean_days(1, seed=31)


def detections(detector, history, forged_value):
    forged = History.of_values(history.channels, history.time_s, forged_value)
    return [detector.update(frame) for frame in forged]


def share_of_alarms_at_victim(verdicts):
    return np.mean([verdict.alarm and verdict.channel == VICTIM for verdict in verdicts[ATTACK]])


def test_bias_of_eight_sigma_on_one_channel_is_seen_there(detector, day):
    forged = day.value.copy()
    forged[ATTACK, VICTIM] += 8 * NOISE
    assert share_of_alarms_at_victim(detections(detector, day, forged)) > 0.9


def test_frozen_channel_is_seen_there(detector, day):
    forged = day.value.copy()
    forged[ATTACK, VICTIM] = forged[ATTACK.start, VICTIM]
    assert share_of_alarms_at_victim(detections(detector, day, forged)) > 0.8


def test_missing_channel_is_seen_there(detector, day):
    forged = day.value.copy()
    forged[ATTACK, VICTIM] = np.nan
    assert share_of_alarms_at_victim(detections(detector, day, forged)) > 0.8


def test_bias_within_the_noise_adds_up_until_it_is_seen(detector, day):
    forged = day.value.copy()
    forged[ATTACK, VICTIM] += 3 * NOISE
    verdicts = detections(detector, day, forged)
    assert any(verdict.alarm and verdict.channel == VICTIM for verdict in verdicts[ATTACK])


def test_alarm_ends_soon_after_its_cause(detector, day):
    forged = day.value.copy()
    forged[ATTACK, VICTIM] += 1.0
    verdicts = detections(detector, day, forged)
    assert not any(verdict.alarm and verdict.channel == VICTIM for verdict in verdicts[ATTACK.stop + 30 :])


def test_absurd_value_on_one_channel_does_not_accuse_another(detector, day):
    forged = day.value.copy()
    forged[ATTACK, VICTIM] = 1e6
    assert share_of_alarms_at_victim(detections(detector, day, forged)) > 0.9


def test_one_lost_scan_does_not_alarm(detector, day):
    forged = day.value.copy()
    forged[100] = np.nan
    assert not detections(detector, day, forged)[100].alarm


def test_constant_channel_stays_silent_and_is_seen_when_it_moves(clean_days):
    def with_constant(history):
        value = history.value.copy()
        value[:, VICTIM] = 1.0
        return replace(history, value=value)

    detector = DETECTORS["lstm_autoencoder"](hidden_size=16, updates=40)
    detector.fit([with_constant(clean_days(1, seed=1))])
    detector.calibrate([with_constant(clean_days(1, seed=2))], alarms_per_day=1.0)
    moved = with_constant(clean_days(1, seed=3))
    moved.value[ATTACK, VICTIM] = 1.1
    verdicts = [detector.update(frame) for frame in moved]
    assert not any(verdict.alarm and verdict.channel == VICTIM for verdict in verdicts[: ATTACK.start])
    assert share_of_alarms_at_victim(verdicts) == 1.0


def test_unfitted_detector_says_what_to_call(day):
    detector = DETECTORS["lstm_autoencoder"]()
    with pytest.raises(NotFittedError, match="fit"):
        detector.update(next(iter(day)))
    with pytest.raises(NotFittedError, match="fit"):
        detector.calibrate([day], alarms_per_day=1.0)


def test_fitted_detector_still_needs_calibration(day):
    detector = DETECTORS["lstm_autoencoder"](hidden_size=4, updates=1)
    detector.fit([day])
    with pytest.raises(NotFittedError, match="calibrate"):
        detector.update(next(iter(day)))


def test_frame_of_another_width_is_refused(detector, day):
    narrow = History.of_values(day.channels[:3], day.time_s, day.value[:, :3])
    with pytest.raises(ChannelMismatchError, match="expected 16 channels, got 3"):
        detector.update(next(iter(narrow)))


def test_training_reports_its_progress_to_the_end(day):
    done = []
    DETECTORS["lstm_autoencoder"](hidden_size=4, updates=5).fit([day], progress=done.append)
    assert done == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_missing_values_in_training_leave_finite_weights(day):
    value = day.value.copy()
    value[:30, 0], value[40:60, 1], value[:, 2] = np.nan, np.nan, np.nan
    detector = DETECTORS["lstm_autoencoder"](hidden_size=4, updates=3)
    detector.fit([History.of_values(day.channels, day.time_s, value)])
    assert all(np.isfinite(array).all() for array in detector.learned().values())


def test_streaming_equals_torch_over_the_whole_record():
    torch_network = AutoencoderNetwork(n_channel=7, hidden_size=12, code_size=3)
    record = np.random.default_rng(0).normal(size=(200, 7 + CONTEXT_OF_ALL)).astype(np.float32)
    with torch.inference_mode():
        offline, _ = torch_network(torch.from_numpy(record)[:, None], as_state(torch_network.empty_memory(1)))
    stream = StreamingAutoencoder(torch_network.weights())
    np.testing.assert_allclose([stream.step(scan) for scan in record], offline[:, 0], atol=1e-5)


def test_another_seed_gives_other_weights(day):
    first, second = (DETECTORS["lstm_autoencoder"](hidden_size=4, updates=1) for _ in range(2))
    first.fit([day], seed=1)
    second.fit([day], seed=2)
    assert not np.array_equal(first.learned()["code_weight"], second.learned()["code_weight"])


def test_longest_silence_counts_frozen_and_missing_scans_alike():
    value = np.array([[1.0, 1.0], [1.0, np.nan], [1.0, np.nan], [2.0, 3.0], [2.0, 4.0]])
    np.testing.assert_array_equal(longest_silence(value, np.isfinite(value)), [2, 2])


def test_silence_grows_more_surprising_with_its_length_and_ends_with_news():
    watch = SilenceWatch(np.array([2.0]), scans_learned=4320)
    told, nothing = np.array([1.0]), np.array([np.nan])
    assert watch.rate(told, np.array([True])) == 0
    rates = [watch.rate(nothing, np.array([False]))[0] for _ in range(16)]
    assert np.all(np.diff(rates) > 0)
    assert rates[3] == pytest.approx(4.09, abs=0.01)
    assert rates[15] == pytest.approx(2 * rates[3])
    assert watch.rate(told + 1, np.array([True])) == 0
