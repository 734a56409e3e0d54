"""MATPOWER's matrices in a .mat file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mosaik_scenarios.comparison.references.reference import FloatArray
from mosaik_scenarios.errors import ComparisonError


@dataclass(frozen=True, eq=False)
class MatpowerSolution:
    """A case or result struct: MATPOWER's matrices as they are, and whether it was solved (None where not stated)."""

    base_mva: float
    bus: FloatArray
    gen: FloatArray
    branch: FloatArray
    success: bool | None


def read_matpower_solution(path: Path) -> MatpowerSolution:
    """The struct in a v7 file, of whatever name."""
    from scipy.io import loadmat

    try:
        variables = loadmat(path, simplify_cells=True)
    except Exception as error:  # a damaged file fails anywhere inside the decoder, with any type
        raise ComparisonError(
            f"{path}: expected a .mat file, got something unreadable ({type(error).__name__})."
        ) from None
    for value in variables.values():
        if isinstance(value, dict) and {"bus", "gen", "branch"} <= value.keys():
            return _solution(value)
    raise ComparisonError(f"{path}: expected a struct with bus, gen and branch, as runpf returns; got none.")


def _solution(struct: dict[str, Any]) -> MatpowerSolution:
    success = struct.get("success")
    return MatpowerSolution(
        base_mva=float(struct["baseMVA"]),
        bus=np.atleast_2d(np.asarray(struct["bus"], dtype=float)),
        gen=np.atleast_2d(np.asarray(struct["gen"], dtype=float)),
        branch=np.atleast_2d(np.asarray(struct["branch"], dtype=float)),
        success=None if success is None else bool(success),
    )
