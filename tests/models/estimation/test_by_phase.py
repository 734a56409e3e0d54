"""The estimator on a circuit's phases: OpenDSS's voltages back, statistics of the residuals, errors in one phase."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidParameterError, NotObservableError
from models.estimation.estimator import StateEstimator
from models.estimation.measurements.believed_topology import BelievedTopology
from models.estimation.measurements.pseudo_measurements import InjectionForecast
from models.estimation.state_by_phase import StateByPhase

FEEDERS = ("ieee4", "ieee13", "ieee34", "ieee37", "ieee123")
Feeders = Callable[[str], Any]


def solved(feeder: Any) -> Any:
    """As built, whatever another test did."""
    feeder.plant.solve(feeder.plant.nominal_inputs())
    return feeder


def with_expectations(feeder: Any, plan: pd.DataFrame) -> pd.DataFrame:
    """The plan with a wide meter of every power that it does not meter, in place of forecasts."""
    full = feeder.plan("full")
    expected = full[full.measurement_type.isin(["p", "q"]) & (full.element_type == "bus")]
    expected = expected[~expected.name.isin(plan.name)]
    return pd.concat([plan, expected.assign(std_dev=0.15 * expected.full_scale)], ignore_index=True)


def all_usable(plan: pd.DataFrame) -> np.ndarray:
    return np.ones(len(plan), dtype=bool)


def assert_is_the_state(feeder: Any, found: Any) -> None:
    truth = feeder.voltages()
    assert found.converged
    np.testing.assert_allclose(found.vm_pu, np.abs(truth), rtol=0, atol=1e-8)
    # OpenDSS rounds pi in the angles of its source.
    away = np.exp(1j * np.radians(found.va_degree)) * np.conj(truth)
    np.testing.assert_allclose(np.angle(away[np.isfinite(truth)]), 0.0, atol=2e-8)


@pytest.mark.parametrize("name", FEEDERS)
def test_perfect_readings_of_what_operators_have_give_back_the_circuits_voltages(
    feeder_by_phase: Feeders, name: str
) -> None:
    feeder = solved(feeder_by_phase(name))
    plan = with_expectations(feeder, feeder.plan("typical"))
    found = StateEstimator(feeder.network, plan).estimate(feeder.read(plan), all_usable(plan))
    assert_is_the_state(feeder, found)
    assert found.objective < 1e-3


@pytest.mark.parametrize("name", FEEDERS)
def test_what_telemetry_says_of_taps_and_switches_is_the_network_estimated(feeder_by_phase: Feeders, name: str) -> None:
    feeder = feeder_by_phase(name)
    inputs = feeder.plant.nominal_inputs()
    closed = inputs.switch_closed.copy()
    if len(closed):
        closed[len(closed) // 2] ^= True
    taps = feeder.plant.phase_tap_pos(inputs) + np.array([0.0, 2.0, -1.0])
    assert feeder.plant.solve(replace(inputs, phase_tap_pos=taps, switch_closed=closed)).converged
    plan = feeder.plan("full")
    value = feeder.read(plan)
    estimator = StateEstimator(feeder.network, plan)
    believed = BelievedTopology(feeder.network, estimator.channels)
    believed.update(value, all_usable(plan))
    found = estimator.estimate(value, all_usable(plan), tap_pos=believed.tap_pos, switch_closed=believed.switch_closed)
    assert_is_the_state(feeder, found)


@pytest.mark.parametrize("name", ["ieee13", "ieee123"])
def test_the_objective_is_that_of_its_degrees_of_freedom(feeder_by_phase: Feeders, name: str) -> None:
    feeder = solved(feeder_by_phase(name))
    plan = feeder.plan("full")
    truth, random = feeder.read(plan), np.random.default_rng(1)
    estimator = StateEstimator(feeder.network, plan)
    objective, degrees_of_freedom = 0.0, 0
    for _ in range(20):
        found = estimator.estimate(truth + plan.std_dev * random.standard_normal(len(plan)), all_usable(plan))
        objective, degrees_of_freedom = objective + found.objective, degrees_of_freedom + found.degrees_of_freedom
    assert abs(objective - degrees_of_freedom) < 4 * np.sqrt(2 * degrees_of_freedom)


def test_a_gross_error_in_one_phase_is_found_by_its_channel(feeder_by_phase: Feeders) -> None:
    feeder = solved(feeder_by_phase("ieee13"))
    plan = feeder.plan("full")
    bus = int(feeder.net.bus.index[feeder.net.bus.name == "671"][0])
    wrong = (plan.name == f"v bus {bus} b").to_numpy()
    noise = np.random.default_rng(2).standard_normal(len(plan))
    value = feeder.read(plan) + plan.std_dev.to_numpy() * np.where(wrong, 20.0, noise)
    found = StateEstimator(feeder.network, plan).estimate(value, all_usable(plan))
    assert found.p_value < 1e-6
    np.testing.assert_array_equal(found.removed, wrong)
    np.testing.assert_allclose(found.vm_pu, np.abs(feeder.voltages()), atol=2e-3)


def test_a_forecast_is_split_on_the_phases_of_its_load(feeder_by_phase: Feeders) -> None:
    feeder = feeder_by_phase("ieee13")
    load, network = feeder.net.load, feeder.network
    forecast = InjectionForecast(network, 0.15)
    expected, other = forecast.consumption(None, None), forecast.other_consumption(network.admittances())
    by_phase = expected.power.reshape(2, -1, 3)
    np.testing.assert_allclose(by_phase.sum(axis=(1, 2)), [load.p_mw.sum(), load.q_mvar.sum()])
    rows = dict(zip(feeder.net.bus.name, by_phase[0], strict=True))
    # A single-phase load to neutral, one in all phases of delta, and one between b and c.
    np.testing.assert_allclose(rows["652"] > 0.0, [True, False, False])
    np.testing.assert_allclose(rows["671"][0], rows["671"][1])
    assert rows["646"][0] == 0.0
    assert (rows["646"][1:] > 0.0).all()
    variance = (expected.variance + other.variance).reshape(2, -1, 3)
    nothing = network.present["bus"] & (by_phase[0] == 0.0) & np.isfinite(variance[0])
    assert (variance[:, nothing] == 0.0).all()


def test_as_a_whole_a_state_is_the_mean_of_its_phases(feeder_by_phase: Feeders) -> None:
    feeder = solved(feeder_by_phase("ieee13"))
    plan = feeder.plan("full")
    found = StateEstimator(feeder.network, plan).estimate(feeder.read(plan), all_usable(plan))
    whole, plant = StateByPhase(found, feeder.network), feeder.plant.state
    np.testing.assert_allclose(whole.vm_pu, plant.vm_pu, atol=1e-8)
    np.testing.assert_allclose(whole.va_degree, plant.va_degree, atol=1e-6)
    np.testing.assert_allclose(whole.trafo_p_lv_mw, plant.trafo_p_lv_mw, atol=1e-6)
    np.testing.assert_allclose(whole.vectors["va_b_degree"], feeder.plant.phases.va_degree[:, 1], atol=1e-6)


def test_phases_that_nobody_measures_are_named(feeder_by_phase: Feeders) -> None:
    feeder = feeder_by_phase("ieee13")
    plan, bus = feeder.plan("full"), feeder.net.bus
    lateral = bus.index[bus.name.isin(["645", "646"])]
    lines = feeder.net.line.index[feeder.net.line.to_bus.isin(lateral)]
    there = plan.element.isin(lateral) & (plan.element_type == "bus")
    there |= plan.element.isin(lines) & (plan.element_type == "line")
    # Kirchhoff's law at the head of the lateral tells the voltage at its first bus, nothing that at its second.
    with pytest.raises(NotObservableError, match=f": {lateral[1]} b, {lateral[1]} c;"):
        StateEstimator(feeder.network, plan[~there], pseudo_measurements=False)


@pytest.mark.parametrize("phase", [None, "a"])
def test_a_channel_that_is_in_no_phase_of_its_bus_is_refused(feeder_by_phase: Feeders, phase: str | None) -> None:
    feeder = feeder_by_phase("ieee13")
    plan = feeder.plan("typical")
    bus = int(feeder.net.bus.index[feeder.net.bus.name == "611"][0])
    place = {"element": bus, "phase": phase, "name": "one more"}
    plan.loc[len(plan)] = {**plan[plan.measurement_type == "v"].iloc[0].to_dict(), **place}
    with pytest.raises(InvalidParameterError, match=f"'one more' is on bus {bus}.*which the network does not have"):
        StateEstimator(feeder.network, plan)
