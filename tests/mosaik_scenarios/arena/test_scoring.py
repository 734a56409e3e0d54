"""Whole timelines judged event by event, with answers one can count on one's fingers."""

import numpy as np
import pytest

from models.detection.episodes import HOLD_OFF_SCANS
from mosaik_scenarios.arena.curves import alarms_by_threshold, detection_curve
from mosaik_scenarios.arena.intervals import rate_interval, share_interval
from mosaik_scenarios.arena.scoring import (
    SETTLING_SCANS,
    Channels,
    detected_events,
    detection_rates,
    event_table,
    false_alarms,
    judged_events,
)

THRESHOLD = 1.0
CHANNELS = Channels(("v bus 0", "v bus 1", "p load 1", "v bus 2"), np.array([0, 1, 1, 2]))
EVENT = ("bias", 1, 100, 129)


def judged(timeline):
    """The only event."""
    (row,) = judged_events(timeline, THRESHOLD, CHANNELS)
    return row


@pytest.mark.parametrize(("alarm", "delay"), [(100, 0), (107, 7), (129, 29)])
def test_an_alarm_in_the_window_detects_and_its_distance_from_the_onset_is_the_delay(watched, alarm, delay):
    row = judged(watched(alarms=[alarm], events=[EVENT]))
    assert (row["detected"], row["alarm_scan"], row["delay_scans"], row["standing"]) == (True, alarm, delay, False)


@pytest.mark.parametrize("alarm", [99, 130])
def test_an_alarm_beside_the_window_does_not(watched, alarm):
    row = judged(watched(alarms=[alarm], events=[EVENT]))
    assert not row["detected"]
    assert row["alarm_scan"] is None
    assert np.isnan(row["delay_scans"])


def test_an_alarm_that_stood_before_the_onset_is_no_detection_unless_raised_anew(watched):
    stood = range(90, 105)
    row = judged(watched(alarms=stood, events=[EVENT]))
    assert (row["detected"], row["standing"]) == (False, True)
    anew = 104 + HOLD_OFF_SCANS + 1
    row = judged(watched(alarms=[*stood, anew], events=[EVENT]))
    assert (row["detected"], row["delay_scans"], row["standing"]) == (True, anew - 100, True)


def test_an_alarm_within_the_hold_off_is_the_one_that_stood_before(watched):
    assert not judged(watched(alarms=[100 - HOLD_OFF_SCANS, 100], events=[EVENT]))["detected"]
    assert judged(watched(alarms=[99 - HOLD_OFF_SCANS, 100], events=[EVENT]))["detected"]


def test_one_alarmed_scan_does_not_turn_the_others_of_the_event_into_hits(watched):
    timeline = watched(alarms=[129], events=[EVENT])
    assert judged(timeline)["delay_scans"] == 29
    assert false_alarms([timeline], THRESHOLD)["alarmed_share"] == 0


@pytest.mark.parametrize(
    ("suspects", "top1", "top3"),
    [
        ((1, 0, 3), True, True),  # the channel itself
        ((2, 0, 3), True, True),  # another one at its bus
        ((0, 3, 1), False, True),
        ((0, 3, -1), False, False),
        ((-1, -1, -1), False, False),  # a detector that names nobody
    ],
)
def test_a_suspect_is_right_if_it_is_aimed_at_or_measures_at_the_bus(watched, suspects, top1, top3):
    row = judged(watched(alarms=[100], events=[EVENT], suspects=suspects))
    assert (row["top1"], row["top3"]) == (top1, top3)


def test_nobody_is_asked_where_an_event_is_that_is_aimed_at_nothing_or_was_missed(watched):
    timeline = watched(alarms=[100], events=[EVENT], suspects=(1, 0, 3))
    timeline.events["channels"], timeline.events["buses"] = [[]], [[]]
    assert judged(timeline)["top1"] is None
    assert judged(watched(events=[EVENT]))["top3"] is None


def test_alarms_are_false_outside_of_lead_in_events_and_settling(watched):
    tail = 129 + SETTLING_SCANS
    of_somebody = [5, 110, 130, tail]
    timeline = watched(alarms=[*of_somebody, tail + HOLD_OFF_SCANS + 1, 200, 203, 300], events=[EVENT])
    counted = false_alarms([timeline], THRESHOLD)
    clean_scans = 400 - 20 - 30 - SETTLING_SCANS
    assert counted["alarms"] == 3  # 200 and 203 are one
    assert counted["days"] == pytest.approx(clean_scans / 1440)
    assert counted["per_day"] == pytest.approx(3 * 1440 / clean_scans)


def test_an_alarm_raised_in_the_lead_in_is_no_false_alarm_but_stands(watched):
    counted = false_alarms([watched(alarms=range(15, 30))], THRESHOLD)
    assert counted["alarms"] == 0
    stands_until = 29 + HOLD_OFF_SCANS
    assert counted["alarmed_share"] == pytest.approx((stands_until - 20) / 380)


def test_intervals_are_those_of_the_tables():
    """Garwood's of 0 and 10 events; Wilson's of 8 in 10, and that of none in 10, z^2 / (n + z^2)."""
    assert rate_interval(0, 1.0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert rate_interval(10, 2.0) == pytest.approx((4.795 / 2, 18.390 / 2), abs=1e-3)
    assert share_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert share_interval(0, 10) == pytest.approx((0.0, 1.95996**2 / (10 + 1.95996**2)), abs=1e-5)


def test_rates_by_kind_and_level_count_a_missed_event_as_infinitely_late(watched):
    events = [("bias", 1, 100, 129), ("bias", 2, 160, 189), ("bias", 2, 220, 249), ("theft", 1, 280, 309)]
    rows = event_table(judged_events(watched(alarms=[102, 165], events=events), THRESHOLD, CHANNELS))
    rates = {(row["kind"], row["level"]): row for row in detection_rates(rows, 1.0, 60.0)}
    assert list(rates) == [("all", 0), ("bias", 0), ("bias", 1), ("bias", 2), ("theft", 0), ("theft", 1)]
    assert [rates[key]["detected"] for key in rates] == [2, 2, 1, 1, 0, 0]
    assert rates["bias", 0]["detection_rate"] == pytest.approx(2 / 3)
    assert rates["bias", 0]["median_delay_scans"] == 5
    assert rates["bias", 2]["median_delay_scans"] == 5
    assert rates["bias", 2]["p90_delay_scans"] == rates["all", 0]["p90_delay_scans"] == np.inf
    assert np.isnan(rates["bias", 0]["magnitude"])
    assert rates["theft", 1]["magnitude"] == 1.0


def test_chance_is_what_false_alarms_alone_would_detect(watched):
    """Alarms at random at a rate of 20 a day hit a window of 30 minutes as often as the rate of chance says."""
    random = np.random.default_rng(0)
    events = [("bias", 1, first, first + 29) for first in range(30, 180_000, 60)]
    timeline = watched(scans=180_100, alarms=np.flatnonzero(random.random(180_100) < 20 / 1440), events=events)
    rows = event_table(judged_events(timeline, THRESHOLD, CHANNELS))
    per_day = false_alarms([timeline], THRESHOLD)["per_day"]
    (rate, *_) = detection_rates(rows, per_day, 60.0)
    assert rate["detection_rate"] == pytest.approx(rate["chance"], abs=0.03)


def test_alarms_counted_as_the_threshold_falls_are_those_counted_at_each_threshold(watched):
    timelines = [watched(seed=seed) for seed in (1, 2)]
    for timeline in timelines:
        timeline.score[:] = np.random.default_rng(timeline.seed).integers(0, 300, len(timeline.score))
        timeline.score[:20] = np.nan  # an alarm that comes out of the lead-in is counted by one of the two only
    counted = alarms_by_threshold(timelines, most=25)
    assert len(counted) > 5
    for threshold, alarms in counted:
        assert false_alarms(timelines, threshold)["alarms"] == alarms


def test_more_false_alarms_buy_more_detections(watched):
    random = np.random.default_rng(3)
    clean = watched(scans=20_000, seed=1)
    attacked = watched(
        scans=20_000, events=[("bias", 1, first, first + 29) for first in range(100, 19_000, 100)], seed=2
    )
    for timeline in (clean, attacked):
        timeline.score[:] = random.exponential(size=len(timeline.score))
    strength = np.linspace(2, 12, len(attacked.events))
    attacked.score[attacked.events["first_scan"].to_numpy() + 3] = strength
    curve = detection_curve([clean], [attacked])
    of_all = [row for row in curve if row["kind"] == "all"]
    assert np.all(np.diff([row["threshold"] for row in of_all]) < 0)
    assert np.all(np.diff([row["false_alarms_per_day"] for row in of_all]) > 0)
    assert np.all(np.diff([row["detection_rate"] for row in of_all]) > 0)
    for row in of_all:
        assert false_alarms([clean], row["threshold"])["per_day"] == pytest.approx(row["false_alarms_per_day"])
        assert detected_events(attacked, row["threshold"]).mean() == pytest.approx(row["detection_rate"])
    assert of_all[-1]["false_alarms_per_day"] == pytest.approx(10, rel=0.03)


def test_a_curve_says_nothing_of_rates_below_one_alarm_in_all_days(watched):
    clean, attacked = watched(scans=20 + 720), watched(events=[EVENT])
    clean.score[:] = np.random.default_rng(0).random(740)
    rows = detection_curve([clean], [attacked])
    assert min(row["false_alarms_per_day"] for row in rows) == pytest.approx(2.0)
