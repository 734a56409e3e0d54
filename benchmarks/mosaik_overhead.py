"""What mosaik itself costs: CPU time of a step of a world whose simulators do nothing, by their number.

python -m benchmarks.mosaik_overhead [--simulators N ...] [--ticks N] [--json FILE]

The simulators stand in a row; each hands one vector to the next, and all of them one to the last, as to a recorder.
The world runs with the twin's options.
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import sys
import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import mosaik
import numpy as np

from simulators.adapter import ModelAdapter

VECTOR = np.zeros(100)


class RelaySimulator(ModelAdapter):
    """Takes vectors and hands out one, without looking at them."""

    MODEL = "Relay"
    INPUTS = ("before", *(f"from_{number}" for number in range(100)))
    OUTPUTS = ("vector",)

    def build(self) -> None:
        """There is no model."""

    def advance(self, model: None, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Hand out the vector."""
        return {"vector": VECTOR}


def cpu_ms_per_tick(simulators: int, ticks: int) -> float:
    """CPU time of one tick of a world of so many relays. [ms]"""
    config = {"Relay": {"python": f"{RelaySimulator.__module__}:RelaySimulator"}}
    with mosaik.World(config, cache=False, skip_greetings=True, configure_logging=False) as world:
        relays = [world.start("Relay").Relay() for _ in range(simulators)]
        for number, (before, after) in enumerate(pairwise(relays)):
            world.connect(before, after, ("vector", "before"))
            if after is not relays[-1]:
                world.connect(before, relays[-1], ("vector", f"from_{number}"))
        start_s = time.process_time()
        world.run(until=ticks, print_progress=False, lazy_stepping=False)
        return 1e3 * (time.process_time() - start_s) / ticks


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--simulators", type=int, nargs="+", default=[4, 7, 14, 28])
    parser.add_argument("--ticks", type=int, default=300)
    arguments = parser.parse_args()
    rows = [{"simulators": count, "ms": cpu_ms_per_tick(count, arguments.ticks)} for count in arguments.simulators]
    columns = {"simulators": "simulators", "ms": "CPU ms a tick"}
    reporting.report("mosaik alone, CPU time of one tick", columns, rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
