"""Robust methods: as good as least squares on clean measurements, hardly moved by gross errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidParameterError
from models.estimation.estimator import METHODS, ROBUST_METHODS, StateEstimator
from models.network_model import NetworkModel

Nets = Callable[[str], Any]
Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]
TRIALS = 8


class Feeder:
    """The 33-bus feeder, well metered, estimated by any method with nothing removed."""

    def __init__(self, net: Any, plan: pd.DataFrame, value: np.ndarray) -> None:
        self.plan, self.value, self.truth = plan, value, net.res_bus.vm_pu.to_numpy()
        model = NetworkModel(net)
        self.estimators = {method: StateEstimator(model, plan, method=method, max_removals=0) for method in METHODS}

    def state(self, method: str, value: np.ndarray) -> np.ndarray:
        estimate = self.estimators[method].estimate(value, np.ones(len(value), dtype=bool))
        assert estimate.converged
        return estimate.vm_pu

    def rms_error(self, method: str, gross_error: np.ndarray | float) -> float:
        """Of the magnitude over buses and trials; every method sees the same noise. [pu]"""
        rng = np.random.default_rng(5)
        noise = self.plan.std_dev.to_numpy() * rng.standard_normal((TRIALS, len(self.plan)))
        errors = [self.state(method, self.value + one + gross_error) - self.truth for one in noise]
        return float(np.sqrt(np.mean(np.square(errors))))


@pytest.fixture(scope="module")
def feeder(solved: Nets, metering_plan: Plans, perfect_readings: Readings) -> Feeder:
    net = solved("case33bw")
    plan = metering_plan(net, v=net.bus.index[::2], lines=net.line.index[net.line.in_service])
    return Feeder(net, plan, perfect_readings(net, plan))


@pytest.fixture(scope="module")
def gross_error(feeder: Feeder) -> np.ndarray:
    """A voltage and three flows, far too high."""
    names = ["v bus 16", "p line 2 from", "q line 20 from", "p line 28 from"]
    return np.where(feeder.plan.name.isin(names), 40.0 * feeder.plan.std_dev, 0.0)


@pytest.mark.parametrize("method", ROBUST_METHODS)
def test_perfect_readings_give_back_the_state(method: str, feeder: Feeder) -> None:
    np.testing.assert_allclose(feeder.state(method, feeder.value), feeder.truth, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("method", "loss"), [("huber", 1.1), ("shgm", 1.1), ("lav", 2.0)])
def test_clean_measurements_cost_little_efficiency(method: str, loss: float, feeder: Feeder) -> None:
    # Of the spread of a mean, the Huber estimate of a location has 1.03, the median 1.25.
    assert feeder.rms_error(method, 0.0) < loss * feeder.rms_error("wls", 0.0)


@pytest.mark.parametrize("method", ROBUST_METHODS)
def test_gross_errors_that_pull_least_squares_away_hardly_move_it(
    method: str, feeder: Feeder, gross_error: np.ndarray
) -> None:
    clean = feeder.rms_error("wls", 0.0)
    assert feeder.rms_error("wls", gross_error) > 10.0 * clean
    assert feeder.rms_error(method, gross_error) < 3.0 * clean


def test_an_error_twice_as_large_moves_a_robust_estimate_no_further(feeder: Feeder, gross_error: np.ndarray) -> None:
    for method in ROBUST_METHODS:
        moved = feeder.state(method, feeder.value + gross_error) - feeder.truth
        twice = feeder.state(method, feeder.value + 2.0 * gross_error) - feeder.truth
        assert np.abs(twice).max() < 1.1 * np.abs(moved).max() + 1e-6


def test_a_gross_error_with_leverage_moves_schweppe_huber_less_than_huber(feeder: Feeder) -> None:
    # Of an error of this injection its residual shows half a percent: the estimate follows it instead.
    error = np.where(feeder.plan.name == "p bus 3", 60.0 * feeder.plan.std_dev, 0.0)
    moved = {m: np.abs(feeder.state(m, feeder.value + error) - feeder.truth).max() for m in ("wls", "huber", "shgm")}
    assert moved["huber"] == pytest.approx(moved["wls"], rel=0.05)
    assert moved["shgm"] < 0.5 * moved["huber"]


def test_zero_injections_keep_full_weight(solved: Nets, metering_plan: Plans, perfect_readings: Readings) -> None:
    # Bus 2 of the CIGRE feeder draws nothing: what flows in flows out, whatever the meters around it say.
    net = solved("cigre_mv")
    plan = metering_plan(net, lines=net.line.index[net.line.in_service])
    plan = plan[(plan.element_type != "bus") | (plan.measurement_type == "v") | (plan.element != 2)]
    plan = plan.reset_index(drop=True)
    value = perfect_readings(net, plan)
    value[plan.name == "p line 0 from"] *= 1.5
    model = NetworkModel(net)
    for method in ROBUST_METHODS:
        found = StateEstimator(model, plan, method=method).estimate(value, np.ones(len(plan), dtype=bool))
        np.testing.assert_allclose(found.vm_pu, net.res_bus.vm_pu, atol=2e-4)


def test_the_tests_are_those_of_least_squares(feeder: Feeder, gross_error: np.ndarray) -> None:
    usable = np.ones(len(feeder.plan), dtype=bool)
    wls = feeder.estimators["wls"].estimate(feeder.value + gross_error, usable)
    for method in ROBUST_METHODS:
        robust = feeder.estimators[method].estimate(feeder.value + gross_error, usable)
        assert robust.objective == pytest.approx(wls.objective, rel=1e-6)
        np.testing.assert_allclose(robust.normalised_residual, wls.normalised_residual, rtol=1e-3, atol=1e-3)


def test_refuses_a_method_it_does_not_know(solved: Nets, metering_plan: Plans) -> None:
    net = solved("case33bw")
    with pytest.raises(InvalidParameterError, match="wls, huber, shgm, lav, got 'lms'"):
        StateEstimator(NetworkModel(net), metering_plan(net), method="lms")
