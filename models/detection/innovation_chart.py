"""What the control charts over innovations share: every statistic in units of its own rare values."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector, Progress, require_number_of_channels
from models.detection.episodes import StandingAlarm
from models.detection.history import DetectorFrame, History
from models.detection.innovation import KINDS, StandardisedInnovations, Usual, learn_usual
from models.detection.rare import rare_size
from models.detection.stored_arrays import of_shapes
from models.errors import NotFittedError

Array = NDArray[np.float64]

WARM_UP_SCANS = 25
"""Until then the rolling location finds its feet. [scans]"""

LIMIT = np.array([4.0, 30.0, 4.0])[:, None]
"""(3, 1) Beyond, an innovation counts for little more, by `KINDS`: a late message is no attack, and one reading alone
must not alarm, while an estimate rests on many readings. [scales]"""

BEYOND_LIMIT = 0.05
"""Share of the limit that an innovation e times as large adds: enough to tell the larger of two. [-]"""

FROZEN_SCANS = 45
"""So long an alarm keeps anything from being learnt; whatever is loud itself is kept out longer, see `Pace`. [scans]"""


class InnovationChart(Detector):
    """Control charts over the innovations of every channel.

    Each channel has three innovations (`innovation.KINDS`), standardised by what is usual just now
    (`StandardisedInnovations`), and each of these several charts of different memory. All run on their own; the score
    is the largest statistic, in units of what that statistic rarely exceeds on clean days (`rare_size`). A channel
    without a value and without an estimate has no score. While an alarm stands nothing is learnt, for `FROZEN_SCANS`.

    Needs `fit`, and never sounds before `calibrate`. A subclass draws the charts: `_number_of_charts`, `_least_unit`,
    `_clear` and `_accumulate`.
    """

    def __init__(self) -> None:
        super().__init__(threshold=np.inf)
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
        self._unit = np.ones(self._unit_shape)
        self.threshold = np.inf
        statistics = self._statistics(clean, progress)
        self._unit = np.maximum(rare_size(statistics, sum(map(len, clean))), self._least_unit)
        self.reset()

    def calibrate(self, clean: Sequence[History], alarms_per_day: float, lead_in_scans: int = 0) -> None:
        """Set the threshold; parameters as of `Detector.calibrate`."""
        self.threshold = np.inf
        super().calibrate(clean, alarms_per_day, lead_in_scans)
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
            raise NotFittedError(f"{self.name} has seen no clean day; call fit(clean) first, then calibrate.")
        require_number_of_channels(len(self.channels), len(frame.value))
        innovation = self._innovations.of(frame)
        # fmax passes over NaN, where a channel has no such innovation.
        channel_score = np.fmax.reduce(self._draw(innovation) / self._unit, axis=(0, 1))
        score = float(np.fmax.reduce(channel_score))
        self._standing.update(score > self.threshold)
        if not 0 < self._standing.scans <= FROZEN_SCANS:
            self._innovations.learn(innovation)
        return score, channel_score

    def reset(self) -> None:
        """Begin a new stream, at what training found."""
        super().reset()
        if self._usual is None or self._unit is None:
            return
        self._innovations = StandardisedInnovations(self._usual)
        self._standing = StandingAlarm(WARM_UP_SCANS)
        self._clear(self.threshold * self._unit.reshape(self._number_of_charts, -1))

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
        arrays = of_shapes(learned, {"location": by_kind, "scale": by_kind, "unit": self._unit_shape})
        self._usual, self._unit = Usual(arrays["location"], arrays["scale"]), arrays["unit"]
        self.reset()

    def _statistics(self, clean: Sequence[History], progress: Progress | None) -> Iterator[NDArray[np.float32]]:
        """(n_time, n_chart, 3, n_channel) Statistics of each record, after its warm-up. [scales]"""
        for number, record in enumerate(clean, start=1):
            self.reset()
            drawn = np.empty((len(record), *self._unit_shape), dtype=np.float32)
            for scan, frame in enumerate(record):
                innovation = self._innovations.of(frame)
                drawn[scan] = self._draw(innovation)
                self._innovations.learn(innovation)
            yield drawn[WARM_UP_SCANS:]
            if progress is not None:
                progress(number / len(clean))

    def _draw(self, innovation: Array) -> Array:
        """(n_chart, 3, n_channel) Statistics with this scan; NaN where it tells nothing. [scales]"""
        known = np.isfinite(innovation)
        times_limit = np.maximum(np.abs(np.where(known, innovation, 0.0)) / LIMIT, 1.0)
        counted = np.clip(innovation, -LIMIT, LIMIT) * (1 + BEYOND_LIMIT * np.log(times_limit))
        statistic = self._accumulate(counted.ravel(), known.ravel())
        return np.where(known, statistic.reshape(self._unit_shape), np.nan)

    @property
    def _unit_shape(self) -> tuple[int, ...]:
        return (self._number_of_charts, len(KINDS), len(self.channels))

    @property
    @abstractmethod
    def _number_of_charts(self) -> int:
        """Charts of every innovation."""

    @property
    @abstractmethod
    def _least_unit(self) -> float:
        """No unit is smaller: nothing happens on some channels. [scales]"""

    @abstractmethod
    def _clear(self, alarm_level: Array) -> None:
        """Empty the memory of the charts, which alarm above (n_chart, n_series) `alarm_level`. [scales]"""

    @abstractmethod
    def _accumulate(self, innovation: Array, known: NDArray[np.bool_]) -> Array:
        """(n_chart, n_series) Size of the statistics with the newest (n_series,) innovations where known. [scales]"""
