"""Which of several bad measurements are removed, which are only suspected, and which come back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel

Nets = Callable[[str], Any]
Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]


@pytest.fixture
def estimate(perfect_readings: Readings) -> Callable[..., Estimate]:
    """An estimate of perfect readings but for errors given in standard deviations by channel name."""

    def one(net: Any, plan: pd.DataFrame, errors: dict[str, float], **forecasts: Any) -> Estimate:
        error = plan.name.map(errors).fillna(0.0).to_numpy() * plan.std_dev.to_numpy()
        estimator = StateEstimator(NetworkModel(net), plan)
        return estimator.estimate(perfect_readings(net, plan) + error, [True] * len(plan), **forecasts)

    return one


def names(plan: pd.DataFrame, mask: np.ndarray) -> set[str]:
    return set(plan.name[mask])


def test_clean_measurements_leave_nothing_to_identify(
    solved: Nets, metering_plan: Plans, estimate: Callable[..., Estimate]
) -> None:
    net = solved("case33bw")
    found = estimate(net, metering_plan(net), {})
    assert found.identifiable
    assert not (found.removed | found.suspects | found.critical).any()
    assert found.contradicted_forecasts == ()


def twin_meters(plan: pd.DataFrame) -> pd.DataFrame:
    """Two sharp meters of the flow into the feeder, which is hardly known without them."""
    twin = plan[plan.name == "p line 0 from"].assign(name="p line 0 from twin")
    twins = pd.concat([plan, twin], ignore_index=True)
    twins.loc[twins.element_type == "line", "std_dev"] *= 0.01
    return twins


@pytest.mark.parametrize("culprit", ["p line 0 from", "p line 0 from twin"])
def test_twin_meters_that_disagree_are_both_suspects(
    culprit: str, solved: Nets, metering_plan: Plans, estimate: Callable[..., Estimate]
) -> None:
    net = solved("case33bw")
    plan = twin_meters(metering_plan(net, v=[0, 10, 20], injections=[], lines=[0, 5], trafos=[]))
    found = estimate(net, plan, {culprit: 50.0})
    assert names(plan, found.suspects) == {"p line 0 from", "p line 0 from twin"}
    assert not found.removed.any()
    assert not found.identifiable
    assert found.p_value < 1e-6


def test_a_meter_and_the_only_forecast_it_could_be_checked_by_are_not_told_apart(
    solved: Nets, metering_plan: Plans, estimate: Callable[..., Estimate]
) -> None:
    net = solved("case33bw")
    plan = metering_plan(net, v=[0], injections=[16], lines=[15], trafos=[], accuracy=0.1)
    found = estimate(net, plan, {"p line 15 from": 60.0})
    assert names(plan, found.suspects) == {"p line 15 from", "p bus 16"}
    assert not found.removed.any()


def test_an_ambiguous_error_does_not_hide_another_one(
    solved: Nets, metering_plan: Plans, estimate: Callable[..., Estimate]
) -> None:
    net = solved("case33bw")
    plan = twin_meters(metering_plan(net, v=net.bus.index[::2], injections=[], lines=[0, 5], trafos=[]))
    found = estimate(net, plan, {"p line 0 from": 50.0, "v bus 20": 20.0})
    assert names(plan, found.removed) == {"v bus 20"}
    assert names(plan, found.suspects) == {"p line 0 from", "p line 0 from twin"}
    assert not found.identifiable


def test_removals_that_explain_everything_are_identifiable(
    solved: Nets, metering_plan: Plans, estimate: Callable[..., Estimate]
) -> None:
    net = solved("case33bw")
    plan = metering_plan(net)
    errors = {"v bus 3": 30.0, "p line 7 from": -30.0, "q bus 12": 30.0}
    found = estimate(net, plan, errors)
    assert names(plan, found.removed) == set(errors)
    assert found.identifiable
    assert not found.suspects.any()
    np.testing.assert_allclose(found.vm_pu, net.res_bus.vm_pu, atol=1e-8)


def test_many_small_errors_fail_the_test_and_accuse_nobody(
    solved: Nets, metering_plan: Plans, estimate: Callable[..., Estimate]
) -> None:
    net = solved("case33bw")
    plan = metering_plan(net)
    found = estimate(net, plan, {name: (2.0 if k % 2 else -2.0) for k, name in enumerate(plan.name)})
    assert found.p_value < 0.01
    assert not (found.removed | found.suspects).any()
    assert not found.identifiable


def test_a_forecast_that_the_meters_contradict_is_left_out_and_no_meter_blamed(
    solved: Nets, metering_plan: Plans, estimate: Callable[..., Estimate]
) -> None:
    net = solved("case33bw")
    # Both lines at bus 10 are metered, and with the voltages all that goes in and out is known twice.
    plan = metering_plan(net, injections=net.bus.index.drop(10), lines=net.line.index[net.line.in_service])
    wrong = np.where(net.load.bus == 10, 0.25, 1.0)
    found = estimate(
        net,
        plan,
        {},
        load_p_mw_forecast=net.load.p_mw.to_numpy() * wrong,
        load_q_mvar_forecast=net.load.q_mvar.to_numpy(),
    )
    assert found.contradicted_forecasts == (10,)
    assert found.identifiable
    assert not (found.removed | found.suspects).any()
    np.testing.assert_allclose(found.vm_pu, net.res_bus.vm_pu, atol=1e-8)


def test_what_two_errors_swamped_comes_back_once_they_are_gone(
    solved: Nets, metering_plan: Plans, estimate: Callable[..., Estimate]
) -> None:
    # Two flows in a row, both too high, disagree with the injection between the lines behind them most of all.
    net = solved("case33bw")
    plan = metering_plan(net)
    errors = {"p line 1 from": 30.0, "p line 2 from": 30.0}
    found = estimate(net, plan, errors)
    assert plan.name[np.nanargmax(found.normalised_residual)] == "p bus 3"
    assert names(plan, found.removed) == set(errors)
    assert found.identifiable
    np.testing.assert_allclose(found.vm_pu, net.res_bus.vm_pu, atol=1e-8)
