"""What MATPOWER's runpf returned, saved as a .mat file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mosaik_scenarios.comparison.names import NodeName
from mosaik_scenarios.comparison.references.reference import MEGAWATTS, Branches, ComplexArray, Reference, Voltages

if TYPE_CHECKING:
    from networks.importers.matpower.solution import MatpowerSolution

KIND = "MATPOWER result"


def read(path: Path, unit: str | None = None) -> Reference:
    """Voltages, branch flows, and what every bus feeds into the network.

    Raises
    ------
    InvalidFeederError
        The file is damaged, or holds a case that was not solved.
    """
    from networks.importers.matpower.mat_file import read_matpower_solution

    solution = read_matpower_solution(path)
    unit = unit or "MW"
    alive, on, scale = solution.bus_in_service, solution.branch_in_service, MEGAWATTS[unit]
    nodes = tuple(NodeName(name, name) for name in map(str, solution.bus_number[alive]))
    return Reference(
        kind=KIND,
        source=path,
        voltages=Voltages(nodes, solution.vm_pu[None, alive], solution.va_degree[None, alive]),
        branches=Branches(
            tuple(map(str, solution.branch_from_bus[on])),
            tuple(map(str, solution.branch_to_bus[on])),
            solution.p_from_mw[on] * scale,
            solution.q_from_mvar[on] * scale,
            solution.p_to_mw[on] * scale,
            solution.q_to_mvar[on] * scale,
        ),
        injection_mva=_injections(solution)[alive] * scale,
        unit=unit,
        matpower_numbers=True,
        ignored=dict.fromkeys(map(str, solution.bus_number[~alive]), "isolated in the reference"),
    )


def _injections(solution: MatpowerSolution) -> ComplexArray:
    """What generation less load of every bus is: what leaves it through branches and its shunt."""
    place = {int(number): row for row, number in enumerate(solution.bus_number)}
    injected = solution.shunt_p_mw + 1j * solution.shunt_q_mvar
    on = solution.branch_in_service
    for buses, power in (
        (solution.branch_from_bus, solution.p_from_mw + 1j * solution.q_from_mvar),
        (solution.branch_to_bus, solution.p_to_mw + 1j * solution.q_to_mvar),
    ):
        np.add.at(injected, [place[int(bus)] for bus in buses[on]], power[on])
    return injected
