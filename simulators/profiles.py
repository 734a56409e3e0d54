"""Mosaik adapter of load and weather over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from models.errors import InvalidParameterError
from models.profiles import (
    ClearSkyWeather,
    Clock,
    ConstantWeather,
    LoadProfiles,
    LoadRecord,
    Loads,
    NominalLoadProfiles,
    RecordedLoadProfiles,
    StandardLoadProfiles,
    read_load_csv,
)
from models.profiles.weather import Weather
from models.weather import WEATHER, WeatherSample
from simulators.adapter import ModelAdapter, serve


@dataclass(frozen=True)
class Surroundings:
    """What acts on a feeder from outside: its customers and its sky."""

    loads: LoadProfiles
    weather: Weather


class ProfilesSimulator(ModelAdapter):
    """What every load draws, what the control room expects it to draw, and the weather.

    Attributes
    ----------
    load_p_mw, load_q_mvar
        Power of every load, in the order of the table of loads. (n_load,) [MW, Mvar]
    load_p_mw_forecast, load_q_mvar_forecast
        The control room's expectation: the standard profile without diversity. (n_load,) [MW, Mvar]
    dni_w_per_m2, ghi_w_per_m2, dhi_w_per_m2
        Direct normal, global horizontal and diffuse horizontal irradiance. [W/m²]
    ambient_c
        Air temperature. [degC]
    wind_speed_m_per_s
        [m/s]
    sun_elevation_degree, sun_azimuth_degree
        Apparent elevation; azimuth clockwise from north. [degree]

    Inputs
    ------
    after
        Any attribute, time-shifted, of the simulator that the profiles shall not run ahead of.

    Parameters of `Profiles`
    ------------------------
    loads
        Table with p_mw and q_mvar (nominal), and, where known, load, profile, bus and name.
    start
        ISO date and time; without offset in the location's timezone.
    duration_s
        How long the scenario lasts; recorded data must cover it. [s]
    customers_seed
        Of what is always different between loads; by default `seed`.
    seed
        Of what fluctuates.
    location
        Mapping with latitude, longitude, timezone and altitude.
    data
        ``"standard"`` (BDEW profiles), ``"nominal"`` (constant), a `LoadRecord`, or a mapping with the arguments of
        `read_load_csv`.
    weather
        A mapping of weather attributes that stay constant; None for a clear sky.
    """

    MODEL = "Profiles"
    PARAMS: ClassVar[tuple[str, ...]] = (
        "loads",
        "start",
        "duration_s",
        "customers_seed",
        "seed",
        "location",
        "data",
        "weather",
    )
    INPUTS: ClassVar[tuple[str, ...]] = ("after",)
    OUTPUTS: ClassVar[tuple[str, ...]] = (
        "load_p_mw",
        "load_q_mvar",
        "load_p_mw_forecast",
        "load_q_mvar_forecast",
        *WEATHER,
    )

    def build(
        self,
        loads: Any,
        start: str,
        location: Mapping[str, Any],
        duration_s: float = 0.0,
        seed: int = 0,
        customers_seed: int | None = None,
        data: str | LoadRecord | Mapping[str, Any] = "standard",
        weather: Mapping[str, float] | None = None,
    ) -> Surroundings:
        clock = Clock(start, location["timezone"])
        table = Loads.from_table(loads)
        if data == "standard":
            profiles: LoadProfiles = StandardLoadProfiles(table, clock, seed, customers_seed)
        elif data == "nominal":
            profiles = NominalLoadProfiles(table)
        else:
            profiles = RecordedLoadProfiles(table, load_record(data), clock, duration_s)
        return Surroundings(profiles, build_weather(clock, location, weather))

    def advance(self, model: Surroundings, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        p_mw, q_mvar = model.loads.at(seconds)
        p_mw_forecast, q_mvar_forecast = model.loads.forecast_at(seconds)
        return {
            "load_p_mw": p_mw,
            "load_q_mvar": q_mvar,
            "load_p_mw_forecast": p_mw_forecast,
            "load_q_mvar_forecast": q_mvar_forecast,
            **vars(model.weather.at(seconds)),
        }

    def order(self, model: Surroundings) -> dict[str, list[Any]]:
        return {"load": model.loads.loads.index.tolist()}


def load_record(data: str | LoadRecord | Mapping[str, Any]) -> LoadRecord:
    """The record itself, or the one that `read_load_csv` reads with these arguments.

    Raises
    ------
    InvalidParameterError
        For a word that names no kind of data.
    """
    if isinstance(data, str):
        raise InvalidParameterError(
            f"unknown load data {data!r}; give 'standard', 'nominal', or path and unit of a file."
        )
    return data if isinstance(data, LoadRecord) else read_load_csv(**data)


def build_weather(clock: Clock, location: Mapping[str, Any], constant: Mapping[str, float] | None) -> Weather:
    """A clear sky over the location, or the constant weather asked for."""
    if constant is not None:
        return ConstantWeather(WeatherSample(**constant))
    return ClearSkyWeather(location["latitude"], location["longitude"], location.get("altitude", 0.0), clock)


if __name__ == "__main__":
    serve(ProfilesSimulator)
