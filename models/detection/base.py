"""What every detector signs: learn from clean days, agree on a number of false alarms, judge scan by scan."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detection.episodes import OffDelay
from models.detection.history import DetectorFrame, History
from models.detection.threshold import threshold_for_alarm_rate
from models.errors import ChannelMismatchError

NO_CHANNEL = -1
SUSPECTS = 3
"""Channels that a detector names at most. [-]"""

Progress = Callable[[float], None]
"""Called with the share of the work that is done. [0 to 1]"""


@dataclass(frozen=True, eq=False)
class Detection:
    """A detector's verdict on one scan.

    Attributes
    ----------
    score
        How suspicious the scan is, on the detector's own scale; NaN if it could not judge. [-]
    threshold
        The alarm sounds above it. [-]
    alarm
        Whether it sounds: from the first score above the threshold to the end of the episode (`OffDelay`), so that one
        cause is one alarm and counts as the threshold's promise counts.
    channel_score
        (n_channel,) How suspicious each channel is; NaN for a channel not judged. [-]
    channel
        Index of the most suspicious channel, `NO_CHANNEL` if the detector points at none.
    """

    score: float
    threshold: float
    alarm: bool
    channel_score: NDArray[np.float64]
    channel: int


class Verdicts(NamedTuple):
    """A detector's verdicts on the scans of a record."""

    score: NDArray[np.float64]
    """(n_time,) As of `Detection`. [-]"""
    suspects: NDArray[np.int64]
    """(n_time, `SUSPECTS`) Indices of the most suspicious channels, the most suspicious first, else `NO_CHANNEL`."""


class Detector(ABC):
    """Base of the detectors.

    A subclass implements `judge`; where it learns, also `fit`, `learned` and `restore`; where it remembers, `reset` and
    `warm_up_scans`.

    Attributes
    ----------
    name
        The detector's name in the registry.
    channels
        Names of the channels it was fitted to; empty before.
    channel_bus
        (n_channel,) pandapower index of the bus at which each measures, -1 where unknown.
    threshold
        The alarm sounds above it; textbook value until `calibrate` replaces it. [-]
    """

    name: ClassVar[str]

    def __init__(self, threshold: float) -> None:
        self.channels: tuple[str, ...] = ()
        self.channel_bus: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.threshold = threshold
        self._learned: dict[str, NDArray[Any]] = {}
        self._scans_seen = 0
        self._off_delay = OffDelay()

    @property
    def warm_up_scans(self) -> int:
        """Scans at the beginning of a stream that the detector takes in without a verdict. [scans]"""
        return 0

    @property
    def parameters(self) -> dict[str, Any]:
        """What the detector was built with: plain values, fit for JSON and for its constructor."""
        return {}

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Learn what attack-free days look like. A textbook test only learns which channels there are.

        Parameters
        ----------
        clean
            Records without attacks, all of the same channels and with the same time from scan to scan.
        seed
            Same records and seed, same detector. [-]
        progress
            Called with the share of the training that is done.

        Raises
        ------
        ChannelMismatchError
            If the records are of different channels.
        """
        self.channels = clean[0].channels
        self.channel_bus = clean[0].channel_bus
        for record in clean:
            require_same_channels(self.channels, record.channels)

    def calibrate(self, clean: Sequence[History], alarms_per_day: float, lead_in_scans: int = 0) -> None:
        """Set the threshold from clean records that `fit` has not seen, for a number of false alarms a day.

        Parameters
        ----------
        clean
            Records without attacks, of the channels fitted.
        alarms_per_day
            Alarm episodes allowed a day. [1/d]
        lead_in_scans
            At the beginning of every record, in which the detector finds its feet and nobody counts its alarms. [scans]

        Raises
        ------
        ChannelMismatchError
            If a record is of other channels than those fitted.
        InvalidParameterError
            If `alarms_per_day` is not positive.
        """
        for record in clean:
            require_same_channels(self.channels, record.channels)
        scores = [self.scores(record)[lead_in_scans:] for record in clean]
        self.threshold = threshold_for_alarm_rate(scores, clean[0].step_s, alarms_per_day)

    def update(self, frame: DetectorFrame) -> Detection:
        """Judge the next scan."""
        score, channel_score = self.judge(frame)
        if self._scans_seen < self.warm_up_scans:
            score, channel_score = np.nan, np.full_like(channel_score, np.nan)
        self._scans_seen += 1
        return Detection(
            score=score,
            threshold=self.threshold,
            alarm=self._off_delay.update(score > self.threshold),
            channel_score=channel_score,
            channel=int(most_suspicious(channel_score)[0]),
        )

    def watch(self, history: History) -> Verdicts:
        """What it says about every scan of a record from a cold start; nothing while warming up.

        A detector that judges many scans at once much faster than one by one overrides this.
        """
        self.reset()
        judged = [self.judge(frame) for frame in history]
        self.reset()
        score = np.array([score for score, _ in judged])
        suspects = np.array([most_suspicious(channel_score, SUSPECTS) for _, channel_score in judged])
        score[: self.warm_up_scans], suspects[: self.warm_up_scans] = np.nan, NO_CHANNEL
        return Verdicts(score, suspects)

    def scores(self, history: History) -> NDArray[np.float64]:
        """(n_time,) Score of every scan of a record from a cold start; NaN while warming up. [-]"""
        return self.watch(history).score

    @abstractmethod
    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """Score of the next scan and (n_channel,) of its channels. [-]"""

    def reset(self) -> None:
        """Forget the scans seen so far, not what was learned."""
        self._scans_seen = 0
        self._off_delay = OffDelay()

    def learned(self) -> dict[str, NDArray[Any]]:
        """All that `fit` and `calibrate` found out besides threshold and channels, as plain arrays."""
        return dict(self._learned)

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:  # noqa: B027 - most learn nothing
        """Take back what `learned` gave; `channels` must be set before."""


def most_suspicious(channel_score: NDArray[np.float64], number: int = 1) -> NDArray[np.int64]:
    """(number,) Indices of the largest scores, the largest first, `NO_CHANNEL` where there are no more."""
    found = np.full(number, NO_CHANNEL)
    left = np.flatnonzero(~np.isnan(channel_score))
    # A few searches cost less than sorting all channels, at every scan.
    for place in range(min(number, len(left))):
        largest = int(channel_score[left].argmax())
        found[place] = left[largest]
        left = np.delete(left, largest)
    return found


def require_number_of_channels(expected: int, got: int) -> None:
    """Refuse a scan of another number of channels than a detector was fitted to.

    Raises
    ------
    ChannelMismatchError
    """
    if got != expected:
        raise ChannelMismatchError(f"expected {expected} channels, got {got}; fit the model to these channels.")


def require_same_channels(expected: tuple[str, ...], got: tuple[str, ...]) -> None:
    """Refuse measurements of other channels, naming the difference.

    Raises
    ------
    ChannelMismatchError
    """
    if expected == got:
        return
    missing = [name for name in expected if name not in set(got)]
    surplus = [name for name in got if name not in set(expected)]
    difference = "; ".join(
        f"{kind} {_shortened(names)}" for kind, names in (("missing", missing), ("unknown", surplus)) if names
    )
    raise ChannelMismatchError(
        f"expected the {len(expected)} channels the model was fitted to, got {len(got)}: "
        f"{difference or 'the same in another order'}. Fit the model to these channels."
    )


def _shortened(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
