"""What the control charts over innovations share: every statistic in units of its own rare values."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector, Progress
from models.detection.history import DetectorFrame, History
from models.detection.innovation import KINDS, StandardisedInnovations, Usual, learn_usual
from models.errors import ChannelMismatchError, InvalidParameterError, NotFittedError

Array = NDArray[np.float64]

WARM_UP_SCANS = 25
"""Until then the rolling location finds its feet. [scans]"""

RARE = 0.999
"""The unit of a statistic is what it exceeds on clean days with probability 1 - RARE. [-]"""

LIMIT = np.array([4.5, 30.0, 4.5])[:, None]
"""(3, 1) An innovation counts for no more, by `KINDS`: a late message is no attack, and one reading alone must not
alarm, while an estimate rests on many readings. [scales]"""

MEMORY_LIMIT = 3.0
"""A statistic grows no further, so that its alarm ends soon after its cause. [units]"""


class InnovationChart(Detector):
    """Control charts over the innovations of every channel.

    Each channel has three innovations (`innovation.KINDS`), standardised by what is usual just now
    (`StandardisedInnovations`), and each of these several charts of different memory. All run on their own; the score
    is the largest statistic, in units of what that statistic exceeds once in a thousand clean scans. A channel without
    a value and without an estimate has no score. Needs `fit` and `calibrate`, on different clean days.

    A subclass draws the charts: `_number_of_charts`, `_clear` and `_accumulate`.
    """

    def __init__(self) -> None:
        super().__init__(threshold=np.nan)
        self._usual: Usual | None = None
        self._unit: Array | None = None

    @property
    def warm_up_scans(self) -> int:
        """Scans that go by before what is usual has been found. [scans]"""
        return WARM_UP_SCANS

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Learn what is usual, and how large every statistic becomes; parameters as of `Detector.fit`."""
        super().fit(clean)
        self._usual = learn_usual(clean)
        self._unit = np.full((self._number_of_charts, len(KINDS), len(self.channels)), np.inf)
        statistics = []
        for number, record in enumerate(clean, start=1):
            self.reset()
            statistics.append(np.array([self._observe(frame) for frame in record])[WARM_UP_SCANS:])
            if progress is not None:
                progress(number / len(clean))
        self._unit = _rare(np.concatenate(statistics), self._least_unit)
        self.reset()

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """The largest of the channels' scores. [units]

        Raises
        ------
        NotFittedError
            Before `fit`.
        ChannelMismatchError
            If the frame has another number of channels.
        """
        if self._unit is None:
            raise NotFittedError(f"{self.name} has seen no clean day; call fit(clean) and calibrate before.")
        if len(frame.value) != len(self.channels):
            raise ChannelMismatchError(
                f"expected {len(self.channels)} channels, got {len(frame.value)}; fit the detector to these channels."
            )
        # fmax passes over NaN, where a channel has no such innovation.
        channel_score = np.fmax.reduce(self._observe(frame) / self._unit, axis=(0, 1))
        return float(np.fmax.reduce(channel_score)), channel_score

    def reset(self) -> None:
        """Begin a new stream, at what training found."""
        super().reset()
        if self._usual is None or self._unit is None:
            return
        self._innovations = StandardisedInnovations(self._usual)
        self._clear(MEMORY_LIMIT * self._unit.reshape(self._number_of_charts, -1))

    def learned(self) -> dict[str, NDArray[Any]]:
        """Location and scale of the innovations, units of the statistics."""
        if self._usual is None or self._unit is None:
            return {}
        return {"location": self._usual.location, "scale": self._usual.scale, "unit": self._unit}

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `learned` gave.

        Raises
        ------
        InvalidParameterError
            If an array is missing or of another shape than the parameters and channels ask for.
        """
        by_kind = (len(KINDS), len(self.channels))
        for name, shape in {"location": by_kind, "scale": by_kind, "unit": (self._number_of_charts, *by_kind)}.items():
            if name not in learned or learned[name].shape != shape:
                came = learned[name].shape if name in learned else "nothing"
                raise InvalidParameterError(f"expected {name} of shape {shape}, got {came}; fit the detector anew.")
        self._usual, self._unit = Usual(learned["location"], learned["scale"]), learned["unit"]
        self.reset()

    def _observe(self, frame: DetectorFrame) -> Array:
        """(n_chart, 3, n_channel) Statistics with this scan; NaN where it tells nothing. [scales]"""
        innovation = self._innovations.of(frame)
        known = np.isfinite(innovation)
        counted = np.clip(innovation, -LIMIT, LIMIT)
        statistic = self._accumulate(counted.ravel(), known.ravel())
        return np.where(known, statistic.reshape(-1, *innovation.shape), np.nan)

    @property
    @abstractmethod
    def _number_of_charts(self) -> int:
        """Charts of every innovation."""

    @property
    @abstractmethod
    def _least_unit(self) -> float:
        """No unit is smaller: nothing happens on some channels. [scales]"""

    @abstractmethod
    def _clear(self, limit: Array) -> None:
        """Empty the memory of the (n_chart, n_series) charts; it holds no more than `limit` from now on. [scales]"""

    @abstractmethod
    def _accumulate(self, innovation: Array, known: NDArray[np.bool_]) -> Array:
        """(n_chart, n_series) Size of the statistics with the newest (n_series,) innovations where known. [scales]"""


def _rare(statistics: Array, least: float) -> Array:
    """(n_chart, 3, n_channel) What each statistic exceeds with probability 1 - `RARE`. [scales]"""
    nothing = np.isnan(statistics).all(axis=0)
    return np.maximum(np.nanquantile(np.where(nothing, 0.0, statistics), RARE, axis=0), least)
