"""The channel: what is sent, when it arrives, what is lost, and how it is flagged."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidParameterError
from models.telemetry.channel import ChannelSettings, TelemetryChannel, clock_offsets_s
from models.telemetry.quality import Quality, Telemetry

IDEAL = ChannelSettings.ideal()


def channel_of(n_channel: int = 1, full_scale: float = 1.0, seed: int = 1, **settings: Any) -> TelemetryChannel:
    return TelemetryChannel(np.full(n_channel, full_scale), replace(IDEAL, **settings), np.random.default_rng(seed))


def deliver(channel: TelemetryChannel, times: Any, readings: Any) -> list[Telemetry]:
    return [
        channel.step(float(seconds), np.atleast_1d(reading)) for seconds, reading in zip(times, readings, strict=True)
    ]


def values(received: list[Telemetry]) -> list[float]:
    return [float(telemetry.value[0]) for telemetry in received]


def qualities(received: list[Telemetry]) -> list[int]:
    return [int(telemetry.quality[0]) for telemetry in received]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_an_ideal_channel_is_the_identity(readings: list[float]) -> None:
    times = [0.02 * k for k in range(len(readings))]
    received = deliver(channel_of(), times, readings)
    assert values(received) == readings
    assert [telemetry.timestamp_s[0] for telemetry in received] == times
    assert set(qualities(received)) == {Quality.VALID}


def test_latency_shifts_values_and_keeps_the_time_they_were_measured() -> None:
    received = deliver(channel_of(latency_s=3.0), range(8), range(8))
    np.testing.assert_array_equal(values(received), [np.nan, np.nan, np.nan, 0, 1, 2, 3, 4])
    assert received[5].timestamp_s[0] == 2.0


def test_a_control_room_that_waits_for_its_scan_sees_it_in_the_same_step() -> None:
    waiting = {"scan_period_s": 60.0, "collection_window_s": 2.0}
    assert values(deliver(channel_of(latency_s=1.5, **waiting), [0, 60, 120], [1, 2, 3])) == [1, 2, 3]
    late = values(deliver(channel_of(latency_s=2.5, **waiting), [0, 60, 120], [1, 2, 3]))
    np.testing.assert_array_equal(late, [np.nan, 1, 2])


def test_before_the_first_arrival_a_channel_is_missing() -> None:
    (telemetry,) = deliver(channel_of(latency_s=1.0), [0], [5.0])
    assert np.isnan(telemetry.value[0])
    assert np.isnan(telemetry.timestamp_s[0])
    assert telemetry.quality[0] == Quality.MISSING


def test_nothing_new_is_seen_between_two_scans() -> None:
    received = deliver(channel_of(scan_period_s=3.0, scan_phase_s=1.0), range(8), range(8))
    np.testing.assert_array_equal(values(received), [np.nan, 1, 1, 1, 4, 4, 4, 7])


@pytest.mark.parametrize("step_s", [0.1, 0.02, 0.3])
def test_a_scan_at_every_step_is_a_scan_at_every_step_in_binary_fractions_too(step_s: float) -> None:
    times = [k * step_s for k in range(500)]
    assert values(deliver(channel_of(scan_period_s=step_s), times, range(500))) == list(range(500))


def test_steps_longer_than_the_scan_period_see_each_scan() -> None:
    assert values(deliver(channel_of(scan_period_s=10.0), range(0, 300, 60), range(5))) == [0, 1, 2, 3, 4]


def test_inside_the_deadband_nothing_is_sent() -> None:
    channel = channel_of(full_scale=10.0, deadband_percent=10.0, integrity_period_s=1e6)
    received = deliver(channel, range(5), [5.0, 5.9, 4.1, 6.0, 6.1])
    assert values(received) == [5.0, 5.0, 5.0, 5.0, 6.1]
    assert [telemetry.timestamp_s[0] for telemetry in received] == [0, 0, 0, 0, 4]


def test_the_deadband_is_around_the_value_sent_last_so_that_a_slow_drift_is_reported() -> None:
    drift = np.arange(0, 5, 0.1)
    received = values(deliver(channel_of(full_scale=10.0, deadband_percent=10.0), range(50), drift))
    assert np.max(np.abs(np.array(received) - drift)) <= 1.0 + 1e-9
    assert 4 <= len(set(received)) <= 6


def test_an_integrity_scan_sends_what_has_not_moved() -> None:
    channel = channel_of(deadband_percent=50.0, integrity_period_s=4.0)
    received = deliver(channel, range(9), [1.0] * 9)
    assert [telemetry.timestamp_s[0] for telemetry in received] == [0, 0, 0, 0, 4, 4, 4, 4, 8]


def test_the_stated_share_of_messages_is_lost() -> None:
    n_channel, steps, loss = 50, 200, 0.2
    channel = channel_of(n_channel, loss_probability=loss)
    arrived = [np.mean(channel.step(float(k), np.full(n_channel, k)).timestamp_s == k) for k in range(steps)]
    sigma = np.sqrt(loss * (1 - loss) / (n_channel * steps))
    assert np.mean(arrived) == pytest.approx(1 - loss, abs=5 * sigma)


@pytest.mark.parametrize(
    ("jitter_s", "latency_s", "share"), [(0.5, 0.5, 0.1 + 0.9 / np.e), (0.0, 0.5, 0.1), (0.0, 2.0, 1.0)]
)
def test_absent_is_what_is_lost_or_late(jitter_s: float, latency_s: float, share: float) -> None:
    delays = {"latency_s": latency_s, "latency_jitter_s": jitter_s, "collection_window_s": 1.0, "scan_period_s": 10.0}
    channel = channel_of(20_000, **delays, loss_probability=0.1)
    assert channel.settings.absent_probability == pytest.approx(share)
    absent = channel.step(0.0, np.zeros(20_000)).quality == Quality.MISSING
    assert absent.mean() == pytest.approx(share, abs=0.02)


def test_a_channel_that_loses_everything_stays_missing() -> None:
    assert set(qualities(deliver(channel_of(loss_probability=1.0), range(5), range(5)))) == {Quality.MISSING}


def test_jitter_is_exponential_on_top_of_the_fixed_latency() -> None:
    n_channel = 4000
    channel = channel_of(n_channel, latency_s=2.0, latency_jitter_s=1.0, scan_period_s=1e6)
    arrived = {k: np.isfinite(channel.step(float(k), np.ones(n_channel)).value).mean() for k in range(8)}
    assert arrived[1] == 0.0
    for seconds in (3, 4, 7):
        assert arrived[seconds] == pytest.approx(1 - np.exp(-(seconds - 2.0)), abs=0.03)


@given(st.integers(0, 1000), st.floats(0.1, 20.0), st.floats(0.0, 0.5))
def test_an_older_value_never_replaces_a_newer(seed: int, jitter_s: float, loss: float) -> None:
    channel = channel_of(5, seed=seed, latency_s=0.5, latency_jitter_s=jitter_s, loss_probability=loss)
    received = [channel.step(float(k), np.full(5, float(k))) for k in range(60)]
    timestamps = np.array([telemetry.timestamp_s for telemetry in received])
    assert not np.any(np.diff(timestamps, axis=0) < 0)
    # Every value is the one that was measured at its timestamp.
    np.testing.assert_array_equal(np.array([telemetry.value for telemetry in received]), timestamps)


def test_values_turn_stale_and_then_missing_with_age() -> None:
    channel = channel_of(scan_period_s=1e6, stale_after_s=3.0, missing_after_s=5.0)
    received = deliver(channel, range(8), [7.0] * 8)
    fresh, stale, missing = Quality.VALID, Quality.STALE, Quality.MISSING
    assert qualities(received) == [fresh] * 4 + [stale] * 2 + [missing] * 2
    np.testing.assert_array_equal(values(received), [7.0] * 6 + [np.nan] * 2)
    assert received[-1].timestamp_s[0] == 0.0


def test_what_one_channel_sends_does_not_shift_the_luck_of_another() -> None:
    def second_channel(first: Any) -> list[float]:
        channel = channel_of(2, deadband_percent=10.0, loss_probability=0.3, latency_jitter_s=1.0)
        return [channel.step(float(k), [first(k), np.sin(k)]).value[1] for k in range(50)]

    np.testing.assert_array_equal(second_channel(lambda k: 0.0), second_channel(lambda k: float(k)))


def test_the_default_channel_hands_on_a_one_minute_scan_in_its_own_step() -> None:
    channel = TelemetryChannel(np.ones(200), ChannelSettings(), np.random.default_rng(3))
    readings = np.random.default_rng(4).normal(size=(30, 200))
    received = [channel.step(60.0 * k, readings[k]) for k in range(30)]
    fresh = np.mean([np.mean(received[k].value == readings[k]) for k in range(30)])
    assert fresh > 0.99


def test_what_was_handed_out_does_not_change_later() -> None:
    channel = channel_of(3)
    first = channel.step(0.0, np.ones(3))
    channel.step(1.0, np.zeros(3))
    np.testing.assert_array_equal(first.value, np.ones(3))
    np.testing.assert_array_equal(first.timestamp_s, np.zeros(3))


def test_what_the_unit_doubts_is_suspect_until_it_is_sent_without_a_doubt() -> None:
    channel = channel_of(2, deadband_percent=50.0, integrity_period_s=1e6)
    doubts = [[False, True], [False, True], [False, False], [True, False]]
    seen = [channel.step(float(k), [1.0, 1.0], doubt).quality.tolist() for k, doubt in enumerate(doubts)]
    assert seen == [[Quality.SUSPECT if doubted else Quality.VALID for doubted in doubt] for doubt in doubts]


def test_a_position_is_sent_when_it_changes_and_not_before() -> None:
    channel = TelemetryChannel(
        [0.0], replace(IDEAL, deadband_percent=10.0, integrity_period_s=1e6), np.random.default_rng(1)
    )
    received = deliver(channel, range(5), [1, 1, 0, 0, 1])
    assert values(received) == [1, 1, 0, 0, 1]
    assert [telemetry.timestamp_s[0] for telemetry in received] == [0, 0, 2, 2, 4]


def test_a_clock_that_is_off_shifts_the_stamp_and_with_it_the_age() -> None:
    settings = replace(IDEAL, scan_period_s=1e6, stale_after_s=3.0, missing_after_s=5.0)
    channel = TelemetryChannel(np.ones(3), settings, np.random.default_rng(1), clock_offset_s=[0.0, 2.0, -2.0])
    received = [channel.step(float(k), np.ones(3)) for k in range(5)]
    assert received[0].timestamp_s.tolist() == [0.0, 2.0, -2.0]
    stale = [[int(telemetry.quality[channel]) for telemetry in received].index(Quality.STALE) for channel in (0, 2)]
    assert stale == [4, 2]
    assert not any(telemetry.quality[1] for telemetry in received)


def test_one_station_has_one_clock() -> None:
    offset_s = clock_offsets_s([7, 3, 7, 9, 3], 0.03, np.random.default_rng(5))
    assert offset_s[0] == offset_s[2]
    assert offset_s[1] == offset_s[4]
    assert len(set(offset_s)) == 3
    many = clock_offsets_s(np.arange(4000), 0.03, np.random.default_rng(5))
    assert many.std() == pytest.approx(0.03, rel=0.06)


def test_no_channels_is_no_trouble() -> None:
    telemetry = TelemetryChannel([], ChannelSettings(), np.random.default_rng(0)).step(0.0, [])
    assert telemetry.value.shape == telemetry.timestamp_s.shape == telemetry.quality.shape == (0,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss_probability": 1.5}, "loss_probability must be at least 0 and at most 1, got 1.5"),
        ({"latency_s": -1.0}, "latency_s must be at least 0"),
        ({"scan_period_s": float("nan")}, "scan_period_s must be a number"),
        ({"missing_after_s": 1.0}, "missing_after_s must be at least 600"),
        ({"collection_window_s": 20.0}, "collection_window_s 20 must not exceed scan_period_s 10"),
        ({"stale_after_s": 60.0}, "stale_after_s 60 is shorter than integrity_period_s 300"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        ChannelSettings(**settings)
