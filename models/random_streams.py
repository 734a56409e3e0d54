"""One independent random stream a role, so that one simulator's draws never shift another's."""

from zlib import crc32

import numpy as np


def stream(seed: int, role: str) -> np.random.Generator:
    """Random generator of one role in one scenario.

    Parameters
    ----------
    seed
        The scenario's seed. [-]
    role
        Who draws, e.g. ``"scada"`` or ``"profiles"``; a role's stream does not depend on which other roles exist.
    """
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(role.encode())]))
