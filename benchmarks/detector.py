"""CPU time of the LSTM autoencoder per tick: streamed, re-run over a window, and one small network a sensor.

python -m benchmarks.detector [--channels 1000 10000] [--seconds S] [--json FILE]
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.untrained import untrained_lstm, untrained_network
from models.detection.context import CONTEXT_OF_ALL
from models.detection.history import DetectorFrame
from models.detection.lstm_network import as_state

WINDOW_SCANS = 10
SENSOR_HIDDEN_SIZE = 16
MOST_SENSOR_NETWORKS = 1000
WANTED_MS = {1000: 2.0, 10_000: 20.0}

Tick = Callable[[int], Any]


def streamed(values: np.ndarray) -> Tick:
    """The detector as the twin runs it: impute, one cell step, residuals, silences, verdict."""
    n_channel = values.shape[1]
    detector = untrained_lstm([f"channel {index}" for index in range(n_channel)])
    quality = np.zeros(n_channel, dtype=np.int8)

    def tick(scan: int) -> Any:
        return detector.update(DetectorFrame.of_telemetry(60.0 * scan, values[scan % len(values)], quality))

    return tick


def rerun_over_window(values: np.ndarray) -> Tick:
    """The same network without memory: every tick runs the last scans again."""
    n_channel = values.shape[1]
    network = untrained_network(n_channel)
    window = torch.zeros(WINDOW_SCANS, 1, n_channel + CONTEXT_OF_ALL)
    state = as_state(network.empty_memory(1))

    @torch.inference_mode()
    def tick(scan: int) -> Any:
        window[:-1] = window[1:].clone()
        window[-1, 0, :n_channel] = torch.from_numpy(values[scan % len(values)])
        reconstruction, _ = network(window, state)
        return (reconstruction[-1, 0] - window[-1, 0, :n_channel]).abs().max().item()

    return tick


class SensorAutoencoder(nn.Module):
    """A small univariate LSTM autoencoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.LSTM(1, SENSOR_HIDDEN_SIZE, batch_first=True)
        self.decoder = nn.LSTM(SENSOR_HIDDEN_SIZE, 1, batch_first=True)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Reconstruction of a window (1, n_time, 1)."""
        return self.decoder(self.encoder(window)[0])[0]


def one_network_a_sensor(values: np.ndarray) -> Tick:
    """A Python loop over the sensors, each with a window of its own."""
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


def cpu_ms_per_tick(tick: Tick, seconds: float) -> float:
    """Median CPU time of a tick, after a warm-up, of as many ticks as fit into `seconds`. [ms]"""
    for scan in range(3):
        tick(scan)
    spent: list[float] = []
    while len(spent) < 3 or (sum(spent) < seconds and len(spent) < 2000):
        start = time.process_time()
        tick(len(spent))
        spent.append(time.process_time() - start)
    return 1000 * float(np.median(spent))


def measure(n_channel: int, seconds: float) -> list[dict[str, Any]]:
    """One row a variant."""
    values = np.random.default_rng(0).standard_normal((64, n_channel)).astype(np.float32)
    variants: dict[str, Callable[[np.ndarray], Tick]] = {
        "streamed, whole verdict": streamed,
        f"same network, window of {WINDOW_SCANS} re-run": rerun_over_window,
    }
    if n_channel <= MOST_SENSOR_NETWORKS:
        variants[f"one network a sensor, window of {WINDOW_SCANS}"] = one_network_a_sensor
    return [
        {
            "channels": n_channel,
            "variant": name,
            "cpu_ms_per_tick": cpu_ms_per_tick(build(values), seconds),
            "wanted": f"<= {WANTED_MS[n_channel]:g}" if build is streamed and n_channel in WANTED_MS else "",
        }
        for name, build in variants.items()
    ]


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--channels", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU time spent on each variant")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for n_channel in arguments.channels for row in measure(n_channel, arguments.seconds)]
    columns = {"channels": "channels", "variant": "variant", "cpu_ms_per_tick": "CPU ms a tick", "wanted": "wanted"}
    reporting.report("LSTM autoencoder, CPU time of one tick on one core", columns, rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
