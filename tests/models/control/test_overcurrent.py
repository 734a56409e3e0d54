"""Inverse-time overcurrent: published operating times, and a disc that adds up under a changing current."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.control.overcurrent import CURVES, OvercurrentRelay, OvercurrentSettings
from models.errors import InvalidParameterError, UnknownNameError

IEEE_CURVES = [name for name in CURVES if name.startswith("ieee")]


def relay(**settings) -> OvercurrentRelay:
    return OvercurrentRelay(OvercurrentSettings(**{"pickup_ka": 0.2, **settings}))


@pytest.mark.parametrize("curve", CURVES)
def test_at_a_constant_current_the_relay_trips_when_its_curve_says(curve: str) -> None:
    inverse = relay(curve=curve, time_dial=0.3)
    expected_s = CURVES[curve].operating_time_s(4.0, time_dial=0.3)
    assert inverse.time_to_trip_s(0.8) == pytest.approx(expected_s)
    for _ in range(100):
        inverse.advance(expected_s / 200, 0.8)
    assert inverse.travel == pytest.approx(0.5)
    assert inverse.time_to_trip_s(0.8) == pytest.approx(expected_s / 2)


def test_under_a_changing_current_shares_of_the_way_add_up() -> None:
    inverse = relay(curve="iec_very_inverse", time_dial=0.1)
    inverse.advance(0.2, 0.6)
    inverse.advance(0.1, 1.2)
    # 1.35 s / (M - 1): 0.675 s at M = 3, 0.27 s at M = 6, 0.1038 s at M = 14.
    share = 0.2 / 0.675 + 0.1 / 0.27
    assert inverse.travel == pytest.approx(share)
    assert inverse.time_to_trip_s(2.8) == pytest.approx((1 - share) * 1.35 / 13)


def test_a_disc_runs_back_by_the_reset_curve() -> None:
    disc = relay(curve="ieee_very_inverse", time_dial=2.0, disc_reset_s=None)
    disc.travel = 0.8
    disc.advance(5.0, 0.1)
    assert disc.travel == pytest.approx(0.8 - 5.0 * (1 - 0.5**2) / (2.0 * 21.6))
    disc.advance(1000.0, 0.0)
    assert disc.travel == 0.0


def test_a_definite_reset_forgets_the_travel_after_its_time_and_not_before() -> None:
    definite = relay(disc_reset_s=1.0)
    definite.travel = 0.8
    definite.advance(0.6, 0.1)
    definite.advance(0.3, 0.1)
    assert definite.travel == 0.8
    definite.advance(0.01, 0.3)
    definite.advance(0.9, 0.1)
    assert definite.travel > 0.8
    definite.advance(0.1, 0.1)
    assert definite.travel == 0.0


def test_the_instantaneous_element_trips_at_once_from_its_threshold_on() -> None:
    both = relay(instantaneous_ka=2.0)
    assert both.time_to_trip_s(2.0) == 0.0
    assert both.time_to_trip_s(1.999) > 0.5
    assert both.time_to_trip_s(2.0, instantaneous=False) > 0.5


@pytest.mark.parametrize("curve", CURVES)
def test_up_to_pickup_the_relay_never_trips(curve: str) -> None:
    assert CURVES[curve].operating_time_s(1.0) == inf
    assert CURVES[curve].operating_time_s(1 + 1e-15) > 1e6
    assert relay(curve=curve).time_to_trip_s(0.2) == inf


@pytest.mark.parametrize("disc_reset_s", [0.0, None])
def test_an_unknown_current_counts_as_none(disc_reset_s: float | None) -> None:
    blind, idle = relay(disc_reset_s=disc_reset_s), relay(disc_reset_s=disc_reset_s)
    blind.travel = idle.travel = 0.5
    assert blind.time_to_trip_s(nan) == inf
    blind.advance(3.0, nan)
    idle.advance(3.0, 0.0)
    assert blind.travel == idle.travel


@given(
    curve=st.sampled_from(IEEE_CURVES),
    steps=st.lists(st.tuples(st.floats(0.001, 2.0), st.floats(0.0, 1.0)), max_size=10),
    final_ka=st.floats(0.2, 5.0),
    excess=st.floats(1.0, 3.0),
    disc_reset_s=st.sampled_from([None, 0.0, 1.5]),
)
def test_a_higher_current_never_trips_later(
    curve: str, steps: list[tuple[float, float]], final_ka: float, excess: float, disc_reset_s: float | None
) -> None:
    lower, higher = (relay(curve=curve, instantaneous_ka=3.0, disc_reset_s=disc_reset_s) for _ in range(2))
    for seconds, current_ka in steps:
        lower.advance(seconds, current_ka)
        higher.advance(seconds, excess * current_ka)
    assert higher.travel >= lower.travel - 1e-12
    assert higher.time_to_trip_s(excess * final_ka) <= lower.time_to_trip_s(final_ka) + 1e-9


@pytest.mark.parametrize(
    ("curve", "multiple", "published_s"),
    [
        ("iec_standard_inverse", 2.0, 10.03),
        ("iec_standard_inverse", 5.0, 4.28),
        ("iec_standard_inverse", 10.0, 2.971),
        ("iec_standard_inverse", 20.0, 2.267),
        ("iec_very_inverse", 2.0, 13.5),
        ("iec_very_inverse", 10.0, 1.5),
        ("iec_extremely_inverse", 2.0, 26.67),
        ("iec_extremely_inverse", 10.0, 0.808),
        # Operating times printed in the manual of the GE M60 relay, table of IEEE curve trip times.
        ("ieee_moderately_inverse", 1.5, 6.439),
        ("ieee_moderately_inverse", 2.0, 3.803),
        ("ieee_moderately_inverse", 10.0, 1.207),
        ("ieee_very_inverse", 1.5, 16.179),
        ("ieee_very_inverse", 2.0, 7.028),
        ("ieee_very_inverse", 10.0, 0.689),
        ("ieee_extremely_inverse", 2.0, 9.522),
        ("ieee_extremely_inverse", 10.0, 0.407),
    ],
)
def test_operating_times_are_the_published_ones(curve: str, multiple: float, published_s: float) -> None:
    assert CURVES[curve].operating_time_s(multiple) == pytest.approx(published_s, rel=2e-3)


@pytest.mark.parametrize(("curve", "reset_s"), list(zip(IEEE_CURVES, [4.85, 21.6, 29.1], strict=True)))
def test_reset_times_are_those_of_the_standard(curve: str, reset_s: float) -> None:
    assert CURVES[curve].reset_time_s(0.0) == reset_s
    assert CURVES[curve].reset_time_s(0.5, time_dial=2.0) == pytest.approx(2 * reset_s / 0.75)
    assert CURVES[curve].reset_time_s(1.0) == inf


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"pickup_ka": 0}, "pickup_ka must be above 0"),
        ({"time_dial": -1}, "time_dial must be above 0"),
        ({"instantaneous_ka": 0.1}, "instantaneous_ka must be above 0.2"),
        ({"disc_reset_s": -1}, "disc_reset_s must be at least 0"),
        ({"curve": "iec_very_inverse", "disc_reset_s": None}, "leaves the inverse reset to the maker"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict, complaint: str) -> None:
    with pytest.raises(InvalidParameterError, match=complaint):
        relay(**wrong)


def test_an_unknown_curve_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="iec_standard_inverse"):
        relay(curve="inverse")


def test_a_curve_without_a_standard_reset_says_so() -> None:
    with pytest.raises(InvalidParameterError, match="no standard inverse reset"):
        CURVES["iec_very_inverse"].reset_time_s(0.5)
