"""Does every channel still look the way the other channels, and the hours before, say it should?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Progress
from models.detection.confirmed_readings import ConfirmedReadings
from models.detection.context import CONTEXT_OF_ALL, clock_and_weather
from models.detection.history import DetectorFrame, History
from models.detection.lstm_detector import PACE, Array, LstmDetector, Shapes
from models.detection.lstm_parameters import AutoencoderParameters
from models.detection.recalibration import RollingCalibration
from models.detection.residual_scale import LEAST_SCALE
from models.detection.standardisation import mean_and_spread
from models.detection.streaming_autoencoder import StreamingAutoencoder

INPUT_LIMIT = 5.0
"""A forged value reaches the network no further than this, lest it drown the other channels. [standard deviations]"""


class LstmAutoencoderDetector(LstmDetector):
    """LSTM autoencoder over all channels, with its memory kept from scan to scan.

    The network reconstructs every channel from all of them and their past through a narrow code; it was trained to do
    so with some channels forged. What is judged is the residual of every channel, beyond what is usual of its meter
    just now (`RollingCalibration`), in a short and in a long moving average. A missing value is replaced by what the
    network made of the scan before.

    It asks whether the channels fit each other. It does not see what one channel alone can tell (a load that is forged
    within its habits), nor a whole picture of another hour.
    """

    name = "lstm_autoencoder"
    parameters_type = AutoencoderParameters
    _parameters: AutoencoderParameters

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Train the network on attack-free days; parameters as of `Detector.fit`."""
        from models.detection.lstm_network import AutoencoderRecord, train

        super().fit(clean)
        value, known = (np.concatenate([getattr(record, name) for record in clean]) for name in ("value", "known"))
        mean, spread = mean_and_spread(value, known)
        records = [
            AutoencoderRecord(
                np.where(record.known, (record.value - mean) / spread, np.nan).astype(np.float32),
                clock_and_weather(record),
            )
            for record in clean
        ]
        weights = train(records, self._parameters, self._code_size, seed, progress)
        self._learned = {**weights, "mean": mean, "spread": spread}
        raw = [self._left_of(record) for record in clean]
        self._learned |= _usual(raw)
        self._learn_silence(clean)
        self._learn_scale([map(self._calibrated(), residuals) for residuals in raw])

    @property
    def _weights_of_newest(self) -> tuple[float, ...]:
        return self._parameters.smoothing, self._parameters.slow_smoothing

    @property
    def _number_of_series(self) -> int:
        return len(self.channels)

    def _begin(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self._start_network()
        self._calibrate_residual = self._calibrated()

    def _residual(self, frame: DetectorFrame) -> Array:
        return self._calibrate_residual(self._left_of_scan(frame))

    def _start_network(self) -> None:
        names = (name for name in self._learned if name.endswith(("_weight", "_bias")))
        self._stream = StreamingAutoencoder({name: self._learned[name] for name in names})
        self._reconstruction = np.zeros(len(self.channels), dtype=np.float32)

    def _calibrated(self) -> Callable[[Array], Array]:
        """A new rolling calibration: residuals (n_channel,) beyond the meters' own bias. [standard deviations]"""
        calibration = RollingCalibration(self._learned["location"], self._learned["scale"], PACE)
        readings = ConfirmedReadings(len(self.channels))
        return lambda residual: readings.of(calibration.standardise(residual))

    def _left_of(self, record: History) -> Array:
        """(n_time, n_channel) What the reconstruction leaves of a record. [standard deviations of the channel]"""
        self._start_network()
        return np.array([self._left_of_scan(frame) for frame in record])

    def _left_of_scan(self, frame: DetectorFrame) -> Array:
        known = frame.known
        standardised = (frame.value - self._learned["mean"]) / self._learned["spread"]
        shown = np.where(known, np.clip(standardised, -INPUT_LIMIT, INPUT_LIMIT), self._reconstruction)
        context = clock_and_weather(frame)
        self._reconstruction = self._stream.step(np.concatenate([shown, context]).astype(np.float32))
        return np.where(known, standardised - self._reconstruction, np.nan)

    @property
    def _code_size(self) -> int:
        return min(self._parameters.code_size, max(2, len(self.channels) // 4))

    def _shapes(self) -> Shapes:
        n_channel, hidden, code = len(self.channels), self._parameters.hidden_size, self._code_size
        return {
            "input_weight": (hidden, n_channel + CONTEXT_OF_ALL),
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
            "location": (n_channel,),
            "scale": (n_channel,),
        }


def _usual(residuals: Sequence[Array]) -> dict[str, Array]:
    """(n_channel,) each: where the residuals of clean records lie, and their scale. [of the channel]"""
    residual = np.concatenate(residuals)
    residual = np.where(np.isfinite(residual).any(axis=0), residual, 0.0)
    location = np.nanmedian(residual, axis=0)
    return {"location": location, "scale": np.maximum(np.nanstd(residual, axis=0), LEAST_SCALE)}
