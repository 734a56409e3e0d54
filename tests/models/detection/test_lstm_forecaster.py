"""What the forecaster holds for usual, what it sees, and that it sees the same scan by scan as over a whole record."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.detection.channel_forecast import ChannelForecast, fitted
from models.detection.forecaster_network import ForecasterNetwork, ForecasterRecord, train
from models.detection.history import DetectorFrame
from models.detection.lstm_parameters import ForecasterParameters
from models.detection.streaming_forecaster import StreamingForecaster

NOISE = 0.02
ATTACK = slice(150, 190)
VICTIM = 5
TINY = ForecasterParameters(hidden_size=4, window_scans=20, updates=3)


@pytest.fixture
def detector(trained):
    return trained("lstm_forecaster")


@pytest.fixture
def day(clean_days):
    return clean_days(1, seed=31)


def verdicts(detector, history, **changed):
    return [detector.update(frame) for frame in replace(history, **changed)]


def autoregressive(scans, seed, coefficient=0.9):
    rng, value = np.random.default_rng(seed), np.zeros((scans, 3))
    for scan in range(1, scans):
        value[scan] = coefficient * value[scan - 1] + rng.normal(size=3)
    return value


def test_what_follows_its_past_exactly_leaves_nothing():
    decay = 0.8 ** np.arange(40)[:, None] * np.array([1.0, -50.0, 0.0])
    coefficients, scale = np.array([[0.8] * 3, [0.0] * 3]), np.full(3, 1e3)
    forecast = ChannelForecast(coefficients, scale)
    errors = scale * np.array([forecast.update(value) for value in decay])
    np.testing.assert_allclose(errors[1:], 0, atol=1e-9)


def test_forecast_of_an_autoregressive_process_leaves_the_noise_that_drives_it():
    coefficients, scale = fitted([autoregressive(3000, seed) for seed in (1, 2)])
    np.testing.assert_allclose(coefficients[0], 0.9, atol=0.08)
    np.testing.assert_allclose(scale, 1.0, rtol=0.05)


def test_order_of_the_records_does_not_matter_to_the_linear_forecast():
    records = [autoregressive(100, 1), autoregressive(80, 2)]
    for forward, backward in zip(fitted(records), fitted(records[::-1]), strict=True):
        np.testing.assert_allclose(forward, backward)


def test_a_jump_does_not_become_usual_at_once():
    forecast = ChannelForecast(np.array([[1.0], [0.0]]), np.ones(1))
    errors = [forecast.update(np.array([12.0]))[0] for _ in range(6)]
    assert errors == [12, 9, 6, 3, 0, 0]


def test_unknown_values_leave_the_forecast_where_it_was():
    forecast = ChannelForecast(np.array([[1.0], [0.0]]), np.ones(1))
    forecast.update(np.array([2.0]))
    assert np.isnan(forecast.update(np.array([np.nan]))[0])
    assert forecast.update(np.array([2.0]))[0] == 0


def test_forged_meter_is_pointed_at_within_two_scans(detector, day):
    forged = day.value.copy()
    forged[ATTACK, VICTIM] += 8 * NOISE
    third = verdicts(detector, day, value=forged)[ATTACK.start + 2]
    assert third.channel == VICTIM
    assert third.score > 5


def test_one_reading_that_came_late_is_not_an_alarm(detector, day):
    late = day.value.copy()
    late[ATTACK.start, VICTIM] += 50 * NOISE
    seen = verdicts(detector, day, value=late)
    assert not any(verdict.alarm and verdict.channel == VICTIM for verdict in seen)


def test_state_forged_without_a_residual_is_seen_at_its_onset(detector, day):
    value, estimated = day.value.copy(), day.estimated.copy()
    value[ATTACK, VICTIM] += 0.2
    estimated[ATTACK, VICTIM] += 0.2
    seen = verdicts(detector, day, value=value, estimated=estimated)
    assert seen[ATTACK.start].alarm
    assert seen[ATTACK.start].channel == VICTIM
    assert not any(verdict.alarm and verdict.channel == VICTIM for verdict in seen[: ATTACK.start])


def test_frozen_channel_is_seen_there(detector, day):
    frozen = day.value.copy()
    frozen[ATTACK, VICTIM] = frozen[ATTACK.start, VICTIM]
    seen = verdicts(detector, day, value=frozen)
    assert any(verdict.alarm and verdict.channel == VICTIM for verdict in seen[ATTACK])


def test_another_meters_bias_is_soon_nothing_unusual(detector, day):
    biased = day.value.copy()
    biased[:, VICTIM] += 2 * NOISE
    seen = verdicts(detector, day, value=biased)
    assert not any(verdict.alarm and verdict.channel == VICTIM for verdict in seen[60:])


def test_a_scan_without_a_state_says_nothing_and_is_outlived(detector, day):
    nothing = np.full(16, np.nan)
    for scan, frame in enumerate(day[:60]):
        lost = DetectorFrame.of_telemetry(frame.time_s, nothing, np.full(16, 2, np.int8))
        verdict = detector.update(lost if scan in (40, 41) else frame)
    assert np.isfinite(verdict.channel_score).all()
    assert not verdict.alarm


def test_streaming_equals_torch_over_the_whole_record():
    rng = np.random.default_rng(0)
    network = ForecasterNetwork(n_channel=7, n_context=3, hidden_size=12)
    torch.nn.init.normal_(network.output.weight)
    error, context = (rng.normal(size=(100, size)).astype(np.float32) for size in (7, 3))
    with torch.inference_mode():
        batch = (torch.from_numpy(array)[:, None] for array in (error, context))
        mean, log_scale, _ = network(*batch, torch.zeros(2, 1, 12))
    stream = StreamingForecaster(network.weights())
    streamed = [stream.step(*scan) for scan in zip(error, context, strict=True)]
    np.testing.assert_allclose([mean for mean, _ in streamed], mean[:, 0], atol=1e-4)
    np.testing.assert_allclose([scale for _, scale in streamed], log_scale[:, 0].exp(), rtol=1e-4)


def noise_record(seed, missing=()):
    rng = np.random.default_rng(seed)
    error = rng.normal(size=(80, 3)).astype(np.float32)
    error[list(missing)] = np.nan
    return ForecasterRecord(error, rng.normal(size=(80, 2)).astype(np.float32))


def test_same_seed_gives_the_same_weights_and_another_gives_others():
    records = [noise_record(1), noise_record(2)]
    first, again, other = (train(records, TINY, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["input_weight"], other["input_weight"])


def test_missing_scans_in_training_leave_finite_weights_and_progress_ends_at_one():
    done = []
    weights = train([noise_record(1, missing=(0, 5, 6))], TINY, 0, done.append)
    assert all(np.isfinite(weight).all() for weight in weights.values())
    assert done[-1] == 1


def test_uncertainty_that_follows_the_context_is_learnt():
    rng = np.random.default_rng(0)
    day = (np.arange(600) // 30 % 2).astype(np.float32)[:, None]
    error = (rng.normal(size=(600, 2)) * np.where(day, 2.0, 0.5)).astype(np.float32)
    steps = ForecasterParameters(hidden_size=8, window_scans=30, updates=120, learning_rate=2e-2)
    stream = StreamingForecaster(train([ForecasterRecord(error, day)], steps, 0))
    scale = np.array([stream.step(*scan)[1] for scan in zip(error, day, strict=True)])
    loud, quiet = scale[day[:, 0] == 1].mean(), scale[day[:, 0] == 0].mean()
    assert 2.5 < loud / quiet < 6
