"""The LSTM autoencoder of one channel's window in torch, and its training."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.detection.determinism import deterministic


class WindowNetwork(nn.Module):
    """LSTM - LSTM of one unit - linear, from a channel's window to itself; the same weights for every channel."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.encoder = nn.LSTM(1, hidden_size)
        self.decoder = nn.LSTM(hidden_size, 1)
        self.output = nn.Linear(1, 1)

    def forward(self, window: Tensor) -> Tensor:
        """Reconstruction (n_scan, n_window) of windows of that shape. [standardised]"""
        encoded, _ = self.encoder(window.unsqueeze(-1))
        decoded, _ = self.decoder(encoded)
        return self.output(decoded).squeeze(-1)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The weights under the names that `WindowReconstruction` reads."""
        named: dict[str, Tensor] = {"output_weight": self.output.weight, "output_bias": self.output.bias}
        named |= {**_weights_of(self.encoder, "encoder"), **_weights_of(self.decoder, "decoder")}
        return {name: weight.detach().numpy().copy() for name, weight in named.items()}


def train(
    records: Sequence[NDArray[np.float32]],
    window_scans: int,
    hidden_size: int,
    updates: int,
    windows_per_update: int,
    learning_rate: float,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Weights that reconstruct random windows of random channels with the least mean square error.

    Parameters
    ----------
    records
        (n_time, n_channel) each, standardised, finite.
    window_scans
        Length of a window. [scans]
    hidden_size
        Units of the encoder. [-]
    updates, windows_per_update
        Training steps, and windows in one of them. [-]
    learning_rate
        Of Adam. [-]
    seed
        Same seed, same weights. [-]
    progress
        Called with the share of the training that is done.
    """
    every_window = [np.lib.stride_tricks.sliding_window_view(record, window_scans, axis=0) for record in records]
    ends = np.cumsum([len(windows) for windows in every_window])
    rng = np.random.default_rng(seed)
    with deterministic(seed):
        network = WindowNetwork(hidden_size)
        optimiser = torch.optim.Adam(network.parameters(), learning_rate)
        for update in range(updates):
            window = torch.from_numpy(_draw(every_window, ends, windows_per_update, rng))
            loss = (network(window) - window).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if progress is not None:
                progress((update + 1) / updates)
        return network.weights()


def _weights_of(lstm: nn.LSTM, name: str) -> dict[str, Tensor]:
    of_torch = dict(lstm.named_parameters())
    return {
        f"{name}_input_weight": of_torch["weight_ih_l0"],
        f"{name}_hidden_weight": of_torch["weight_hh_l0"],
        f"{name}_bias": (of_torch["bias_ih_l0"] + of_torch["bias_hh_l0"]).unsqueeze(-1),
    }


def _draw(
    every_window: list[NDArray[np.float32]], ends: NDArray[np.int64], number: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """(window_scans, number) Windows that each begin at a random scan and are of a random channel."""
    record = np.searchsorted(ends, rng.integers(ends[-1], size=number), side="right")
    drawn = []
    for windows in (every_window[index] for index in record):
        scan, channel = rng.integers(windows.shape[0]), rng.integers(windows.shape[1])
        drawn.append(windows[scan, channel])
    return np.stack(drawn, axis=1)
