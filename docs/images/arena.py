"""Draws docs/arena from arenas' folders: ``python docs/images/arena.py runs/arena [runs/larger ...] "9 h on 2 cores"``.

Figures as PNG, tables as CSV, and the README that shows them. Needs a Chromium or Chrome on the path.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from browser import photograph

from models.detection import DETECTORS
from mosaik_scenarios.arena.conclusions import conclusion_on, detectors_of
from mosaik_scenarios.arena.figures import looks
from mosaik_scenarios.arena.markdown import markdown_table
from mosaik_scenarios.arena.overview import by_feeder, heat, overview
from mosaik_scenarios.arena.page import HOW_TO_READ, TEXTS, drawings, introduction
from mosaik_scenarios.arena.plan import ArenaPlan
from mosaik_scenarios.arena.result import ArenaResult, table_names
from mosaik_scenarios.arena.text import conclusion_lines, facts, percent, reach_lines, rounded
from mosaik_scenarios.arena.watching import PLAN

FOLDER = Path(__file__).parents[1] / "arena"
WIDTH = 1100
KEPT = ("rates", "false_alarms", "ranking", "cost", "textbook")
"""Tables small enough to lie beside the text."""


def main(*told: str) -> None:
    """Figures, tables and README of the arenas in some folders; the last word is what they took."""
    *folders, took = told
    plans = [ArenaPlan.from_file(Path(folder, PLAN)) for folder in folders]
    result = _joined([ArenaResult.load(folder) for folder in folders])
    FOLDER.mkdir(exist_ok=True)
    for name in KEPT:
        getattr(result, name).round(4).to_csv(FOLDER / f"{name}.csv", index=False)
    write(result, plans, FOLDER, took)


def write(result: ArenaResult, plans: Sequence[ArenaPlan], folder: Path, took: str) -> Path:
    """The README with a section a feeder, and the figures that it shows."""
    readme = folder / "README.md"
    readme.write_text("\n\n".join(_blocks(result, plans, folder, took)) + "\n", encoding="utf-8")
    return readme


def _joined(results: Sequence[ArenaResult]) -> ArenaResult:
    """The tables of several arenas of different feeders, one under the other."""
    import pandas as pd

    tables = {name: pd.concat([getattr(result, name) for result in results]) for name in table_names()}
    return ArenaResult(**tables)


def _blocks(result: ArenaResult, plans: Sequence[ArenaPlan], folder: Path, took: str) -> Iterator[str]:
    yield "# Who catches which attack: figures"
    commands = [_command(plan, f"runs/arena-{number}") for number, plan in enumerate(plans, start=1)]
    folders = " ".join(f"runs/arena-{number}" for number in range(1, len(plans) + 1))
    yield "\n".join(("```", *commands, f'python docs/images/arena.py {folders} "{took}"', "```"))
    yield f"Took {took}. {HOW_TO_READ[0]} How the figures are read: [detection.md](../detection.md)."
    yield "\n".join(f"- {', '.join(plan.feeders)}: {introduction(plan)}" for plan in plans)
    yield f"Tables: {', '.join(f'[{name}]({name}.csv)' for name in KEPT)}."
    yield markdown_table(by_feeder(result))
    for plan in plans:
        for feeder in plan.feeders:
            yield from _feeder(result, plan, feeder, folder)


def _command(plan: ArenaPlan, out: str) -> str:
    days = f"{plan.training_days:g},{plan.calibration_days:g},{plan.clean_days:g}"
    detectors = "" if set(plan.detectors) == set(DETECTORS) else f" --detectors {','.join(plan.detectors)}"
    return (
        f"gridtwin arena --feeders {','.join(plan.feeders)} --seeds {plan.seeds} --days {days}{detectors} --out {out}"
    )


def _feeder(result: ArenaResult, plan: ArenaPlan, feeder: str, folder: Path) -> Iterator[str]:
    yield f"## {feeder}"
    yield f"{facts(result, feeder)}."
    yield "\n".join((*conclusion_lines(conclusion_on(result, feeder)), *reach_lines(result, feeder)))
    yield markdown_table(rounded(overview(result, feeder)), TEXTS)
    for title, (text, figure) in drawings(result, plan, feeder, looks(detectors_of(result, feeder))).items():
        name = f"{feeder}-{title.lower().replace(' ', '-')}.png"
        figure.layout.updatemenus = ()
        photograph([figure], folder / name, (WIDTH, int(figure.layout.height) + 20))
        yield f"**{title}.** {text.partition('; the buttons')[0].rstrip('.')}.\n\n![{title} on {feeder}]({name})"
    levels, _ = heat(result, feeder)
    yield "By magnitude (small / middle / large), percent of the events detected:"
    small, middle, large = (levels[view] for view in ("small", "middle", "large"))
    by_level = small.map(percent) + " / " + middle.map(percent) + " / " + large.map(percent)
    yield markdown_table(by_level.map(lambda cell: cell.replace(" %", "")).reset_index())


if __name__ == "__main__":
    main(*sys.argv[1:])
