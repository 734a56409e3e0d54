"""A data set holds what happened, what the control room saw, and what of it was forged; and says what it is."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mosaik_scenarios import Scenario
from mosaik_scenarios.arena.card import CARD, CARD_TEXT
from mosaik_scenarios.arena.export import export
from mosaik_scenarios.arena.plan import ArenaPlan, TimelinePlace
from mosaik_scenarios.arena.timelines import EVENTS, HISTORY, SCENARIO, Timeline
from mosaik_scenarios.errors import ArenaError
from mosaik_scenarios.histories import history_of

FORGED = range(20, 30)
PLAN = ArenaPlan(feeders=("cigre_mv",), kinds=("bias",), detectors=("chi_square",), seeds=1)


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """Forty minutes, ten of them with one forged voltage."""
    folder = tmp_path_factory.mktemp("timeline")
    attack = {"family": "bias", "start": "20min", "duration": "10min", "channels": ["v bus 3"], "bias_sigma": 8}
    scenario = Scenario(
        feeder="cigre_mv", duration="40min", seed=1, telemetry={"metering": "full"}, detectors=(), attacks=[attack]
    )
    scenario.to_file(folder / SCENARIO)
    event = {"event": 0, "kind": "bias", "family": "bias", "level": 2, "magnitude": 8.0, "first_scan": FORGED[0],
             "last_scan": FORGED[-1], "channels": ["v bus 3"], "buses": [3], "parameters": "{}"}  # fmt: skip
    pd.DataFrame([event]).to_parquet(folder / EVENTS)
    history_of(scenario).save(folder / HISTORY)
    return Timeline(TimelinePlace("cigre_mv", "attacked", 1, scenario.start, scenario.duration), folder)


@pytest.fixture(scope="module")
def exported(timeline: Timeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set of that one timeline."""
    folder = tmp_path_factory.mktemp("data") / "set"
    assert export(PLAN, [timeline], folder, processes=1) == folder / CARD_TEXT
    return folder


def read(exported: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(exported / "cigre_mv" / "attacked-1" / f"{name}.parquet")


def test_it_holds_what_detectors_saw_in_the_arena(timeline: Timeline, exported: Path) -> None:
    history = timeline.history
    for name, seen in (("received", history.value), ("estimated", history.estimated), ("expected", history.expected)):
        table = read(exported, name)[list(history.channels)]
        np.testing.assert_allclose(table.to_numpy(), seen, rtol=1e-6)
    assert table.index[1] - table.index[0] == timeline.scenario.scan_period
    assert table.index[0] == timeline.scenario.start


def test_it_labels_what_was_forged_and_holds_what_the_meter_read(exported: Path) -> None:
    forged, forged_by = read(exported, "forged"), read(exported, "forged_by")
    assert [row for row, is_forged in enumerate(forged["v bus 3"]) if is_forged] == list(FORGED)
    assert not forged.drop(columns="v bus 3").to_numpy().any()
    assert (forged_by["v bus 3"] == 0).equals(forged["v bus 3"].astype(bool))
    error = (read(exported, "received") - read(exported, "measured"))["v bus 3"].to_numpy()
    channels = pd.read_csv(exported / "cigre_mv" / "channels.csv").set_index("name")
    # What is received is held back by a dead band now and then, and the error is added to that.
    assert np.median(np.abs(error[FORGED])) == pytest.approx(8 * channels.std_dev["v bus 3"], rel=1e-3)
    assert read(exported, "attack")["active/0 bias"].sum() == len(FORGED)


def test_it_holds_the_plant_s_truth(exported: Path) -> None:
    truth, measured = read(exported, "truth_bus")["vm_pu/3"], read(exported, "measured")["v bus 3"]
    std_dev = pd.read_csv(exported / "cigre_mv" / "channels.csv").set_index("name").std_dev["v bus 3"]
    assert 0 < np.abs(measured - truth).max() < 6 * std_dev


def test_its_card_names_every_file_and_every_file_is_there(exported: Path) -> None:
    card = json.loads((exported / CARD).read_text())
    assert {file.name for file in (exported / "cigre_mv" / "attacked-1").iterdir()} == set(card["files"])
    (timeline,) = card["timelines"]
    assert (timeline["scans"], timeline["events"], timeline["role"]) == (40, 1, "attacked")
    text = (exported / CARD_TEXT).read_text()
    for wanted in ("BSD-3-Clause", "CIGRE", "standard deviations of the meter", *card["files"], *card["known_limits"]):
        assert wanted in text


def test_what_is_there_is_not_made_again(timeline: Timeline, exported: Path) -> None:
    file = exported / "cigre_mv" / "attacked-1" / SCENARIO
    before = file.stat().st_mtime_ns
    export(PLAN, [timeline], exported, processes=1)
    assert file.stat().st_mtime_ns == before


def test_another_plan_s_data_set_and_other_files_are_left_alone(
    timeline: Timeline, exported: Path, tmp_path: Path
) -> None:
    other = ArenaPlan(feeders=("cigre_mv",), kinds=("replay",), detectors=("chi_square",), seeds=1)
    with pytest.raises(ArenaError, match="data set of another plan"):
        export(other, [timeline], exported)
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ArenaError, match="holds files of no data set"):
        export(PLAN, [timeline], tmp_path)
