"""Durations are written as people write them, and come back exactly."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaik_scenarios.duration import duration_text, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1d", 86400),
        ("6h", 21600),
        ("1h30min", 5400),
        ("1.5h", 5400),
        ("90s", 90),
        ("20ms", 0.02),
        ("250us", 0.00025),
        ("P1DT2H", 93600),
        ("PT20M", 1200),
        (90, 90),
        (0.02, 0.02),
        (timedelta(minutes=3), 180),
    ],
)
def test_every_way_of_writing_a_duration_is_understood(written: Any, seconds: float) -> None:
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    ["", "soon", "4 parsecs", "1h x", "-5s", -5, True, None, [1], "P5", float("nan"), float("inf"), 1e-9, "1e3s"],
)
def test_what_is_no_duration_is_refused_with_what_was_expected(written: Any) -> None:
    with pytest.raises(ValueError, match=r"^expected a duration .*, got "):
        parse_duration(written)


def test_the_text_is_a_whole_number_of_the_largest_unit() -> None:
    texts = [duration_text(timedelta(seconds=seconds)) for seconds in (0, 86400, 90, 5400, 3600, 0.02)]
    assert texts == ["0s", "1d", "90s", "90min", "1h", "20ms"]


@given(st.integers(min_value=0, max_value=10**14))
def test_text_and_duration_are_two_forms_of_the_same(microseconds: int) -> None:
    duration = timedelta(microseconds=microseconds)
    assert parse_duration(duration_text(duration)) == duration
