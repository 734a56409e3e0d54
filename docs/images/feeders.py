"""Draws the registered feeders and writes their table: ``python docs/images/feeders.py [NAME ...]``.

One-line diagrams coloured by the voltage at nominal load go to ``docs/images/feeders``, of all feeders or of those
named; the table goes into docs/feeders.md between its marks. Needs a Chromium or Chrome on the path, the extra
`opendss`, and GRIDTWIN_IOWA240.
"""

import re
import sys
from pathlib import Path
from typing import Any

from browser import photograph

from mosaik_scenarios.report.one_line import one_line
from mosaik_scenarios.topology import topology_of
from networks.recipes import FEEDERS
from networks.registry import load_feeder

PICTURES = Path(__file__).parent / "feeders"
PAGE = Path(__file__).parents[1] / "feeders.md"
BEGIN, END = "<!-- table begins -->", "<!-- table ends -->"
HEAD = "| feeder, source | size | levels | solvers | nominal load, voltages | extensions | |"
SIZE = (760, 420)


def draw(name: str, net: Any) -> None:
    """The picture of one feeder."""
    figure = one_line(topology_of(net), net.res_bus.vm_pu, height=SIZE[1] - 20)
    figure.update_layout(showlegend=False, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    photograph([figure], PICTURES / f"{name}.png", SIZE)


def row(name: str, net: Any) -> str:
    """What is said of a feeder beside its picture."""
    recipe = FEEDERS[name]
    voltages = net.res_bus.vm_pu
    said = (
        f"**{name}**<br>{recipe.title}<br>{recipe.source}",
        f"{recipe.buses} buses, {recipe.loads} loads",
        f"{'/'.join(f'{kv:g}' for kv in recipe.vn_kv)} kV",
        " or ".join(recipe.solvers),
        f"{net.load.p_mw.sum():.4g} MW<br>{voltages.min():.3f} to {voltages.max():.3f} pu",
        ", ".join(recipe.extensions) or "none",
        f'<img src="images/feeders/{name}.png" width="380" alt="One-line diagram of {name}">',
    )
    return f"| {' | '.join(said)} |"


def main(chosen: list[str]) -> None:
    """Draw the chosen feeders, write the table of all."""
    nets = {name: load_feeder(name).net for name in FEEDERS}
    for name in chosen or FEEDERS:
        draw(name, nets[name])
    table = "\n".join([BEGIN, HEAD, "|---" * 7 + "|", *(row(name, net) for name, net in nets.items()), END])
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: table, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
