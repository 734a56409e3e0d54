"""The stepping power flow agrees with `pandapower.runpp`, healthy, switched and tapped; faults obey Ohm's law."""

from dataclasses import replace

import numpy as np
import pandapower as pp
import pytest

from models.plant.faults import Fault
from models.plant.grid_state import GridState
from models.plant.net_tables import RESULT_COLUMNS
from models.plant.power_flow import PowerFlow
from networks.registry import FEEDERS, load_feeder
from networks.three_phase.start import let_runpp_converge

# Per unit of the voltage and of net.sn_mva; MW figures of the larger systems carry pandapower's own tolerance.
TOLERANCE = {"vm_pu": 1e-8, "va_degree": 1e-6}


def two_buses(**load: float) -> pp.pandapowerNet:
    """A stiff source, one line, one load."""
    net = pp.create_empty_network(sn_mva=1.0)
    source, end = pp.create_buses(net, 2, 20.0)
    pp.create_ext_grid(net, source, vm_pu=1.0)
    pp.create_line_from_parameters(net, source, end, 1.0, 1.0, 2.0, 0.0, max_i_ka=0.2)
    pp.create_load(net, end, p_mw=2.0, q_mvar=0.5, **load)
    return net


def assert_like_runpp(state: GridState, net: pp.pandapowerNet) -> None:
    """Every vector of `state` against the tables that `runpp` writes; shunts are no part of the twin's bus power.

    By default `runpp` stops within 1e-8 MVA, which is 2.5e-8 pu of voltage on a low-voltage feeder.
    """
    if net.user_pf_options:
        let_runpp_converge(net)
    pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10)
    if len(net.shunt):
        at = net.shunt.bus.to_numpy()
        np.subtract.at(net.res_bus.q_mvar.array, net.bus.index.get_indexer(at), net.res_shunt.q_mvar.to_numpy())
        np.subtract.at(net.res_bus.p_mw.array, net.bus.index.get_indexer(at), net.res_shunt.p_mw.to_numpy())
    for name, (table, column) in RESULT_COLUMNS.items():
        if len(net[table]):
            expected = net[f"res_{table}"][column].to_numpy(dtype=float)
            actual = getattr(state, name)
            if name == "vm_pu":
                np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
            tolerance = TOLERANCE.get(name, 1e-6 * max(1.0, float(np.abs(np.nan_to_num(expected)).max())))
            np.testing.assert_allclose(np.nan_to_num(actual), np.nan_to_num(expected), atol=tolerance, rtol=0)


@pytest.mark.parametrize("name", FEEDERS)
def test_random_loads_taps_switches_and_lines_solve_as_in_pandapower(name: str) -> None:
    net = load_feeder(name).net
    net.load[net.load.filter(like="const_").columns] = 0.0  # test_voltage_dependence.py: runpp mixes a bus's shares
    power_flow = PowerFlow(net)
    nominal = power_flow.nominal_inputs()
    rng = np.random.default_rng(3)
    for k in (0, 1, 4, 5, 7):
        inputs = replace(
            nominal,
            load=nominal.load * rng.uniform(0.5, 1.1, len(nominal.load)),
            sgen=nominal.sgen * rng.uniform(0.0, 1.2, len(nominal.sgen)),
        )
        if k % 2 and len(nominal.tap_pos):
            inputs = replace(inputs, tap_pos=nominal.tap_pos + rng.integers(-2, 3, len(nominal.tap_pos)))
        if k > 3 and len(nominal.switch_closed):
            closed = nominal.switch_closed.copy()
            closed[rng.integers(len(closed))] ^= True
            inputs = replace(inputs, switch_closed=closed)
        if k == 7:
            service = nominal.line_in_service.copy()
            service[-1] ^= True
            inputs = replace(inputs, line_in_service=service)
        state = power_flow.solve(inputs)
        assert state.converged
        assert_like_runpp(state, power_flow.net)


def test_extended_wards_are_left_to_pandapower() -> None:
    net = two_buses(const_z_p_percent=100.0, const_z_q_percent=100.0)
    pp.create_xward(net, 1, ps_mw=0.0, qs_mvar=0.0, pz_mw=0.2, qz_mvar=0.1, r_ohm=5.0, x_ohm=50.0, vm_pu=1.0)
    power_flow = PowerFlow(net)
    state = power_flow.solve(replace(power_flow.nominal_inputs(), load=np.array([4.0 + 1.0j])))
    assert_like_runpp(state, power_flow.net)


def test_the_users_net_holds_the_last_step_whenever_it_is_looked_at() -> None:
    net = two_buses()
    power_flow = PowerFlow(net)
    for p_mw in (1.0, 3.0):
        state = power_flow.solve(replace(power_flow.nominal_inputs(), load=np.array([p_mw + 0j])))
        assert power_flow.net is net
        assert net.load.p_mw.iloc[0] == p_mw
        np.testing.assert_allclose(net.res_bus.vm_pu, state.vm_pu, atol=1e-9)


def test_a_power_flow_without_solution_is_a_fact_about_the_grid_and_the_next_step_goes_on() -> None:
    power_flow = PowerFlow(two_buses())
    nominal = power_flow.nominal_inputs()
    collapsed = power_flow.solve(replace(nominal, load=nominal.load * 1000))
    assert not collapsed.converged
    assert np.isnan(collapsed.vm_pu).all()
    assert power_flow.net.res_bus.vm_pu.isna().all()
    assert power_flow.solve(nominal).converged


def test_a_bus_behind_an_open_line_is_dead() -> None:
    power_flow = PowerFlow(two_buses())
    nominal = power_flow.nominal_inputs()
    state = power_flow.solve(replace(nominal, line_in_service=np.array([False])))
    assert state.converged
    assert np.isnan(state.vm_pu[1])
    assert state.p_mw[1] == 0
    assert state.slack_p_mw[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("position", [0.25, 0.5, 1.0])
def test_a_bolted_fault_draws_the_voltage_over_the_impedance_up_to_it(position: float) -> None:
    power_flow = PowerFlow(two_buses())
    nominal = power_flow.nominal_inputs()
    power_flow.solve(nominal)
    line = int(power_flow.network.line_index[0])
    state = power_flow.solve(replace(nominal, faults=(Fault(line, position),)))
    expected_ka = 20.0 / np.sqrt(3) / abs((1 + 2j) * position)
    assert state.line_i_ka[0] == pytest.approx(expected_ka, rel=1e-4)


def test_a_fault_of_infinite_resistance_changes_nothing() -> None:
    power_flow = PowerFlow(two_buses())
    nominal = power_flow.nominal_inputs()
    healthy = power_flow.solve(nominal)
    line = int(power_flow.network.line_index[0])
    almost = power_flow.solve(replace(nominal, faults=(Fault(line, 0.5, 1e12),)))
    np.testing.assert_allclose(almost.vm_pu, healthy.vm_pu, atol=1e-8)
    np.testing.assert_allclose(almost.line_p_from_mw, healthy.line_p_from_mw, atol=1e-6)


def test_the_fault_current_agrees_with_iec_60909_without_load_and_voltage_factor() -> None:
    from pandapower.shortcircuit import calc_sc

    net = two_buses()
    net.ext_grid["s_sc_max_mva"], net.ext_grid["rx_max"] = 1e9, 0.1
    net.load["p_mw"], net.load["q_mvar"] = 0.0, 0.0
    power_flow = PowerFlow(net)
    nominal = power_flow.nominal_inputs()
    power_flow.solve(nominal)
    state = power_flow.solve(replace(nominal, faults=(Fault(int(net.line.index[0]), 1.0),)))
    calc_sc(net, bus=int(net.bus.index[1]), case="max")
    c_max = 1.1
    assert state.line_i_ka[0] == pytest.approx(net.res_bus_sc.ikss_ka.iloc[-1] / c_max, rel=1e-4)


def test_thevenin_of_a_radial_line_is_its_far_source_behind_its_impedance() -> None:
    net = pp.create_empty_network(sn_mva=10.0)
    here, there = pp.create_buses(net, 2, 20.0)
    pp.create_ext_grid(net, here, vm_pu=1.05, va_degree=20.0)
    pp.create_ext_grid(net, there, vm_pu=0.98, va_degree=-5.0)
    pp.create_line_from_parameters(net, here, there, 1.0, 1.0, 2.0, 0.0, max_i_ka=1.0)
    power_flow = PowerFlow(net)
    power_flow.solve(power_flow.nominal_inputs())
    voltage, impedance = power_flow.thevenin(0)
    assert voltage == pytest.approx(0.98 * np.exp(-1j * np.radians(5)), abs=1e-9)
    assert impedance == pytest.approx((1 + 2j) / (20**2 / 10), abs=1e-9)


def test_a_tap_between_two_steps_solves_as_in_pandapower() -> None:
    net = load_feeder("ieee33").net
    power_flow = PowerFlow(net)
    taps = power_flow.nominal_inputs().tap_pos + 1.0 / 3.0
    state = power_flow.solve(replace(power_flow.nominal_inputs(), tap_pos=taps))
    net.trafo["tap_pos"] = taps
    assert_like_runpp(state, net)


def test_the_solution_before_a_tap_is_where_the_next_one_starts() -> None:
    power_flow = PowerFlow(load_feeder("ieee33").net)
    nominal = power_flow.nominal_inputs()
    before = power_flow.network.admittances(nominal.tap_pos)
    after = power_flow.network.admittances(nominal.tap_pos + 1)
    assert after.has_nodes_of(before)
    assert after is not before
    dead = power_flow.network.admittances(switch_closed=np.zeros(len(nominal.switch_closed), dtype=bool))
    assert not dead.has_nodes_of(before)
