"""One LSTM, one step at a time, on plain arrays."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


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
