"""What training an LSTM takes, whatever it learns: windows, memory, one-cycle descent, and the same weights again."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.detection.lstm_parameters import LstmParameters

COLD_START_SHARE = 0.05
"""Share of the windows that begin with empty memory, so that the network also learns to start. [-]"""

GRADIENT_NORM_LIMIT = 1.0

Loss = Callable[[list[Tensor], Tensor, torch.Generator], tuple[Tensor, Tensor]]
"""From a batch of windows (window, n_batch, ...) and the memory they begin with to the loss and the memory they end
with."""


class Windows(NamedTuple):
    """Successive windows of several records, side by side."""

    series: list[Tensor]
    """(window, n_window, ...) each."""
    place: Tensor
    """(n_window,) Where the memory that a window begins with is kept: that of window i at i + 1, at 0 an empty one for
    the first of each record."""


def in_windows(records: Sequence[Sequence[NDArray[np.float32]]], window: int) -> Windows:
    """Cut every record into windows; the rest that fills none is left out.

    Parameters
    ----------
    records
        (n_time, ...) series of each record.
    window
        Most scans of a window; the shortest record gives two or more.
    """
    window = min(window, *(len(record[0]) // 2 for record in records))
    n_window = [len(record[0]) // window for record in records]
    series = [torch.cat([_cut(array, window) for array in arrays], dim=1) for arrays in zip(*records, strict=True)]
    of_record = torch.cat([torch.arange(n) for n in n_window])
    return Windows(series, torch.where(of_record > 0, torch.arange(len(of_record)), 0))


def _cut(array: NDArray[np.float32], window: int) -> Tensor:
    n_window = len(array) // window
    stacked = torch.from_numpy(np.ascontiguousarray(array[: n_window * window], dtype=np.float32))
    return stacked.view(n_window, window, -1).transpose(0, 1)


def descend(
    network: nn.Module,
    windows: Windows,
    empty_memory: Tensor,
    loss_of: Loss,
    parameters: LstmParameters,
    seed: int,
    progress: Callable[[float], None] | None,
) -> None:
    """Train a network in place, on the GPU when torch sees one.

    Backpropagation is truncated to windows, the memory is not: a window begins with the memory its predecessor last
    ended with, as the stream will later; the first of a record begins with none.

    Parameters
    ----------
    network
        On the CPU, before and after.
    windows
        What it learns from.
    empty_memory
        (n_state, 1, hidden)
    loss_of
        The loss of a batch.
    parameters
        Of the training.
    seed
        Of batches and forgeries. [-]
    progress
        Called with the share of the training that is done.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    series, place = [array.to(device) for array in windows.series], windows.place
    memory = empty_memory.to(device).repeat(1, len(place) + 1, 1)
    optimiser = torch.optim.Adam(network.parameters(), parameters.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, parameters.learning_rate, total_steps=parameters.updates, pct_start=0.1
    )
    drawing_lots, forging = torch.Generator().manual_seed(seed), torch.Generator(device).manual_seed(seed)
    batches = _batches(len(place), parameters.windows_per_update, drawing_lots)
    for update in range(parameters.updates):
        batch = next(batches)
        warm = torch.rand(len(batch), generator=drawing_lots) >= COLD_START_SHARE
        begin = memory[:, place[batch]] * warm[:, None].to(device)
        loss, end = loss_of([array[:, batch] for array in series], begin, forging)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM_LIMIT)
        optimiser.step()
        schedule.step()
        memory[:, batch + 1] = end.detach()
        if progress is not None:
            progress((update + 1) / parameters.updates)
    network.cpu()


def as_arrays(**layers: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Each layer's ``_weight`` and ``_bias``; an LSTM's act on input and hidden state laid end to end."""
    named: dict[str, Tensor] = {}
    for name, layer in layers.items():
        if isinstance(layer, nn.LSTM):
            of_input, of_hidden, bias_of_input, bias_of_hidden = layer.all_weights[0]
            named[f"{name}_weight"] = torch.cat([of_input, of_hidden], dim=1)
            named[f"{name}_bias"] = bias_of_input + bias_of_hidden
        else:
            named |= {f"{name}_{key}": value for key, value in layer.named_parameters()}
    return {name: weight.detach().numpy().copy() for name, weight in named.items()}


def _batches(n_window: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Indices of windows, all of them in random order, again and again."""
    while True:
        yield from torch.randperm(n_window, generator=generator).split(size)
