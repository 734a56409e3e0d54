"""The same scenario with either solver: same tables, same controls, and phases where the solver knows them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.control.recloser import RecloserState
from mosaik_scenarios import RunResult, Scenario, manifest
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.twin import Experiment
from mosaik_scenarios.world import simulate
from networks.defaults import fill_in
from networks.extensions import add_head_recloser
from networks.feeder import Feeder
from networks.layout import add_missing_coordinates
from networks.registry import load_feeder
from networks.three_phase.balanced import balanced_net
from networks.three_phase.tables import read_tables

TABLES = Path(__file__).parents[2] / "networks" / "data" / "ieee13"


def ieee13() -> Feeder:
    tables = read_tables(TABLES)
    net, approximations = balanced_net(tables)
    feeder = Feeder("ieee13", "", net, "", three_phase=tables, approximations=approximations)
    feeder = add_head_recloser(feeder)
    add_missing_coordinates(feeder.net)
    return fill_in(feeder)


def run_by(solver: str, folder: Path, **fields: Any) -> RunResult:
    scenario = Scenario(feeder="ieee13", solver=solver, detectors=[], **({"telemetry": "ideal"} | fields))
    run_folder = manifest.claim(folder, scenario.as_mapping())
    simulate(Experiment(scenario, ieee13(), {}, run_folder.path))
    manifest.finish(run_folder, "complete")
    return RunResult(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunResult]:
    folder = tmp_path_factory.mktemp("runs")
    return {solver: run_by(solver, folder / solver, duration="10min") for solver in ("pandapower", "opendss")}


def test_both_solvers_fill_the_same_tables_and_agree_on_the_supply(runs: dict[str, RunResult]) -> None:
    balanced, by_phase = runs["pandapower"], runs["opendss"]
    assert set(balanced.tables) == set(by_phase.tables)
    for result in runs.values():
        assert result.grid["converged"].all(axis=None)
    np.testing.assert_allclose(by_phase.slack["p_mw"], balanced.slack["p_mw"], rtol=0.02)


def test_opendss_records_the_phases(runs: dict[str, RunResult]) -> None:
    result = runs["opendss"]
    phases = np.array([result.bus[f"vm_{phase}_pu"] for phase in "abc"])
    np.testing.assert_allclose(np.nanmean(phases, axis=0), result.bus["vm_pu"])
    assert not np.isnan(np.array([result.line[f"i_from_{phase}_ka"] for phase in "abc"])).all(axis=0).any()
    assert "vm_a_pu" not in runs["pandapower"].bus.columns.get_level_values(0)


def test_the_twins_own_regulator_moves_all_phases(runs: dict[str, RunResult]) -> None:
    trafo = runs["opendss"].trafo
    regulated = trafo["tap_a_pos"].columns[trafo["tap_a_pos"].notna().all()]
    moved = trafo["tap_pos"][regulated].diff().iloc[1:]
    for phase in "abc":
        np.testing.assert_array_equal(trafo[f"tap_{phase}_pos"][regulated].diff().iloc[1:], moved)


def test_meters_read_their_own_phase(runs: dict[str, RunResult]) -> None:
    result = runs["opendss"]
    measured = result.measurement["value_measured"]
    channel = next(str(name) for name in measured.columns if str(name).startswith("i line") and "from" in str(name))
    _, _, line, _, phase = channel.split()
    np.testing.assert_allclose(measured[channel], result.line[f"i_from_{phase}_ka"][int(line)], rtol=1e-6)


def test_the_control_room_estimates_every_phase(runs: dict[str, RunResult]) -> None:
    result = runs["opendss"]
    for phase in "abc":
        estimated, true = result.estimate[f"vm_{phase}_pu_estimated"], result.bus[f"vm_{phase}_pu"]
        np.testing.assert_array_equal(estimated.isna(), true.isna())
        # What nobody measures is not known better than customers are.
        np.testing.assert_allclose(estimated, true, atol=5e-3)
    phases = np.array([result.estimate[f"vm_{phase}_pu_estimated"] for phase in "abc"])
    np.testing.assert_allclose(result.estimate["vm_pu_estimated"], np.nanmean(phases, axis=0))
    assert "vm_a_pu_estimated" not in runs["pandapower"].estimate.columns.get_level_values(0)


def test_unbalance_is_no_bad_data(tmp_path: Path) -> None:
    estimate = run_by("opendss", tmp_path / "noisy", duration="20min", telemetry={}).estimate
    objective, degrees_of_freedom = (estimate[name].to_numpy().sum() for name in ("objective", "degrees_of_freedom"))
    assert 0.5 < objective / degrees_of_freedom < 1.5


def test_a_fault_on_a_three_phase_line_trips_the_recloser(tmp_path: Path) -> None:
    feeder = ieee13()
    line = int(feeder.net.line.index[feeder.net.line.name == "632670"][0])
    result = run_by(
        "opendss",
        tmp_path / "fault",
        duration="10s",
        step="1s",
        faults=[{"line": line, "start": "2s", "duration": "300ms"}],
        recloser={"fault_window": "4s"},
    )
    states = result.events[result.events["kind"] == "recloser"]["after"].astype(int).tolist()
    assert states[:3] == [RecloserState.TRIPPED, RecloserState.WAITING, RecloserState.RECLOSING]
    assert result.protection["vm_pu"].isna().any(axis=None)
    assert result.bus["vm_pu"].iloc[-1].notna().all()


def test_a_solver_that_the_feeder_does_not_have_is_refused_in_one_line() -> None:
    scenario = Scenario(feeder="ieee33", solver="opendss")
    with pytest.raises(ScenarioError, match="solver: expected pandapower for feeder ieee33, got 'opendss'"):
        Roles(scenario, load_feeder("ieee33")).grid()


def test_a_solver_that_nobody_has_is_refused_by_its_name() -> None:
    with pytest.raises(ScenarioError, match="solver: expected 'pandapower' or 'opendss', got 'newton'"):
        Scenario(solver="newton")
