"""What MATPOWER's runpf returned, saved as a .mat file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mosaik_scenarios.comparison.references.bus_table import of_matpower
from mosaik_scenarios.comparison.references.reference import MEGAWATTS, Branches, FloatArray, Reference, Totals
from mosaik_scenarios.errors import ComparisonError

KIND = "MATPOWER result"

# MATPOWER manual, appendix B, tables B-2 and B-3: F_BUS, T_BUS, BR_STATUS, PF, QF, PT, QT; GEN_BUS, PG, QG, GEN_STATUS.
FROM_BUS, TO_BUS, BRANCH_STATUS = 0, 1, 10
P_FROM, Q_FROM, P_TO, Q_TO = 13, 14, 15, 16
GEN_BUS, P_GEN, Q_GEN, GEN_STATUS = 0, 1, 2, 7
BUS_NUMBER, BUS_TYPE = 0, 1
REFERENCE_BUS = 3


def read(path: Path, unit: str | None = None) -> Reference:
    """Voltages, branch flows, and what the reference buses deliver.

    Raises
    ------
    ComparisonError
        The file is damaged, or holds a case that was not solved.
    """
    from mosaik_scenarios.comparison.references.mat_file import read_matpower_solution

    solution = read_matpower_solution(path)
    if solution.branch.shape[1] <= Q_TO:
        raise ComparisonError(
            f"{path}: holds a case, whose voltages are where to start from, not a result; "
            "save what runpf returns: results = runpf(mpc); save('results.mat', 'results')."
        )
    if solution.success is False:
        raise ComparisonError(f"{path}: its power flow did not converge (success = 0); there is nothing to compare.")
    scale = MEGAWATTS[unit or "MW"]
    voltages = of_matpower(path, solution.bus)
    return replace(
        voltages,
        kind=KIND,
        totals=_delivered(solution.bus, solution.gen, scale),
        branches=_flows(solution.branch, scale),
        unit=unit or "MW",
    )


def _delivered(bus: FloatArray, gen: FloatArray, scale: float) -> Totals:
    """What the generators at the reference buses deliver, which is what the feeder draws there."""
    slacks = bus[bus[:, BUS_TYPE] == REFERENCE_BUS, BUS_NUMBER]
    there = np.isin(gen[:, GEN_BUS], slacks) & (gen[:, GEN_STATUS] > 0)
    return Totals(*(np.array([gen[there, column].sum()]) * scale for column in (P_GEN, Q_GEN)))


def _flows(branch: FloatArray, scale: float) -> Branches:
    """Flows of the branches in service."""
    branch = branch[branch[:, BRANCH_STATUS] > 0]
    start, end = (tuple(f"{number:.0f}" for number in branch[:, column]) for column in (FROM_BUS, TO_BUS))
    return Branches(start, end, *(branch[:, column] * scale for column in (P_FROM, Q_FROM, P_TO, Q_TO)))
