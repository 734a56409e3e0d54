"""The trained LSTM autoencoder, one cell step a scan, on plain arrays."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

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

    def step(self, channels_and_clock: Array) -> Array:
        """(n_channel,) Reconstruction of the channels at this scan. [standardised]"""
        encoded = self._encoder.step(self._linear("input", channels_and_clock))
        channels = channels_and_clock[: len(self.weights["output_bias"])]
        code = self._linear("code", np.concatenate([encoded, channels]))
        decoded = self._decoder.step(code)
        return self._linear("output", np.concatenate([decoded, code]))

    def _linear(self, name: str, vector: Array) -> Array:
        return self.weights[f"{name}_weight"] @ vector + self.weights[f"{name}_bias"]


class LstmCell:
    """One LSTM with its memory; gates in torch's order.

    References
    ----------
    .. [1] F. A. Gers, J. Schmidhuber, F. Cummins, "Learning to Forget: Continual Prediction with LSTM", Neural
       Computation 12 (2000); gate order as in `torch.nn.LSTMCell`.
    """

    def __init__(self, weight: Array, bias: Array, hidden_size: int) -> None:
        self._weight = weight
        self._bias = bias
        self._hidden = np.zeros(hidden_size, dtype=np.float32)
        self._cell = np.zeros(hidden_size, dtype=np.float32)

    def step(self, vector: Array) -> Array:
        """(hidden,) The new hidden state."""
        preactivation = self._weight @ np.concatenate([vector, self._hidden]) + self._bias
        input_gate, forget_gate, candidate, output_gate = preactivation.reshape(4, -1)
        self._cell = _sigmoid(forget_gate) * self._cell + _sigmoid(input_gate) * np.tanh(candidate)
        self._hidden = _sigmoid(output_gate) * np.tanh(self._cell)
        return self._hidden


def _sigmoid(preactivation: Array) -> Array:
    # Through tanh, which cannot overflow.
    return 0.5 + 0.5 * np.tanh(0.5 * preactivation)
