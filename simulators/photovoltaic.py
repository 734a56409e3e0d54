"""The feeder's static generators under mosaik: photovoltaic power from the weather."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from models.errors import InvalidParameterError
from models.plant.photovoltaic import PhotovoltaicSystem, StaticGenerators, photovoltaic_system
from models.weather import WEATHER, WeatherSample
from simulators.adapter import ModelAdapter, serve


class PhotovoltaicSimulator(ModelAdapter):
    """Feeds in what the sun gives; generators that are not photovoltaic hold their nominal power.

    Parameters of the entity: ``p_mw``, ``q_mvar``, nominal powers of all static generators [MW, Mvar];
    ``photovoltaic``, a mapping from pandapower index to `PhotovoltaicSystem` or its fields; ``sgen_index``, the
    pandapower indices in vector order (0, 1, 2, ... by default).

    Inputs: ``dni_w_per_m2``, ``ghi_w_per_m2``, ``dhi_w_per_m2`` [W/m^2], ``ambient_c`` [degC],
    ``wind_speed_m_per_s`` [m/s], ``sun_elevation_degree``, ``sun_azimuth_degree`` [degree]. Without sun it is night.
    Outputs (n_sgen), generation positive: ``sgen_p_mw`` [MW], ``sgen_q_mvar`` [Mvar]; ``sgen_p_mw_forecast`` [MW],
    ``sgen_q_mvar_forecast`` [Mvar], what the control room expects, which knows weather and ratings, not tilts.
    """

    MODEL: ClassVar[str] = "Photovoltaic"
    PARAMS: ClassVar[tuple[str, ...]] = ("p_mw", "q_mvar", "photovoltaic", "sgen_index")
    INPUTS: ClassVar[tuple[str, ...]] = WEATHER
    OUTPUTS: ClassVar[tuple[str, ...]] = ("sgen_p_mw", "sgen_q_mvar", "sgen_p_mw_forecast", "sgen_q_mvar_forecast")

    def build(
        self,
        p_mw: Sequence[float] = (),
        q_mvar: Sequence[float] = (),
        photovoltaic: Mapping[int | str, PhotovoltaicSystem | Mapping[str, Any]] | None = None,
        sgen_index: Sequence[int] | None = None,
    ) -> StaticGenerators:
        """The static generators; indices may be strings, as JSON has them."""
        self.sgen_index = [int(index) for index in (range(len(p_mw)) if sgen_index is None else sgen_index)]
        position = {index: i for i, index in enumerate(self.sgen_index)}
        systems = {int(index): photovoltaic_system(system) for index, system in (photovoltaic or {}).items()}
        missing = sorted(systems.keys() - position.keys())
        if missing:
            raise InvalidParameterError(f"photovoltaic systems at sgen {missing}; the net has sgen {self.sgen_index}.")
        return StaticGenerators(p_mw, q_mvar, {position[index]: system for index, system in systems.items()})

    def advance(self, model: StaticGenerators, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Convert the weather of this time."""
        power = model.power(WeatherSample(**inputs))
        return {f"sgen_{name}": vector for name, vector in power._asdict().items()}

    def order(self, model: StaticGenerators) -> dict[str, list[Any]]:
        """The pandapower index of each static generator."""
        return {"sgen": self.sgen_index}


if __name__ == "__main__":
    serve(PhotovoltaicSimulator)
