"""What a piece of evidence signs: learn its usual from clean records, look at scan after scan."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detection.history import DetectorFrame, History

Array = NDArray[np.float64]


class Findings(NamedTuple):
    """What a piece of evidence has to say about one scan, one row an aspect, each on a scale of its own."""

    scan: Array
    """(n_aspect,) How strange the scan is; NaN if it could not be judged. [-]"""
    channel: Array
    """(n_aspect, n_channel) How strange each channel is; NaN for a channel not judged. [-]"""

    @classmethod
    def of_channels(cls, channel: Array) -> "Findings":
        """A scan that is as strange as its strangest channel, aspect by aspect."""
        return cls(np.fmax.reduce(channel, axis=1), channel)


class Evidence(ABC):
    """One piece of evidence: several aspects of one idea.

    Attributes
    ----------
    name
        Of the piece, by which its arrays are stored.
    aspects
        Names of the rows of its `Findings`.
    """

    name: ClassVar[str]
    aspects: ClassVar[tuple[str, ...]]

    @abstractmethod
    def learn(self, clean: Sequence[History]) -> dict[str, NDArray[Any]]:
        """What is usual on clean records, as plain arrays, for `begin`."""

    @abstractmethod
    def begin(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Start a stream with empty memory."""

    @abstractmethod
    def look(self, frame: DetectorFrame, trusted: bool) -> Findings:
        """Findings at the next scan; nothing is held for usual from a scan that is not `trusted`."""
