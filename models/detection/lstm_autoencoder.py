"""Does every channel still look the way the other channels, and the hours before, say it should?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Progress
from models.detection.context import CONTEXT_OF_ALL, clock_and_weather
from models.detection.history import DetectorFrame, History
from models.detection.lstm_detector import Array, LstmDetector, Shapes
from models.detection.lstm_parameters import AutoencoderParameters
from models.detection.streaming_autoencoder import StreamingAutoencoder

INPUT_LIMIT = 5.0
"""A forged value reaches the network no further than this, lest it drown the other channels. [standard deviations]"""

LEAST_SPREAD = 1e-3
"""Least standard deviation of a channel, as a share of its mean: a constant must not have an infinite score. [-]"""


class LstmAutoencoderDetector(LstmDetector):
    """LSTM autoencoder over all channels, with its memory kept from scan to scan.

    The network reconstructs every channel from all of them and their past through a narrow code; it was trained to do
    so with some channels forged. What is judged is the residual of every channel in a short and in a long moving
    average. A missing value is replaced by what the network made of the scan before.

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
        mean, spread = _mean_and_spread(clean)
        records = [
            AutoencoderRecord(
                np.where(record.known, (record.value - mean) / spread, np.nan).astype(np.float32),
                clock_and_weather(record),
            )
            for record in clean
        ]
        weights = train(records, self._parameters, self._code_size, seed, progress)
        self._learned = {**weights, "mean": mean, "spread": spread}
        self._learn_silence(clean)
        self._learn_scale([map(self._residual, record) for record in clean])

    @property
    def _weights_of_newest(self) -> tuple[float, ...]:
        return self._parameters.smoothing, self._parameters.slow_smoothing

    @property
    def _number_of_series(self) -> int:
        return len(self.channels)

    def _begin(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self._stream = StreamingAutoencoder(weights)
        self._reconstruction = np.zeros(len(self.channels), dtype=np.float32)

    def _residual(self, frame: DetectorFrame) -> Array:
        known = frame.known
        standardised = (frame.value - self._learned["mean"]) / self._learned["spread"]
        shown = np.where(known, np.clip(standardised, -INPUT_LIMIT, INPUT_LIMIT), self._reconstruction)
        self._reconstruction = self._stream.step(np.concatenate([shown, clock_and_weather(frame)]).astype(np.float32))
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
        }


def _mean_and_spread(clean: Sequence[History]) -> tuple[Array, Array]:
    """(n_channel,) each: mean and standard deviation of the known values; 0 and 1 for a channel that never spoke."""
    value, known = (np.concatenate([getattr(record, name) for record in clean]) for name in ("value", "known"))
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, value, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, value - mean, 0.0) ** 2).sum(axis=0) / count)
    least = np.maximum(LEAST_SPREAD * np.abs(mean), np.finfo(np.float32).eps)
    return mean, np.where(known.any(axis=0), np.maximum(spread, least), 1.0)
