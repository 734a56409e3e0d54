"""Draws the picture of the README from a run: ``python docs/images/draw.py runs/day``.

Needs a Chromium or Chrome on the path, which renders the report's own figures.
"""

import sys
from pathlib import Path

from browser import photograph

from mosaik_scenarios import RunResult
from mosaik_scenarios.report import control_room, network, plant

PICTURE = Path(__file__).parent / "day.png"
SIZE = (1100, 1430)


def main(run: str) -> None:
    """Network, voltages and detector scores under one another."""
    result = RunResult(run)
    drawn = [network.network_of(result), plant.voltage(result), control_room.detector_scores(result)]
    photograph([figure for figure in drawn if figure], PICTURE, SIZE)


if __name__ == "__main__":
    main(*sys.argv[1:])
