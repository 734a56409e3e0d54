"""What the LSTM detectors share: residuals become scores by what clean days showed, and silence counts beside them."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector, require_number_of_channels, require_same_channels
from models.detection.history import DetectorFrame, History
from models.detection.lstm_parameters import LstmParameters
from models.detection.recalibration import Pace
from models.detection.residual_memory import ResidualMemory
from models.detection.residual_scale import deviation_from_other_days, tail_scale
from models.detection.silence import SilenceWatch, longest_silence
from models.detection.stored_arrays import Shape, of_shapes
from models.detection.threshold import threshold_for_alarm_rate
from models.errors import InvalidParameterError, NotFittedError

Array = NDArray[np.float64]
Shapes = dict[str, Shape]

SLOW_LIMIT = 8.0
"""A moving average remembers no more than this, so that its alarm ends soon after its cause. [standard deviations]"""

PACE = Pace(location_scans=480, scale_scans=2880)
"""Meters drift over days, customers stray for hours: what no network follows becomes usual this slowly."""


class LstmDetector(Detector):
    """A network says what each channel should be; what is left, in moving averages, is laid on the scale of clean days.

    A channel's score is the largest of its averages (`ResidualMemory`) and the surprise at its silence
    (`SilenceWatch`), since a frozen or missing value leaves no residual to speak of. The scan's score is the largest of
    all. The first scans of a stream fill the memory and are not judged.

    Built from the fields of `parameters_type`; needs `fit` and `calibrate`, on different clean days, before `update`.
    """

    parameters_type: ClassVar[type[LstmParameters]]

    def __init__(self, **parameters: Any) -> None:
        known = [field.name for field in fields(self.parameters_type)]
        unknown = [name for name in parameters if name not in known]
        if unknown:
            raise InvalidParameterError(f"unknown parameter {', '.join(unknown)}; there are {', '.join(known)}.")
        super().__init__(threshold=np.nan)
        self._parameters = self.parameters_type(**parameters)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self._parameters)

    @property
    def warm_up_scans(self) -> int:
        """Until the memory is filled the network says little about the channels. [scans]"""
        return self._parameters.warm_up_scans

    def calibrate(self, clean: Sequence[History], alarms_per_day: float, lead_in_scans: int = 0) -> None:
        """Measure the residuals' scale on clean days that `fit` has not seen, and set the threshold.

        The scale is the larger of that of the training days and that of these, and the scores behind the threshold lay
        each of these days on the scale of training and the other days (`deviation_from_other_days`). Parameters as of
        `Detector.calibrate`.
        """
        if "training_scale" not in self._learned:
            raise NotFittedError(f"the {self._title} has seen no clean day; call fit(clean) before calibrate.")
        for record in clean:
            require_same_channels(self.channels, record.channels)
        self._learn_silence(clean)
        self._learned.pop("residual_scale", None)
        training_scale = self._learned["training_scale"]
        not_judged = max(lead_in_scans, self.warm_up_scans)
        residuals, silences = zip(*(self._observe_all(record, not_judged) for record in clean), strict=True)
        days = round(sum(record.days for record in clean))
        deviations = deviation_from_other_days(residuals, days, training_scale)
        scores = [
            np.maximum(deviation.max(axis=(1, 2)), silence.max(axis=1))
            for deviation, silence in zip(deviations, silences, strict=True)
        ]
        self.threshold = threshold_for_alarm_rate(scores, clean[0].step_s, alarms_per_day)
        self._learned["residual_scale"] = np.maximum(training_scale, tail_scale(np.concatenate(residuals)))
        self.reset()

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """The largest of the channels' scores. [standard deviations]

        Raises
        ------
        NotFittedError
            Before `fit` and `calibrate`.
        ChannelMismatchError
            If the frame has another number of channels.
        """
        if "residual_scale" not in self._learned:
            raise NotFittedError(
                f"the {self._title} is not ready; call fit(clean) and calibrate(clean, alarms_per_day)."
            )
        n_channel = len(self.channels)
        require_number_of_channels(n_channel, len(frame.value))
        residual, silence = self._observe(frame)
        deviation = (np.abs(residual) / self._learned["residual_scale"]).max(axis=0)
        of_channels = len(deviation) // n_channel * n_channel
        channel_score = np.maximum(deviation[:of_channels].reshape(-1, n_channel).max(axis=0), silence)
        # What the scan shows as a whole is laid at the door of the channel that is furthest off.
        furthest = int(channel_score.argmax())
        channel_score[furthest] = np.max(deviation[of_channels:], initial=channel_score[furthest])
        return float(channel_score[furthest]), channel_score

    def reset(self) -> None:
        """Begin a new stream: empty memory, no residual, no silence."""
        super().reset()
        if not self._learned:
            return
        self._silence = SilenceWatch(self._learned["longest_silence"], int(self._learned["scans_learned"]))
        self._residuals = ResidualMemory(self._weights_of_newest, self._residual_bound())
        self._begin({name: array for name, array in self._learned.items() if name.endswith(("_weight", "_bias"))})

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `learned` gave.

        Raises
        ------
        InvalidParameterError
            If an array is missing or of another shape than the parameters and channels ask for.
        """
        self._learned = of_shapes(learned, self.expected_shapes())
        self.reset()

    def expected_shapes(self) -> Shapes:
        """Shapes of what `learned` gives and `restore` takes, by name."""
        scales = (len(self._weights_of_newest), self._number_of_series)
        return {
            **self._shapes(),
            "training_scale": scales,
            "residual_scale": scales,
            "longest_silence": (len(self.channels),),
            "scans_learned": (),
        }

    def _learn_silence(self, clean: Sequence[History]) -> None:
        known = [self._learned["longest_silence"]] if "longest_silence" in self._learned else []
        longest = [longest_silence(record.value, record.known) for record in clean]
        self._learned["longest_silence"] = np.maximum.reduce([*known, *longest])
        self._learned.setdefault("scans_learned", np.array(sum(map(len, clean))))

    def _learn_scale(self, records: Sequence[Iterable[Array]]) -> None:
        """Of the residuals (n_series,) of every scan of the training records, in moving averages."""
        averages = []
        for residuals in records:
            self.reset()
            averages.append(np.array([self._smoothed(residual) for residual in residuals])[self.warm_up_scans :])
        self._learned["training_scale"] = tail_scale(np.concatenate(averages))

    def _observe_all(self, clean: History, not_judged: int) -> tuple[Array, Array]:
        """(n_time, n_average, n_series) and (n_time, n_channel): what `_observe` gives after the first scans."""
        self.reset()
        residual, silence = (np.array(series) for series in zip(*map(self._observe, clean), strict=True))
        return residual[not_judged:], silence[not_judged:]

    def _observe(self, frame: DetectorFrame) -> tuple[Array, Array]:
        """Averages of the residuals (n_average, n_series), and the surprise at the silence (n_channel,)."""
        return self._smoothed(self._residual(frame)), self._silence.rate(frame.value, frame.known)

    def _smoothed(self, residual: Array) -> Array:
        known = np.isfinite(residual)
        return self._residuals.update(np.where(known, residual, 0.0), known)

    def _residual_bound(self) -> Array:
        """(n_average, n_series) None while their scale is being measured, and none for what follows each scan."""
        bound = np.full((len(self._weights_of_newest), self._number_of_series), np.inf)
        if "residual_scale" in self._learned:
            bound[-1] = SLOW_LIMIT * self._learned["residual_scale"][-1]
        return bound

    @property
    def _title(self) -> str:
        return self.name.replace("lstm", "LSTM").replace("_", " ")

    @property
    @abstractmethod
    def _weights_of_newest(self) -> tuple[float, ...]:
        """Smoothing constant of each moving average, the slowest last. [0 to 1]"""

    @property
    @abstractmethod
    def _number_of_series(self) -> int:
        """Residuals of a scan: a whole number of them for each channel, and what concerns the scan as a whole."""

    @abstractmethod
    def _begin(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Begin a new stream with what was learned."""

    @abstractmethod
    def _residual(self, frame: DetectorFrame) -> Array:
        """(n_series,) What is left of the next scan; NaN where nothing can be said."""

    @abstractmethod
    def _shapes(self) -> Shapes:
        """Shapes of what the subclass learns."""
