"""CPU time of the detectors that learn or remember, per tick, beside other ways to run an LSTM over many sensors.

python -m benchmarks.detector [--channels 1000 10000] [--seconds S] [--json FILE]
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks import cells
from benchmarks.cells import Tick
from benchmarks.untrained import fitted_briefly, noise_frame, untrained_lstm, untrained_network
from models.detection.base import Detector

LSTM_DETECTORS = ("lstm_forecaster", "lstm_autoencoder")
INNOVATION_DETECTORS = ("innovation_ewma", "innovation_cusum")
OTHER_DETECTORS = ("pca", "isolation_forest", "ecod", "window_autoencoder")
MOST_IN_A_LOOP = 1000
"""Channels up to which what takes long is measured too."""

WANTED_MS = {1000: 1.0, 10_000: 10.0}
DIFFERENT_SCANS = 64


def whole_verdict(make: Callable[[str, list[str]], Detector], name: str, values: np.ndarray) -> Tick:
    """A detector as the twin runs it, from the frame to the alarm."""
    n_channel = values.shape[1]
    rng = np.random.default_rng(0)
    frames = [noise_frame(scan, n_channel, rng) for scan in range(len(values))]
    detector = make(name, [f"channel {index}" for index in range(n_channel)])
    return lambda scan: detector.update(frames[scan % len(frames)])


def variants(n_channel: int) -> dict[str, Callable[[np.ndarray], Tick]]:
    """What is measured, by name."""
    detectors = {name: partial(whole_verdict, untrained_lstm, name) for name in LSTM_DETECTORS}
    detectors |= {name: partial(whole_verdict, fitted_briefly, name) for name in INNOVATION_DETECTORS}
    window, network = f"window of {cells.WINDOW_SCANS}", untrained_network(n_channel)
    others: dict[str, Callable[[np.ndarray], Tick]] = {
        f"the autoencoder's network, {window} again": partial(cells.network_over_a_window, network),
        "one cell for all sensors, torch": cells.torch_cell,
        f"one network for all sensors, {window} in a batch": cells.windows_in_a_batch,
    }
    if cells.has_onnx():
        others["one cell for all sensors, ONNX Runtime"] = cells.onnx_cell
    if n_channel <= MOST_IN_A_LOOP:
        detectors |= {name: partial(whole_verdict, fitted_briefly, name) for name in OTHER_DETECTORS}
        others[f"one network for all sensors, {window}, sensor by sensor"] = cells.one_window_a_sensor
    return detectors | others


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
    values = np.random.default_rng(0).standard_normal((DIFFERENT_SCANS, n_channel)).astype(np.float32)
    return [
        {
            "channels": n_channel,
            "variant": name,
            "cpu_ms_per_tick": cpu_ms_per_tick(build(values), seconds),
            "wanted": f"<= {WANTED_MS[n_channel]:g}" if name in LSTM_DETECTORS and n_channel in WANTED_MS else "",
        }
        for name, build in variants(n_channel).items()
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
    reporting.report("Detectors, CPU time of one tick on one core", columns, rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
