"""Nets that solve to MATPOWER's result bus by bus, for each trap, and names that lead back to MATPOWER's tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.matpower_cases import figures_of, solve
from networks.importers.matpower import read_case, read_matpower
from networks.importers.matpower.flows import branch_flows
from networks.importers.matpower.mat_file import read_matpower_solution
from networks.importers.matpower.to_pandapower import net_of
from tests.networks.importers.matpower.agreement import assert_solved_as

REFERENCE = Path(__file__).parents[3] / "reference" / "matpower"
TRAPS = pd.read_csv(REFERENCE / "traps" / "solutions.csv", index_col="case")

SOLVED_ELSEWHERE = (
    *("case118", "case14", "case15da", "case24_ieee_rts", "case300", "case33bw", "case4_dist", "case57", "case69"),
    *("case85", "case9", "case_ieee30"),
)


@pytest.mark.parametrize("name", TRAPS.index)
def test_a_trap_solves_to_matpowers_result(name: str) -> None:
    net, _ = read_matpower(REFERENCE / "traps" / f"{name}.m")
    solve(net)
    assert_solved_as(net, TRAPS.loc[name])


@pytest.mark.parametrize("name", SOLVED_ELSEWHERE)
def test_every_bus_and_branch_is_as_in_the_saved_result(reference_data: Path, name: str) -> None:
    solution = read_matpower_solution(reference_data / "matpower" / f"{name}_solved.mat")
    net, _ = read_matpower(reference_data / "matpower" / f"{name}_case.mat")
    solve(net)
    np.testing.assert_allclose(net.res_bus.vm_pu, solution.vm_pu, rtol=0, atol=1e-11)
    np.testing.assert_allclose(net.res_bus.va_degree, solution.va_degree, rtol=0, atol=1e-9)
    flows = branch_flows(net)
    for flow in flows:
        np.testing.assert_allclose(flows[flow], getattr(solution, flow), rtol=0, atol=1e-8)
    assert figures_of(net)["p_generation_mw"] == pytest.approx(solution.p_generation_mw, abs=1e-8)
    assert figures_of(net)["q_generation_mvar"] == pytest.approx(solution.q_generation_mvar, abs=1e-8)


def test_a_case_is_the_same_from_every_kind_of_file(reference_data: Path) -> None:
    names = ("case33bw_case.mat", "case33bw_case_v73.mat", "case33bw_solved.mat")
    cases = [read_case(reference_data / "matpower" / name) for name in names]
    for case in cases[1:]:
        np.testing.assert_array_equal(case.branch[:, :11], cases[0].branch[:, :11])
        np.testing.assert_array_equal(case.bus[:, :7], cases[0].bus[:, :7])


def test_flows_of_a_reversed_and_charged_transformer_keep_matpowers_ends() -> None:
    case = read_case(REFERENCE / "traps" / "trap_reversed_and_charged.m")
    net, _ = net_of(case)
    solve(net)
    flows = branch_flows(net)
    row = net.trafo.index[net.trafo.name == "branch 3"][0]
    assert net.trafo.from_side.at[row] == "lv"
    assert flows.index.tolist() == [1, 2, 3, 4]
    # All of what bus 30 takes and sends on to bus 40, which the transformer's "from" end delivers.
    assert flows.p_from_mw[3] == pytest.approx(-12 - flows.p_from_mw[4], abs=1e-7)
    assert flows.q_from_mvar[3] == pytest.approx(-4 - flows.q_from_mvar[4], abs=1e-7)


def test_a_branch_next_to_no_impedance_is_a_switch_of_unknown_flow() -> None:
    case = read_case(REFERENCE / "traps" / "trap_none.m")
    case.branch[3, 2:4] = 0.0, 1e-10
    net, notes = net_of(case)
    solve(net)
    assert net.switch[["et", "closed", "name"]].to_numpy().tolist() == [["b", True, "branch 4"]]
    assert net.res_bus.vm_pu.iloc[2] == net.res_bus.vm_pu.iloc[3]
    assert branch_flows(net).loc[4].isna().all()
    assert any("1 branch has next to no impedance" in note for note in notes)


def test_names_lead_back_to_matpowers_rows() -> None:
    net, _ = read_matpower(REFERENCE / "traps" / "trap_generators_at_slack.m")
    assert net.bus.name.tolist() == ["10", "20", "30", "40"]
    assert net.line.name.tolist() == ["branch 1", "branch 2", "branch 4"]
    assert net.trafo.name.tolist() == ["branch 3"]
    assert net.ext_grid.name.tolist() == ["gen 2"]
    assert net.gen[["name", "in_service"]].to_numpy().tolist() == [["gen 1", False], ["gen 3", True], ["gen 4", True]]


def test_what_was_assumed_is_said() -> None:
    _, notes = read_matpower(REFERENCE / "traps" / "trap_no_base_voltage.m")
    assert notes == ("4 buses have no base voltage (baseKV 0): 1 kV assumed.",)
    _, notes = read_matpower(REFERENCE / "traps" / "trap_isolated_bus.m")
    assert notes == ("1 bus is isolated (type 4) and out of service.",)
    _, notes = read_matpower(REFERENCE / "traps" / "trap_two_set_points.m")
    assert "1 generator wants another voltage" in notes[0]


def test_without_a_running_slack_the_first_controlled_bus_takes_over() -> None:
    case = read_case(REFERENCE / "traps" / "trap_none.m")
    case.gen[0, 7] = 0
    net, notes = net_of(case)
    assert net.ext_grid.bus.tolist() == [3]
    assert notes == ("no running generator at a slack bus (type 3): bus 40 is the slack instead.",)
