"""What the age of a value adds to its variance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidParameterError
from models.estimation.measurements.metering_plan import STATUS, Channels
from models.estimation.measurements.staleness import AgeVariance, Reporting
from models.estimation.solution.measurement_model import ACTIVE_POWER, VOLTAGE
from models.telemetry.quality import Quality

SIGMA = 0.01
FULL_SCALE = 3.0
MINUTE_S = 60.0


def channels(*quantities):
    n = len(quantities)
    return Channels(
        name=tuple(f"channel {k}" for k in range(n)),
        quantity=np.array(quantities),
        element_type=("bus",) * n,
        position=np.arange(n),
        end=np.zeros(n, dtype=np.int64),
        variance=np.full(n, SIGMA**2),
    )


def watching(*quantities, **reporting):
    return AgeVariance(channels(*quantities), np.full(len(quantities), FULL_SCALE), Reporting(**reporting))


def watch(ages, readings, first_s=0.0, period_s=MINUTE_S):
    """Hand over one fresh scan after the other; returns the time of the last."""
    for scan, reading in enumerate(readings):
        seconds = first_s + scan * period_s
        added = update(ages, seconds, reading, seconds)
        np.testing.assert_array_equal(added, 0.0)
    return seconds


def update(ages, seconds, value, timestamp_s):
    value = np.asarray(value, dtype=float)
    timestamp_s = np.broadcast_to(np.asarray(timestamp_s, dtype=float), value.shape)
    return ages.update(seconds, value, timestamp_s, np.where(np.isnan(value), Quality.MISSING, Quality.VALID))


def walk(step, scans, n_channel, noise=SIGMA):
    """Random walks of standard deviation `step` a minute, as noisy meters read them. (scans, n_channel)"""
    random = np.random.default_rng(0)
    truth = np.cumsum(step * random.standard_normal((scans, n_channel)), axis=0)
    return truth + noise * random.standard_normal((scans, n_channel))


@pytest.mark.parametrize("step", [2 * SIGMA, 20 * SIGMA])
def test_the_walk_of_a_channel_is_measured_through_the_noise_of_its_meter(step):
    ages = watching(*[ACTIVE_POWER] * 200)
    watch(ages, walk(step, scans=240, n_channel=200))
    assert ages.intensity.mean() * MINUTE_S == pytest.approx(step**2, rel=0.1)


def test_noise_alone_is_hardly_a_walk():
    ages = watching(*[ACTIVE_POWER] * 200)
    watch(ages, walk(0.0, scans=240, n_channel=200))
    assert ages.intensity.mean() * MINUTE_S < 0.2 * SIGMA**2


@pytest.mark.parametrize("share_of_noise", [0.0, 0.5, 2.0])
def test_how_much_of_a_meters_error_is_noise_makes_no_difference(share_of_noise):
    ages = watching(*[ACTIVE_POWER] * 200)
    watch(ages, walk(2 * SIGMA, scans=240, n_channel=200, noise=share_of_noise * SIGMA))
    assert ages.intensity.mean() * MINUTE_S == pytest.approx((2 * SIGMA) ** 2, rel=0.1)


def test_variance_grows_with_age_and_ends_with_news():
    ages = watching(ACTIVE_POWER, ACTIVE_POWER)
    last_s = watch(ages, walk(3 * SIGMA, scans=100, n_channel=2))
    added = [update(ages, last_s + age, [0.0, 0.0], [last_s, last_s + age])[0] for age in (60.0, 120.0, 600.0)]
    assert added == pytest.approx(ages.intensity[0] * np.array([60.0, 120.0, 600.0]))
    np.testing.assert_array_equal(update(ages, last_s + 660.0, [0.0, 0.0], last_s + 660.0), 0.0)


def test_before_anything_was_seen_voltages_are_expected_to_stand_stiller_than_powers():
    ages = watching(VOLTAGE, ACTIVE_POWER)
    voltage, power = update(ages, MINUTE_S, [1.0, 1.0], 0.0)
    assert 0.0 < voltage < SIGMA**2 < power


def test_a_forged_jump_neither_makes_a_channel_worthless_nor_is_it_remembered():
    ages = watching(*[ACTIVE_POWER] * 50)
    readings = walk(3 * SIGMA, scans=400, n_channel=50)
    readings[200:230] += 1e6
    before_s = watch(ages, readings[:200])
    before = ages.intensity.mean()
    during_s = watch(ages, readings[200:231], before_s + MINUTE_S)
    assert ages.intensity.mean() < 1.5 * before
    watch(ages, readings[231:], during_s + MINUTE_S)
    assert ages.intensity.mean() == pytest.approx(before, rel=0.15)


def test_a_channel_livelier_than_thought_is_believed_within_the_hour():
    ages = watching(*[VOLTAGE] * 50)
    watch(ages, walk(30 * SIGMA, scans=60, n_channel=50))
    assert ages.intensity.mean() * MINUTE_S > 0.5 * (30 * SIGMA) ** 2


def test_a_silent_scan_says_that_nothing_left_its_deadband():
    """However old the report: no more than an even spread over the deadband, if nothing gets lost."""
    ages = watching(ACTIVE_POWER, ACTIVE_POWER, scan_period_s=MINUTE_S, deadband_percent=1.0)
    added = update(ages, 1200.0, [1.0, 1.0], [0.0, 1200.0])
    assert added[0] == pytest.approx((0.01 * FULL_SCALE) ** 2 / 3, rel=0.05)
    assert ages.intensity[0] * 1200.0 > 10 * added[0]


def test_where_messages_get_lost_silence_says_less():
    added = []
    for loss in (0.0, 0.01, 0.2, 1.0):
        ages = watching(*[ACTIVE_POWER] * 2, scan_period_s=MINUTE_S, deadband_percent=0.1, loss_probability=loss)
        added.append(update(ages, 180.0, [1.0, 1.0], [0.0, 180.0])[0])
    assert added == sorted(added)
    assert added[-1] > 10 * added[0]


def test_where_everything_is_sent_silence_is_loss():
    ages = watching(ACTIVE_POWER, ACTIVE_POWER, scan_period_s=MINUTE_S, loss_probability=0.01)
    assert update(ages, 180.0, [1.0, 1.0], [0.0, 180.0])[0] == pytest.approx(ages.intensity[0] * 180.0)


def test_between_its_own_scans_a_slow_channel_is_not_silent_but_old():
    ages = watching(*[ACTIVE_POWER] * 2, scan_period_s=[300.0, MINUTE_S], deadband_percent=1.0)
    slow, _ = update(ages, 240.0, [1.0, 1.0], [0.0, 240.0])
    assert slow == pytest.approx(ages.intensity[0] * 240.0)
    at_its_scan, _ = update(ages, 300.0, [1.0, 1.0], [0.0, 300.0])
    assert at_its_scan < slow


def test_when_nobody_is_heard_nobody_is_silent():
    """As long as everything is on its way, a deadband tells nothing."""
    ages = watching(*[ACTIVE_POWER] * 2, scan_period_s=MINUTE_S, deadband_percent=1.0)
    np.testing.assert_allclose(update(ages, 120.0, [1.0, 1.0], 0.0), ages.intensity * 120.0)


def test_missing_values_and_states_of_equipment_have_no_age():
    ages = watching(ACTIVE_POWER, STATUS)
    np.testing.assert_array_equal(update(ages, 600.0, [np.nan, 3.0], [np.nan, 0.0]), 0.0)


def test_what_happened_during_an_outage_is_nothing_to_learn_from():
    ages = watching(*[ACTIVE_POWER] * 2)
    last_s = watch(ages, walk(SIGMA, scans=50, n_channel=2))
    before = ages.intensity.copy()
    update(ages, last_s + 3600.0, [np.nan, np.nan], last_s)
    update(ages, last_s + 7200.0, [9.0, 9.0], last_s + 7200.0)
    np.testing.assert_array_equal(ages.intensity, before)


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(0.0, 900.0), st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)), st.booleans()), max_size=30
    ),
    st.floats(0.0, 5.0),
    st.floats(0.0, 1.0),
)
def test_whatever_comes_the_added_variance_is_finite_and_never_negative(scans, deadband_percent, loss):
    ages = watching(VOLTAGE, ACTIVE_POWER, scan_period_s=60.0, deadband_percent=deadband_percent, loss_probability=loss)
    seconds, timestamp_s = 0.0, np.zeros(2)
    for interval_s, value, fresh in scans:
        seconds += interval_s
        timestamp_s = np.array([seconds if fresh else timestamp_s[0], seconds])
        added = update(ages, seconds, [value, 1.0], timestamp_s)
        assert np.all(np.isfinite(added) & (added >= 0.0))
        assert np.all(np.isfinite(ages.intensity) & (ages.intensity >= 0.0))


def test_a_loss_that_is_no_probability_is_refused():
    with pytest.raises(InvalidParameterError, match="loss_probability must be at least 0 and at most 1"):
        Reporting(loss_probability=1.5)
