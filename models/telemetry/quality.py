"""What the control room is handed of every channel: a value, the time it was measured, and how far to trust it."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Quality(IntEnum):
    """Quality of a received value, after the quality descriptor of IEC 60870-5-101, clause 7.2.6.3.

    Attributes
    ----------
    VALID
        Recent and undoubted.
    STALE
        The newest value is older than agreed ("not topical").
    MISSING
        There is no value (NaN): none has arrived yet, or none for too long.
    SUSPECT
        The remote terminal unit doubts the value: the reading lies beyond its converter's range ("overflow").
    """

    VALID = 0
    STALE = 1
    MISSING = 2
    SUSPECT = 3


@dataclass(frozen=True, eq=False)
class Telemetry:
    """All channels at one moment, in the row order of the metering plan. The arrays are not to be written to.

    Attributes
    ----------
    value
        (n_channel,) In the channel's unit; NaN where missing. [pu, degree, MW, Mvar or kA]
    timestamp_s
        (n_channel,) When the value was measured by the clock of the remote terminal unit, since the scenario's start;
        NaN before the first arrival. [s]
    quality
        (n_channel,) Codes of `Quality`. [-]
    """

    value: NDArray[np.float64]
    timestamp_s: NDArray[np.float64]
    quality: NDArray[np.int8]
