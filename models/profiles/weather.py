"""Sun, air temperature and wind at a feeder: a clear sky over a documented climate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from models.errors import InvalidParameterError
from models.profiles.clock import Clock
from models.weather import WeatherSample

CHUNK_S = 86400.0
SUN_STEP_S = 300.0
# Clean to average continental air; pvlib's monthly maps would want another dependency. [-]
LINKE_TURBIDITY = 3.0
DAYS_PER_YEAR = 365.25


class Weather(Protocol):
    """The weather over time."""

    def at(self, seconds: float) -> WeatherSample:
        """The weather `seconds` after the scenario's start."""
        ...


@dataclass(frozen=True)
class ConstantWeather:
    """The same weather always."""

    sample: WeatherSample = field(default_factory=WeatherSample)

    def at(self, seconds: float) -> WeatherSample:
        """The sample."""
        return self.sample


@dataclass(frozen=True)
class Climate:
    """Air temperature as two sinusoids, and a steady wind; the defaults are near Karlsruhe's long-term means.

    T = mean - A_year cos(2π (d - coldest) / 365.25) - A_day cos(2π (h - coldest) / 24), with the day of the year d and
    the hour h in local mean solar time; on the southern hemisphere the year is shifted by half.

    Parameters
    ----------
    mean_c
        Yearly mean. [degC]
    seasonal_amplitude_k, daily_amplitude_k
        Half of the swing from winter to summer, and from dawn to afternoon. [K]
    coldest_day, coldest_hour
        Day of the year (northern hemisphere) and solar hour of the minima; the maxima are half a period away. [d, h]
    wind_speed_m_per_s
        [m/s]
    """

    mean_c: float = 11.0
    seasonal_amplitude_k: float = 9.0
    daily_amplitude_k: float = 4.5
    coldest_day: float = 18.0
    coldest_hour: float = 3.0
    wind_speed_m_per_s: float = 2.0

    def __post_init__(self) -> None:
        values = [getattr(self, name) for name in self.__dataclass_fields__]
        if not np.isfinite(values).all() or self.wind_speed_m_per_s < 0:
            raise InvalidParameterError(f"expected finite numbers and a wind of zero or more, got {self}.")

    def ambient_c(self, day: float, hour: float, northern: bool = True) -> float:
        """Air temperature. [degC]

        Parameters
        ----------
        day, hour
            Day of the year, and hour of the day, in local mean solar time.
        """
        coldest_day = self.coldest_day if northern else self.coldest_day + DAYS_PER_YEAR / 2
        seasonal = self.seasonal_amplitude_k * np.cos(2 * np.pi * (day - coldest_day) / DAYS_PER_YEAR)
        daily = self.daily_amplitude_k * np.cos(2 * np.pi * (hour - self.coldest_hour) / 24)
        return float(self.mean_c - seasonal - daily)


class ClearSkyWeather:
    """A cloudless sky: the sun's position and irradiance through pvlib, temperature and wind from the climate.

    Computed every five minutes, a day when its first time is asked for, and linear in between, which is within 1 W/m²
    and 0.01 degree of the exact sun except for the minutes around sunrise and sunset.

    Parameters
    ----------
    latitude, longitude
        [degree]
    altitude
        [m]
    clock
        The scenario's start and timezone.
    climate
        Temperature and wind.

    References
    ----------
    .. [1] P. Ineichen and R. Perez, "A new airmass independent formulation for the Linke turbidity coefficient", Solar
       Energy 73(3), 2002, as `pvlib.clearsky.ineichen`, with a Linke turbidity of 3 all year.
    .. [2] I. Reda and A. Andreas, "Solar position algorithm for solar radiation applications", NREL/TP-560-34302, 2003,
       as `pvlib.solarposition`.
    """

    def __init__(
        self, latitude: float, longitude: float, altitude: float, clock: Clock, climate: Climate | None = None
    ) -> None:
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise InvalidParameterError(
                f"expected latitude within 90 and longitude within 180 degree, got {latitude} and {longitude}."
            )
        self.latitude, self.longitude, self.altitude = latitude, longitude, altitude
        self.clock = clock
        self.climate = climate or Climate()
        start = clock.start_time.tz_convert("UTC")
        self._start_day = start.dayofyear - 1 + (start.hour + start.minute / 60 + start.second / 3600) / 24
        self._chunk: int | None = None
        self._sun = np.empty((0, 5))

    def at(self, seconds: float) -> WeatherSample:
        """The weather `seconds` after the scenario's start."""
        chunk = int(seconds // CHUNK_S)
        if chunk != self._chunk:
            self._sun, self._chunk = self._day_of_sun(chunk), chunk
        position = (seconds - chunk * CHUNK_S) / SUN_STEP_S
        row = int(position)
        weight = position - row
        dni, ghi, dhi, elevation, azimuth = ((1.0 - weight) * self._sun[row] + weight * self._sun[row + 1]).tolist()
        return WeatherSample(
            dni_w_per_m2=dni,
            ghi_w_per_m2=ghi,
            dhi_w_per_m2=dhi,
            ambient_c=self._ambient_c(seconds),
            wind_speed_m_per_s=self.climate.wind_speed_m_per_s,
            sun_elevation_degree=elevation,
            sun_azimuth_degree=azimuth % 360.0,
        )

    def _ambient_c(self, seconds: float) -> float:
        solar_day = self._start_day + seconds / 86400.0 + self.longitude / 360.0
        return self.climate.ambient_c(solar_day, 24 * (solar_day % 1.0), northern=self.latitude >= 0)

    def _day_of_sun(self, chunk: int) -> np.ndarray:
        """Irradiances, elevation and (unwrapped) azimuth every five minutes of a day, its end included. (289, 5)"""
        from pvlib.location import Location

        seconds = chunk * CHUNK_S + np.arange(0.0, CHUNK_S + SUN_STEP_S, SUN_STEP_S)
        times = self.clock.times(seconds)
        place = Location(self.latitude, self.longitude, tz=self.clock.timezone, altitude=self.altitude)
        sun = place.get_solarposition(times)
        sky = place.get_clearsky(times, model="ineichen", solar_position=sun, linke_turbidity=LINKE_TURBIDITY)
        azimuth = np.unwrap(sun.azimuth.to_numpy(), period=360.0)
        return np.column_stack([sky.dni, sky.ghi, sky.dhi, sun.apparent_elevation, azimuth])
