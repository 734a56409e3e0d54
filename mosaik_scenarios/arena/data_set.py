"""One timeline as labelled data: what happened, what the control room saw, and what of it was forged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from models.recording.run_folder import SEPARATOR
from mosaik_scenarios.arena.timelines import EVENTS
from mosaik_scenarios.histories import SCENARIO
from mosaik_scenarios.results import RunResult
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.subprocesses import answer, tell_share
from mosaik_scenarios.summary.tables import quantity

if TYPE_CHECKING:
    import pandas as pd

MEASURED, ATTACKS = "measurement", "attack"


class OfChannels(NamedTuple):
    """A file of time x channel."""

    table: str
    quantity: str
    meaning: str


class OfElements(NamedTuple):
    """A file of time x quantity and element, one column each: ``vm_pu/7``."""

    table: str
    quantities: tuple[str, ...]
    meaning: str


CHANNEL_FILES = {
    "received": OfChannels(MEASURED, "value_received", "what the control room received; NaN where nothing came"),
    "quality": OfChannels(MEASURED, "quality", "of what was received: 0 valid, 1 stale, 2 missing, 3 suspect"),
    "measured": OfChannels(MEASURED, "value_measured", "what the meter read, before the channel and the attacker"),
    "estimated": OfChannels(MEASURED, "value_estimated", "what it reads in the control room's estimated state"),
    "expected": OfChannels(MEASURED, "value_expected", "what it reads in the power flow of the forecasts alone"),
    "normalised_residual": OfChannels(
        MEASURED, "normalised_residual", "|received - estimated| over its standard deviation"
    ),
    "forged": OfChannels(MEASURED, "forged", "label: whether an attacker wrote the value that was received"),
    "forged_by": OfChannels(ATTACKS, "forged_by", "label: number of the event that wrote it, -1 for none"),
}

ELEMENT_FILES = {
    "attack": OfElements(
        "attack", ("active", "magnitude"),
        "label: whether each event is going on, and its size (largest change in standard deviations of its meters, or "
        "the family's own measure); this is the label of attacks that forge nothing, such as a real sag",
    ),
    "estimate": OfElements(
        "estimate",
        ("objective", "degrees_of_freedom", "p_value", "observable", "converged", "vm_pu_estimated",
         "va_degree_estimated"),
        "the control room's estimate: J(x), its degrees of freedom and p-value, voltages",
    ),
    "truth_bus": OfElements("bus", ("vm_pu", "va_degree", "p_mw", "q_mvar"), "the plant's buses, consumption positive"),
    "truth_line": OfElements("line", ("p_from_mw", "q_from_mvar", "i_ka", "loading_percent"), "the plant's lines"),
    "truth_trafo": OfElements("trafo", ("p_hv_mw", "q_hv_mvar", "loading_percent", "tap_pos"), "its transformers"),
    "truth_source": OfElements("slack", ("p_mw", "q_mvar"), "what its sources deliver"),
    "weather": OfElements("weather", ("ambient_c", "ghi_w_per_m2"), "air temperature and global irradiance"),
}  # fmt: skip


def write_timeline(result: RunResult, events: pd.DataFrame, folder: Path) -> None:
    """Write the tables of a run as the data set has them, one file a quantity of the channels."""
    events.to_parquet(folder / EVENTS, index=False)
    result.scenario.to_file(folder / SCENARIO)
    for name, table in _tables(result):
        table.to_parquet(folder / f"{name}.parquet", compression="zstd")


def _tables(result: RunResult) -> Iterator[tuple[str, pd.DataFrame]]:
    import pandas as pd

    received = quantity(result.table(MEASURED), "value_received")
    nobody = pd.DataFrame(-1, index=received.index, columns=received.columns)
    for name, file in CHANNEL_FILES.items():
        table = quantity(result.table(file.table), file.quantity)
        # Without any attack there is no table of who forged.
        yield name, _small(table if len(table.columns) else nobody)
    for name, elements in ELEMENT_FILES.items():
        table = result.table(elements.table)
        chosen = [column for column in table.columns if column[0] in elements.quantities]
        flat = table[chosen]
        flat.columns = [_flat(*column) for column in chosen]
        yield name, _small(flat)


def _flat(quantity: str, element: object) -> str:
    return quantity if element == "" else f"{quantity}{SEPARATOR}{element}"


def _small(table: pd.DataFrame) -> pd.DataFrame:
    """Seven digits and small whole numbers: beyond every meter's accuracy, and half the size."""
    import numpy as np

    kinds = {np.dtype("float64"): "float32", np.dtype("int64"): "int16"}
    return table.astype({name: kinds[kind] for name, kind in table.dtypes.items() if kind in kinds})


def main(scenario: str, events: str, out: str) -> None:
    """Simulate the scenario in one file and leave it as data, with the events in another, in a folder of its own."""
    import pandas as pd

    from mosaik_scenarios.runner import run

    folder = Path(out)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        draft = Path(temporary, folder.name)
        draft.mkdir()
        described = Scenario.from_file(scenario)
        result = run(described, Path(temporary, "run"), progress=lambda _, share: tell_share(share))
        write_timeline(result, pd.read_parquet(events), draft)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(draft, folder)


if __name__ == "__main__":
    answer(main)
