"""The phases, in the order in which whatever is kept by phase holds them, and what their vectors are called."""

import numpy as np

PHASES = "abc"
PHASORS = np.exp(-2j * np.pi * np.arange(len(PHASES)) / len(PHASES))
"""A balanced system of positive sequence."""
TAP_POS = "tap_pos"


def of_phase(vector: str, phase: str) -> str:
    """The name of a vector of one phase: the phase stands before the unit, ``vm_a_pu`` or ``line_p_from_a_mw``.

    Taps (``tap_pos_in_effect``) have no unit, and carry the phase in the second place.
    """
    stem, unit = ("tap", vector.removeprefix("tap_")) if vector.startswith(TAP_POS) else vector.rsplit("_", 1)
    return f"{stem}_{phase}_{unit}"
