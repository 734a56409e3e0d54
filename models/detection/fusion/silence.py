"""Is it chance that these channels tell nothing new?"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.detection.fusion.evidence import (
    METER_DAYS,
    NORMAL_OVER_MEDIAN,
    Evidence,
    Findings,
    Learned,
    middle,
    pace_of,
    usual_scale,
)
from models.detection.history import DAY_S, DetectorFrame, History
from models.detection.recalibration import RollingCalibration

Array = NDArray[np.float64]

DISTANCES = np.array([0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0])
"""Bounds between distances from value to estimate that are told apart. [scales of the residual]"""

SHARED_SCANS = 30.0
"""Scans that the experience of all channels counts for beside a channel's own. [scans]"""

ALWAYS_SILENT = 0.8
"""Share of silent scans beyond which a channel's silence says nothing. [0 to 1]"""

SILENT_SHARE = 0.5
"""Share of a station's channels that would be silent if that had a reason. [0 to 1]"""

HALF_SURPRISE = 3.0
"""Surprise at a channel beyond which it counts in the feeder's sum. [nat]"""

SURPRISE_LIMIT = 60.0
"""No channel's silence is more surprising than this, so that it is over soon after its cause. [nat]"""


class SilenceEvidence(Evidence):
    """The surprise at channels that repeat their last value, or are missing.

    A channel that is reported by exception repeats itself while it rests, and where a message was lost. How often that
    happens is learnt by how far its value is from the estimate, apart for scans at which everybody reports (a general
    interrogation, IEC 60870-5-101, 7.4.5): a meter that is frozen while its load moves, or while all others are
    interrogated, gives itself away sooner than one that rests. The surprise adds up from scan to scan until something
    new is told.

    Channels of one station are also judged together, by the likelihood ratio of "a share of them is silent for a
    reason" [1]_, and all channels by the sum of what surprises: a few half-surprising silences at the same place and
    time are no chance.

    Aspects: a channel's own silence, its station's, everybody's.

    References
    ----------
    .. [1] D. Donoho, J. Jin, "Higher criticism for detecting sparse heterogeneous mixtures", Annals of Statistics
       32(3), 2004, equation 1.1: the mixture; its likelihood ratio is the test here.
    """

    name = "silence"
    aspects: ClassVar[Mapping[str, float]] = {
        "silence of a channel": 1.0,
        "silence of a station": 1.0,
        "silence of the feeder": 1.0,
    }
    arrays = ("scale", "interrogated_below", "silent_share", "missing_share", "station", "location_scans")

    def learn(self, clean: Sequence[History]) -> dict[str, NDArray[Any]]:
        residuals = [residual - middle(residual) for residual in map(_residual, clean)]
        scale = NORMAL_OVER_MEDIAN * usual_scale(middle(np.array([middle(np.abs(residual)) for residual in residuals])))
        silences = [_silent(record) for record in clean]
        everybody = float(np.median(np.concatenate([silent.mean(axis=1) for silent in silences])) / 2)
        scans, silent_scans = np.zeros((2, 2, len(DISTANCES) + 1, len(scale)))
        for residual, silent in zip(residuals, silences, strict=True):
            case = _case(silent.mean(axis=1) <= everybody, _distance(residual, scale))
            scans += np.bincount(case.ravel(), minlength=scans.size).reshape(scans.shape)
            silent_scans += np.bincount(case[silent], minlength=scans.size).reshape(scans.shape)
        missing = sum(int((~record.known).sum()) for record in clean)
        return {
            "scale": scale,
            "interrogated_below": np.array(everybody),
            "silent_share": _shrunk(silent_scans, scans),
            "missing_share": np.array((missing + 1) / (scans.sum() + 2)),
            "station": _stations(clean[0].channel_bus),
            "location_scans": np.array(METER_DAYS * DAY_S / clean[0].step_s),
        }

    def begin(self, learned: Learned) -> None:
        pace = pace_of(learned["location_scans"])
        self._usual = RollingCalibration(np.zeros_like(learned["scale"]), learned["scale"], pace)
        self._interrogated_below = float(learned["interrogated_below"])
        self._surprise = -np.log(learned["silent_share"])
        self._missing_surprise = -float(np.log(learned["missing_share"]))
        self._station = learned["station"].astype(np.int64)
        self._every = np.arange(len(self._station))
        self._run = np.zeros(len(self._station))
        self._last_value = np.full(len(self._station), np.nan)

    def look(self, frame: DetectorFrame, trusted: bool) -> Findings:
        known = frame.known
        repeated = known & (frame.value == self._last_value)
        residual = frame.value - frame.estimated
        self._usual.standardise(np.where(repeated, np.nan, residual), trusted)
        distance = _distance(residual - self._usual.location, self._usual.scale)
        interrogated = repeated.mean() <= self._interrogated_below
        surprise = self._surprise[int(interrogated), distance, self._every]
        # Nobody has said anything before the first scan.
        missing = ~known & (self._last_value == self._last_value)
        surprise = np.where(missing, self._missing_surprise, np.where(repeated, surprise, 0.0))
        self._run = np.where(missing | repeated, np.minimum(self._run + surprise, SURPRISE_LIMIT), 0.0)
        self._last_value = np.where(known, frame.value, self._last_value)
        return self._together()

    def _together(self) -> Findings:
        # log(1 - share + share e^run) of a silent channel, log(1 - share) of one that speaks.
        odds = np.logaddexp(np.log(1 - SILENT_SHARE), np.log(SILENT_SHARE) + self._run)
        odds = np.where(self._run > 0, odds, np.log(1 - SILENT_SHARE))
        by_station = np.bincount(self._station, weights=odds)[self._station]
        everybody = np.sum(np.maximum(self._run - HALF_SURPRISE, 0.0))
        channel = np.stack([self._run, by_station, np.full(len(odds), np.nan)])
        channel[1, self._run <= 0] = 0.0
        findings = Findings.of_channels(channel)
        findings.scan[-1] = everybody
        return findings


def _silent(record: History) -> NDArray[np.bool_]:
    """(n_time - 1, n_channel) Whether a channel repeats its last value; nothing is missing on clean days."""
    return np.asarray(record.value[1:] == record.value[:-1])


def _residual(record: History) -> Array:
    """(n_time - 1, n_channel) Value less estimate from the second scan on."""
    return np.where(record.known, record.value, np.nan)[1:] - record.estimated[1:]


def _distance(residual: Array, scale: Array) -> NDArray[np.int64]:
    """(..., n_channel) Number of the distance in `DISTANCES`; the least where there is no estimate."""
    return np.searchsorted(DISTANCES, np.nan_to_num(np.abs(residual) / scale))


def _case(interrogated: NDArray[np.bool_], distance: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n_time, n_channel) Position of every scan of every channel in an array (2, n_distance, n_channel), laid flat."""
    row = interrogated[:, None] * (len(DISTANCES) + 1) + distance
    return np.asarray(row * distance.shape[1] + np.arange(distance.shape[1]))


def _shrunk(silent_scans: Array, scans: Array) -> Array:
    """(2, n_distance, n_channel) Share of silent scans, each channel's own drawn to that of all.

    Silence grows no likelier with distance: what few scans say to the contrary is levelled.
    """
    of_all = (silent_scans.sum(axis=-1, keepdims=True) + 0.5) / (scans.sum(axis=-1, keepdims=True) + 1)
    share = (silent_scans + SHARED_SCANS * of_all) / (scans + SHARED_SCANS)
    # A channel that hardly ever speaks (a line without current) surprises nobody by its silence.
    share[..., silent_scans.sum(axis=(0, 1)) > ALWAYS_SILENT * scans.sum(axis=(0, 1))] = 1.0
    return np.clip(np.minimum.accumulate(share, axis=1), 1e-4, 1.0)


def _stations(channel_bus: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n_channel,) Number of the station that each channel belongs to; one of its own where that is unknown."""
    bus = channel_bus.astype(np.int64).copy()
    alone = bus < 0
    bus[alone] = bus.max(initial=0) + 1 + np.arange(alone.sum())
    return np.unique(bus, return_inverse=True)[1]
