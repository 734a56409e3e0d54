"""A feeder from an OpenDSS master file."""

from dataclasses import dataclass
from pathlib import Path

from networks.errors import InvalidFeederError
from networks.three_phase.tables import ThreePhaseTables


@dataclass(frozen=True, eq=False)
class Imported:
    """A feeder's tables and what one should know about how they came about."""

    tables: ThreePhaseTables
    notes: tuple[str, ...]


def read_opendss(path: str | Path, unstated_unit: str = "km") -> Imported:
    """The feeder that an OpenDSS master script describes, phase by phase.

    The engine (the extra ``opendss``) interprets the elements, so that line codes, units, ``like=`` and defaults mean
    what they mean in OpenDSS. It gets only the statements that describe equipment, and runs in a process of its own:
    nothing in the file can read other files, write, or start anything.

    Parameters
    ----------
    path
        The master file, or a script that compiles it; the circuit it ends with is taken.
    unstated_unit
        The unit of lengths where the script gives none ("km", "m", "mi", "kft", "ft"). Impedances do not depend on it.

    Raises
    ------
    FeederError
        If the extra is not installed.
    InvalidFeederError
        If the file is missing, damaged, or states something the tables cannot hold; the message names the place.
    """
    from networks.importers.opendss.elements import feeder_tables
    from networks.importers.opendss.engine import interpret
    from networks.importers.opendss.script import read_script

    path = Path(path)
    if not path.is_file():
        raise InvalidFeederError(f"no file {path}; give the master .dss file of a feeder.")
    script = read_script(path)
    circuit = interpret(script.statements, path.name)
    tables, notes = feeder_tables(circuit, script.coordinates, path.name, unstated_unit)
    return Imported(tables, (*script.notes, *notes))
