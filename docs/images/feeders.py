"""Draws every registered feeder for docs/feeders.md: ``python docs/images/feeders.py [NAME ...]``.

One-line diagrams coloured by the voltage at nominal load, and the table that goes with them. Needs a Chromium or Chrome
on the path.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from browser import photograph

from mosaik_scenarios.report.one_line import one_line
from mosaik_scenarios.topology import topology_of
from networks.registry import FEEDERS, load_feeder

FOLDER = Path(__file__).parent / "feeders"
SIZE = (760, 420)


def draw(name: str) -> Path:
    """The picture of one feeder."""
    feeder = load_feeder(name)
    figure = one_line(topology_of(feeder.net), nominal_voltage(feeder.net), height=SIZE[1] - 20)
    figure.update_layout(showlegend=False, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return photograph([figure], FOLDER / f"{name}.png", SIZE)


def nominal_voltage(net: Any) -> pd.Series:
    """Voltage of every bus at nominal load. [pu]"""
    return net.res_bus.vm_pu


if __name__ == "__main__":
    for feeder in sys.argv[1:] or FEEDERS:
        print(draw(feeder))
