"""The trained forecaster, one cell step a scan, on plain arrays."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.detection.lstm_cell import LstmCell

Array = NDArray[np.float32]

LOG_SCALE_LIMIT = 3.0
"""The network's scale stays within a factor of e to this power of the usual one. [-]"""


class StreamingForecaster:
    """Keeps the memory of the LSTM from scan to scan.

    Parameters
    ----------
    weights
        As `ForecasterNetwork.weights` names them: `input`, `memory`, `output`, each with ``_weight`` and ``_bias``.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._weights = {name: np.ascontiguousarray(weight, dtype=np.float32) for name, weight in weights.items()}
        hidden_size = len(self._weights["input_bias"])
        self._memory = LstmCell(self._weights["memory_weight"], self._weights["memory_bias"], hidden_size)

    def step(self, last_error: Array, context: Array) -> tuple[Array, Array]:
        """(n_channel,) Mean and scale of the next errors, from the last ones and what is known of the next scan."""
        vector = np.concatenate([last_error, context])
        remembered = self._memory.step(self._weights["input_weight"] @ vector + self._weights["input_bias"])
        mean, log_scale = (self._weights["output_weight"] @ remembered + self._weights["output_bias"]).reshape(2, -1)
        return mean, np.exp(np.clip(log_scale, -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT))
