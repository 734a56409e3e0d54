"""From weather to power."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidParameterError
from models.plant.photovoltaic import (
    PhotovoltaicFleet,
    PhotovoltaicSystem,
    StaticGenerators,
    photovoltaic_system,
)
from models.weather import WeatherSample

NOON = WeatherSample(
    dni_w_per_m2=850,
    ghi_w_per_m2=800,
    dhi_w_per_m2=100,
    ambient_c=22,
    wind_speed_m_per_s=2,
    sun_elevation_degree=58,
    sun_azimuth_degree=180,
)
ROOF = PhotovoltaicSystem(peak_mw=0.01, ac_mw=0.01)


def power_mw(system: PhotovoltaicSystem, weather: WeatherSample) -> float:
    (active_mw,) = PhotovoltaicFleet([system]).active_power_mw(weather)
    return active_mw


def test_at_night_nothing_is_fed_in() -> None:
    assert power_mw(ROOF, WeatherSample()) == 0
    assert power_mw(ROOF, WeatherSample(sun_elevation_degree=-5, sun_azimuth_degree=300)) == 0


def test_standard_conditions_give_peak_power_less_losses() -> None:
    # Horizontal modules, all light from straight above, cells at 25 degC: 1000 W/m^2 warm them by about 31 K.
    weather = WeatherSample(
        1000, 1000, 0, ambient_c=25 - 1000 / (25 + 6.84), wind_speed_m_per_s=1, sun_elevation_degree=90
    )
    flat = replace(ROOF, tilt_degree=0, losses_percent=10, ac_mw=1.0)
    fleet = PhotovoltaicFleet([flat])
    assert fleet.irradiance_w_per_m2(weather) == pytest.approx(1000)
    assert power_mw(replace(flat, ac_mw=0.0094), weather) == pytest.approx(0.009 * 0.96, rel=0.01)


def test_the_inverter_clips_at_its_rating() -> None:
    assert power_mw(ROOF, NOON) > 0.005
    assert power_mw(replace(ROOF, ac_mw=0.005), NOON) == pytest.approx(0.005)


def test_a_roof_to_the_east_earns_in_the_morning() -> None:
    morning = replace(NOON, sun_azimuth_degree=100, sun_elevation_degree=30)
    east, west = replace(ROOF, azimuth_degree=90), replace(ROOF, azimuth_degree=270)
    assert power_mw(east, morning) > 2 * power_mw(west, morning)


@given(st.floats(-10, 35), st.floats(1, 15), st.floats(0, 10))
@settings(max_examples=30)
def test_hot_cells_give_less_and_wind_cools_them(ambient_c: float, warmer_k: float, wind: float) -> None:
    cool = replace(NOON, ambient_c=ambient_c, wind_speed_m_per_s=wind)
    roomy = replace(ROOF, ac_mw=0.02)
    assert power_mw(roomy, replace(cool, ambient_c=ambient_c + warmer_k)) < power_mw(roomy, cool)
    assert power_mw(roomy, replace(cool, wind_speed_m_per_s=wind + 1)) > power_mw(roomy, cool)


@given(
    st.integers(0, 1000),
    st.integers(0, 500),
    st.floats(-90, 90),
    st.floats(0, 360),
    st.floats(0, 90),
    st.floats(0, 360),
)
def test_power_stays_between_nothing_and_the_rating(
    dni: float, dhi: float, elevation: float, sun_azimuth: float, tilt: float, azimuth: float
) -> None:
    ghi = dhi + dni * max(np.sin(np.radians(elevation)), 0)
    weather = WeatherSample(dni, ghi, dhi, 20, 1, elevation, sun_azimuth)
    assert 0 <= power_mw(replace(ROOF, tilt_degree=tilt, azimuth_degree=azimuth), weather) <= 0.01


def test_a_vector_of_systems_equals_each_alone() -> None:
    systems = [
        ROOF,
        replace(ROOF, tilt_degree=70, azimuth_degree=110),
        replace(ROOF, peak_mw=0.1, ac_mw=0.05),
    ]
    together = PhotovoltaicFleet(systems).active_power_mw(NOON)
    np.testing.assert_allclose(together, [power_mw(system, NOON) for system in systems])


def test_a_clear_day_agrees_with_pvlibs_model_chain() -> None:
    from pvlib.location import Location
    from pvlib.modelchain import ModelChain
    from pvlib.pvsystem import Array, FixedMount, PVSystem

    site = Location(52.5, 13.4, "Europe/Berlin")
    times = pd.date_range("2023-06-21", periods=24, freq="h", tz=site.tz)
    sun = site.get_solarposition(times)
    sky = site.get_clearsky(times, model="simplified_solis", solar_position=sun)
    conditions = sky.assign(temp_air=22.0, wind_speed=2.0)
    array = Array(
        FixedMount(30, 180),
        module_parameters={"pdc0": 0.01, "gamma_pdc": -0.004},
        temperature_model_parameters={"u0": 25.0, "u1": 6.84},
    )
    inverter = {"pdc0": ROOF.ac_mw / 0.96}
    chain = ModelChain(
        PVSystem([array], inverter_parameters=inverter, losses_parameters={}),
        site,
        aoi_model="no_loss",
        spectral_model="no_loss",
        temperature_model="faiman",
        losses_model="pvwatts",
    ).run_model(conditions)

    losses_percent = 14.075660688264469  # what pvlib's default PVWatts losses multiply to
    system = replace(ROOF, losses_percent=losses_percent)
    powers_mw = np.array(
        [
            power_mw(system, WeatherSample(now.dni, now.ghi, now.dhi, 22.0, 2.0, place.elevation, place.azimuth))
            for now, place in zip(sky.itertuples(), sun.itertuples(), strict=True)
        ]
    )
    np.testing.assert_allclose(powers_mw, chain.results.ac.fillna(0), atol=0.01 * 0.01)
    assert 0.006 < powers_mw.max() < 0.0086


def test_generators_that_are_no_photovoltaic_hold_their_power() -> None:
    generators = StaticGenerators([0.2, 0.0, -0.1], [0.05, 0.0, 0.0], {1: ROOF})
    p_mw, q_mvar, p_mw_forecast, _ = generators.power(NOON)
    np.testing.assert_array_equal(p_mw[[0, 2]], [0.2, -0.1])
    np.testing.assert_array_equal(q_mvar, [0.05, 0.0, 0.0])
    assert p_mw[1] == pytest.approx(power_mw(ROOF, NOON))
    np.testing.assert_array_equal(p_mw_forecast[[0, 2]], [0.2, -0.1])


def test_what_is_expected_of_a_plant_knows_its_rating_but_not_how_its_modules_stand() -> None:
    east = replace(ROOF, azimuth_degree=90.0, tilt_degree=60.0, power_factor=0.9)
    south = replace(east, azimuth_degree=180.0, tilt_degree=30.0)
    systems = {0: east, 1: south}
    real_p_mw, _, p_mw, q_mvar = StaticGenerators([0, 0], [0, 0], systems).power(NOON)
    assert p_mw[0] == p_mw[1] == real_p_mw[1] != real_p_mw[0]
    np.testing.assert_allclose(p_mw / np.hypot(p_mw, q_mvar), 0.9)


def test_the_power_factor_sets_reactive_power_in_pandapowers_sign() -> None:
    absorbing = replace(ROOF, power_factor=0.9)
    delivering = replace(ROOF, power_factor=0.9, mode="overexcited")
    p_mw, q_mvar, *_ = StaticGenerators([0, 0], [0, 0], {0: absorbing, 1: delivering}).power(NOON)
    assert q_mvar[0] < 0 < q_mvar[1]
    np.testing.assert_allclose(p_mw / np.hypot(p_mw, q_mvar), 0.9)


def test_a_feeder_without_generators_has_empty_vectors() -> None:
    vectors = StaticGenerators([], [], {}).power(NOON)
    assert [vector.shape for vector in vectors] == [(0,)] * 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("peak_mw", 0),
        ("tilt_degree", 91),
        ("azimuth_degree", -1),
        ("losses_percent", 100),
        ("ac_mw", -1),
        ("power_factor", 1.1),
        ("temperature_coefficient_per_k", 0.004),
        ("mode", "leading"),
    ],
)
def test_a_system_refuses_what_cannot_be_built(field: str, value: float | str) -> None:
    with pytest.raises(InvalidParameterError, match=field):
        replace(ROOF, **{field: value})


def test_wrong_descriptions_are_refused() -> None:
    with pytest.raises(InvalidParameterError, match="slope"):
        photovoltaic_system({"peak_mw": 1, "slope": 3})
    with pytest.raises(InvalidParameterError, match="one value per generator"):
        StaticGenerators([1.0], [], {})
    with pytest.raises(InvalidParameterError, match=r"positions \[2\]"):
        StaticGenerators([1.0], [0.0], {2: ROOF})
