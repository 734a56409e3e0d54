"""One small LSTM that all sensors share, each with a stream of its own: the ways to run it."""

from collections.abc import Callable
from importlib.util import find_spec
from io import BytesIO
from typing import Any

import numpy as np
import torch
from torch import nn

from models.detection.context import CONTEXT_OF_ALL
from models.detection.lstm_network import AutoencoderNetwork, as_state

Tick = Callable[[int], Any]

WINDOW_SCANS = 10
HIDDEN_SIZE = 16


class SensorAutoencoder(nn.Module):
    """A small univariate LSTM autoencoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.LSTM(1, HIDDEN_SIZE, batch_first=True)
        self.decoder = nn.LSTM(HIDDEN_SIZE, 1, batch_first=True)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Reconstruction of windows (n_window, n_time, 1)."""
        return self.decoder(self.encoder(window)[0])[0]


class SensorForecaster(nn.Module):
    """A small univariate LSTM that foretells each sensor's next value and keeps its memory."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.LSTM(1, HIDDEN_SIZE, batch_first=True)
        self.output = nn.Linear(HIDDEN_SIZE, 1)

    def forward(self, value: torch.Tensor, hidden: torch.Tensor, cell: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Forecast (n_sensor, 1), and the memory (1, n_sensor, hidden), twice."""
        remembered, (hidden, cell) = self.memory(value.unsqueeze(1), (hidden, cell))
        return self.output(remembered[:, -1]), hidden, cell


def one_window_a_sensor(values: np.ndarray) -> Tick:
    """A Python loop over the sensors, each with a window of its own, as demonstrations of it go."""
    network = SensorAutoencoder().eval()
    windows = [[0.0] * WINDOW_SCANS for _ in range(values.shape[1])]

    @torch.no_grad()
    def tick(scan: int) -> Any:
        worst = 0.0
        for window, value in zip(windows, values[scan % len(values)], strict=True):
            window.append(float(value))
            window.pop(0)
            reconstruction = network(torch.tensor(window).view(1, WINDOW_SCANS, 1))
            worst = max(worst, abs(reconstruction[0, -1, 0].item() - window[-1]))
        return worst

    return tick


def windows_in_a_batch(values: np.ndarray) -> Tick:
    """The same windows, all sensors at once."""
    network = SensorAutoencoder().eval()
    windows = torch.zeros(values.shape[1], WINDOW_SCANS, 1)

    @torch.inference_mode()
    def tick(scan: int) -> Any:
        windows[:, :-1] = windows[:, 1:].clone()
        windows[:, -1, 0] = torch.from_numpy(values[scan % len(values)])
        return (network(windows)[:, -1] - windows[:, -1]).abs().max().item()

    return tick


def torch_cell(values: np.ndarray) -> Tick:
    """A cell with memory: one step a scan, all sensors at once."""
    network, memory = SensorForecaster().eval(), [torch.zeros(1, values.shape[1], HIDDEN_SIZE) for _ in range(2)]
    forecast = torch.zeros(values.shape[1], 1)

    @torch.inference_mode()
    def tick(scan: int) -> Any:
        nonlocal forecast
        value = torch.from_numpy(values[scan % len(values)])[:, None]
        error = (value - forecast).abs().max().item()
        forecast, *memory[:] = network(value, *memory)
        return error

    return tick


def has_onnx() -> bool:
    """Whether ONNX Runtime, and what torch writes its files with, are installed."""
    return all(find_spec(package) is not None for package in ("onnx", "onnxruntime"))


def onnx_cell(values: np.ndarray) -> Tick:
    """The same cell in ONNX Runtime."""
    import onnxruntime

    names = {"input_names": ["value", "hidden", "cell"], "output_names": ["forecast", "hidden_next", "cell_next"]}
    of_sensors = {"value": {0: "sensor"}, "hidden": {1: "sensor"}, "cell": {1: "sensor"}}
    file, example = BytesIO(), torch.zeros(1, 4, HIDDEN_SIZE)
    inputs = (torch.zeros(4, 1), example, example)
    torch.onnx.export(SensorForecaster().eval(), inputs, file, dynamo=False, dynamic_axes=of_sensors, **names)  # type: ignore[arg-type]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    memory = [np.zeros((1, values.shape[1], HIDDEN_SIZE), dtype=np.float32) for _ in range(2)]
    forecast = np.zeros((values.shape[1], 1), dtype=np.float32)

    def tick(scan: int) -> Any:
        nonlocal forecast
        value = values[scan % len(values)][:, None]
        error = np.abs(value - forecast).max()
        forecast, *memory[:] = session.run(None, {"value": value, "hidden": memory[0], "cell": memory[1]})
        return error

    return tick


def network_over_a_window(network: AutoencoderNetwork, values: np.ndarray) -> Tick:
    """The LSTM autoencoder of all channels without memory: every tick runs the last scans again."""
    n_channel = values.shape[1]
    window = torch.zeros(WINDOW_SCANS, 1, n_channel + CONTEXT_OF_ALL)
    state = as_state(network.empty_memory(1))

    @torch.inference_mode()
    def tick(scan: int) -> Any:
        window[:-1] = window[1:].clone()
        window[-1, 0, :n_channel] = torch.from_numpy(values[scan % len(values)])
        reconstruction, _ = network(window, state)
        return (reconstruction[-1, 0] - window[-1, 0, :n_channel]).abs().max().item()

    return tick
