"""Static generators over time: photovoltaic systems follow the sun, all others hold their nominal power."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from models.errors import InvalidParameterError
from models.weather import WeatherSample

# Hay and Davies compare the beam with the extraterrestrial irradiance; its yearly variation of 3 % is left out. [W/m^2]
EXTRATERRESTRIAL_W_PER_M2 = 1366.1
NOMINAL_INVERTER_EFFICIENCY = 0.96


@dataclass(frozen=True)
class PhotovoltaicSystem:
    """Modules of one orientation behind one inverter.

    Parameters
    ----------
    peak_mw
        Direct-current power at 1000 W/m^2 and 25 degC cells. [MW]
    tilt_degree
        Modules against the horizontal. [degree]
    azimuth_degree
        Where the modules face, clockwise from north. [degree]
    losses_percent
        Soiling, shading, mismatch, wiring and the like, before the inverter; 14 is the PVWatts default. [percent]
    ac_mw
        Active power at which the inverter clips; None takes `peak_mw` / 1.2, the PVWatts default. [MW]
    temperature_coefficient_per_k
        Relative change of power with cell temperature. [1/K]
    power_factor
        Active over apparent power, kept at every output. [-]
    mode
        As in pandapower: ``"underexcited"`` absorbs reactive power, ``"overexcited"`` delivers it.
    """

    peak_mw: float
    tilt_degree: float = 30.0
    azimuth_degree: float = 180.0
    losses_percent: float = 14.0
    ac_mw: float | None = None
    temperature_coefficient_per_k: float = -0.004
    power_factor: float = 1.0
    mode: Literal["underexcited", "overexcited"] = "underexcited"

    def __post_init__(self) -> None:
        if self.ac_mw is None:
            object.__setattr__(self, "ac_mw", self.peak_mw / 1.2)
        assert self.ac_mw is not None
        self._require("peak_mw", self.peak_mw > 0, "above 0")
        self._require("ac_mw", self.ac_mw > 0, "above 0")
        self._require("tilt_degree", 0 <= self.tilt_degree <= 90, "between 0 and 90")
        self._require("azimuth_degree", 0 <= self.azimuth_degree <= 360, "between 0 and 360")
        self._require("losses_percent", 0 <= self.losses_percent < 100, "at least 0 and below 100")
        self._require("temperature_coefficient_per_k", -0.02 < self.temperature_coefficient_per_k <= 0, "in (-0.02, 0]")
        self._require("power_factor", 0 < self.power_factor <= 1, "above 0 and at most 1")
        self._require("mode", self.mode in ("underexcited", "overexcited"), "'underexcited' or 'overexcited'")

    def _require(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            value = getattr(self, name)
            raise InvalidParameterError(f"PhotovoltaicSystem.{name} must be {expected}, got {value!r}.")

    @property
    def reactive_per_active(self) -> float:
        """Reactive over active power, generation positive. [-]"""
        magnitude = (1 - self.power_factor**2) ** 0.5 / self.power_factor
        return magnitude if self.mode == "overexcited" else -magnitude


class PhotovoltaicFleet:
    """Alternating-current power of many photovoltaic systems under the same sky.

    Irradiance on the modules by Hay and Davies, cell temperature by Faiman, modules and inverter by PVWatts, all from
    pvlib. Reflection at grazing incidence and the spectrum are part of `losses_percent`.

    Parameters
    ----------
    systems
        One description per system, in the order of all vectors.

    References
    ----------
    .. [1] J. E. Hay and J. A. Davies, "Calculations of the solar radiation incident on an inclined surface",
       First Canadian Solar Radiation Data Workshop, 1980.
    .. [2] D. Faiman, "Assessing the outdoor operating temperature of photovoltaic modules", Progress in Photovoltaics
       16(4), 2008.
    .. [3] A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014.
    """

    def __init__(self, systems: Sequence[PhotovoltaicSystem]) -> None:
        def vector(name: str) -> np.ndarray:
            return np.array([getattr(system, name) for system in systems], dtype=float)

        self.tilt_degree = vector("tilt_degree")
        self.azimuth_degree = vector("azimuth_degree")
        self.power_after_losses_mw = vector("peak_mw") * (1 - vector("losses_percent") / 100)
        self.temperature_coefficient_per_k = vector("temperature_coefficient_per_k")
        self.inverter_dc_limit_mw = vector("ac_mw") / NOMINAL_INVERTER_EFFICIENCY
        self.reactive_per_active = vector("reactive_per_active")

    def irradiance_w_per_m2(self, weather: WeatherSample) -> np.ndarray:
        """Global irradiance on each system's plane. [W/m^2]"""
        from pvlib import irradiance

        on_plane = irradiance.get_total_irradiance(
            self.tilt_degree,
            self.azimuth_degree,
            solar_zenith=90 - weather.sun_elevation_degree,
            solar_azimuth=weather.sun_azimuth_degree,
            dni=weather.dni_w_per_m2,
            ghi=weather.ghi_w_per_m2,
            dhi=weather.dhi_w_per_m2,
            dni_extra=EXTRATERRESTRIAL_W_PER_M2,
            model="haydavies",
        )
        return on_plane["poa_global"]

    def active_power_mw(self, weather: WeatherSample) -> np.ndarray:
        """Active power of each system, generation positive. [MW]"""
        from pvlib import inverter, pvsystem, temperature

        on_plane_w_per_m2 = self.irradiance_w_per_m2(weather)
        cell_c = temperature.faiman(on_plane_w_per_m2, weather.ambient_c, weather.wind_speed_m_per_s)
        dc_power_mw = pvsystem.pvwatts_dc(
            on_plane_w_per_m2, cell_c, self.power_after_losses_mw, self.temperature_coefficient_per_k
        )
        return inverter.pvwatts(dc_power_mw, self.inverter_dc_limit_mw, NOMINAL_INVERTER_EFFICIENCY)


class GeneratedPower(NamedTuple):
    """Generation positive, (n_sgen,) each."""

    p_mw: np.ndarray
    q_mvar: np.ndarray
    p_mw_forecast: np.ndarray
    """What the control room expects, which knows the weather. [MW]"""
    q_mvar_forecast: np.ndarray


class StaticGenerators:
    """All static generators of a feeder: the photovoltaic ones follow the weather, the others hold what is given.

    Parameters
    ----------
    p_mw, q_mvar
        Nominal powers, generation positive, (n_sgen,). [MW], [Mvar]
    photovoltaic
        The photovoltaic systems by position in these vectors.
    """

    def __init__(self, p_mw: Any, q_mvar: Any, photovoltaic: Mapping[int, PhotovoltaicSystem]) -> None:
        self.nominal_p_mw = np.array(p_mw, dtype=float)
        self.nominal_q_mvar = np.array(q_mvar, dtype=float)
        if self.nominal_p_mw.shape != self.nominal_q_mvar.shape:
            raise InvalidParameterError(
                f"p_mw and q_mvar need one value per generator, got {self.nominal_p_mw.size} and "
                f"{self.nominal_q_mvar.size}."
            )
        outside = [position for position in photovoltaic if not 0 <= position < len(self.nominal_p_mw)]
        if outside:
            raise InvalidParameterError(
                f"photovoltaic systems at positions {outside}, but there are {len(self.nominal_p_mw)} generators; "
                "use positions counted from 0."
            )
        self.positions = np.array(list(photovoltaic), dtype=int)
        systems = list(photovoltaic.values())
        self.fleet = PhotovoltaicFleet([*systems, *map(as_registered, systems)])

    def power(self, weather: WeatherSample) -> GeneratedPower:
        """Active and reactive power of every generator and what is expected of it; fresh arrays."""
        active_mw = self.fleet.active_power_mw(weather) if self.positions.size else np.empty(0)
        reactive_mvar = active_mw * self.fleet.reactive_per_active
        real, registered = np.split(np.arange(active_mw.size), 2)
        p_mw, q_mvar = self.nominal_p_mw.copy(), self.nominal_q_mvar.copy()
        p_mw_forecast, q_mvar_forecast = p_mw.copy(), q_mvar.copy()
        p_mw[self.positions], q_mvar[self.positions] = active_mw[real], reactive_mvar[real]
        p_mw_forecast[self.positions] = active_mw[registered]
        q_mvar_forecast[self.positions] = reactive_mvar[registered]
        return GeneratedPower(p_mw, q_mvar, p_mw_forecast, q_mvar_forecast)


def as_registered(system: PhotovoltaicSystem) -> PhotovoltaicSystem:
    """What a network operator takes a system for, who knows rating and power factor but not how the modules stand."""
    return PhotovoltaicSystem(
        peak_mw=system.peak_mw, ac_mw=system.ac_mw, power_factor=system.power_factor, mode=system.mode
    )


def photovoltaic_system(description: Mapping[str, Any] | PhotovoltaicSystem) -> PhotovoltaicSystem:
    """A system from a plain mapping of its fields; objects pass through.

    Raises
    ------
    InvalidParameterError
        If a field is missing, unknown or out of its range.
    """
    if isinstance(description, PhotovoltaicSystem):
        return description
    try:
        return PhotovoltaicSystem(**description)
    except TypeError as error:
        raise InvalidParameterError(f"PhotovoltaicSystem: {error}; see its docstring for the fields.") from error
