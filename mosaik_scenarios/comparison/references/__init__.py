"""References: results computed elsewhere, read from files whose kind shows in what they hold."""

from __future__ import annotations

from pathlib import Path

from mosaik_scenarios.comparison.references.kinds import kinds_text, no_kind
from mosaik_scenarios.comparison.references.reference import MEGAWATTS, Reference
from mosaik_scenarios.errors import ComparisonError

MAT_SIGNATURES = (b"MATLAB", b"\x89HDF")


def read_reference(path: str | Path, unit: str | None = None) -> Reference:
    """The results in a file.

    Parameters
    ----------
    path
        Of the file; what it holds says of which kind it is.
    unit
        Of its powers: W, kW or MW. Unless given, what its header says, else kW; MATPOWER's are MW.

    Raises
    ------
    ComparisonError
        No file, of no kind that can be compared, or damaged; the message lists the kinds or names the place.
    """
    from mosaik_scenarios.comparison.references import bus_table, matpower_result, over_time
    from mosaik_scenarios.comparison.references.csv_file import CsvFile

    path = Path(path)
    if unit is not None and unit not in MEGAWATTS:
        raise ComparisonError(f"expected the unit {', '.join(MEGAWATTS)}, got {unit!r}.")
    if not path.is_file():
        raise ComparisonError(f"no file {path}; give {kinds_text()}.")
    if is_mat_file(path):
        return matpower_result.read(path, unit)
    file = CsvFile.open(path)
    for reader in (bus_table, over_time):
        if reader.fits(file):
            return reader.read(file, unit)
    raise no_kind(path, file.header)


def is_mat_file(path: Path) -> bool:
    """Whether a file is MATLAB's, by its suffix or its first bytes."""
    with path.open("rb") as file:
        head = file.read(8)
    return path.suffix == ".mat" or head.startswith(MAT_SIGNATURES)
