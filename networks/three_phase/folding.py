"""Elements of one or two phases as the three-phase ones that draw the same power and lose the same in their impedance.

A balanced net carries a third of a single-phase current in each of its phases. With the currents of an element's
conductors as balanced phasors p (of unit length, 120 degree apart; 180 degree between the legs of a centre-tapped
secondary), the equivalent three-phase impedance of a matrix Z over n conductors follows from equal losses,
``3 z (n/3)^2 = p* Z p``, and the equivalent susceptance from equal charging power, ``3 b = p* B p``. For three phases
both are the positive sequence of the transposed line (Kersting, Distribution System Modeling and Analysis, ch. 4); one
phase has three times its impedance, two have 1.5 times the self less half the mutual impedance.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from networks.three_phase.tables import LEGS, LOWER_TRIANGLE, PHASES

PHASORS = {
    **{phase: np.exp(-2j * np.pi * place / 3.0) for place, phase in enumerate(PHASES)},
    **dict(zip(LEGS, (1.0 + 0.0j, -1.0 + 0.0j), strict=True)),
}


def folded_impedance(matrix: NDArray[np.complex128], phases: str) -> complex:
    """The impedance of the balanced line that stands for conductors `phases` with the series impedances `matrix`."""
    return complex(3.0 / len(phases) ** 2 * _quadratic_form(matrix, phases))


def folded_susceptance(matrix: NDArray[np.float64], phases: str) -> float:
    """The susceptance of the balanced line that stands for conductors `phases` with the shunt susceptances `matrix`."""
    return _quadratic_form(matrix, phases).real / 3.0


def folded_current(rated: float, phases: str) -> float:
    """The balanced current at which conductors `phases` carry their rated one."""
    return rated * len(phases) / 3.0


def is_untransposed(matrix: NDArray[np.complex128]) -> bool:
    """Whether the phases of a three-phase line differ, which a balanced net cannot show."""
    diagonal = np.diag(matrix)
    mutual = matrix[np.tril_indices(len(matrix), -1)]
    return bool(np.ptp(np.abs(diagonal)) > 1e-6 * np.abs(diagonal).max() or np.ptp(np.abs(mutual)) > 1e-6)


def configuration_matrices(configuration: Any, n: int) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Series impedance [ohm/km] and shunt susceptance [uS/km] of `n` conductors, from a row of `line_configuration`."""
    impedance = np.zeros((n, n), dtype=complex)
    susceptance = np.zeros((n, n))
    for entry in LOWER_TRIANGLE:
        row, column = int(entry[0]) - 1, int(entry[1]) - 1
        if row < n:
            z = configuration[f"r{entry}_ohm_per_km"] + 1j * configuration[f"x{entry}_ohm_per_km"]
            impedance[row, column] = impedance[column, row] = z
            susceptance[row, column] = susceptance[column, row] = configuration[f"b{entry}_us_per_km"]
    return impedance, susceptance


def line_to_line_kv(kv: float, phases: str, connection: str) -> float:
    """The three-phase line-to-line voltage that goes with a rated voltage as the tables state it. [kV]"""
    legs = set(phases) <= set(LEGS)
    if connection == "delta":
        return kv * sqrt(3.0) / 2.0 if legs else kv
    return kv if len(phases) > 1 else kv * sqrt(3.0)


def _quadratic_form(matrix: NDArray[Any], phases: str) -> complex:
    phasors = np.array([PHASORS[phase] for phase in phases])
    return complex(np.conj(phasors) @ matrix @ phasors)
