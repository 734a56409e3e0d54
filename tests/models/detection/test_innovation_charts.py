"""What the innovation tests see on a feeder whose estimate and expectation are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from models.detection import DETECTORS, History
from models.detection.history import DetectorFrame
from models.detection.innovation import Innovations
from models.detection.rare import rare_size
from models.errors import ChannelMismatchError, InvalidParameterError, NotFittedError
from models.telemetry.quality import Quality

SIGMA = 0.01
N_CHANNEL = 6
VICTIM = 2
DAY = 1440
SCANS = 700
ATTACK = slice(500, 530)
EVERY = ["innovation_ewma", "innovation_cusum"]


def day(seed, scans=SCANS):
    """Customers stray from the forecast for hours, each meter has noise, the estimate half of it."""
    rng = np.random.default_rng(seed)
    shape = (scans, N_CHANNEL)
    time_s = 60.0 * np.arange(scans)
    expected = 1 + 0.1 * np.sin(2 * np.pi * time_s / 86_400)[:, None] * np.ones(N_CHANNEL)
    kept = np.exp(-1 / 180)
    astray = lfilter([2 * SIGMA * np.sqrt(1 - kept**2)], [1, -kept], rng.normal(size=shape), axis=0)
    estimated = expected + astray + 0.5 * SIGMA * rng.normal(size=shape)
    nothing = np.zeros(scans)
    return History(
        channels=tuple(f"v bus {bus}" for bus in range(N_CHANNEL)),
        time_s=time_s,
        value=estimated + SIGMA * rng.normal(size=shape),
        quality=np.zeros(shape, dtype=np.int8),
        objective=nothing,
        degrees_of_freedom=nothing,
        normalised_residual=np.zeros(shape),
        estimated=estimated,
        expected=expected,
        ghi_w_per_m2=nothing,
        ambient_c=nothing,
        channel_bus=np.arange(N_CHANNEL),
    )


@pytest.fixture(scope="module")
def ready():
    detectors = {name: DETECTORS[name]() for name in EVERY}
    for detector in detectors.values():
        detector.fit([day(1, DAY), day(2, DAY)])
        detector.calibrate([day(3, DAY), day(4, DAY)], alarms_per_day=1.0)
    return detectors


@pytest.fixture(params=EVERY)
def detector(request, ready):
    ready[request.param].reset()
    return ready[request.param]


def shifted(record, change, names=("value",), channel=VICTIM, scans=ATTACK):
    arrays = {name: getattr(record, name).copy() for name in names}
    for array in arrays.values():
        array[scans, channel] += change
    return replace(record, **arrays)


def delay(detector, record):
    """Scans from the attack's first to the first alarm, as many as it lasts if there is none."""
    alarms = np.flatnonzero(detector.scores(record)[ATTACK] > detector.threshold)
    return int(alarms[0]) if len(alarms) else ATTACK.stop - ATTACK.start


def test_a_clean_day_hardly_alarms(detector):
    assert np.sum(detector.scores(day(5)) > detector.threshold) <= 3


def test_four_sigma_at_one_meter_is_found_within_some_scans_at_that_meter(detector):
    attacked = shifted(day(5), 4 * SIGMA)
    verdicts = detector.watch(attacked)
    alarms = np.flatnonzero(verdicts.score[ATTACK] > detector.threshold)
    assert alarms[0] <= 5
    assert np.all(verdicts.suspects[ATTACK][alarms, 0] == VICTIM)


def test_an_estimate_that_jumps_without_residual_is_found_at_once(detector):
    attacked = shifted(day(5), 12 * SIGMA, ("value", "estimated"))
    assert delay(detector, attacked) <= 1


def test_one_absurd_reading_is_a_late_message_and_no_alarm(detector):
    once = slice(ATTACK.start, ATTACK.start + 1)
    assert not np.any(detector.scores(shifted(day(5), 50 * SIGMA, scans=once))[ATTACK] > detector.threshold)


def test_an_honest_slow_drift_does_not_alarm(detector):
    record = day(5)
    drift = np.linspace(0, 5 * SIGMA, SCANS)[:, None]
    drifted = replace(record, value=record.value + drift, estimated=record.estimated + drift)
    assert np.sum(detector.scores(drifted) > detector.threshold) <= 3


def test_a_held_attack_is_not_learnt_and_leaves_nothing_behind(detector):
    score = detector.scores(shifted(day(5), 15 * SIGMA, ("value", "estimated")))
    assert np.mean(score[ATTACK] > detector.threshold) > 0.9
    assert np.sum(score[ATTACK.stop + 15 :] > detector.threshold) <= 3


def test_a_change_that_stays_is_usual_within_a_day(detector):
    days = day(5, scans=ATTACK.start + DAY + 200)
    score = detector.scores(shifted(days, 15 * SIGMA, ("value", "estimated"), scans=slice(ATTACK.start, None)))
    assert np.mean(score[ATTACK] > detector.threshold) > 0.9
    assert np.mean(score[ATTACK.start + DAY :] > detector.threshold) < 0.02


def test_without_an_estimate_the_measurement_is_still_judged(detector):
    attacked = shifted(day(5), 20 * SIGMA)
    attacked.estimated[ATTACK] = np.nan
    assert delay(detector, attacked) <= 2


def test_a_channel_of_which_nothing_is_known_has_no_score(detector):
    record = day(5)[:100]
    unknown = [record.value, record.estimated]
    for array in unknown:
        array[50:60, VICTIM] = np.nan
    detections = [detector.update(frame) for frame in record]
    known = np.isfinite([detection.channel_score for detection in detections])
    assert not known[50:60, VICTIM].any()
    assert known[30:50].all()
    assert known[60:].all()


def test_without_expectation_only_residuals_are_judged(detector):
    record = day(5)[:100]
    record.expected[:] = np.nan
    assert np.isfinite(detector.scores(record)[detector.warm_up_scans :]).all()


def test_what_a_detector_does_not_know_it_says(detector):
    unfitted = type(detector)()
    with pytest.raises(NotFittedError, match="fit"):
        unfitted.update(next(iter(day(5)[:2])))
    narrow = DetectorFrame.of_telemetry(0.0, np.ones(2), np.zeros(2, np.int8))
    with pytest.raises(ChannelMismatchError, match="expected 6 channels, got 2"):
        detector.update(narrow)
    unfitted.channels = detector.channels
    with pytest.raises(InvalidParameterError, match="expected location"):
        unfitted.restore({})


def test_an_old_value_is_passed_over_once_and_a_stale_one_always():
    frames = list(day(5)[:5])
    held = [replace(frame, value=frames[0].value) for frame in frames]
    held[4] = replace(held[4], value=frames[4].value, quality=np.full(N_CHANNEL, Quality.STALE, np.int8))
    innovations = Innovations()
    judged = [np.isfinite(innovations.of(frame)[0]).all() for frame in held]
    assert judged == [True, False, True, True, False]


def test_rare_sizes_of_an_exponential_are_its_quantiles_however_it_is_cut():
    sample = np.random.default_rng(0).exponential(size=(200_000, 1))
    whole = rare_size([sample], len(sample))
    assert whole == pytest.approx(-np.log(1e-5), rel=0.05)
    np.testing.assert_allclose(rare_size(np.split(sample, 4), len(sample)), whole)
    holes = np.where(np.arange(len(sample))[:, None] % 2, sample, np.nan)
    assert rare_size([holes], len(sample)) == pytest.approx(whole, rel=0.1)
    assert rare_size([np.full((50, 1), np.nan)], 50) == 0
