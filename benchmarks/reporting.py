"""What every benchmark shares: one core, one table, one file of figures with the machine they come from."""

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

# One core for everybody; BLAS reads this once, so import this module before NumPy.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

DISTRIBUTIONS = ("numpy", "scipy", "numba", "torch", "pandapower", "lightsim2grid", "mosaik", "mosaik-api-v3")

Row = Mapping[str, Any]


def parser(description: str | None) -> argparse.ArgumentParser:
    """A command line with the first line of a module's docstring and ``--json FILE``."""
    arguments = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    arguments.add_argument("--json", type=Path, metavar="FILE", help="write the figures with machine and versions")
    return arguments


def report(title: str, columns: Mapping[str, str], rows: Sequence[Row], json_file: Path | None) -> None:
    """Print a table and, where a file is given, write its rows.

    Parameters
    ----------
    title
        What was measured.
    columns
        Heading of every field of a row that is shown.
    rows
        One mapping a line; None is shown as an empty cell.
    json_file
        Gets ``{"title", "machine", "rows"}``; None writes nothing.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for field, heading in columns.items():
        is_text = any(isinstance(row.get(field), str) for row in rows)
        table.add_column(heading, justify="left" if is_text else "right")
    for row in rows:
        table.add_row(*(_shown(row.get(field)) for field in columns))
    # A pipe has no width of its own: nothing may be cut off.
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)
    if json_file is not None:
        figures = {"title": title, "machine": machine(), "rows": [dict(row) for row in rows]}
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """Where and with what it was measured."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in DISTRIBUTIONS},
    }


def processor() -> str:
    """The processor's name, as Linux knows it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if value >= 1e-3 else f"{value:.1e}"
    if isinstance(value, int):
        return f"{value:,}"
    return value or ""
