"""Load and weather over time, as functions of seconds since the scenario's start."""

from models.profiles.clock import Clock
from models.profiles.load_csv import read_load_csv
from models.profiles.load_profiles import LoadProfiles, NominalLoadProfiles, StandardLoadProfiles
from models.profiles.loads import Loads
from models.profiles.recorded import LoadRecord, RecordedLoadProfiles
from models.profiles.weather import ClearSkyWeather, Climate, ConstantWeather

__all__ = [
    "ClearSkyWeather",
    "Climate",
    "Clock",
    "ConstantWeather",
    "LoadProfiles",
    "LoadRecord",
    "Loads",
    "NominalLoadProfiles",
    "RecordedLoadProfiles",
    "StandardLoadProfiles",
    "read_load_csv",
]
