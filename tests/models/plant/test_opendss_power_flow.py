"""The power flow phase by phase: what is published, what OpenDSS says of the sources, switching, faults, taps."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidParameterError
from models.plant.faults import Fault
from models.plant.opendss_power_flow import OpenDSSPowerFlow
from models.plant.power_flow import PowerFlow
from networks.three_phase.balanced import balanced_net
from networks.three_phase.opendss_circuit import opendss_circuit
from networks.three_phase.tables import ThreePhaseTables, read_tables

ROOT = Path(__file__).parents[3]
SOURCES = {
    "ieee13": "13Bus/IEEE13Nodeckt.dss",
    "ieee34": "34Bus/ieee34Mod1.dss",
    "ieee37": "37Bus/ieee37.dss",
    "ieee123": "123Bus/IEEE123Master.dss",
}


def tables_of(feeder: str) -> ThreePhaseTables:
    return read_tables(ROOT / "networks" / "data" / feeder)


def power_flow_of(tables: ThreePhaseTables, net: Any = None) -> OpenDSSPowerFlow:
    net = balanced_net(tables)[0] if net is None else net
    return OpenDSSPowerFlow(net, opendss_circuit(tables, net))


def solved(feeder: str) -> OpenDSSPowerFlow:
    power_flow = power_flow_of(tables_of(feeder))
    assert power_flow.solve(power_flow.nominal_inputs()).converged
    return power_flow


def voltages(power_flow: OpenDSSPowerFlow) -> dict[str, np.ndarray]:
    """Phasors to ground by bus name, (3,). [pu of the line-to-neutral base]"""
    phases = power_flow.phases.vectors
    vm_pu = np.column_stack([phases[f"vm_{phase}_pu"] for phase in "abc"])
    va_degree = np.column_stack([phases[f"va_{phase}_degree"] for phase in "abc"])
    return dict(zip(power_flow.network.net.bus.name, vm_pu * np.exp(1j * np.radians(va_degree)), strict=True))


def base_v(power_flow: OpenDSSPowerFlow) -> dict[str, float]:
    bus = power_flow.network.net.bus
    return dict(zip(bus.name, bus.vn_kv * 1000 / np.sqrt(3), strict=True))


def index_of(power_flow: OpenDSSPowerFlow, table: str, name: str) -> int:
    return int(power_flow.network.net[table].index[power_flow.network.net[table].name == name][0])


@pytest.fixture
def ieee13() -> OpenDSSPowerFlow:
    return power_flow_of(tables_of("ieee13"))


def deviations_from_published(feeder: str, file: Path) -> dict[tuple[str, str], float]:
    """By bus and phases, from voltages that GridLAB-D's tests hold against the IEEE results. [pu]"""
    power_flow = solved(feeder)
    at, base = voltages(power_flow), base_v(power_flow)
    deviation = {}
    for row in pd.read_csv(file, dtype={"node": str}).itertuples():
        bus = row.node.removeprefix("node_").removeprefix("load_").lstrip("nl")
        places = ["ABC".index(letter) for letter in row.target.removeprefix("voltage_")]
        volt = at[bus][places[0]] - (at[bus][places[1]] if len(places) > 1 else 0.0)
        scale = np.sqrt(3) if len(places) > 1 else 1.0
        deviation[bus, row.target[-len(places) :]] = abs(abs(volt) - row.mag / base[bus]) / scale
    return deviation


def test_the_four_node_feeder_has_its_published_voltages() -> None:
    power_flow = solved("ieee4")
    at, base = voltages(power_flow), base_v(power_flow)
    published_v = {"2": (7164, 7110, 7082), "3": (2305, 2255, 2203), "4": (2175, 1930, 1833)}
    for bus, volt in published_v.items():
        np.testing.assert_allclose(np.abs(at[bus]) * base[bus], volt, atol=1.0)


def test_the_13_node_feeder_has_its_published_voltages(reference_data: Path) -> None:
    published = pd.read_csv(reference_data / "ieee" / "ieee13" / "published_ieee13_table.csv", dtype={"bus": str})
    at = voltages(solved("ieee13"))
    ours = [abs(at[row.bus][row.phase - 1]) for row in published.itertuples()]
    np.testing.assert_allclose(ours, published.vm_pu, atol=0.002)


@pytest.mark.parametrize(
    ("feeder", "tolerance", "outliers"),
    [
        ("ieee34", 0.002, set()),
        ("ieee37", 0.002, set()),
        # One value of 53 stands a little further off; the others of its line's end do not.
        ("ieee123", 0.002, {("81", "B")}),
    ],
)
def test_voltages_are_within_two_thousandths_of_the_published_ones(
    reference_data: Path, feeder: str, tolerance: float, outliers: set[tuple[str, str]]
) -> None:
    file = reference_data / "ieee" / feeder / "published_gridlabd_asserts.csv"
    deviation = deviations_from_published(feeder, file)
    assert {place for place, pu in deviation.items() if pu > tolerance} == outliers
    assert max(deviation.values()) < 1.2 * tolerance


@pytest.mark.parametrize(
    # In the sources of the 37-node feeder loads of model 4 fall below their voltage limit, where that model jumps back
    # to constant power; the tables say constant current, which does not.
    ("feeder", "tolerance"),
    [("ieee13", 1e-4), ("ieee34", 1e-4), ("ieee37", 6e-4), ("ieee123", 1e-4)],
)
def test_voltages_are_those_of_the_sources_at_the_same_taps(
    reference_data: Path, feeder: str, tolerance: float
) -> None:
    from networks.importers.opendss import read_opendss

    tables = read_opendss(reference_data / "ieee" / "src" / SOURCES[feeder]).tables
    power_flow = power_flow_of(tables)
    taps = pd.read_csv(reference_data / "ieee" / feeder / "taps.csv").set_index("transformer").tap
    units = tables.transformer.set_index("transformer")
    by_phase = np.full((len(power_flow.network.trafo_index), 3), np.nan)
    trafos = power_flow.network.net.trafo.name.tolist()
    for unit, tap in taps.items():
        by_phase[trafos.index(units.bank[unit]), "abc".index(units.secondary_phases[unit][0])] = tap
    power_flow.solve(replace(power_flow.nominal_inputs(), phase_tap_pos=by_phase))
    at, base = voltages(power_flow), base_v(power_flow)
    reference = pd.read_csv(reference_data / "ieee" / feeder / "voltages.csv", dtype={"bus": str})
    ours = [abs(at[row.bus][row.node - 1]) * base[row.bus] / row.kvbase_ln / 1000 for row in reference.itertuples()]
    np.testing.assert_allclose(ours, reference.vm_pu, atol=tolerance)


@pytest.mark.parametrize("feeder", ["ieee4", "ieee13", "ieee34", "ieee37", "ieee123", "ieee_lv906"])
def test_what_is_supplied_is_what_is_drawn_and_lost(feeder: str) -> None:
    power_flow = solved(feeder)
    state, phases = power_flow.state, power_flow.phases.vectors
    assert np.nansum(state.p_mw) + state.p_loss_mw == pytest.approx(0.0, abs=1e-5 * state.slack_p_mw[0])
    by_phase = np.nansum([phases[f"p_{phase}_mw"] for phase in "abc"], axis=0)
    np.testing.assert_allclose(by_phase, state.p_mw, atol=1e-9)


def test_constant_power_is_drawn_whatever_the_voltage() -> None:
    power_flow = solved("ieee4")
    net = power_flow.network.net
    bus = power_flow.network.bus_position(net.load.bus)[0]
    assert power_flow.state.p_mw[bus] == pytest.approx(net.load.p_mw.sum(), abs=1e-6)
    assert power_flow.phases.p_mw[bus, 2] == pytest.approx(2.375, abs=1e-6)


def test_currents_are_those_of_the_largest_phase_and_flows_the_sum_of_all(ieee13: OpenDSSPowerFlow) -> None:
    state = ieee13.solve(ieee13.nominal_inputs())
    np.testing.assert_allclose(state.line_i_from_ka, np.nanmax(ieee13.phases.line_i_from_ka, axis=1))
    np.testing.assert_allclose(state.line_p_to_mw, np.nansum(ieee13.phases.line_p_to_mw, axis=1))
    np.testing.assert_allclose(state.trafo_q_hv_mvar, np.nansum(ieee13.phases.trafo_q_hv_mvar, axis=1))


def test_a_switch_darkens_the_same_buses_with_either_solver() -> None:
    import pandapower as pp

    tables = tables_of("ieee13")
    net, _ = balanced_net(tables)
    line = int(net.line.index[net.line.name == "632633"][0])
    pp.create_switch(net, net.line.from_bus[line], line, et="l", name="recloser")
    by_phase, balanced = power_flow_of(tables, net), PowerFlow(net)
    for switch in range(len(net.switch)):
        closed = net.switch.closed.to_numpy(dtype=bool).copy()
        closed[switch] = False
        dark = [
            np.isnan(flow.solve(replace(flow.nominal_inputs(), switch_closed=closed)).vm_pu)
            for flow in (by_phase, balanced)
        ]
        assert dark[0].any()
        np.testing.assert_array_equal(*dark)
        assert by_phase.state.p_mw[dark[0]].tolist() == [0.0] * dark[0].sum()


def test_a_line_out_of_service_carries_nothing_and_comes_back(ieee13: OpenDSSPowerFlow) -> None:
    inputs = ieee13.nominal_inputs()
    before = ieee13.solve(inputs)
    in_service = inputs.line_in_service.copy()
    in_service[index_of(ieee13, "line", "632633")] = False
    without = ieee13.solve(replace(inputs, line_in_service=in_service))
    assert without.line_i_ka[index_of(ieee13, "line", "632633")] < 1e-9
    assert np.isnan(without.vm_pu[index_of(ieee13, "bus", "634")])
    np.testing.assert_allclose(ieee13.solve(inputs).vm_pu, before.vm_pu, atol=1e-8)


def test_a_bolted_fault_takes_the_voltage_and_is_limited_by_the_line_before_it(ieee13: OpenDSSPowerFlow) -> None:
    inputs, line = ieee13.nominal_inputs(), index_of(ieee13, "line", "632633")
    currents_ka = [
        ieee13.solve(replace(inputs, faults=(Fault(line, position),))).line_i_ka[line] for position in (0.0, 0.5, 1.0)
    ]
    assert currents_ka == sorted(currents_ka, reverse=True)
    assert ieee13.state.vm_pu[index_of(ieee13, "bus", "633")] < 1e-3
    assert ieee13.state.line_i_to_ka[line] < 0.1 * currents_ka[-1]


def test_a_fault_is_gone_when_it_burns_no_more(ieee13: OpenDSSPowerFlow) -> None:
    inputs, line = ieee13.nominal_inputs(), index_of(ieee13, "line", "632633")
    before = ieee13.solve(inputs)
    ieee13.solve(replace(inputs, faults=(Fault(line, 0.3, 0.1),)))
    after = ieee13.solve(inputs)
    np.testing.assert_allclose(after.vm_pu, before.vm_pu, atol=1e-7)
    np.testing.assert_allclose(after.line_i_to_ka, before.line_i_to_ka, atol=1e-7)


def test_a_fault_on_a_lateral_burns_in_its_phase_only(ieee13: OpenDSSPowerFlow) -> None:
    inputs, line = ieee13.nominal_inputs(), index_of(ieee13, "line", "684611")
    before = ieee13.solve(inputs), ieee13.phases
    during = ieee13.solve(replace(inputs, faults=(Fault(line),))), ieee13.phases
    assert during[1].line_i_from_ka[line, 2] > 20 * before[1].line_i_from_ka[line, 2]
    assert np.isnan(during[1].line_i_from_ka[line, 0])
    near = index_of(ieee13, "bus", "671")
    assert during[1].vm_pu[near, 2] < 0.8 < 0.9 * before[1].vm_pu[near, 2]
    assert during[1].vm_pu[near, 0] > 0.9


def test_a_sag_too_shallow_for_the_loads_to_let_go_and_too_deep_to_carry_them_has_a_solution() -> None:
    power_flow = power_flow_of(tables_of("ieee4"))
    inputs = power_flow.nominal_inputs()
    before = power_flow.solve(inputs)
    line = index_of(power_flow, "line", "1-2")
    sagged = power_flow.solve(replace(inputs, faults=(Fault(line, 0.5, 0.5),)))
    assert sagged.converged
    assert np.nansum(sagged.p_mw) + sagged.p_loss_mw == pytest.approx(0.0, abs=1e-5 * sagged.slack_p_mw[0])
    assert 0.3 < sagged.vm_pu[index_of(power_flow, "bus", "4")] < 0.8
    np.testing.assert_allclose(power_flow.solve(inputs).vm_pu, before.vm_pu, atol=1e-7)


def test_two_faults_on_one_line_and_faults_beside_the_network_are_refused(ieee13: OpenDSSPowerFlow) -> None:
    inputs = ieee13.nominal_inputs()
    line = index_of(ieee13, "line", "632633")
    with pytest.raises(InvalidParameterError, match="one fault a line"):
        ieee13.solve(replace(inputs, faults=(Fault(line, 0.1), Fault(line, 0.9))))
    with pytest.raises(InvalidParameterError, match="does not have"):
        ieee13.solve(replace(inputs, faults=(Fault(999),)))


def test_a_ganged_tap_moves_all_phases_and_keeps_their_differences(ieee13: OpenDSSPowerFlow) -> None:
    inputs, bank = ieee13.nominal_inputs(), index_of(ieee13, "trafo", "reg1")
    published = ieee13.phase_tap_pos(inputs)[bank]
    raised = ieee13.phase_tap_pos(replace(inputs, tap_pos=inputs.tap_pos + 2))[bank]
    np.testing.assert_array_equal(raised, published + 2)
    beyond = ieee13.phase_tap_pos(replace(inputs, tap_pos=inputs.tap_pos + 99))[bank]
    np.testing.assert_array_equal(beyond, [16, 16, 16])


def test_a_tap_of_one_phase_raises_that_phase(ieee13: OpenDSSPowerFlow) -> None:
    inputs, bank = ieee13.nominal_inputs(), index_of(ieee13, "trafo", "reg1")
    regulated = index_of(ieee13, "bus", "rg60")
    ieee13.solve(inputs)
    before = ieee13.phases
    own = ieee13.phase_tap_pos(inputs)
    own[bank, 1] += 4
    ieee13.solve(replace(inputs, phase_tap_pos=own))
    assert ieee13.phases.vm_pu[regulated, 1] - before.vm_pu[regulated, 1] == pytest.approx(0.025, abs=2e-3)
    assert ieee13.phases.vm_pu[regulated, 0] == pytest.approx(before.vm_pu[regulated, 0], abs=2e-3)
    np.testing.assert_array_equal(ieee13.inputs.phase_tap_pos, own)
    assert ieee13.inputs.tap_pos[bank] == inputs.tap_pos[bank] + 1  # the mean of the phases, rounded


def test_static_generators_feed_in_what_they_are_told(ieee13: OpenDSSPowerFlow) -> None:
    import pandapower as pp

    tables = tables_of("ieee13")
    net, _ = balanced_net(tables)
    places = {name: int(net.bus.index[net.bus.name == name][0]) for name in ("680", "611")}
    for bus in places.values():
        pp.create_sgen(net, bus, p_mw=0.1)
    power_flow = power_flow_of(tables, net)
    inputs = power_flow.nominal_inputs()
    idle = power_flow.solve(replace(inputs, sgen=0.0 * inputs.sgen))
    state = power_flow.solve(replace(inputs, sgen=np.array([0.3 + 0.1j, 0.05])))
    rows = power_flow.network.bus_position(places.values())
    np.testing.assert_allclose((idle.p_mw - state.p_mw)[rows], [0.3, 0.05], atol=2e-3)
    assert power_flow.phases.p_mw[rows[0], 1] == pytest.approx(-0.1, abs=1e-6)


def test_a_load_that_only_the_tables_have_keeps_its_power_and_no_other_takes_its_place() -> None:
    import pandapower as pp

    tables = tables_of("ieee4")
    net, _ = balanced_net(tables)
    net.load = net.load.drop(net.load.index[net.load.name == "4b"])
    pp.create_sgen(net, net.load.bus.iloc[0], p_mw=0.9)
    power_flow = power_flow_of(tables, net)
    power_flow.solve(power_flow.nominal_inputs())
    bus = power_flow.network.sgen_bus[0]
    drawn = [power_flow.phases.vectors[f"p_{phase}_mw"][bus] for phase in "abc"]
    np.testing.assert_allclose(drawn, [1.275 - 0.3, 1.8 - 0.3, 2.375 - 0.3], atol=1e-6)


def test_a_load_beyond_what_the_lines_can_carry_has_no_solution_and_leaves_no_trace() -> None:
    power_flow = power_flow_of(tables_of("ieee4"))
    inputs = power_flow.nominal_inputs()
    before = power_flow.solve(inputs)
    unsolved = power_flow.solve(replace(inputs, load=1e3 * inputs.load))
    assert not unsolved.converged
    assert np.isnan(unsolved.vm_pu).all()
    assert np.isnan(power_flow.phases.vm_pu[:, 0]).all()
    np.testing.assert_allclose(power_flow.solve(inputs).vm_pu, before.vm_pu, atol=1e-7)


def test_the_tables_of_the_net_hold_the_last_step(ieee13: OpenDSSPowerFlow) -> None:
    inputs = ieee13.nominal_inputs()
    state = ieee13.solve(replace(inputs, load=0.5 * inputs.load))
    np.testing.assert_array_equal(ieee13.net.res_bus.vm_pu, state.vm_pu)
    np.testing.assert_allclose(ieee13.net.load.p_mw, 0.5 * inputs.load.real)
    assert ieee13.net.res_ext_grid.p_mw.iloc[0] == state.slack_p_mw[0]


def test_the_source_is_what_it_is_told(ieee13: OpenDSSPowerFlow) -> None:
    inputs = ieee13.nominal_inputs()
    before = ieee13.solve(inputs)
    lowered = ieee13.solve(replace(inputs, slack=0.95 * inputs.slack * np.exp(0.1j)))
    stiff = ieee13.network.ext_grid_bus[0]
    assert lowered.vm_pu[stiff] == pytest.approx(0.95 * before.vm_pu[stiff])
    assert lowered.va_degree[stiff] == pytest.approx(before.va_degree[stiff] + np.degrees(0.1))


def test_circuits_do_not_disturb_one_another() -> None:
    lv906, ieee4 = power_flow_of(tables_of("ieee_lv906")), power_flow_of(tables_of("ieee4"))
    alone = solved("ieee4").state.vm_pu  # 60 Hz, built after one of 50 Hz
    ieee4.solve(ieee4.nominal_inputs())
    lv906.solve(lv906.nominal_inputs())
    np.testing.assert_allclose(ieee4.solve(ieee4.nominal_inputs()).vm_pu, alone, atol=1e-9)


def test_the_working_directory_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    solved("ieee4")
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.iterdir())


def test_a_hosted_machine_is_refused(ieee13: OpenDSSPowerFlow) -> None:
    with pytest.raises(InvalidParameterError, match="pandapower"):
        ieee13.thevenin(0)


def test_a_missing_engine_is_one_line_that_says_how_to_install_it() -> None:
    code = (
        "import sys; sys.modules['opendssdirect'] = None\n"
        "from models.opendss.engine import OpenDSSEngine\n"
        "from models.errors import MissingExtraError\n"
        "try:\n    OpenDSSEngine([])\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=True)
    (line,) = answer.stdout.splitlines()
    assert 'pip install -e ".[opendss]"' in line


def test_the_units_of_an_open_delta_are_told_by_their_first_phases() -> None:
    power_flow = power_flow_of(tables_of("ieee37"))
    inputs, bank = power_flow.nominal_inputs(), index_of(power_flow, "trafo", "reg1")
    np.testing.assert_array_equal(power_flow.phase_tap_pos(inputs)[bank], [7, np.nan, 4])
    own = np.full((len(inputs.tap_pos), 3), np.nan)
    own[bank, 0] = 9
    np.testing.assert_array_equal(power_flow.phase_tap_pos(replace(inputs, phase_tap_pos=own))[bank], [9, np.nan, 4])
