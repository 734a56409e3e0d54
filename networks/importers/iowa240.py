"""The Iowa State 240-bus distribution system from a folder that holds its public release.

The release has an OpenDSS model, ``dss/Master.dss``, and a year of hourly smart-meter readings,
``Feeder{A,B,C}_{P,Q}.csv``: one column a bus, kW and kvar.

References
----------
.. [1] F. Bu, Y. Yuan, Z. Wang, K. Dehghanpour and A. Kimber, "A Time-Series Distribution Test System Based on Real
   Utility Data", North American Power Symposium, 2019.
"""

from __future__ import annotations

import os
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from networks.errors import InvalidFeederError
from networks.feeder import Location, Network, RecordedLoads

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from networks.three_phase.tables import ThreePhaseTables

FOLDER_VARIABLE = "GRIDTWIN_IOWA240"
MASTER = Path("dss") / "Master.dss"
FEEDERS = ("A", "B", "C")
READINGS_START = "2017-01-01T00:00"
HOUR_S = 3600.0
# The publication says no more than that the utility is in the Midwest; the university is in Ames, Iowa.
AMES = Location(latitude=42.03, longitude=-93.62, timezone="America/Chicago", altitude=290.0)


def holds_iowa240(folder: Path) -> bool:
    """Whether a folder looks like the public release."""
    return (folder / MASTER).is_file() and (folder / "FeederA_P.csv").is_file()


def registered_folder() -> Path:
    """The folder that the environment names.

    Raises
    ------
    InvalidFeederError
        If it names none, or one that holds something else.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if not named:
        raise InvalidFeederError(
            f"feeder iowa240 is read from its public release; set {FOLDER_VARIABLE} to the folder that holds it."
        )
    if not holds_iowa240(Path(named)):
        raise InvalidFeederError(
            f"{FOLDER_VARIABLE} names {named}, which lacks {MASTER} or FeederA_P.csv; name the folder that holds both."
        )
    return Path(named)


def read_iowa240(folder: Path) -> Network:
    """The system and its year of readings.

    Raises
    ------
    FeederError
        If the extra ``opendss`` is not installed.
    InvalidFeederError
        If a file is missing or damaged, or a reading belongs to no load; the message names the file.
    """
    from networks.importers.opendss import read_opendss
    from networks.three_phase.network import network_of

    p_kw, q_kvar = _readings(folder, "P"), _readings(folder, "Q")
    unpaired = sorted(str(bus) for bus in set(p_kw) ^ set(q_kvar))
    if unpaired:
        raise InvalidFeederError(f"{folder} holds P and Q of different buses: {', '.join(unpaired[:8])}.")
    imported = read_opendss(folder / MASTER)
    buses = _metered_buses(imported.tables)
    stray = sorted(str(bus) for bus in set(p_kw) - set(buses.values()))
    if stray:
        raise InvalidFeederError(f"{folder} holds readings of {', '.join(stray[:8])}, where {MASTER} has no load.")
    network = network_of(imported.tables, imported.notes)
    load = network.net.load.assign(bus=network.net.load.name.map(buses))
    recorded = RecordedLoads(
        READINGS_START, HOUR_S, _by_load(p_kw, load, load.p_mw), _by_load(q_kvar, load, load.q_mvar)
    )
    return replace(network, recorded_loads=recorded)


def _readings(folder: Path, quantity: str) -> DataFrame:
    """One column a bus, in lower case as in the tables. [kW, kvar]"""
    from pandas import concat

    paths = [folder / f"Feeder{feeder}_{quantity}.csv" for feeder in FEEDERS]
    tables = [_read(path) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        if len(table) != len(tables[0]):
            raise InvalidFeederError(f"{path} holds {len(table)} hours, {paths[0].name} holds {len(tables[0])}.")
    readings = concat(tables, axis=1)
    readings.columns = [str(column).lower() for column in readings.columns]
    repeated = readings.columns[readings.columns.duplicated()]
    if len(repeated):
        raise InvalidFeederError(f"{folder} holds two columns {quantity} of {repeated[0]}; keep one.")
    return readings


def _read(path: Path) -> DataFrame:
    from pandas import read_csv

    try:
        readings = read_csv(path).astype(float)
    except (OSError, ValueError) as error:  # pandas' own refusals are ValueErrors
        raise InvalidFeederError(f"{path} cannot be read as readings ({str(error).splitlines()[0]:.120}).") from None
    if readings.empty or not isfinite(readings.to_numpy().sum()):
        raise InvalidFeederError(f"{path} lacks readings; expected a finite number in every row and column.")
    return readings


def _metered_buses(tables: ThreePhaseTables) -> dict[str, str]:
    """The bus whose readings are those of a load: the one on the high side of its service transformer. By load."""
    high_side = dict(zip(tables.transformer.secondary_bus, tables.transformer.primary_bus, strict=True))
    return {name: high_side.get(bus, bus) for name, bus in zip(tables.load.load, tables.load.bus, strict=True)}


def _by_load(readings: DataFrame, load: DataFrame, nominal: Series) -> DataFrame:
    """What each load drew: its part of its bus's readings, by nominal power; its nominal power where nobody read.

    Parameters
    ----------
    readings
        One column a bus. [kW or kvar]
    load
        The net's loads with their metered `bus`.
    nominal
        Of the same quantity. [MW or Mvar]
    """
    from pandas import DataFrame

    at_bus = load.groupby("bus").p_mw
    share = (load.p_mw / at_bus.transform("sum")).fillna(1.0 / at_bus.transform("size"))
    rows = zip(load.index, load.bus, share, nominal, strict=True)
    columns = {index: readings[bus] * part / 1000.0 if bus in readings else still for index, bus, part, still in rows}
    return DataFrame(columns, index=readings.index)
