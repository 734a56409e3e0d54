"""The estimated state: equal to the power flow without noise, to pandapower's estimator with it, in every topology."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest

from models.errors import InvalidParameterError
from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel

Nets = Callable[[str], Any]
Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]


def estimate(net: Any, plan: pd.DataFrame, value: np.ndarray, **believed: Any) -> Estimate:
    """One estimate with every channel usable."""
    return StateEstimator(NetworkModel(net), plan).estimate(value, np.ones(len(plan), dtype=bool), **believed)


def assert_state(found: Estimate, net: Any, tolerance: float) -> None:
    """The estimated state is that of the net's power flow, NaN where that has none."""
    assert found.converged
    assert found.observable
    np.testing.assert_allclose(found.vm_pu, net.res_bus.vm_pu, rtol=0, atol=tolerance)
    np.testing.assert_allclose(np.radians(found.va_degree), np.radians(net.res_bus.va_degree), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["cigre_mv", "oberrhein", "case14"])
def test_without_noise_the_flows_into_transformers_are_those_of_the_power_flow(
    name: str, solved: Nets, solve_again: Callable[[Any], Any], metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved(name)
    net.trafo.loc[net.trafo.index[-1], "in_service"] = len(net.trafo) == 1
    solve_again(net)
    plan = metering_plan(net, v=net.bus.index[::3], flows="pq")
    found = estimate(net, plan, perfect_readings(net, plan))
    np.testing.assert_allclose(found.trafo_p_lv_mw, net.res_trafo.p_lv_mw.fillna(0.0), rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.trafo_q_lv_mvar, net.res_trafo.q_lv_mvar.fillna(0.0), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["case33bw", "oberrhein"])
def test_true_forecasts_stand_in_for_meters(
    name: str, solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    # The sgens of oberrhein are forecast at half their nominal power: let that be the truth.
    net = solved(name)
    net.sgen[["p_mw", "q_mvar"]] *= 0.5
    pandapower.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10)
    plan = metering_plan(net, v=net.ext_grid.bus, injections=[], lines=[], trafos=[])
    net.sgen[["p_mw", "q_mvar"]] *= 2.0
    found = estimate(net, plan, perfect_readings(net, plan))
    assert_state(found, net, 1e-8)
    # The only meters there are, at the substations, are critical or in agreement with the forecasts.
    assert not (found.normalised_residual > 1e-6).any()


def test_degrees_of_freedom_are_rows_less_states(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved("case33bw")
    plan = metering_plan(net, v=[0], injections=[0, 1], lines=[0], trafos=[])
    found = estimate(net, plan, perfect_readings(net, plan))
    # 1 voltage, 2 flows, 2 x 2 metered and 31 x 2 expected injections; 33 magnitudes and 32 angles.
    assert found.degrees_of_freedom == (1 + 2 + 4 + 62) - (33 + 32)


def test_a_missing_injection_is_taken_from_its_forecast(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved("case33bw")
    plan = metering_plan(net, lines=[0])
    value = perfect_readings(net, plan)
    silent = plan.name.isin(["p bus 17", "q bus 17", "p bus 24"]).to_numpy()
    estimator = StateEstimator(NetworkModel(net), plan)

    complete = estimator.estimate(value, np.ones(len(plan), dtype=bool))
    by_quality = estimator.estimate(np.where(silent, 99.0, value), ~silent)
    by_nan = estimator.estimate(np.where(silent, np.nan, value), np.ones(len(plan), dtype=bool))

    assert by_quality.degrees_of_freedom == complete.degrees_of_freedom
    assert np.isnan(by_quality.normalised_residual[silent]).all()
    np.testing.assert_allclose(by_quality.vm_pu, by_nan.vm_pu, rtol=0, atol=1e-12)
    assert_state(by_quality, net, 1e-8)

    doubled = np.where(net.load.bus == 17, 2.0, 1.0)
    misled = estimator.estimate(value, ~silent, net.load.p_mw * doubled, net.load.q_mvar * doubled)
    assert misled.objective > 0.1
    assert misled.vm_pu[17] < net.res_bus.vm_pu[17] - 0.001


def test_follows_a_tap(solved: Nets, metering_plan: Plans, perfect_readings: Readings, solve_again: Callable) -> None:
    net = solved("oberrhein")
    believed = deepcopy(net)
    net.trafo["tap_pos"] = [-4, 2]
    solve_again(net)
    plan = metering_plan(net)
    assert_state(estimate(believed, plan, perfect_readings(net, plan), tap_pos=[-4, 2]), net, 1e-8)
    wrong_tap = estimate(believed, plan, perfect_readings(net, plan))
    assert wrong_tap.objective > wrong_tap.chi_square_threshold


def test_follows_switches_into_islands_without_voltage(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings, solve_again: Callable
) -> None:
    net = solved("oberrhein")
    plan = metering_plan(net, lines=net.line.index[::4])
    estimator = StateEstimator(NetworkModel(net), plan)
    usable = np.ones(len(plan), dtype=bool)
    closed = np.flatnonzero(net.switch.closed)
    for switch in closed[[3, 60, 200]]:
        state = net.switch.closed.to_numpy(copy=True)
        state[switch] = False
        changed = deepcopy(net)
        changed.switch["closed"] = state
        solve_again(changed)
        value = perfect_readings(changed, plan)
        found = estimator.estimate(value, usable, switch_closed=state)
        assert_state(found, changed, 1e-8)
        dead = changed.res_bus.vm_pu.isna()
        at_dead_bus = (plan.element_type == "bus") & plan.element.isin(net.bus.index[dead])
        assert np.isnan(found.normalised_residual[at_dead_bus]).all()


def two_sources() -> Any:
    """Two substations, 3 degrees apart, at the ends of a line of four buses with a switch in the middle."""
    net = pandapower.create_empty_network(sn_mva=10.0)
    buses = [pandapower.create_bus(net, 20.0) for _ in range(4)]
    pandapower.create_ext_grid(net, buses[0], vm_pu=1.02)
    pandapower.create_ext_grid(net, buses[3], vm_pu=1.0, va_degree=3.0)
    for a, b in ((0, 1), (2, 3)):
        pandapower.create_line(net, buses[a], buses[b], 5.0, "NA2XS2Y 1x240 RM/25 12/20 kV")
    pandapower.create_load(net, buses[1], 3.0, 1.0)
    pandapower.create_load(net, buses[2], 2.0, 0.5)
    pandapower.create_switch(net, buses[1], buses[2], et="b")
    return net


def test_injections_of_buses_joined_by_a_switch_add_up(
    metering_plan: Plans, perfect_readings: Readings, solve_again: Callable
) -> None:
    net = solve_again(two_sources())  # buses 1 and 2 are one node
    plan = metering_plan(net, v=[0, 3], injections=[1, 2])
    value = perfect_readings(net, plan)
    estimator = StateEstimator(NetworkModel(net), plan)
    usable = np.ones(len(plan), dtype=bool)
    both = estimator.estimate(value, usable)
    assert_state(both, net, 1e-8)
    p_at_1, p_at_2 = (int(np.flatnonzero(plan.name == name)[0]) for name in ("p bus 1", "p bus 2"))
    assert both.normalised_residual[p_at_1] == both.normalised_residual[p_at_2]

    usable[p_at_2] = False  # its load is forecast, and the forecast is true
    one = estimator.estimate(value, usable)
    assert_state(one, net, 1e-8)
    assert one.degrees_of_freedom == both.degrees_of_freedom

    value[p_at_1] += 1.0
    suspected = estimator.estimate(value, np.ones(len(plan), dtype=bool))
    assert suspected.suspects[[p_at_1, p_at_2]].all()
    assert not suspected.removed.any()
    assert not suspected.identifiable


def test_a_bus_with_storage_is_no_zero_injection(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings, solve_again: Callable
) -> None:
    net = solved("cigre_mv")
    pandapower.create_storage(net, 2, p_mw=0.8, max_e_mwh=1.0)  # bus 2 has no load
    solve_again(net)
    plan = metering_plan(net, v=[0, 5, 10], injections=[], lines=[0, 1], trafos=[0])
    assert_state(estimate(net, plan, perfect_readings(net, plan)), net, 1e-8)


def test_current_magnitudes_sharpen_the_estimate(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved("case33bw")
    coarse = metering_plan(net, v=[0], injections=[0], lines=[], trafos=[])
    currents = metering_plan(net, v=[0], injections=[0], flows="i", accuracy=0.005)
    rng = np.random.default_rng(1)
    wrong_forecast = net.load.p_mw * rng.uniform(0.6, 1.4, len(net.load))
    errors = [
        np.abs(
            StateEstimator(NetworkModel(net), plan)
            .estimate(perfect_readings(net, plan), np.ones(len(plan), dtype=bool), wrong_forecast)
            .vm_pu
            - net.res_bus.vm_pu
        ).max()
        for plan in (coarse, currents)
    ]
    assert errors[1] < 0.5 * errors[0]


def test_current_magnitudes_do_not_choose_the_direction_of_flow(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    # From a flat start, meshed and with generators, currents alone would settle in flows that run the wrong way.
    net = solved("case118")
    powers = metering_plan(net, v=net.bus.index[::2], injections=net.gen.bus, lines=[], trafos=[])
    currents = metering_plan(net, v=[], injections=[], trafos=[], flows="i")
    plan = pd.concat([powers, currents], ignore_index=True)
    found = estimate(net, plan, perfect_readings(net, plan))
    assert_state(found, net, 1e-8)
    assert found.objective < 1e-6


def test_faint_currents_rest_unless_the_estimate_contradicts_them(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved("case33bw")
    plan = metering_plan(net, v=[0, 17], lines=[3], flows="i")
    current = int(np.flatnonzero(plan.measurement_type == "i")[0])
    value = perfect_readings(net, plan)
    honest = estimate(net, plan, value)
    value[current] = 0.0  # a large current flows: a forged reading
    forged = estimate(net, plan, value)
    assert honest.normalised_residual[current] < 1e-3
    assert forged.normalised_residual[current] > 10.0
    assert forged.removed[current]


def test_estimates_do_not_depend_on_the_history_of_warm_starts(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved("case33bw")
    plan = metering_plan(net)
    value = perfect_readings(net, plan)
    rng = np.random.default_rng(0)
    noisy = value + plan.std_dev.to_numpy() * rng.standard_normal((2, len(plan)))
    usable = np.ones(len(plan), dtype=bool)
    estimator = StateEstimator(NetworkModel(net), plan)
    estimator.estimate(noisy[0], usable)
    warm = estimator.estimate(noisy[1], usable)
    cold = estimate(net, plan, noisy[1])
    assert warm.iterations < cold.iterations
    np.testing.assert_allclose(warm.vm_pu, cold.vm_pu, atol=1e-9)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-6)


def test_refuses_vectors_of_another_length(solved: Nets, metering_plan: Plans) -> None:
    net = solved("case33bw")
    plan = metering_plan(net)
    with pytest.raises(InvalidParameterError, match=f"{len(plan)} channels"):
        estimate(net, plan, np.ones(len(plan) - 1))


@pytest.mark.parametrize("setting", [{"significance": 0.0}, {"significance": 1.5}, {"pseudo_std_dev_fraction": 0.0}])
def test_refuses_settings_out_of_range(setting: dict[str, float], solved: Nets, metering_plan: Plans) -> None:
    net = solved("case33bw")
    with pytest.raises(InvalidParameterError, match=next(iter(setting))):
        StateEstimator(NetworkModel(net), metering_plan(net), **setting)
