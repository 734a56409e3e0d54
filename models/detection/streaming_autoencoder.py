"""The trained LSTM autoencoder, one cell step a scan, on plain arrays."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.detection.lstm_cell import LstmCell

Array = NDArray[np.float32]


class StreamingAutoencoder:
    """Keeps the memory of both LSTMs from scan to scan.

    A scan is five matrix-vector products; on that scale NumPy costs less than torch's dispatch.

    Parameters
    ----------
    weights
        As `AutoencoderNetwork.weights` names them: `input`, `encoder`, `code`, `decoder`, `output`, each with
        ``_weight`` and ``_bias``; the LSTMs' weights act on input and hidden state laid end to end.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = {name: np.ascontiguousarray(weight, dtype=np.float32) for name, weight in weights.items()}
        self.reset()

    def reset(self) -> None:
        """Empty the memory."""
        hidden_size = len(self.weights["input_bias"])
        self._encoder = LstmCell(self.weights["encoder_weight"], self.weights["encoder_bias"], hidden_size)
        self._decoder = LstmCell(self.weights["decoder_weight"], self.weights["decoder_bias"], hidden_size)

    def step(self, channels_and_context: Array) -> Array:
        """(n_channel,) Reconstruction of the channels at this scan. [standardised]"""
        encoded = self._encoder.step(self._linear("input", channels_and_context))
        channels = channels_and_context[: len(self.weights["output_bias"])]
        code = self._linear("code", np.concatenate([encoded, channels]))
        decoded = self._decoder.step(code)
        return self._linear("output", np.concatenate([decoded, code]))

    def _linear(self, name: str, vector: Array) -> Array:
        return self.weights[f"{name}_weight"] @ vector + self.weights[f"{name}_bias"]
