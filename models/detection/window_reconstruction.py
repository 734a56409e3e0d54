"""The trained autoencoder of a window, for many windows at once, on plain arrays."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class WindowReconstruction:
    """What the network makes of the last value of windows.

    Parameters
    ----------
    weights
        As `WindowNetwork.weights` names them, gates in torch's order (input, forget, candidate, output).
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._encoder, self._decoder = (
            tuple(weights[f"{lstm}_{part}"] for part in ("input_weight", "hidden_weight", "bias"))
            for lstm in ("encoder", "decoder")
        )
        self._output_weight, self._output_bias = weights["output_weight"][0, 0], weights["output_bias"][0]

    def last_value(self, window: Array) -> Array:
        """(n_window,) Reconstruction of the newest of (n_scan, n_window) values, the oldest first. [standardised]"""
        encoded = decoded = None
        for value in window:
            encoded = _step(value[None], encoded, *self._encoder)
            decoded = _step(encoded[0], decoded, *self._decoder)
        assert decoded is not None
        return self._output_weight * decoded[0][0] + self._output_bias


def _step(
    vector: Array, state: tuple[Array, Array] | None, input_weight: Array, hidden_weight: Array, bias: Array
) -> tuple[Array, Array]:
    """Hidden and cell state (hidden, n_window) of an LSTM after one more input (n_input, n_window); None is empty."""
    preactivation = input_weight @ vector
    preactivation += bias
    if state is not None:
        preactivation += hidden_weight @ state[0]
    input_gate, forget_gate, candidate, output_gate = np.split(preactivation, 4)
    cell = _sigmoid(input_gate) * np.tanh(candidate)
    if state is not None:
        cell += _sigmoid(forget_gate) * state[1]
    return _sigmoid(output_gate) * np.tanh(cell), cell


def _sigmoid(preactivation: Array) -> Array:
    # Through tanh, which cannot overflow.
    return 0.5 + 0.5 * np.tanh(0.5 * preactivation)
