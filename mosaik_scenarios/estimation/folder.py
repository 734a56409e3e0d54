"""An estimate's folder: its state and measurements as CSV files, its tests and settings as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mosaik_scenarios.errors import EstimationError
from mosaik_scenarios.output_folder import require_free_folder

if TYPE_CHECKING:
    from models.estimation.tables.estimate_tables import EstimateTables

BUSES, MEASUREMENTS, ESTIMATE = "bus.csv", "measurements.csv", "estimate.json"
FILES = (BUSES, MEASUREMENTS, ESTIMATE)


def require_free(folder: Path, force: bool) -> None:
    """Refuse a folder with something in it, unless it is an estimate and may be replaced.

    Raises
    ------
    EstimationError
    """
    require_free_folder(folder, "estimate", set(FILES).issuperset, force, EstimationError)


def write_folder(tables: EstimateTables, folder: Path, force: bool = False) -> None:
    """Write all files or, if anything fails, none."""
    require_free(folder, force)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as draft:
        tables.bus_table().to_csv(Path(draft, BUSES))
        tables.measurement_table().to_csv(Path(draft, MEASUREMENTS), index=False)
        Path(draft, ESTIMATE).write_text(json.dumps(described(tables), indent=2, allow_nan=False) + "\n", "utf-8")
        folder.mkdir(exist_ok=True)
        for name in FILES:
            os.replace(Path(draft, name), folder / name)


def described(tables: EstimateTables) -> dict[str, Any]:
    """Verdict, tests, what was done about bad data, and how it was estimated; what is no number is null."""
    estimate, estimator = tables.estimate, tables.estimator
    figures = {name: None if figure != figure else figure for name, figure in tables.summary().items()}
    table = tables.measurement_table()
    names = {f"{flag}_measurements": table["name"][table[flag]].tolist() for flag in ("removed", "suspect", "critical")}
    return {
        "verdict": tables.verdict(),
        **{str(name): figure for name, figure in figures.items()},
        **names,
        "critical_groups": [list(group) for group in tables.critical_groups],
        "contradicted_forecasts": list(estimate.contradicted_forecasts),
        "settings": {"method": estimator.method, "significance": estimator.significance},
    }
