"""Bad data: statistics of clean measurements, gross errors found, critical measurements left alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2

from models.estimation.bad_data import chi_square_test, residual_threshold
from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.estimation.pseudo_measurements import PSEUDO_STD_DEV_FRACTION
from models.network_model import NetworkModel

Nets = Callable[[str], Any]
Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]
TRIALS = 300


class Feeder:
    """The 33-bus feeder: a dozen injections metered, the rest forecast with an error of the stated size."""

    def __init__(self, net: Any, plan: pd.DataFrame, value: np.ndarray, **settings: Any) -> None:
        self.net, self.plan, self.value = net, plan, value
        self.estimator = StateEstimator(NetworkModel(net), plan, **settings)

    def estimate(self, rng: np.random.Generator, error: np.ndarray | float = 0.0) -> Estimate:
        """One estimate from freshly disturbed measurements and forecasts, `error` added."""
        noise = self.plan.std_dev.to_numpy() * rng.standard_normal(len(self.plan))
        p_mw, q_mvar = self.net.load.p_mw.to_numpy(), self.net.load.q_mvar.to_numpy()
        return self.estimator.estimate(
            self.value + noise + error,
            np.ones(len(self.plan), dtype=bool),
            p_mw + PSEUDO_STD_DEV_FRACTION * np.abs(p_mw) * rng.standard_normal(len(p_mw)),
            q_mvar + PSEUDO_STD_DEV_FRACTION * np.abs(q_mvar) * rng.standard_normal(len(q_mvar)),
        )


@pytest.fixture(scope="module")
def feeder(solved: Nets, metering_plan: Plans, perfect_readings: Readings) -> Callable[..., Feeder]:
    def build(**settings: Any) -> Feeder:
        net = solved("case33bw")
        lines = net.line.index[net.line.in_service]
        plan = metering_plan(net, v=net.bus.index[::2], injections=net.bus.index[:12], lines=lines[::3])
        return Feeder(net, plan, perfect_readings(net, plan), **settings)

    return build


def test_objective_follows_chi_square_with_its_degrees_of_freedom(feeder: Callable[..., Feeder]) -> None:
    significance = 0.05
    clean = feeder(significance=significance)
    rng = np.random.default_rng(11)
    estimates = [clean.estimate(rng) for _ in range(TRIALS)]
    freedom = estimates[0].degrees_of_freedom
    objectives = np.array([e.objective for e in estimates])

    # Mean and variance of a chi-square distribution are nu and 2 nu.
    assert objectives.mean() == pytest.approx(freedom, abs=4 * np.sqrt(2 * freedom / TRIALS))
    assert objectives.var() == pytest.approx(2 * freedom, rel=0.4)
    alarms = sum(e.objective > e.chi_square_threshold for e in estimates)
    lower, upper = binom.interval(0.999, TRIALS, significance)
    assert lower <= alarms <= upper
    assert sum(e.p_value < significance for e in estimates) == alarms


def test_normalised_residuals_of_clean_measurements_are_standard_normal(feeder: Callable[..., Feeder]) -> None:
    clean = feeder(max_removals=0)
    rng = np.random.default_rng(12)
    residuals = np.array([clean.estimate(rng).normalised_residual for _ in range(TRIALS)])
    mean_square = np.nanmean(residuals**2)
    assert mean_square == pytest.approx(1.0, abs=0.05)
    assert np.nanmean(residuals > 3.0) < 0.006  # 0.0027 of a normal distribution


def redundancy(feeder: Feeder) -> np.ndarray:
    """Share of a small error of each channel that its residual shows: what one more sigma adds to J. (n_channel,)"""
    usable = np.ones(len(feeder.plan), dtype=bool)
    one_sigma = np.diag(feeder.plan.std_dev.to_numpy())
    clean = feeder.estimator.estimate(feeder.value, usable).objective
    return np.array([feeder.estimator.estimate(feeder.value + error, usable).objective - clean for error in one_sigma])


def test_a_gross_error_is_removed_and_nothing_else(feeder: Callable[..., Feeder]) -> None:
    attacked = feeder()
    rng = np.random.default_rng(13)
    redundant = np.flatnonzero(redundancy(attacked) > 0.2)
    assert len(redundant) > 0.4 * len(attacked.plan)
    found = alone = 0
    trials = 60
    for channel in rng.choice(redundant, trials):
        error = np.zeros(len(attacked.plan))
        error[channel] = 20.0 * attacked.plan.std_dev[channel] * rng.choice([-1.0, 1.0])
        estimate = attacked.estimate(rng, error)
        found += estimate.removed[channel]
        alone += estimate.removed[channel] and estimate.removed.sum() == 1
    assert found >= 0.95 * trials
    assert alone >= 0.9 * trials


def test_the_largest_residual_points_at_the_gross_error_first(feeder: Callable[..., Feeder]) -> None:
    attacked = feeder(max_removals=1)
    rng = np.random.default_rng(14)
    channel = int(np.flatnonzero(attacked.plan.name == "p line 6 from")[0])
    error = np.zeros(len(attacked.plan))
    error[channel] = 20.0 * attacked.plan.std_dev[channel]
    estimates = [attacked.estimate(rng, error) for _ in range(30)]
    assert all(np.nanargmax(e.normalised_residual) == channel for e in estimates)
    assert all(e.removed.sum() == 1 and e.removed[channel] for e in estimates)
    assert all(e.objective_after_removal < e.objective - 50.0 for e in estimates)


def test_a_removed_error_leaves_the_state_as_without_it(feeder: Callable[..., Feeder]) -> None:
    attacked = feeder()
    channel = int(np.flatnonzero(attacked.plan.name == "v bus 12")[0])
    error = np.zeros(len(attacked.plan))
    error[channel] = 0.15
    estimate = attacked.estimate(np.random.default_rng(15), error)
    assert np.flatnonzero(estimate.removed).tolist() == [channel]
    assert estimate.objective > 10 * estimate.chi_square_threshold
    assert np.abs(estimate.vm_pu - attacked.net.res_bus.vm_pu).max() < 0.005


def test_several_errors_are_removed_one_after_another(feeder: Callable[..., Feeder]) -> None:
    attacked = feeder()
    names = ["v bus 12", "p line 0 from", "q line 9 from"]
    channels = [int(np.flatnonzero(attacked.plan.name == name)[0]) for name in names]
    error = np.zeros(len(attacked.plan))
    error[channels] = 30.0 * attacked.plan.std_dev[channels]
    estimate = attacked.estimate(np.random.default_rng(16), error)
    assert sorted(np.flatnonzero(estimate.removed)) == sorted(channels)
    assert estimate.objective_after_removal < estimate.chi_square_threshold < estimate.objective


def test_critical_measurements_are_never_removed(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved("case33bw")
    # One voltage, and every injection either metered or expected: each row determines one state alone.
    plan = metering_plan(net, v=[0], injections=net.bus.index[1:20], lines=[], trafos=[])
    feeder = Feeder(net, plan, perfect_readings(net, plan))
    for channel in range(len(plan)):
        error = np.zeros(len(plan))
        error[channel] = 20.0 * plan.std_dev[channel]
        estimate = feeder.estimate(np.random.default_rng(channel), error)
        assert np.isnan(estimate.normalised_residual).all()
        assert not estimate.removed.any()


def test_without_redundancy_there_is_nothing_to_test(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved("case33bw")
    plan = metering_plan(net, v=[0], injections=[], lines=[], trafos=[])
    estimate = StateEstimator(NetworkModel(net), plan).estimate(perfect_readings(net, plan), [True])
    assert estimate.converged
    assert estimate.degrees_of_freedom == 0
    assert np.isnan(estimate.chi_square_threshold)
    assert np.isnan(estimate.p_value)


def test_normalised_residual_grows_as_the_objective(feeder: Callable[..., Feeder]) -> None:
    # An error alone raises J by the square of its own normalised residual ([Abur], property of the residual
    # covariance Omega = S R), so that one fit checks the sparse inverse behind the other.
    clean = feeder(max_removals=0)
    usable = np.ones(len(clean.plan), dtype=bool)
    for channel in range(0, len(clean.plan), 7):
        value = clean.value.copy()
        value[channel] += clean.plan.std_dev[channel]
        estimate = clean.estimator.estimate(value, usable)
        if np.isfinite(estimate.normalised_residual[channel]):
            assert estimate.normalised_residual[channel] ** 2 == pytest.approx(estimate.objective, rel=1e-2)


@pytest.mark.parametrize("degrees_of_freedom", [1, 10, 500])
@pytest.mark.parametrize("significance", [0.001, 0.05])
def test_quantiles_are_those_of_scipy(degrees_of_freedom: int, significance: float) -> None:
    test = chi_square_test(12.3, degrees_of_freedom, significance)
    assert test.threshold == pytest.approx(chi2.isf(significance, degrees_of_freedom))
    assert test.p_value == pytest.approx(chi2.sf(12.3, degrees_of_freedom))


def test_more_channels_ask_for_larger_residuals() -> None:
    assert residual_threshold(0.0027, 1) == pytest.approx(3.0, abs=1e-3)
    assert residual_threshold(0.01, 200) > residual_threshold(0.01, 20) > residual_threshold(0.05, 20)
