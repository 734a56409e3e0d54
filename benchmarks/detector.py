"""CPU time of the LSTM autoencoder per tick: streamed, re-run over a window, and one small network a sensor.

python benchmarks/detector.py [--channels 1000 10000] [--json FILE]
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One core for everybody; BLAS reads this once, when NumPy is imported.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from torch import nn  # noqa: E402

from models.detection.history import DetectorFrame  # noqa: E402
from models.detection.lstm_autoencoder import LstmAutoencoderDetector  # noqa: E402
from models.detection.lstm_network import CLOCK_INPUTS, AutoencoderNetwork, as_state  # noqa: E402

WINDOW_SCANS = 10
SENSOR_HIDDEN_SIZE = 16
MOST_SENSOR_NETWORKS = 1000
SECONDS_A_VARIANT = 3.0
WANTED_MS = {1000: 2.0, 10_000: 20.0}

Tick = Callable[[int], Any]


def streamed(values: np.ndarray) -> Tick:
    """The detector as the twin runs it: impute, one cell step, residuals, silences, verdict."""
    n_channel = values.shape[1]
    detector = LstmAutoencoderDetector()
    detector.channels = tuple(f"channel {index}" for index in range(n_channel))
    detector.threshold = 5.0
    network = _network(detector, n_channel)
    ones = np.ones(n_channel)
    scales = {"training_scale": np.ones((2, n_channel)), "residual_scale": np.ones((2, n_channel))}
    habits = {"mean": 0 * ones, "spread": ones, "longest_silence": ones, "scans_learned": np.array(4320)}
    detector.restore({**network.weights(), **scales, **habits})
    quality = np.zeros(n_channel, dtype=np.int8)
    no_residual = np.full(n_channel, np.nan)

    def tick(scan: int) -> Any:
        return detector.update(DetectorFrame(60.0 * scan, values[scan % len(values)], quality, np.nan, 0, no_residual))

    return tick


def rerun_over_window(values: np.ndarray) -> Tick:
    """The same network without memory: every tick runs the last scans again."""
    n_channel = values.shape[1]
    network = _network(LstmAutoencoderDetector(), n_channel)
    window = torch.zeros(WINDOW_SCANS, 1, n_channel + CLOCK_INPUTS)
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


def cpu_ms_per_tick(tick: Tick) -> float:
    """Median CPU time of a tick, after a warm-up. [ms]"""
    for scan in range(3):
        tick(scan)
    spent: list[float] = []
    while len(spent) < 3 or (sum(spent) < SECONDS_A_VARIANT and len(spent) < 2000):
        start = time.process_time()
        tick(len(spent))
        spent.append(time.process_time() - start)
    return 1000 * float(np.median(spent))


def measure(n_channel: int) -> list[dict[str, Any]]:
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
            "cpu_ms_per_tick": cpu_ms_per_tick(build(values)),
            "wanted_ms": WANTED_MS.get(n_channel) if build is streamed else None,
        }
        for name, build in variants.items()
    ]


def machine() -> dict[str, Any]:
    """Where and with what it was measured."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
    }


def as_table(rows: list[dict[str, Any]]) -> Table:
    """What is printed."""
    table = Table(title="LSTM autoencoder, CPU time per tick on one core")
    for heading in ("channels", "variant", "CPU ms a tick", "wanted"):
        table.add_column(heading, justify="left" if heading == "variant" else "right")
    for row in rows:
        wanted = "" if row["wanted_ms"] is None else f"<= {row['wanted_ms']:g}"
        table.add_row(f"{row['channels']:,}", row["variant"], f"{row['cpu_ms_per_tick']:.3f}", wanted)
    return table


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--channels", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--json", type=Path, help="file for the figures with machine and versions")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for n_channel in arguments.channels for row in measure(n_channel)]
    Console().print(as_table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n")
    return 0


def _network(detector: LstmAutoencoderDetector, n_channel: int) -> AutoencoderNetwork:
    sizes = detector.parameters
    return AutoencoderNetwork(n_channel, sizes["hidden_size"], sizes["code_size"]).eval()


if __name__ == "__main__":
    sys.exit(main())
