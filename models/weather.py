"""Sun and air at one time: what the profiles hand out and the photovoltaic sites take in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WeatherSample:
    """The weather at one time, the same for the whole feeder; by default a mild, calm night.

    Attributes
    ----------
    dni_w_per_m2, ghi_w_per_m2, dhi_w_per_m2
        Direct normal, global horizontal and diffuse horizontal irradiance. [W/m^2]
    ambient_c
        Air temperature. [degC]
    wind_speed_m_per_s
        [m/s]
    sun_elevation_degree, sun_azimuth_degree
        Apparent elevation above the horizon, and azimuth clockwise from north. [degree]
    """

    dni_w_per_m2: float = 0.0
    ghi_w_per_m2: float = 0.0
    dhi_w_per_m2: float = 0.0
    ambient_c: float = 20.0
    wind_speed_m_per_s: float = 1.0
    sun_elevation_degree: float = -90.0
    sun_azimuth_degree: float = 0.0


WEATHER = tuple(WeatherSample.__dataclass_fields__)
