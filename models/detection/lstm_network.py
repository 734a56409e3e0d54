"""The LSTM autoencoder in torch and its training; the only module of the detectors that needs torch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.detection.lstm_parameters import LstmParameters

State = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]

CLOCK_INPUTS = 2
"""Sine and cosine of the time of day enter beside the channels."""

CORRUPTION_SIZE = 2.0
"""Standard deviation of a training forgery, in standard deviations of its channel. [-]"""

COLD_START_SHARE = 0.05
"""Share of the windows that begin with empty memory, so that the network also learns to start. [-]"""

GRADIENT_NORM_LIMIT = 1.0

LEAST_COMPONENT = 0.05
"""Least standard deviation that a component is scaled by: what is smaller stays small in the code. [-]"""

LEAST_ERROR = 1e-3
"""Least mean square error that a channel's weight is the inverse of. [-]"""

SPARE_DIRECTIONS = 6
"""Directions in which the randomised decomposition searches besides those that are asked for. [-]"""


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
        self.input = nn.Linear(n_channel + CLOCK_INPUTS, hidden_size)
        self.encoder = nn.LSTM(hidden_size, hidden_size)
        self.code = nn.Linear(hidden_size + n_channel, code_size)
        self.decoder = nn.LSTM(code_size, hidden_size)
        self.output = nn.Linear(hidden_size + code_size, n_channel)

    def forward(self, channels_and_clock: Tensor, state: State) -> tuple[Tensor, State]:
        """Reconstruction (n_time, n_window, n_channel) of the channels, and the memory at its end."""
        encoded, encoder_state = self.encoder(self.input(channels_and_clock), state[0])
        channels = channels_and_clock[..., :-CLOCK_INPUTS]
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
        named = {}
        for name in ("input", "code", "output"):
            linear = getattr(self, name)
            named[f"{name}_weight"], named[f"{name}_bias"] = linear.weight, linear.bias
        for name in ("encoder", "decoder"):
            lstm = getattr(self, name)
            named[f"{name}_weight"] = torch.cat([lstm.weight_ih_l0, lstm.weight_hh_l0], dim=1)
            named[f"{name}_bias"] = lstm.bias_ih_l0 + lstm.bias_hh_l0
        return {name: weight.detach().numpy().copy() for name, weight in named.items()}


def as_state(memory: Tensor) -> State:
    """The memory as the two LSTMs take it."""
    encoder_h, encoder_c, decoder_h, decoder_c = (part.unsqueeze(0).contiguous() for part in memory)
    return (encoder_h, encoder_c), (decoder_h, decoder_c)


def as_memory(state: State) -> Tensor:
    """One tensor out of the two LSTMs' states, cut off from the gradient."""
    return torch.cat([*state[0], *state[1]]).detach()


def train(
    standardised: NDArray[np.float32],
    clock: NDArray[np.float32],
    parameters: LstmParameters,
    code_size: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Weights of a denoising autoencoder: forged channels go in, the clean ones must come out.

    Backpropagation is truncated to windows, the memory is not: a window begins with the memory its predecessor last
    ended with, as the stream will later.

    Parameters
    ----------
    standardised
        (n_time, n_channel) Clean channels with mean 0 and standard deviation 1; NaN where missing. [-]
    clock
        (n_time, 2) Sine and cosine of the time of day. [-]
    parameters
        Size and training.
    code_size
        Width of the bottleneck. [-]
    seed
        Same seed, same weights. [-]
    progress
        Called with the share of the training that is done.
    """
    with _deterministic(seed):
        generator = torch.Generator().manual_seed(seed)
        network = AutoencoderNetwork(standardised.shape[1], parameters.hidden_size, code_size)
        clean, known = _filled(standardised)
        weight = _begin_linear(network, torch.from_numpy(clean))
        window = min(parameters.window_scans, len(clean) // 2)
        windows = [_in_windows(array, window) for array in (clean, known, clock)]
        _fit(network, windows, weight, parameters, generator, progress)
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


def _fit(
    network: AutoencoderNetwork,
    windows: list[Tensor],
    weight: Tensor,
    parameters: LstmParameters,
    generator: torch.Generator,
    progress: Callable[[float], None] | None,
) -> None:
    clean, known, clock = windows
    memory = network.empty_memory(clean.shape[1] + 1)
    optimiser = torch.optim.Adam(network.parameters(), parameters.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, parameters.learning_rate, total_steps=parameters.updates, pct_start=0.1
    )
    batches = _batches(clean.shape[1], parameters.windows_per_update, generator)
    for update in range(parameters.updates):
        batch = next(batches)
        warm = torch.rand(len(batch), generator=generator) >= COLD_START_SHARE
        forged = _corrupt(clean[:, batch], parameters.corrupted_share, generator)
        reconstruction, state = network(
            torch.cat([forged, clock[:, batch]], dim=-1), as_state(memory[:, batch] * warm[:, None])
        )
        loss = (weight * known[:, batch] * (reconstruction - clean[:, batch]) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM_LIMIT)
        optimiser.step()
        schedule.step()
        memory[:, batch + 1] = as_memory(state)
        if progress is not None:
            progress((update + 1) / parameters.updates)


def _corrupt(clean: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Forge a share of the channels in every window, for part of it: biased, held at one value, or drowned in noise."""
    n_time, n_window, n_channel = clean.shape
    size = (n_window, n_channel)
    forged = torch.rand(size, generator=generator) < share
    start = torch.randint(0, n_time, size, generator=generator)
    duration = torch.randint(1, n_time + 1, size, generator=generator)
    kind = torch.randint(0, 3, size, generator=generator)
    biased = clean + CORRUPTION_SIZE * torch.randn(size, generator=generator)
    held = clean.gather(0, start.unsqueeze(0)).expand_as(clean)
    noisy = clean + CORRUPTION_SIZE * torch.randn(clean.shape, generator=generator)
    scan = torch.arange(n_time)[:, None, None]
    active = forged & (scan >= start) & (scan < start + duration)
    return torch.where(active, torch.where(kind == 0, biased, torch.where(kind == 1, held, noisy)), clean)


def _filled(standardised: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Missing values replaced by the channel's last one (its mean before the first), and 1 where a value is known."""
    known = np.isfinite(standardised)
    last_known = np.maximum.accumulate(np.where(known, np.arange(len(known))[:, None], 0), axis=0)
    filled = np.take_along_axis(np.where(known, standardised, 0).astype(np.float32), last_known, axis=0)
    return filled, known.astype(np.float32)


def _in_windows(array: NDArray[np.float32], window: int) -> Tensor:
    """(window, n_window, ...) Successive windows side by side; the rest that fills no window is left out."""
    n_window = len(array) // window
    stacked = torch.from_numpy(array[: n_window * window]).view(n_window, window, -1)
    return stacked.transpose(0, 1).contiguous()


def _batches(n_window: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Indices of windows, all of them in random order, again and again."""
    while True:
        yield from torch.randperm(n_window, generator=generator).split(size)


@contextmanager
def _deterministic(seed: int) -> Iterator[None]:
    """One thread, seeded initial weights, deterministic kernels; everything as before on leaving."""
    n_thread, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        try:
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True)
            torch.manual_seed(seed)
            yield
        finally:
            torch.use_deterministic_algorithms(strict)
            torch.set_num_threads(n_thread)
