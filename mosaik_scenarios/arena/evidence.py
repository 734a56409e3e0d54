"""What an attack left that a detector could have seen: residuals, distance from the expected, silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.detection.history import History

BEFORE_SCANS = 120
"""Scans before an event that say what was usual there."""

PLAIN_RESIDUAL = 3.0
"""Normalised residual that the textbook takes for bad data [1]_. [standard deviations]

.. [1] A. Abur, A. Gomez Exposito, "Power System State Estimation", Marcel Dekker 2004, section 5.7.
"""

PLAIN_SHIFT = 3.0
"""Mean distance from the expected, against what is usual, that nobody would overlook. [standard deviations]"""

MOSTLY, MANY_TIMES = 0.5, 2.0


@dataclass(frozen=True)
class Evidence:
    """What one event left on the channels it was aimed at, or at its buses.

    Attributes
    ----------
    channel
        The one that changed most.
    residual_before, residual
        Median normalised residual there, in the scans before the event and in it; NaN where there is none. [-]
    peak_before, peak
        The largest there, in the scans before and in the event. [-]
    shift
        How far the mean of received - expected moved there from that of the scans before, in their standard
        deviations. [-]
    silent, frozen
        Share of the readings that did not come, and of those that repeated the last one beyond what is usual. [0 to 1]
    is_forged
        Whether the attack was aimed at channels at all; a real sag is not.
    """

    channel: str
    residual_before: float
    residual: float
    peak_before: float
    peak: float
    shift: float
    silent: float
    frozen: float
    is_forged: bool

    @property
    def reason(self) -> str:
        """Why a detector may have missed it, in a few words."""
        if self.silent > MOSTLY:
            return "nothing arrives: only who watches for silence can tell"
        is_far = self.shift > PLAIN_SHIFT
        if self.frozen > MOSTLY and not is_far:
            return "old values repeated: seen only once the feeder has moved on"
        if self.residual > PLAIN_RESIDUAL:
            return "the residual shows it: missed by who does not look there, or calls for more"
        if self.peak > MANY_TIMES * max(self.peak_before, PLAIN_RESIDUAL):
            return "single scans stand out, the others are as ever"
        if not self.is_forged:
            return f"real and truthfully measured: no residual, {'far from' if is_far else 'near'} the expected"
        if is_far:
            return "agrees with the other meters: only what was expected speaks against it"
        return "within what customers and meters do every day"


def evidence_of(history: History, first: int, last: int, channels: list[str], buses: list[int]) -> Evidence:
    """What an event from scan `first` to `last` (inclusive) left in a history.

    Parameters
    ----------
    channels
        Names aimed at.
    buses
        Where it is; their channels stand in where none is aimed at.
    """
    places = _places(history, channels, buses)
    before, during = slice(max(first - BEFORE_SCANS, 0), first), slice(first, last + 1)
    innovation = history.value[:, places] - history.expected[:, places]
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = _over_time(np.nanmean, innovation[before]), _over_time(np.nanstd, innovation[before])
        shift = np.abs(_over_time(np.nanmean, innovation[during]) - usual[0]) / usual[1]
    residual = history.normalised_residual[:, places]
    told = history.known[during][:, places]
    # A dead band repeats values on every day.
    more_repeated = _repeated(history.value[during][:, places]) - _repeated(history.value[before][:, places])
    most = int(np.argmax(np.nan_to_num(shift, nan=-1.0, posinf=-1.0)))
    return Evidence(
        channel=history.channels[places[most]],
        residual_before=_highest(_over_time(np.nanmedian, residual[before])),
        residual=_highest(_over_time(np.nanmedian, residual[during])),
        peak_before=_highest(residual[before]),
        peak=_highest(residual[during]),
        shift=_highest(shift),
        silent=float(1 - told.mean()),
        frozen=more_repeated,
        is_forged=bool(channels),
    )


def _places(history: History, channels: list[str], buses: list[int]) -> NDArray[np.int64]:
    """Indices of the channels to look at: those aimed at, else those at the buses, else all."""
    found = np.flatnonzero(np.isin(history.channels, channels))
    if not len(found):
        found = np.flatnonzero(np.isin(history.channel_bus, buses))
    return found if len(found) else np.arange(len(history.channels))


def _repeated(value: NDArray[np.float64]) -> float:
    return float((np.diff(value, axis=0) == 0).mean()) if len(value) > 1 else 0.0


def _over_time(statistic: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_channel,) NaN where a channel has no value."""
    known = ~np.isnan(values).all(axis=0)
    found = np.full(values.shape[1], np.nan)
    if known.any():
        found[known] = statistic(values[:, known], axis=0)
    return found


def _highest(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if len(finite) else float("nan")
