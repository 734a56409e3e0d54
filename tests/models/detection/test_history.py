"""Records of what the control room knew."""

from dataclasses import replace

import numpy as np
import pytest

from models.detection.history import History
from models.errors import InvalidParameterError


@pytest.fixture
def history():
    value = np.arange(12.0).reshape(4, 3)
    return History.of_values(("a", "b", "c"), 900.0 * np.arange(4), value)


def test_iterating_gives_the_scans(history):
    frames = list(history)
    assert [frame.time_s for frame in frames] == [0, 900, 1800, 2700]
    np.testing.assert_array_equal(frames[2].value, [6, 7, 8])


def test_a_part_is_a_history(history):
    part = history[1:3]
    assert len(part) == 2
    assert part.step_s == 900
    np.testing.assert_array_equal(part.value, history.value[1:3])


def test_missing_values_are_not_known(history):
    value = history.value.copy()
    value[1, 2] = np.nan
    known = History.of_values(history.channels, history.time_s, value).known
    assert not known[1, 2]
    assert known.sum() == 11


def test_time_of_day_comes_round(history):
    tomorrow = replace(history, time_s=history.time_s + 86_400)
    np.testing.assert_allclose(tomorrow.day_angle_rad, history.day_angle_rad)


@pytest.mark.parametrize(
    ("field", "wrong", "message"),
    [
        ("channels", ("a", "a", "b"), "of which 2 differ"),
        ("channels", ("a", "b"), r"value \(4, 3\) for \(4, 2\)"),
        ("time_s", np.array([0.0, 900, 1800, 1801]), "evenly spaced"),
        ("time_s", np.zeros(4), "evenly spaced"),
        ("time_s", np.zeros(1), "two scans"),
        ("objective", np.zeros(3), r"objective \(3,\) for \(4,\)"),
    ],
)
def test_a_record_that_does_not_fit_together_is_refused(history, field, wrong, message):
    with pytest.raises(InvalidParameterError, match=message):
        replace(history, **{field: wrong})
