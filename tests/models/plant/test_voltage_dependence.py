"""Loads that follow the voltage: by hand, as `pandapower.runpp` solves them, and held as drawn in a fault."""

from dataclasses import replace

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.plant.faults import Fault
from models.plant.grid_state import GridState
from models.plant.power_flow import PowerFlow
from networks.registry import load_feeder

R_OHM, X_OHM, VN_KV = 1.0, 2.0, 20.0


def feeder(
    *shares: dict[str, float], p_mw: float = 2.0, q_mvar: float = 0.8, c_nf_per_km: float = 10.0
) -> pp.pandapowerNet:
    """A stiff source and a chain of buses, one load at each, with the shares given [percent]."""
    net = pp.create_empty_network(sn_mva=1.0)
    buses = pp.create_buses(net, 1 + len(shares), VN_KV)
    pp.create_ext_grid(net, buses[0], vm_pu=1.02)
    for before, bus, share in zip(buses, buses[1:], shares, strict=False):
        pp.create_line_from_parameters(net, before, bus, 1.0, R_OHM, X_OHM, c_nf_per_km, max_i_ka=0.4)
        pp.create_load(net, bus, p_mw=p_mw, q_mvar=q_mvar, **share)
    return net


def solved_by_pandapower(net: pp.pandapowerNet) -> pp.pandapowerNet:
    """pandapower keeps the slope of the loads out of its Jacobian, so it takes more iterations than its default."""
    pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-11, max_iteration=60)
    return net


def assert_same(state: GridState, net: pp.pandapowerNet) -> None:
    np.testing.assert_allclose(state.vm_pu, net.res_bus.vm_pu, atol=1e-8, rtol=0)
    np.testing.assert_allclose(state.va_degree, net.res_bus.va_degree, atol=1e-6, rtol=0)
    np.testing.assert_allclose(state.p_mw, net.res_bus.p_mw, atol=1e-7, rtol=0)
    np.testing.assert_allclose(state.q_mvar, net.res_bus.q_mvar, atol=1e-7, rtol=0)
    np.testing.assert_allclose(state.line_i_ka, net.res_line.i_ka, atol=1e-8, rtol=0)


def test_a_constant_impedance_divides_the_voltage_with_the_line() -> None:
    power_flow = PowerFlow(feeder({"const_z_p_percent": 100.0, "const_z_q_percent": 100.0}, c_nf_per_km=0.0))
    state = power_flow.solve(power_flow.nominal_inputs())
    impedance_ohm = VN_KV**2 / np.conj(2.0 + 0.8j)
    divided = 1.02 * impedance_ohm / (impedance_ohm + R_OHM + 1j * X_OHM)
    assert state.vm_pu[1] == pytest.approx(abs(divided), abs=1e-10)
    assert state.p_mw[1] == pytest.approx(2.0 * abs(divided) ** 2, abs=1e-8)


def test_a_constant_current_is_the_same_at_any_source_voltage() -> None:
    power_flow = PowerFlow(feeder({"const_i_p_percent": 100.0, "const_i_q_percent": 100.0}, c_nf_per_km=0.0))
    nominal = power_flow.nominal_inputs()
    for vm_pu in (0.9, 1.0, 1.1):
        state = power_flow.solve(replace(nominal, slack=np.array([vm_pu + 0j])))
        assert state.line_i_to_ka[0] == pytest.approx(abs(2.0 + 0.8j) / np.sqrt(3) / VN_KV, abs=1e-10)


share = st.floats(0.0, 50.0)
SHARES = st.fixed_dictionaries({f"const_{kind}_{power}_percent": share for kind in "zi" for power in "pq"})


@settings(max_examples=8)
@given(st.lists(SHARES, min_size=1, max_size=4), st.lists(st.floats(-0.5, 3.0), min_size=2, max_size=3))
def test_any_shares_solve_as_in_pandapower_step_after_step(shares: list[dict[str, float]], levels: list[float]) -> None:
    net = feeder(*shares)
    power_flow = PowerFlow(net)
    nominal, reference = power_flow.nominal_inputs(), feeder(*shares)
    for level in levels:
        state = power_flow.solve(replace(nominal, load=level * nominal.load))
        reference.load["p_mw"], reference.load["q_mvar"] = level * nominal.load.real, level * nominal.load.imag
        assert_same(state, solved_by_pandapower(reference))


def test_a_low_voltage_feeder_of_constant_currents_solves_as_in_pandapower() -> None:
    net = load_feeder("ieee_lv906").net
    net.load[["const_i_p_percent", "const_i_q_percent"]] = 100.0
    power_flow = PowerFlow(net)
    state = power_flow.solve(power_flow.nominal_inputs())
    solved_by_pandapower(net)
    np.testing.assert_allclose(state.vm_pu, net.res_bus.vm_pu, atol=1e-8, rtol=0)


def mixed_bus() -> pp.pandapowerNet:
    """Loads of different kinds and a generator at one bus, which `runpp` scales all by the same factor."""
    net = feeder({"const_z_p_percent": 100.0, "const_z_q_percent": 100.0})
    pp.create_load(net, 1, p_mw=1.0, q_mvar=0.2, scaling=0.5)
    pp.create_load(net, 1, p_mw=1.0, q_mvar=0.2, const_i_p_percent=100.0)
    pp.create_sgen(net, 1, p_mw=0.7)
    return net


def test_what_shares_a_bus_keeps_its_own_dependence() -> None:
    power_flow = PowerFlow(mixed_bus())
    state = power_flow.solve(power_flow.nominal_inputs())
    vm_pu = state.vm_pu[1]
    assert state.p_mw[1] == pytest.approx(2.0 * vm_pu**2 + 0.5 + 1.0 * vm_pu - 0.7, abs=1e-10)
    assert state.q_mvar[1] == pytest.approx(0.8 * vm_pu**2 + 0.1 + 0.2, abs=1e-10)


def test_the_users_net_shows_what_each_load_draws_and_keeps_its_nominal_power() -> None:
    power_flow = PowerFlow(mixed_bus())
    state = power_flow.solve(power_flow.nominal_inputs())
    net = power_flow.net
    assert net.load.p_mw.tolist() == [2.0, 1.0, 1.0]
    assert net.res_load.p_mw.tolist() == pytest.approx([2.0 * state.vm_pu[1] ** 2, 0.5, state.vm_pu[1]], abs=1e-9)
    assert_same(state, net)


def test_a_load_on_a_dead_bus_draws_nothing() -> None:
    power_flow = PowerFlow(feeder({"const_i_p_percent": 100.0}, {"const_z_p_percent": 100.0}))
    state = power_flow.solve(replace(power_flow.nominal_inputs(), line_in_service=np.array([True, False])))
    assert state.converged
    assert np.isnan(state.vm_pu[2])
    assert state.p_mw[2] == 0.0


def test_a_load_beyond_what_the_line_carries_has_no_solution_as_power_and_one_as_impedance() -> None:
    for shares, solution in (({}, False), ({"const_z_p_percent": 100.0, "const_z_q_percent": 100.0}, True)):
        power_flow = PowerFlow(feeder(shares, p_mw=400.0, q_mvar=0.0))
        assert power_flow.solve(power_flow.nominal_inputs()).converged is solution


@pytest.mark.parametrize("kind", ["z", "i"])
def test_a_fault_holds_what_the_loads_drew_before_it(kind: str) -> None:
    power_flow = PowerFlow(feeder({f"const_{kind}_p_percent": 100.0, f"const_{kind}_q_percent": 100.0}))
    nominal = power_flow.nominal_inputs()
    healthy = power_flow.solve(nominal)
    almost = power_flow.solve(replace(nominal, faults=(Fault(int(power_flow.network.line_index[0]), 0.5, 1e12),)))
    np.testing.assert_allclose(almost.vm_pu, healthy.vm_pu, atol=1e-8)
    np.testing.assert_allclose(almost.p_mw, healthy.p_mw, atol=1e-6)
