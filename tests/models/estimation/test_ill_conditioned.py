"""Networks that are hard to compute: large, with lines of hardly any length, or with very little measured."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandapower
import pandapower.networks
import pandas as pd
import pytest

from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel

Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]


def estimate(net: Any, plan: pd.DataFrame, value: np.ndarray) -> Estimate:
    """From a cold start."""
    return StateEstimator(NetworkModel(net), plan).estimate(value, np.ones(len(plan), dtype=bool))


def assert_state(found: Estimate, net: Any, tolerance: float) -> None:
    assert found.converged
    np.testing.assert_allclose(found.vm_pu, net.res_bus.vm_pu, rtol=0, atol=tolerance)
    np.testing.assert_allclose(np.radians(found.va_degree), np.radians(net.res_bus.va_degree), rtol=0, atol=tolerance)


def test_the_european_high_voltage_system_is_estimated_from_a_cold_start(
    solve_again: Callable[[Any], Any], metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solve_again(pandapower.networks.case1354pegase())
    plan = metering_plan(net, v=net.bus.index[::4], lines=net.line.index[::3])
    value = perfect_readings(net, plan)
    assert_state(estimate(net, plan, value), net, 1e-8)

    noisy = estimate(net, plan, value + plan.std_dev * np.random.default_rng(0).standard_normal(len(plan)))
    spread = np.sqrt(2.0 * noisy.degrees_of_freedom)
    assert noisy.objective == pytest.approx(noisy.degrees_of_freedom, abs=4.0 * spread)
    assert_state(noisy, net, 0.01)


@pytest.mark.parametrize("name", ["case33bw", "oberrhein", "case14", "case118"])
def test_powers_everywhere_and_one_voltage_per_substation_are_enough(
    name: str, solved: Callable[[str], Any], metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved(name)
    plan = metering_plan(net, v=net.ext_grid.bus, lines=[], trafos=[])
    assert_state(estimate(net, plan, perfect_readings(net, plan)), net, 1e-8)


def test_very_short_cables_and_sharp_zero_injections_do_not_drown_the_voltage(
    metering_plan: Plans, perfect_readings: Readings, solve_again: Callable
) -> None:
    # 300 buses 10 cm apart on a base of 100 MVA: the gain matrix spans more than sixteen decades.
    net = pandapower.create_empty_network(sn_mva=100.0)
    n_bus = 300
    pandapower.create_buses(net, n_bus, 0.4)
    pandapower.create_ext_grid(net, 0)
    pandapower.create_lines(net, range(n_bus - 1), range(1, n_bus), 1e-4, "NAYY 4x150 SE")
    pandapower.create_loads(net, range(10, n_bus, 10), 0.001, 0.0003)
    solve_again(net)
    plan = metering_plan(net, v=[0, 150], injections=[20], lines=[0], trafos=[])
    value = perfect_readings(net, plan)
    assert_state(estimate(net, plan, value), net, 1e-8)
    noisy = estimate(net, plan, value + plan.std_dev * np.random.default_rng(2).standard_normal(len(plan)))
    assert noisy.converged
    assert np.abs(noisy.vm_pu - net.res_bus.vm_pu).max() < 0.01


def switched(length_km: float, z_ohm: float) -> Any:
    """A ring over two bus-bus switches and a line of some length, switches at both ends of a line, one of them open."""
    net = pandapower.create_empty_network(sn_mva=10.0)
    pandapower.create_buses(net, 6, 20.0)
    pandapower.create_ext_grid(net, 0)
    for a, b, length in ((0, 1, 3.0), (2, 3, length_km), (4, 5, 3.0), (1, 5, 4.0)):
        pandapower.create_line(net, a, b, length, "NA2XS2Y 1x240 RM/25 12/20 kV")
    pandapower.create_switch(net, 1, 2, et="b", z_ohm=z_ohm)
    pandapower.create_switch(net, 3, 4, et="b", z_ohm=z_ohm)
    pandapower.create_switch(net, 0, 0, et="l")
    pandapower.create_switch(net, 5, 3, et="l", closed=False)
    for bus in (1, 2, 4, 5):
        pandapower.create_load(net, bus, 1.0, 0.3)
    pandapower.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-6)  # as far as pandapower gets
    return net


@pytest.mark.parametrize(("length_km", "z_ohm"), [(3.0, 0.0), (3.0, 1e-4), (1e-6, 1e-3), (1e-7, 0.0)])
def test_switches_and_lines_of_hardly_any_impedance_leave_the_voltage_known(
    length_km: float, z_ohm: float, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = switched(length_km, z_ohm)
    everything = metering_plan(net)
    assert_state(estimate(net, everything, perfect_readings(net, everything)), net, 1e-6)

    little = metering_plan(net, v=[0], injections=[1, 4], lines=[0])
    noise = little.std_dev * np.random.default_rng(1).standard_normal(len(little))
    found = estimate(net, little, perfect_readings(net, little) + noise)
    assert_state(found, net, 0.01)
    # A loss of accuracy would show here: what is measured once is met, whatever the impedances.
    assert found.objective < found.chi_square_threshold


def test_a_line_between_joined_busbars_carries_its_charging_once(
    metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = switched(3.0, 0.0)
    pandapower.create_line(net, 1, 2, 5.0, "NA2XS2Y 1x240 RM/25 12/20 kV")  # both ends are one node
    pandapower.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-8)
    plan = metering_plan(net)
    found = estimate(net, plan, perfect_readings(net, plan))
    assert_state(found, net, 1e-8)
    assert found.objective < 1e-6
