"""What must not change an estimate: the order of the channels, the unit of doubt, whether a meter is gone or silent."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel

NOTHING_IS_REMOVED = 1e9


class Noisy(NamedTuple):
    """A network, a plan with redundancy, and noisy readings of it."""

    network: NetworkModel
    plan: pd.DataFrame
    value: np.ndarray

    def estimate(self, usable: np.ndarray | None = None) -> Estimate:
        estimator = StateEstimator(self.network, self.plan, identification_threshold=NOTHING_IS_REMOVED)
        return estimator.estimate(self.value, np.ones(len(self.plan), dtype=bool) if usable is None else usable)

    def take(self, channels: np.ndarray) -> "Noisy":
        return self._replace(plan=self.plan.iloc[channels].reset_index(drop=True), value=self.value[channels])


@pytest.fixture(scope="module")
def noisy(
    solved: Callable[[str], Any],
    metering_plan: Callable[..., pd.DataFrame],
    perfect_readings: Callable[[Any, pd.DataFrame], np.ndarray],
) -> Noisy:
    net = solved("cigre_mv")
    plan = metering_plan(net, v=net.bus.index[::2], flows="pqi")
    noise = plan.std_dev.to_numpy() * np.random.default_rng(5).standard_normal(len(plan))
    return Noisy(NetworkModel(net), plan, perfect_readings(net, plan) + noise)


@settings(max_examples=8)
@given(seed=st.integers(0, 2**31))
def test_the_order_of_channels_is_only_the_order_of_their_residuals(noisy: Noisy, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(noisy.plan))
    straight, shuffled = noisy.estimate(), noisy.take(order).estimate()
    np.testing.assert_allclose(shuffled.vm_pu, straight.vm_pu, rtol=0, atol=1e-8)
    assert shuffled.objective == pytest.approx(straight.objective)
    np.testing.assert_allclose(shuffled.normalised_residual, straight.normalised_residual[order], rtol=1e-4, atol=1e-4)


@settings(max_examples=8)
@given(scale=st.floats(0.01, 100.0))
def test_doubt_in_all_meters_alike_divides_j_and_leaves_the_state(noisy: Noisy, scale: float) -> None:
    # Without currents: whether one of them is too faint to count depends on what is known of it.
    told = noisy.take(np.flatnonzero(noisy.plan.measurement_type != "i"))
    doubted = told._replace(plan=told.plan.assign(std_dev=scale * told.plan.std_dev))
    ours, theirs = told.estimate(), doubted.estimate()
    np.testing.assert_allclose(theirs.vm_pu, ours.vm_pu, rtol=0, atol=1e-8)
    assert theirs.objective == pytest.approx(ours.objective / scale**2, rel=1e-6)
    np.testing.assert_allclose(theirs.normalised_residual, ours.normalised_residual / scale, rtol=1e-4)
    np.testing.assert_allclose(theirs.vm_pu_std_dev, scale * ours.vm_pu_std_dev, rtol=1e-4)


@settings(max_examples=8)
@given(seed=st.integers(0, 2**31), share=st.floats(0.0, 0.4))
def test_a_silent_meter_is_one_that_is_not_there(noisy: Noisy, seed: int, share: float) -> None:
    silent = np.random.default_rng(seed).random(len(noisy.plan)) < share
    silent[noisy.plan.measurement_type.isin(["v"]).idxmax()] = False  # one voltage at least
    unusable, absent = noisy.estimate(usable=~silent), noisy.take(np.flatnonzero(~silent)).estimate()
    np.testing.assert_allclose(unusable.vm_pu, absent.vm_pu, rtol=0, atol=1e-8)
    assert unusable.objective == pytest.approx(absent.objective, rel=1e-6)
    assert unusable.degrees_of_freedom == absent.degrees_of_freedom
    np.testing.assert_allclose(unusable.normalised_residual[~silent], absent.normalised_residual, rtol=1e-4, atol=1e-4)


@settings(max_examples=8)
@given(angle_degree=st.floats(-180.0, 180.0))
def test_the_angle_of_the_supply_turns_every_angle_alike(noisy: Noisy, angle_degree: float) -> None:
    net = deepcopy(noisy.network.net)
    net.ext_grid["va_degree"] = angle_degree
    straight, turned = noisy.estimate(), noisy._replace(network=NetworkModel(net)).estimate()
    np.testing.assert_allclose(turned.vm_pu, straight.vm_pu, rtol=0, atol=1e-8)
    difference = np.exp(1j * np.radians(turned.va_degree - straight.va_degree - angle_degree))
    np.testing.assert_allclose(difference, 1.0, rtol=0, atol=1e-8)
