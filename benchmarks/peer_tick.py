"""CPU per tick of mosaik-pandapower: profiles, its power flow, a collector. Runs in the peer's own environment.

Usage: ``python peer_tick.py NET.json STEPS REPEATS``; prints one line of JSON with the median of the repeats.
"""

import json
import sys
import time
from statistics import median
from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pandapower

STEP_S = 60


class Profiles(mosaik_api_v3.Simulator):
    """One entity a load, P and Q from a table in memory."""

    def __init__(self) -> None:
        attrs = ["p_mw", "q_mvar"]
        models = {"Load": {"public": True, "params": ["p_mw", "q_mvar"], "attrs": attrs}}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": models})
        self.tables: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def create(self, num: int, model: str, p_mw: Any, q_mvar: Any) -> list[dict[str, Any]]:
        eid = f"Load-{len(self.tables)}"
        self.tables[eid] = (p_mw, q_mvar)
        return [{"eid": eid, "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        self.row = time // STEP_S
        return time + STEP_S

    def get_data(self, outputs: dict) -> dict:
        return {
            eid: {"p_mw": float(self.tables[eid][0][self.row]), "q_mvar": float(self.tables[eid][1][self.row])}
            for eid in outputs
        }


class Collector(mosaik_api_v3.Simulator):
    """Takes whatever it is given."""

    def __init__(self) -> None:
        models = {"Collector": {"public": True, "any_inputs": True, "params": [], "attrs": []}}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": models})
        self.received = 0

    def create(self, num: int, model: str) -> list[dict[str, Any]]:
        return [{"eid": "Collector", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        self.received += sum(len(sources) for sources in inputs.get("Collector", {}).values())
        return time + STEP_S

    def get_data(self, outputs: dict) -> dict:
        return {}


def measure(net_file: str, steps: int) -> float:
    """CPU milliseconds of one tick."""
    net = pandapower.from_json(net_file)
    rng = np.random.default_rng(0)
    factor = rng.uniform(0.6, 1.0, (steps + 1, len(net.load)))
    config = {
        "Grid": {"python": "mosaik_pandapower.simulator:Pandapower"},
        "Profiles": {"python": "__main__:Profiles"},
        "Collector": {"python": "__main__:Collector"},
    }
    with mosaik.World(config, skip_greetings=True, configure_logging=False) as world:
        grid = world.start("Grid", step_size=STEP_S).Grid(gridfile=net_file)
        profiles, collector = world.start("Profiles"), world.start("Collector").Collector()
        # The peer lists some children twice, and adds loads of its own to those of the net.
        children = list({child.eid: child for child in grid.children}.values())
        loads = [child for child in children if any(child.eid.endswith(name) for name in net.load.name)]
        for k, load in enumerate(loads):
            p_mw, q_mvar = (factor[:, k] * net.load[column].iloc[k] for column in ("p_mw", "q_mvar"))
            world.connect(profiles.Load(p_mw=p_mw, q_mvar=q_mvar), load, "p_mw", "q_mvar")
        for child in children:
            if child.type == "Bus":
                world.connect(child, collector, "vm_pu", "va_degree")
            elif child.type == "Line":
                world.connect(child, collector, "loading_percent")
        start = time.process_time()
        world.run(until=STEP_S * steps, print_progress=False)
        return (time.process_time() - start) / steps * 1e3


if __name__ == "__main__":
    file, steps, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    measure(file, 5)  # compiles
    ms = median(measure(file, steps) for _ in range(repeats))
    print(json.dumps({"ms": ms, "pandapower": pandapower.__version__}))
