"""The LSTM autoencoder in torch and its training."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.detection.context import CONTEXT_OF_ALL
from models.detection.determinism import deterministic
from models.detection.lstm_parameters import AutoencoderParameters
from models.detection.lstm_training import as_arrays, descend, in_windows
from models.detection.standardisation import last_known

State = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]

CORRUPTION_SIZE = 2.0
"""Standard deviation of a training forgery, in standard deviations of its channel. [-]"""

LEAST_COMPONENT = 0.05
"""Least standard deviation that a component is scaled by: what is smaller stays small in the code. [-]"""

LEAST_ERROR = 1e-3
"""Least mean square error that a channel's weight is the inverse of. [-]"""

SPARE_DIRECTIONS = 6
"""Directions in which the randomised decomposition searches besides those that are asked for. [-]"""


class AutoencoderRecord(NamedTuple):
    """One clean record as the autoencoder's network sees it."""

    standardised: NDArray[np.float32]
    """(n_time, n_channel) Channels with mean 0 and standard deviation 1; NaN where missing. [-]"""
    context: NDArray[np.float32]
    """(n_time, n_context) Clock and weather. [-]"""


class AutoencoderNetwork(nn.Module):
    """Linear - LSTM - narrow code - LSTM - linear: what passes the code is what the channels have in common.

    A straight way leads through the same code, past both LSTMs: channels - code - channels. It begins as a principal
    component analysis, since most of what ties measurements together is Kirchhoff's and linear; the LSTMs begin
    silent and learn what is left, the hours and the bends.

    References
    ----------
    .. [1] P. Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection", ICML workshop on
       anomaly detection 2016 (here with memory carried from scan to scan instead of a window encoded as a whole).
    .. [2] P. Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders", ICML 2008.
    """

    def __init__(self, n_channel: int, hidden_size: int, code_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.input = nn.Linear(n_channel + CONTEXT_OF_ALL, hidden_size)
        self.encoder = nn.LSTM(hidden_size, hidden_size)
        self.code = nn.Linear(hidden_size + n_channel, code_size)
        self.decoder = nn.LSTM(code_size, hidden_size)
        self.output = nn.Linear(hidden_size + code_size, n_channel)

    def forward(self, channels_and_context: Tensor, state: State) -> tuple[Tensor, State]:
        """Reconstruction (n_time, n_window, n_channel) of the channels, and the memory at its end."""
        encoded, encoder_state = self.encoder(self.input(channels_and_context), state[0])
        channels = channels_and_context[..., :-CONTEXT_OF_ALL]
        code = self.code(torch.cat([encoded, channels], dim=-1))
        decoded, decoder_state = self.decoder(code, state[1])
        return self.output(torch.cat([decoded, code], dim=-1)), (encoder_state, decoder_state)

    @torch.no_grad()
    def begin_with_components(self, directions: Tensor, spread: Tensor) -> None:
        """Let the straight way be a projection, and the LSTMs silent.

        Parameters
        ----------
        directions
            (n_channel, n_component) Orthonormal; no more of them than the code is wide.
        spread
            (n_component,) Standard deviation along each, by which the code is scaled. [-]
        """
        for linear in (self.code, self.output):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)
        straight = slice(self.hidden_size, None)
        n_component = directions.shape[1]
        self.code.weight[:n_component, straight] = (directions / spread).T
        self.output.weight[:, straight][:, :n_component] = directions * spread

    def empty_memory(self, n_window: int) -> Tensor:
        """(4, n_window, hidden): hidden and cell state of the encoder, then of the decoder."""
        return torch.zeros(4, n_window, self.hidden_size)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The weights under the names that `StreamingAutoencoder` reads."""
        return as_arrays(
            **{name: getattr(self, name) for name in ("input", "encoder", "code", "decoder", "output")},
        )


def as_state(memory: Tensor) -> State:
    """The memory as the two LSTMs take it."""
    encoder_h, encoder_c, decoder_h, decoder_c = (part.unsqueeze(0).contiguous() for part in memory)
    return (encoder_h, encoder_c), (decoder_h, decoder_c)


def as_memory(state: State) -> Tensor:
    """One tensor out of the two LSTMs' states, cut off from the gradient."""
    return torch.cat([*state[0], *state[1]]).detach()


def train(
    records: Sequence[AutoencoderRecord],
    parameters: AutoencoderParameters,
    code_size: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Weights of a denoising autoencoder: forged channels go in, the clean ones must come out.

    Parameters
    ----------
    records
        Clean records; memory does not run from one into another.
    parameters
        Size and training.
    code_size
        Width of the bottleneck. [-]
    seed
        Same seed, same weights. [-]
    progress
        Called with the share of the training that is done.
    """
    with deterministic(seed):
        network = AutoencoderNetwork(records[0].standardised.shape[1], parameters.hidden_size, code_size)
        series = [
            [last_known(record.standardised), np.isfinite(record.standardised).astype(np.float32), record.context]
            for record in records
        ]
        weight = _begin_linear(network, torch.from_numpy(np.concatenate([clean for clean, _, _ in series])))

        def loss_of(batch: list[Tensor], memory: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
            clean, known, context = batch
            forged = _corrupt(clean, parameters.corrupted_share, generator)
            reconstruction, state = network(torch.cat([forged, context], dim=-1), as_state(memory))
            error = reconstruction - clean
            return (weight.to(error.device) * known * error.square()).mean(), as_memory(state)

        descend(
            network,
            in_windows(series, parameters.window_scans),
            network.empty_memory(1),
            loss_of,
            parameters,
            seed,
            progress,
        )
        return network.weights()


def _begin_linear(network: AutoencoderNetwork, clean: Tensor) -> Tensor:
    """Start with the principal components; (n_channel,) how much each channel's error is to count, 1 on average.

    A channel that the components rebuild closely counts for more: there a small forgery can be seen, and a loose
    network would hide it.
    """
    n_component = min(network.code.out_features, *clean.shape)
    searched = min(n_component + SPARE_DIRECTIONS, *clean.shape)
    _, singular_values, directions = torch.svd_lowrank(clean, q=searched)
    directions = directions[:, :n_component]
    spread = (singular_values[:n_component] / len(clean) ** 0.5).clamp(min=LEAST_COMPONENT)
    network.begin_with_components(directions, spread)
    error = (clean - clean @ directions @ directions.T).square().mean(dim=0)
    weight = 1 / error.clamp(min=LEAST_ERROR)
    return weight / weight.mean()


class _Lots(TypedDict):
    """From where random numbers are drawn, and where to."""

    generator: torch.Generator
    device: torch.device


def _corrupt(clean: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Forge a share of the channels in every window, for part of it: biased, held at one value, or drowned in noise."""
    n_time, n_window, n_channel = clean.shape
    size, lots = (n_window, n_channel), _Lots(generator=generator, device=clean.device)
    forged = torch.rand(size, **lots) < share
    start = torch.randint(0, n_time, size, **lots)
    duration = torch.randint(1, n_time + 1, size, **lots)
    kind = torch.randint(0, 3, size, **lots)
    biased = clean + CORRUPTION_SIZE * torch.randn(size, **lots)
    held = clean.gather(0, start.unsqueeze(0)).expand_as(clean)
    noisy = clean + CORRUPTION_SIZE * torch.randn(clean.shape, **lots)
    scan = torch.arange(n_time, device=clean.device)[:, None, None]
    active = forged & (scan >= start) & (scan < start + duration)
    return torch.where(active, torch.where(kind == 0, biased, torch.where(kind == 1, held, noisy)), clean)
