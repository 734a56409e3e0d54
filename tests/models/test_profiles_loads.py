"""Standard load profiles with diversity: what customers do, how they differ, and that it can be repeated."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidParameterError, UnknownNameError
from models.profiles import Clock, Loads, NominalLoadProfiles, StandardLoadProfiles
from models.profiles.diversity import CHUNK_S, FLUCTUATION_STEP_S, NO_DIVERSITY, Diversity, LoadDiversity
from models.profiles.standard import CLASSES, yearly_profiles

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
FRIDAY = "2024-06-21"
BERLIN = "Europe/Berlin"


def loads_of(*profiles: str, p_mw: float = 0.2, q_mvar: float = 0.05) -> Loads:
    return Loads.from_table([{"p_mw": p_mw, "q_mvar": q_mvar, "profile": profile} for profile in profiles])


def plain(profile: str, start: str = FRIDAY) -> StandardLoadProfiles:
    """One load of 1 MW that is exactly its class."""
    return StandardLoadProfiles(loads_of(profile, p_mw=1.0), Clock(start, BERLIN), seed=1, diversity=NO_DIVERSITY)


def energy_mwh(profiles: StandardLoadProfiles, day: int) -> float:
    return sum(profiles.at(day * DAY_S + hour * HOUR_S)[0].sum() for hour in np.arange(0, 24, 0.25)) / 4


def test_shops_rest_on_sundays_and_households_do_not() -> None:
    friday, sunday = 0, 2
    assert energy_mwh(plain("g1"), sunday) < 0.2 * energy_mwh(plain("g1"), friday)
    assert energy_mwh(plain("h0"), sunday) > energy_mwh(plain("h0"), friday)


def test_households_peak_in_the_evening_and_rest_at_night() -> None:
    profiles = plain("h0", "2024-01-17")
    by_hour = [profiles.at(hour * HOUR_S)[0][0] for hour in range(24)]
    assert 17 <= int(np.argmax(by_hour)) <= 20
    assert by_hour[3] < 0.4 * max(by_hour)


def test_households_draw_more_in_winter() -> None:
    assert energy_mwh(plain("h0", "2024-01-17"), 0) > 1.2 * energy_mwh(plain("h0", "2024-07-17"), 0)


@pytest.mark.parametrize("profile", CLASSES)
def test_the_peak_of_a_class_over_its_year_is_the_nominal_power(profile: str) -> None:
    yearly = yearly_profiles(2024)[profile]
    assert yearly.max() == 1.0
    assert yearly.min() > 0
    assert len(yearly) == 366 * 96


def test_reading_the_profiles_leaves_the_warning_filters_alone() -> None:
    yearly_profiles.cache_clear()
    before = list(warnings.filters)
    yearly_profiles(2023)
    assert warnings.filters == before


def test_a_quarter_hour_stands_at_its_middle_and_the_way_to_the_next_is_straight() -> None:
    profiles = plain("h0")
    quarter = yearly_profiles(2024).h0[f"{FRIDAY} 12:00" : f"{FRIDAY} 12:15"].to_numpy()
    middle_s = 12 * HOUR_S + 450
    assert profiles.forecast_at(middle_s)[0][0] == pytest.approx(quarter[0], rel=1e-12)
    assert profiles.forecast_at(middle_s + 900)[0][0] == pytest.approx(quarter[1], rel=1e-12)
    assert profiles.forecast_at(middle_s + 300)[0][0] == pytest.approx((2 * quarter[0] + quarter[1]) / 3, rel=1e-12)


def test_within_a_minute_the_way_is_straight() -> None:
    profiles = StandardLoadProfiles(loads_of("h0", "g0"), Clock(FRIDAY, BERLIN), seed=2)
    start, middle, end = (profiles.at(seconds)[0] for seconds in (120.0, 135.0, 180.0))
    np.testing.assert_allclose(middle, 0.75 * start + 0.25 * end, rtol=1e-12)


def test_the_wall_clock_rules_also_when_it_is_changed() -> None:
    before_the_change = plain("g0", "2024-03-30T12:00")
    on_the_new_time = plain("g0", "2024-03-31T12:00")
    assert before_the_change.at(23 * HOUR_S)[0] == pytest.approx(on_the_new_time.at(0.0)[0])


def test_an_offset_and_the_local_time_mean_the_same_instant() -> None:
    assert plain("l0", "2024-06-21T10:00+00:00").at(0.0)[0] == plain("l0", "2024-06-21T12:00").at(0.0)[0]


def test_a_start_off_the_quarter_hour_shifts_nothing() -> None:
    assert plain("h0", "2024-06-21T12:07").at(0.0)[0] == pytest.approx(plain("h0", "2024-06-21T12:00").at(420.0)[0])


def test_the_year_may_turn() -> None:
    assert plain("h0", "2024-12-31T22:00").at(4 * HOUR_S)[0] == pytest.approx(
        plain("h0", "2025-01-01").at(2 * HOUR_S)[0]
    )


def test_reactive_power_keeps_the_nominal_power_factor() -> None:
    profiles = StandardLoadProfiles(loads_of("h0", "g3", "l2"), Clock(FRIDAY, BERLIN), seed=5)
    for seconds in (0.0, 12345.6, DAY_S):
        p_mw, q_mvar = profiles.at(seconds)
        np.testing.assert_allclose(q_mvar, p_mw * 0.05 / 0.2, rtol=1e-12)


def test_the_forecast_is_the_class_without_diversity() -> None:
    clock = Clock(FRIDAY, BERLIN)
    diverse = StandardLoadProfiles(loads_of("h0", "g1"), clock, seed=5)
    exact = StandardLoadProfiles(loads_of("h0", "g1"), clock, seed=5, diversity=NO_DIVERSITY)
    for seconds in (0.0, 450.0, 40000.0, CHUNK_S - 1, CHUNK_S, 2 * DAY_S + 77):
        # Minutes cut the corners that the class has at the middles of its quarter-hours.
        np.testing.assert_allclose(diverse.forecast_at(seconds)[0], exact.at(seconds)[0], rtol=0, atol=2e-3)
        assert not np.array_equal(diverse.at(seconds)[0], diverse.forecast_at(seconds)[0])


def test_same_seed_same_loads_and_another_seed_other_loads() -> None:
    def series(seed: int) -> np.ndarray:
        profiles = StandardLoadProfiles(loads_of("h0", "g0"), Clock(FRIDAY, BERLIN), seed)
        return np.array([profiles.at(seconds)[0] for seconds in np.arange(0, DAY_S, 600)])

    np.testing.assert_array_equal(series(3), series(3))
    assert (series(3) != series(4)).all()


def test_the_same_customers_meet_other_days() -> None:
    first, second = (LoadDiversity(Diversity(), customers_seed=1, seed=seed, n_load=5) for seed in (1, 2))
    np.testing.assert_array_equal(first.amplitude, second.amplitude)
    np.testing.assert_array_equal(first.time_shift_s, second.time_shift_s)
    assert (first.fluctuation(0) != second.fluctuation(0)).all()


def test_a_time_can_be_read_without_those_before_it() -> None:
    def read(*seconds: float) -> np.ndarray:
        profiles = StandardLoadProfiles(loads_of("h0", "g0"), Clock(FRIDAY, BERLIN), seed=3)
        return np.array([profiles.at(second)[0] for second in seconds])

    late = 3 * CHUNK_S + 1234.5
    np.testing.assert_array_equal(read(late)[-1], read(0.0, CHUNK_S, 2 * CHUNK_S + 5, late)[-1])
    np.testing.assert_array_equal(read(late, 10.0)[-1], read(10.0)[-1])


def test_nothing_jumps_from_one_chunk_to_the_next() -> None:
    diversity = LoadDiversity(Diversity(), customers_seed=1, seed=1, n_load=20)
    end, start = diversity.fluctuation(0)[-1], diversity.fluctuation(1)[0]
    np.testing.assert_allclose(end, start, rtol=0, atol=1e-14)


def test_every_step_hands_out_its_own_arrays() -> None:
    for profiles in (plain("h0"), NominalLoadProfiles(loads_of("h0"))):
        profiles.at(0.0)[0][:] = -1.0
        profiles.forecast_at(0.0)[1][:] = -1.0
        assert (profiles.at(0.0)[0] >= 0).all()
        assert (profiles.forecast_at(0.0)[1] >= 0).all()


def test_diversity_keeps_the_mean_of_the_class() -> None:
    """400 loads: the mean of the factors is 1 within 4 standard errors, and so is the energy of a day."""
    n_load = 400
    diverse = StandardLoadProfiles(loads_of(*["h0"] * n_load), Clock(FRIDAY, BERLIN), seed=11)
    bound = 4 * 0.10 / np.sqrt(n_load)
    assert diverse.diversity.amplitude.mean() == pytest.approx(1.0, abs=bound)
    assert energy_mwh(diverse, 0) / (n_load * 0.2 * energy_mwh(plain("h0"), 0)) == pytest.approx(1.0, abs=bound)


def test_fluctuation_has_the_stated_spread_and_memory() -> None:
    diversity = Diversity()
    deviation = LoadDiversity(diversity, customers_seed=1, seed=1, n_load=400).fluctuation(2)
    assert deviation.std() == pytest.approx(diversity.fluctuation_std, rel=0.05)
    assert np.abs(deviation).max() <= 3 * diversity.fluctuation_std
    lag = int(diversity.fluctuation_time_s / FLUCTUATION_STEP_S)
    correlation = np.mean(deviation[lag:] * deviation[:-lag]) / np.mean(deviation**2)
    assert correlation == pytest.approx(np.exp(-1), abs=0.05)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**63), seconds=st.floats(0, 40 * DAY_S))
def test_no_load_ever_generates_or_exceeds_its_bounds(seed: int, seconds: float) -> None:
    profiles = StandardLoadProfiles(loads_of("h0", "g1", "l0"), Clock(FRIDAY, BERLIN), seed)
    level = profiles.at(seconds)[0] / 0.2
    assert (level > 0).all()
    assert (level <= (1 + 2 * 0.10) * (1 + 3 * 0.08)).all()


def test_nominal_mode_is_nominal_power_always() -> None:
    profiles = NominalLoadProfiles(loads_of("h0", "g0"))
    for seconds in (0.0, 1e6):
        assert [power.tolist() for power in profiles.at(seconds)] == [[0.2, 0.2], [0.05, 0.05]]


def test_a_feeder_without_loads_has_empty_vectors() -> None:
    profiles = StandardLoadProfiles(Loads.from_table([]), Clock(FRIDAY, BERLIN), seed=1)
    assert [len(power) for power in (*profiles.at(0.0), *profiles.forecast_at(0.0))] == [0, 0, 0, 0]


def test_unknown_class_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'h9'; there are h0, g0"):
        StandardLoadProfiles(loads_of("h9"), Clock(FRIDAY, BERLIN), seed=1)


@pytest.mark.parametrize(("p_mw", "q_mvar"), [(-0.1, 0.0), (np.nan, 0.0), (np.inf, 0.0), (0.1, np.nan)])
def test_implausible_nominal_power_is_refused_with_the_load(p_mw: float, q_mvar: float) -> None:
    with pytest.raises(InvalidParameterError, match="load 0 has nominal"):
        loads_of("h0", p_mw=p_mw, q_mvar=q_mvar)


def test_table_without_powers_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="lacks q_mvar"):
        Loads.from_table([{"p_mw": 1.0}])


@pytest.mark.parametrize(
    ("start", "timezone", "message"),
    [
        ("midsummer", BERLIN, "'midsummer' is no date"),
        (FRIDAY, "Europe/Nowhere", "Europe/Nowhere"),
        ("2024-03-31T02:30", BERLIN, "offset"),
    ],
)
def test_start_that_is_no_time_is_refused(start: str, timezone: str, message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        Clock(start, timezone)


@pytest.mark.parametrize("wrong", [{"amplitude_std": -0.1}, {"fluctuation_std": 0.5}, {"fluctuation_time_s": 3600.0}])
def test_diversity_out_of_bounds_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidParameterError, match="expected"):
        Diversity(**wrong)
