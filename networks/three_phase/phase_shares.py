"""What loads and static generators draw from each phase of their bus, as shares of their power."""

from __future__ import annotations

from networks.three_phase.folding import PHASORS
from networks.three_phase.opendss_commands import NODE_OF_PHASE


def phase_shares(phases: str, connection: str) -> dict[int, complex]:
    """By phase (0 to 2), what an element takes from it over what it takes altogether.

    One between two conductors takes ``V_k conj(I)`` from the first and as much less from the second. Both depend on the
    voltages; here they are of equal magnitude and at nominal angles: from a and b a load takes 0.577 of its power each,
    30 degree apart. Anything else is taken to draw alike from all its phases.

    Parameters
    ----------
    phases
        Conductors as the three-phase tables state them, such as ``"ab"``; legs 1 and 2 stand in the places of a and b.
    connection
        wye or delta.
    """
    places = [NODE_OF_PHASE[phase] - 1 for phase in phases]
    if connection == "delta" and len(phases) == 2:
        first, second = (PHASORS[phase] for phase in phases)
        across = first - second
        return dict(zip(places, (complex(first / across), complex(-second / across)), strict=True))
    return dict.fromkeys(places, 1.0 / len(phases) + 0.0j)
