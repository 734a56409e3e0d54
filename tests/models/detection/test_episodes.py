"""Where episodes begin and end."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.detection.episodes import HOLD_OFF_SCANS, OffDelay, alarm_episodes


def stands(above: list[bool]) -> list[bool]:
    off_delay = OffDelay()
    return [off_delay.update(scan) for scan in above]


def test_an_alarm_stands_until_enough_scans_were_quiet() -> None:
    assert stands([False, True, *[False] * HOLD_OFF_SCANS]) == [False, *[True] * HOLD_OFF_SCANS, False]


def test_a_score_that_flutters_is_one_episode() -> None:
    assert all(stands([True, *[False] * (HOLD_OFF_SCANS - 1)] * 5))


@given(st.lists(st.booleans(), max_size=120))
def test_scan_by_scan_and_in_a_whole_record_the_episodes_are_the_same(above: list[bool]) -> None:
    standing = np.array(stands(above), dtype=bool)
    stood_before = np.array([False, *standing[:-1]][: len(above)], dtype=bool)
    begins = np.flatnonzero(standing & ~stood_before)
    np.testing.assert_array_equal(begins, alarm_episodes(np.array(above, dtype=bool))[:, 0])


def test_alarms_close_together_are_one_episode() -> None:
    alarm = np.zeros(30, dtype=bool)
    alarm[[2, 3, 8, 20]] = True
    np.testing.assert_array_equal(alarm_episodes(alarm, hold_off_scans=5), [[2, 8], [20, 20]])
    np.testing.assert_array_equal(alarm_episodes(alarm, hold_off_scans=4), [[2, 3], [8, 8], [20, 20]])


def test_silence_is_no_episode() -> None:
    assert alarm_episodes(np.zeros(10, dtype=bool)).shape == (0, 2)
