"""Bad data: statistics of clean measurements, gross errors found, critical measurements left alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2, halfnorm, kstest, norm

from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.estimation.measurements.pseudo_measurements import PSEUDO_STD_DEV_FRACTION
from models.estimation.verdict.bad_data import chi_square_test, residual_threshold
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
        p_mw = p_mw + PSEUDO_STD_DEV_FRACTION * np.abs(p_mw) * rng.standard_normal(len(p_mw))
        q_mvar = q_mvar + PSEUDO_STD_DEV_FRACTION * np.abs(q_mvar) * rng.standard_normal(len(q_mvar))
        # Here forecasts stray about what is drawn, not customers about their forecast: the truth's is the variance.
        at_truth = self.estimator.expected_consumption()
        expected = self.estimator.expected_consumption(p_mw, q_mvar)._replace(variance=at_truth.variance)
        return self.estimator.estimate_given(self.value + noise + error, np.ones(len(self.plan), dtype=bool), expected)


@pytest.fixture(scope="module")
def feeder(solved: Nets, metering_plan: Plans, perfect_readings: Readings) -> Callable[..., Feeder]:
    def build(**settings: Any) -> Feeder:
        net = solved("case33bw")
        lines = net.line.index[net.line.in_service]
        plan = metering_plan(net, v=net.bus.index[::2], injections=net.bus.index[:12], lines=lines[::3])
        return Feeder(net, plan, perfect_readings(net, plan), **settings)

    return build


SIGNIFICANCE = 0.05
UNLIKELY = 1e-3


@pytest.fixture(scope="module")
def clean_estimates(feeder: Callable[..., Feeder]) -> list[Estimate]:
    clean = feeder(significance=SIGNIFICANCE, max_removals=0)
    rng = np.random.default_rng(11)
    return [clean.estimate(rng) for _ in range(TRIALS)]


def test_objective_follows_chi_square_with_its_degrees_of_freedom(clean_estimates: list[Estimate]) -> None:
    assert kstest([e.p_value for e in clean_estimates], "uniform").pvalue > UNLIKELY
    alarms = sum(e.objective > e.chi_square_threshold for e in clean_estimates)
    lower, upper = binom.interval(1 - UNLIKELY, TRIALS, SIGNIFICANCE)
    assert lower <= alarms <= upper
    assert sum(e.p_value < SIGNIFICANCE for e in clean_estimates) == alarms


def test_normalised_residuals_of_clean_measurements_are_standard_normal(clean_estimates: list[Estimate]) -> None:
    residuals = np.array([e.normalised_residual for e in clean_estimates])
    assert np.nanmean(residuals**2) == pytest.approx(1.0, abs=0.05)
    # Those of one estimate are correlated.
    one_of_each = residuals[np.arange(TRIALS), np.arange(TRIALS) % residuals.shape[1]]
    assert kstest(one_of_each[np.isfinite(one_of_each)], halfnorm.cdf).pvalue > UNLIKELY


def test_errors_of_the_state_match_its_computed_standard_deviation(
    clean_estimates: list[Estimate], solved: Nets
) -> None:
    truth = solved("case33bw").res_bus.vm_pu.to_numpy()
    error = np.array([(e.vm_pu - truth) / e.vm_pu_std_dev for e in clean_estimates])
    assert np.mean(error**2) == pytest.approx(1.0, abs=0.3)  # the magnitudes of a feeder are wrong together
    one_of_each = error[np.arange(TRIALS), np.arange(TRIALS) % len(truth)]
    assert kstest(one_of_each, norm.cdf).pvalue > UNLIKELY


def identified_without_noise(feeder: Feeder, size: float) -> np.ndarray:
    """Channels whose error of `size` standard deviations is identified where all else is true. (n_channel,)"""
    usable = np.ones(len(feeder.plan), dtype=bool)
    errors = size * np.diag(feeder.plan.std_dev.to_numpy())
    found = [feeder.estimator.estimate(feeder.value + error, usable) for error in errors]
    return np.array([estimate.removed[channel] for channel, estimate in enumerate(found)])


def test_a_gross_error_on_a_redundant_channel_is_removed_and_nothing_else(feeder: Callable[..., Feeder]) -> None:
    attacked = feeder()
    rng = np.random.default_rng(13)
    redundant = np.flatnonzero(identified_without_noise(attacked, 12.0))
    assert len(redundant) > 0.4 * len(attacked.plan)
    found = alone = 0
    trials = 60
    for channel in rng.choice(redundant, trials):
        error = np.zeros(len(attacked.plan))
        error[channel] = 20.0 * attacked.plan.std_dev[channel] * rng.choice([-1.0, 1.0])
        estimate = attacked.estimate(rng, error)
        found += estimate.removed[channel]
        alone += estimate.removed[channel] and estimate.removed.sum() == 1
    assert found >= 0.97 * trials
    assert alone >= 0.95 * trials


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
