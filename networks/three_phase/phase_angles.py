"""The angle of every node's voltage in a balanced system, by which its phases are one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from networks.three_phase.tables import LEGS, PHASES

if TYPE_CHECKING:
    from networks.three_phase.tables import ThreePhaseTables

PHASOR_OF_PHASE = {phase: np.exp(-2j * np.pi * place / 3) for place, phase in enumerate(PHASES)}


def nominal_angles(tables: ThreePhaseTables) -> dict[str, dict[str, float]]:
    """By bus and phase: 0, -120 and 120 degree for a, b and c; legs have those of what feeds them. [degree]

    Phase shifts of three-phase transformers are not counted: they are common to all phases of a bus.
    """
    feeding = _feeding_phasors(tables)
    angles = {}
    for bus, phases in zip(tables.bus.bus, tables.bus.phases, strict=True):
        leg = feeding.get(bus, 1.0 + 0.0j)
        phasors = {**PHASOR_OF_PHASE, LEGS[0]: leg, LEGS[1]: -leg}
        angles[bus] = {phase: float(np.degrees(np.angle(phasors[phase]))) for phase in phases}
    return angles


def _feeding_phasors(tables: ThreePhaseTables) -> dict[str, complex]:
    """The voltage across the primary of the transformer behind every leg, by bus."""
    feeding: dict[str, complex] = {
        unit["secondary_bus"]: _across(unit["primary_phases"])
        for unit in tables.transformer.to_dict("records")
        if unit["secondary_phases"] == LEGS[0]
    }
    services = [
        (row["from_bus"], row["to_bus"]) for row in tables.line.to_dict("records") if set(row["phases"]) <= set(LEGS)
    ]
    reached = True
    while reached:
        beyond = [(far, near) for ends in services for near, far in (ends, ends[::-1]) if near in feeding]
        reached = any(far not in feeding for far, _ in beyond)
        feeding |= {far: feeding[near] for far, near in beyond if far not in feeding}
    return feeding


def _across(phases: str) -> complex:
    first, *second = (PHASOR_OF_PHASE[phase] for phase in phases[:2])
    return complex(first - second[0] if second else first)
