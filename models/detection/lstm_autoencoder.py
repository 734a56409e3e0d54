"""Does every channel still look the way the other channels, and the hours before, say it should?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector, Progress, require_same_channels
from models.detection.history import DetectorFrame, History
from models.detection.lstm_parameters import LstmParameters
from models.detection.residual_memory import ResidualMemory
from models.detection.silence import SilenceWatch, longest_silence
from models.detection.standardisation import mean_and_spread
from models.detection.streaming_autoencoder import StreamingAutoencoder
from models.detection.threshold import threshold_for_alarm_rate
from models.errors import ChannelMismatchError, InvalidParameterError, NotFittedError

INPUT_LIMIT = 5.0
"""A forged value reaches the network no further than this, lest it drown the other channels. [standard deviations]"""

SCALE_QUANTILE = 0.99
NORMAL_QUANTILE = 2.5758
"""What a normal variable's magnitude exceeds with probability 1 - `SCALE_QUANTILE`. [standard deviations]"""

SLOW_LIMIT = 8.0
"""The slow average remembers no more than this, so that its alarm ends soon after its cause. [standard deviations]"""

LEAST_SCALE = 1e-3
"""Least scale of a residual. [standard deviations of the channel]"""


class LstmAutoencoderDetector(Detector):
    """LSTM autoencoder over all channels, with its memory kept from scan to scan.

    The network reconstructs every channel from all of them and their past through a narrow code; it was trained to do
    so with some channels forged. A channel's score is the largest of three, all in standard deviations on clean days:
    its residual in a short and in a long moving average (`ResidualMemory`), and the surprise at its silence
    (`SilenceWatch`), since a frozen or missing value leaves no residual to speak of. The scan's score is the largest of
    its channels'. A missing value is replaced by what the network made of the scan before. The first scans of a stream
    fill the memory and are not judged.

    It asks whether the channels fit each other. It does not see what one channel alone can tell (a load that is forged
    within its habits), nor a whole picture of another hour.

    Built from the fields of `LstmParameters`; needs `fit` and `calibrate`, on different clean days, before `update`.
    """

    name = "lstm_autoencoder"

    def __init__(self, **parameters: Any) -> None:
        known = [field.name for field in fields(LstmParameters)]
        unknown = [name for name in parameters if name not in known]
        if unknown:
            raise InvalidParameterError(f"unknown parameter {', '.join(unknown)}; there are {', '.join(known)}.")
        super().__init__(threshold=np.nan)
        self._parameters = LstmParameters(**parameters)
        self._learned: dict[str, NDArray[Any]] = {}

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self._parameters)

    @property
    def warm_up_scans(self) -> int:
        """Until the memory is filled the network says little about the channels. [scans]"""
        return self._parameters.warm_up_scans

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Train the network on attack-free days; parameters as of `Detector.fit`."""
        from models.detection.lstm_network import train

        super().fit(clean)
        value, known = (np.concatenate([getattr(record, name) for record in clean]) for name in ("value", "known"))
        mean, spread = mean_and_spread(value, known)
        standardised = np.where(known, (value - mean) / spread, np.nan).astype(np.float32)
        clock = _clock(np.concatenate([record.day_angle_rad for record in clean]))
        weights = train(standardised, clock, self._parameters, self._code_size(), seed, progress)
        self._learned = {
            **weights,
            "mean": mean,
            "spread": spread,
            "longest_silence": longest_silence(value, known),
            "scans_learned": np.array(len(value)),
        }
        residual = np.concatenate([self._observe_all(record)[0] for record in clean])
        self._learned["training_scale"] = _scale(residual)

    def calibrate(self, clean: Sequence[History], alarms_per_day: float, lead_in_scans: int = 0) -> None:
        """Measure the residuals' scale on clean days that `fit` has not seen, and set the threshold.

        Parameters as of `Detector.calibrate`.

        A load that is high today stays high all day, so thousands of scans hold no more than a few days of experience.
        The scale is therefore the larger of that of the training days and that of these, and the scores behind the
        threshold lay each of these days on the scale of training and the other days.
        """
        if "mean" not in self._learned:
            raise NotFittedError("the LSTM autoencoder has seen no clean day; call fit(clean) before calibrate.")
        for record in clean:
            require_same_channels(self.channels, record.channels)
            longest = np.maximum(self._learned["longest_silence"], longest_silence(record.value, record.known))
            self._learned["longest_silence"] = longest
        self._learned.pop("residual_scale", None)
        residuals, silences = zip(*(self._observe_all(record, lead_in_scans) for record in clean), strict=True)
        residual, silence = np.concatenate(residuals), np.concatenate(silences)
        training_scale = self._learned["training_scale"]
        days = round(sum(record.days for record in clean))
        deviation = _deviation_from_other_days(residual, days, training_scale).max(axis=1)
        scores = np.maximum(deviation, silence).max(axis=1)
        ends = np.cumsum([len(record) for record in residuals])[:-1]
        self.threshold = threshold_for_alarm_rate(np.split(scores, ends), clean[0].step_s, alarms_per_day)
        self._learned["residual_scale"] = np.maximum(training_scale, _scale(residual))
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
                "the LSTM autoencoder is not ready; call fit(clean) and calibrate(clean, alarms_per_day)."
            )
        if len(frame.value) != len(self.channels):
            raise ChannelMismatchError(
                f"expected {len(self.channels)} channels, got {len(frame.value)}; fit the model to these channels."
            )
        residual, silence = self._observe(frame)
        deviation = np.abs(residual) / self._learned["residual_scale"]
        channel_score = np.maximum(deviation.max(axis=0), silence)
        return float(channel_score.max()), channel_score

    def reset(self) -> None:
        """Begin a new stream: empty memory, no residual, no silence."""
        super().reset()
        if not self._learned:
            return
        n_channel = len(self.channels)
        self._stream = StreamingAutoencoder(
            {name: array for name, array in self._learned.items() if name.endswith(("_weight", "_bias"))}
        )
        self._silence = SilenceWatch(self._learned["longest_silence"], int(self._learned["scans_learned"]))
        self._reconstruction = np.zeros(n_channel, dtype=np.float32)
        smoothing = (self._parameters.smoothing, self._parameters.slow_smoothing)
        self._residuals = ResidualMemory(smoothing, self._residual_bound())

    def learned(self) -> dict[str, NDArray[Any]]:
        """Weights, standardisation, residual scale and silences."""
        return dict(self._learned)

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `learned` gave.

        Raises
        ------
        InvalidParameterError
            If an array is missing or of another shape than the parameters and channels ask for.
        """
        for name, shape in self._shapes().items():
            if name not in learned or learned[name].shape != shape:
                came = learned[name].shape if name in learned else "nothing"
                raise InvalidParameterError(f"expected {name} of shape {shape}, got {came}; fit the model anew.")
        self._learned = {name: learned[name] for name in self._shapes()}
        self.reset()

    def _observe_all(self, clean: History, lead_in_scans: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n_time, 2, n_channel) and (n_time, n_channel): what `_observe` gives after warm-up and lead-in."""
        self.reset()
        residual, silence = (np.array(series) for series in zip(*map(self._observe, clean), strict=True))
        begin = max(self.warm_up_scans, lead_in_scans)
        return residual[begin:], silence[begin:]

    def _observe(self, frame: DetectorFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Short and long average of the residuals (2, n_channel) [standard deviations of the channel], and the
        surprise at the silence (n_channel,) [standard deviations].
        """
        known = frame.known
        standardised = (frame.value - self._learned["mean"]) / self._learned["spread"]
        shown = np.where(known, np.clip(standardised, -INPUT_LIMIT, INPUT_LIMIT), self._reconstruction)
        channels_and_clock = np.concatenate([shown, _clock(frame.day_angle_rad)]).astype(np.float32)
        self._reconstruction = self._stream.step(channels_and_clock)
        residual = self._residuals.update(standardised - self._reconstruction, known)
        return residual, self._silence.rate(frame.value, known)

    def _residual_bound(self) -> NDArray[np.float64]:
        """(2, n_channel) None for the short average; none for the long one either while its scale is being measured."""
        bound = np.full((2, len(self.channels)), np.inf)
        if "residual_scale" in self._learned:
            bound[1] = SLOW_LIMIT * self._learned["residual_scale"][1]
        return bound

    def _code_size(self) -> int:
        return min(self._parameters.code_size, max(2, len(self.channels) // 4))

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        n_channel, hidden, code = len(self.channels), self._parameters.hidden_size, self._code_size()
        return {
            "input_weight": (hidden, n_channel + 2),
            "input_bias": (hidden,),
            "encoder_weight": (4 * hidden, 2 * hidden),
            "encoder_bias": (4 * hidden,),
            "code_weight": (code, hidden + n_channel),
            "code_bias": (code,),
            "decoder_weight": (4 * hidden, code + hidden),
            "decoder_bias": (4 * hidden,),
            "output_weight": (n_channel, hidden + code),
            "output_bias": (n_channel,),
            "mean": (n_channel,),
            "spread": (n_channel,),
            "training_scale": (2, n_channel),
            "residual_scale": (2, n_channel),
            "longest_silence": (n_channel,),
            "scans_learned": (),
        }


def _clock(day_angle_rad: float | NDArray[np.float64]) -> NDArray[np.float32]:
    """(..., 2) Time of day without a jump at midnight."""
    return np.stack([np.sin(day_angle_rad), np.cos(day_angle_rad)], axis=-1).astype(np.float32)


def _scale(residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., n_channel) Standard deviation of the residuals, judged by their rare large values.

    The middle of the distribution would mislead: the night tells little about a channel with sun behind it.
    """
    return np.maximum(np.quantile(np.abs(residual), SCALE_QUANTILE, axis=0) / NORMAL_QUANTILE, LEAST_SCALE)


def _deviation_from_other_days(
    residual: NDArray[np.float64], days: int, training_scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Residuals over the scale that training and the other days (the other half of a single day) give."""
    parts = np.array_split(np.arange(len(residual)), max(days, 2))
    return np.concatenate(
        [
            np.abs(residual[part]) / np.maximum(training_scale, _scale(np.delete(residual, part, axis=0)))
            for part in parts
        ]
    )
