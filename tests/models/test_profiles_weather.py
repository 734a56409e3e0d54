"""The sky over a feeder: night and day, summer and winter, and that five minutes are short enough."""

import numpy as np
import pytest

from models.errors import InvalidParameterError
from models.profiles import ClearSkyWeather, Climate, Clock, ConstantWeather
from models.weather import WeatherSample

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
SOLAR_CONSTANT_W_PER_M2 = 1361.0
SYDNEY = {"latitude": -33.9, "longitude": 151.2, "timezone": "Australia/Sydney"}


def weather_at(
    start: str, latitude: float = 49.0, longitude: float = 8.4, timezone: str = "Etc/GMT-1"
) -> ClearSkyWeather:
    return ClearSkyWeather(latitude, longitude, 115.0, Clock(start, timezone))


def test_the_sun_shines_by_day_and_not_by_night() -> None:
    weather = weather_at("2024-06-21")
    night, noon = weather.at(0.0), weather.at(12.5 * HOUR_S)
    assert night.sun_elevation_degree < 0
    assert (night.ghi_w_per_m2, night.dni_w_per_m2, night.dhi_w_per_m2) == (0, 0, 0)
    assert 800 < noon.ghi_w_per_m2 < SOLAR_CONSTANT_W_PER_M2


def test_the_sun_stands_in_the_south_at_noon_as_high_as_the_season_allows() -> None:
    for start, declination in (("2024-06-21", 23.44), ("2024-12-21", -23.44)):
        noon = weather_at(start, longitude=15.0).at(12 * HOUR_S)
        assert noon.sun_elevation_degree == pytest.approx(90 - 49.0 + declination, abs=0.15)
        assert noon.sun_azimuth_degree == pytest.approx(180, abs=2)


def test_global_is_direct_on_the_horizontal_plus_diffuse() -> None:
    weather = weather_at("2024-04-10")
    for hour in (8, 11, 14, 17):
        sample = weather.at(hour * HOUR_S)
        direct = sample.dni_w_per_m2 * np.sin(np.radians(sample.sun_elevation_degree))
        assert sample.ghi_w_per_m2 == pytest.approx(direct + sample.dhi_w_per_m2, abs=2.0)


def test_the_southern_noon_sun_stands_in_the_north_and_july_is_cold() -> None:
    noon = weather_at("2024-07-15", **SYDNEY).at(12 * HOUR_S)
    assert min(noon.sun_azimuth_degree, 360 - noon.sun_azimuth_degree) < 10
    assert noon.ambient_c < weather_at("2024-07-15").at(12 * HOUR_S).ambient_c


def test_azimuth_stays_a_compass_bearing_when_it_passes_north() -> None:
    weather = weather_at("2024-07-15", **SYDNEY)
    azimuth = [weather.at(seconds).sun_azimuth_degree for seconds in np.arange(9 * HOUR_S, 15 * HOUR_S, 60)]
    assert all(0 <= bearing < 360 for bearing in azimuth)
    assert not any(100 < bearing < 260 for bearing in azimuth)


def test_afternoons_and_summers_are_warm() -> None:
    summer, winter = weather_at("2024-07-18"), weather_at("2024-01-18")
    assert summer.at(15 * HOUR_S).ambient_c > summer.at(3 * HOUR_S).ambient_c + 8
    assert summer.at(12 * HOUR_S).ambient_c > winter.at(12 * HOUR_S).ambient_c + 15


def test_temperature_averages_to_the_climates_mean_over_a_year() -> None:
    climate = Climate()
    hours = np.arange(0, 365.25 * 24, 3.0)
    mean_c = np.mean([climate.ambient_c(hour / 24, hour % 24) for hour in hours])
    assert mean_c == pytest.approx(climate.mean_c, abs=0.01)


def test_nothing_jumps_at_midnight() -> None:
    weather = weather_at("2024-06-21")
    before, after = weather.at(DAY_S - 1e-3), weather.at(DAY_S)
    for name in WeatherSample.__dataclass_fields__:
        assert getattr(before, name) == pytest.approx(getattr(after, name), abs=1e-3)


def test_any_time_can_be_read_without_those_before_it() -> None:
    late = 3 * DAY_S + 40000.0
    forwards, alone = weather_at("2024-06-21"), weather_at("2024-06-21")
    forwards.at(0.0)
    assert forwards.at(late) == alone.at(late)


def test_between_five_minutes_the_sun_is_where_pvlib_says() -> None:
    from pvlib.location import Location

    weather = weather_at("2024-06-21")
    seconds = np.arange(5 * HOUR_S, 20 * HOUR_S, 437.0)
    times = weather.clock.times(seconds)
    place = Location(49.0, 8.4, tz="Etc/GMT-1", altitude=115.0)
    sun = place.get_solarposition(times)
    sky = place.get_clearsky(times, model="ineichen", solar_position=sun, linke_turbidity=3.0)
    samples = [weather.at(second) for second in seconds]
    np.testing.assert_allclose([s.ghi_w_per_m2 for s in samples], sky.ghi, atol=1.0)
    np.testing.assert_allclose([s.sun_elevation_degree for s in samples], sun.apparent_elevation, atol=0.01)
    np.testing.assert_allclose([s.sun_azimuth_degree for s in samples], sun.azimuth, atol=0.02)


def test_constant_weather_is_constant() -> None:
    weather = ConstantWeather(WeatherSample(ghi_w_per_m2=1000.0, ambient_c=25.0))
    assert weather.at(0.0) == weather.at(1e6)
    assert weather.at(0.0).ghi_w_per_m2 == 1000.0


def test_a_place_off_the_globe_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="latitude within 90"):
        weather_at("2024-06-21", latitude=490.0)


def test_a_climate_of_nan_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="finite"):
        Climate(mean_c=float("nan"))
