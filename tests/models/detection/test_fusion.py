"""The fusion of evidence, whole, on synthetic days of customers who stray from their forecasts."""

from dataclasses import replace

import numpy as np
import pytest

from models.detection.fusion.fusion import FusionDetector
from models.detection.fusion.rarity import RAREST, rarity, tail_of
from models.detection.history import History
from models.errors import InvalidParameterError, NotFittedError

ONSET, LENGTH = 150, 30
STEP_S = 300.0
N_BUS = 6
CHANNELS = tuple(f"{quantity} bus {bus}" for quantity in "vp" for bus in range(N_BUS))
NOISE = 0.01


def days(number: int, seed: int) -> History:
    """Powers that stray slowly, voltages that they drop, meters with noise that the estimate has little of."""
    rng, scans = np.random.default_rng(seed), int(number * 86_400 / STEP_S)
    time_s = STEP_S * np.arange(scans)
    astray = np.zeros((scans, N_BUS))
    for scan in range(1, scans):
        astray[scan] = 0.95 * astray[scan - 1] + 0.03 * rng.normal(size=N_BUS)
    resistance = 0.02 * (np.eye(N_BUS) + 0.5)
    innovation = np.concatenate([-astray @ resistance, astray], axis=1) + 0.1 * NOISE * rng.normal(size=(scans, 12))
    expected = 1 + 0.1 * np.sin(2 * np.pi * time_s[:, None] / 86_400 + np.arange(12))
    noise = rng.normal(size=innovation.shape)
    return History(
        channels=CHANNELS,
        time_s=time_s,
        value=expected + innovation + NOISE * noise,
        quality=np.zeros(innovation.shape, dtype=np.int8),
        objective=(noise**2).sum(axis=1),
        degrees_of_freedom=np.full(scans, 6.0),
        normalised_residual=np.abs(noise),
        estimated=expected + innovation,
        expected=expected,
        ghi_w_per_m2=np.zeros(scans),
        ambient_c=np.full(scans, 20.0),
        channel_bus=np.tile(np.arange(N_BUS), 2),
    )


@pytest.fixture(scope="module")
def fusion() -> FusionDetector:
    detector = FusionDetector()
    detector.fit([days(2, seed=10), days(2, seed=11)])
    detector.calibrate([days(3, seed=20)], alarms_per_day=0.2)
    return detector


@pytest.fixture(scope="module")
def day() -> History:
    return days(1, seed=40)


def changed(day: History, field: str, channels: list[int], change: float) -> History:
    """The day with `change` added to a field of some channels while the attack lasts."""
    series = getattr(day, field).copy()
    series[ONSET : ONSET + LENGTH, channels] += change
    return replace(day, **{field: series})


def test_rarity_is_the_exponent_of_how_often_a_score_is_exceeded():
    score = np.random.default_rng(0).exponential(size=(50_000, 1))
    tail = tail_of(score, [0.1])
    assert rarity(np.quantile(score, [1 - 1e-3], axis=0).T, tail)[0, 0] == pytest.approx(3, abs=0.1)
    assert rarity(np.array([[20.0]]), tail)[0, 0] == pytest.approx(20 / np.log(10), abs=1)


def test_what_never_happened_on_clean_days_is_rarest_and_what_is_unknown_has_no_rarity():
    tail = tail_of(np.full((1000, 1), np.nan), [0.001])
    np.testing.assert_array_equal(rarity(np.array([[1.0, np.nan]]), tail), [[RAREST, np.nan]])


def test_a_power_that_jumps_in_the_estimate_alarms_at_once_though_every_residual_is_as_before(fusion, day):
    power = CHANNELS.index("p bus 3")
    verdicts = fusion.watch(changed(changed(day, "estimated", [power], 0.4), "value", [power], 0.4))
    assert verdicts.score[ONSET] > fusion.threshold > np.nanmax(verdicts.score[:ONSET])
    assert fusion.channel_bus[verdicts.suspects[ONSET, 0]] == 3


def test_voltages_that_no_power_explains_alarm_as_long_as_they_last(fusion, day):
    voltages = list(range(N_BUS))
    score = fusion.scores(changed(changed(day, "estimated", voltages, 0.01), "value", voltages, 0.01))
    assert (score[ONSET : ONSET + LENGTH] > fusion.threshold).all()


def test_voltages_that_their_powers_explain_are_no_alarm(fusion, day):
    """The same voltages, moved slowly by customers."""
    grown = np.zeros((len(day), 2 * N_BUS))
    grown[ONSET : ONSET + LENGTH, N_BUS:] = np.linspace(0, 0.15, LENGTH)[:, None]
    grown[:, :N_BUS] = -grown[:, N_BUS:] @ (0.02 * (np.eye(N_BUS) + 0.5))
    score = fusion.scores(replace(day, value=day.value + grown, estimated=day.estimated + grown)[: ONSET + LENGTH])
    assert not (score[ONSET:] > fusion.threshold).any()


def biased(day: History, channel: int, sigma: float) -> History:
    """The day with one meter biased while the attack lasts, and the estimate as it was."""
    forged = changed(day, "value", [channel], sigma * NOISE)
    residual = (forged.value - forged.estimated) / NOISE
    return replace(forged, normalised_residual=np.abs(residual))


def test_a_small_bias_alarms_by_its_persistence(fusion, day):
    verdicts = fusion.watch(biased(day, 7, sigma=2.5))
    loud = np.flatnonzero(verdicts.score > fusion.threshold)
    assert ONSET < loud[0] < ONSET + 20
    assert (verdicts.suspects[ONSET + 10 : ONSET + LENGTH, 0] == 7).all()


def test_nothing_of_an_attack_is_learnt_while_its_alarm_stands(fusion, day):
    """A forgery that lasts is as strange at its end as at its beginning, and forgotten soon after."""
    score = fusion.scores(biased(day, 3, sigma=8.0))
    assert (score[ONSET : ONSET + LENGTH] > fusion.threshold).all()
    assert score[ONSET + LENGTH - 5 : ONSET + LENGTH].mean() == pytest.approx(score[ONSET : ONSET + 5].mean(), rel=0.3)
    assert not (score[ONSET + LENGTH + 15 :] > fusion.threshold).any()


def test_a_channel_without_an_estimate_is_pointed_at(fusion, day):
    verdicts = fusion.watch(changed(day, "estimated", [9], np.nan))
    assert verdicts.score[ONSET] == RAREST
    assert verdicts.suspects[ONSET, 0] == 9


def test_strangeness_of_the_whole_scan_is_laid_upon_all_channels_alike(fusion, day):
    verdicts = fusion.watch(day)
    fusion.reset()
    for scan, frame in enumerate(day[:60]):
        detection = fusion.update(frame)
        if scan >= fusion.warm_up_scans:
            assert detection.score == verdicts.score[scan] == np.nanmax(detection.channel_score)


def test_a_restored_detector_says_the_same(fusion, day):
    restored = FusionDetector()
    restored.channels, restored.channel_bus, restored.threshold = fusion.channels, fusion.channel_bus, fusion.threshold
    restored.restore(fusion.learned())
    np.testing.assert_array_equal(restored.scores(day[:100]), fusion.scores(day[:100]))


def test_what_is_missing_of_a_stored_detector_is_named(fusion):
    learned = fusion.learned()
    del learned["silence.station"]
    with pytest.raises(InvalidParameterError, match=r"without silence\.station; fit the model anew"):
        FusionDetector().restore(learned)


def test_a_detector_that_is_not_ready_says_what_to_call(day):
    with pytest.raises(NotFittedError, match="fit"):
        FusionDetector().calibrate([day], alarms_per_day=1.0)
