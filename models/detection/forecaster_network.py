"""The forecaster's LSTM in torch and its training."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.detection.determinism import deterministic
from models.detection.lstm_parameters import ForecasterParameters
from models.detection.lstm_training import as_arrays, descend, in_windows
from models.detection.streaming_forecaster import LOG_SCALE_LIMIT

TARGET_LIMIT = 5.0
"""What lies further off counts as if it lay here, lest one switching load decide the training. [standard deviations]"""


class ForecasterRecord(NamedTuple):
    """One clean record as the forecaster's network sees it."""

    error: NDArray[np.float32]
    """(n_time, n_channel) What each channel's own forecast was wrong by; NaN where unknown. [standard deviations]"""
    context: NDArray[np.float32]
    """(n_time, n_context) What is known before the scan: the control room's forecast, clock, weather. [-]"""


class ForecasterNetwork(nn.Module):
    """Linear - LSTM - linear: from the last errors of all channels to mean and scale of the next ones.

    It begins silent, so that at first every channel's own linear forecast stands, with the scale that it usually has.

    References
    ----------
    .. [1] D. Salinas, V. Flunkert, J. Gasthaus, T. Januschowski, "DeepAR: Probabilistic Forecasting with Autoregressive
       Recurrent Networks", International Journal of Forecasting 36(3), 2020, equations 2 to 4 (Gaussian likelihood;
       here of all channels of a feeder at once).
    """

    def __init__(self, n_channel: int, n_context: int, hidden_size: int) -> None:
        super().__init__()
        self.input = nn.Linear(n_channel + n_context, hidden_size)
        self.memory = nn.LSTM(hidden_size, hidden_size)
        self.output = nn.Linear(hidden_size, 2 * n_channel)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, last_error: Tensor, context: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and logarithm of the scale (n_time, n_window, n_channel) of the errors; the memory at the end.

        Parameters
        ----------
        last_error
            (n_time, n_window, n_channel) The errors of the scan before. [standard deviations]
        context
            (n_time, n_window, n_context) Of the scan whose errors are foretold.
        memory
            (2, n_window, hidden) Hidden and cell state.
        """
        state = (memory[:1].contiguous(), memory[1:].contiguous())
        remembered, end = self.memory(self.input(torch.cat([last_error, context], dim=-1)), state)
        mean, log_scale = self.output(remembered).chunk(2, dim=-1)
        return mean, log_scale.clamp(-LOG_SCALE_LIMIT, LOG_SCALE_LIMIT), torch.cat(end)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The weights under the names that `StreamingForecaster` reads."""
        return as_arrays(input=self.input, memory=self.memory, output=self.output)


def train(
    records: Sequence[ForecasterRecord],
    parameters: ForecasterParameters,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Weights that make the clean records likely.

    In every window each channel's errors are multiplied by a gain of its own: the network has to read from the errors
    themselves how moderate the customers are, since those that it will meet may be others.

    Parameters
    ----------
    records
        Clean records; memory does not run from one into another.
    parameters
        Size and training.
    seed
        Same seed, same weights. [-]
    progress
        Called with the share of the training that is done.
    """
    n_channel, n_context = (array.shape[1] for array in records[0])
    with deterministic(seed):
        network = ForecasterNetwork(n_channel, n_context, parameters.hidden_size)

        def loss_of(batch: list[Tensor], memory: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
            last_error, error, known, context = batch
            lots = torch.randn(error.shape[1:], generator=generator, device=error.device)
            gain = torch.exp(parameters.gain_spread * lots)
            mean, log_scale, end = network(last_error * gain, context, memory)
            deviation = (error * gain - mean) * torch.exp(-log_scale)
            return (known * (0.5 * deviation.square() + log_scale)).mean(), end

        windows = in_windows([_series(record) for record in records], parameters.window_scans)
        empty = torch.zeros(2, 1, parameters.hidden_size)
        descend(network, windows, empty, loss_of, parameters, seed, progress)
        return network.weights()


def _series(record: ForecasterRecord) -> list[NDArray[np.float32]]:
    """Last error, error, whether it is known, and context."""
    known = np.isfinite(record.error)
    error = np.where(known, np.clip(record.error, -TARGET_LIMIT, TARGET_LIMIT), 0.0).astype(np.float32)
    last_error = np.concatenate([np.zeros_like(error[:1]), error[:-1]])
    return [last_error, error, known.astype(np.float32), record.context]
