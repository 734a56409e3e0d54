"""Whatever the channels deliver: a right state, a typed refusal, or an estimate that says what is wrong with it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import pandapower
import pandas as pd
import pytest

from models.errors import InvalidParameterError, NotObservableError
from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel

Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]
PLACES = ("v bus 8", "p bus 10", "p line 4 from")
ABSURD = (1e6, -1e6, 1e30, -1e300)


class Metered(NamedTuple):
    """A solved net, a metering plan for it and what perfect meters read."""

    net: Any
    plan: pd.DataFrame
    value: np.ndarray

    def estimate(self, value: np.ndarray | None = None, usable: np.ndarray | None = None) -> Estimate:
        """By an estimator that knows nothing of earlier estimates."""
        estimator = StateEstimator(NetworkModel(self.net), self.plan)
        everything = np.ones(len(self.plan), dtype=bool)
        return estimator.estimate(self.value if value is None else value, everything if usable is None else usable)

    def channel(self, name: str) -> int:
        return int(np.flatnonzero(self.plan.name == name)[0])

    def reading(self, name: str, reading: float) -> np.ndarray:
        """The values with one of them replaced."""
        value = self.value.copy()
        value[self.channel(name)] = reading
        return value

    def with_twin(self, name: str, error: float) -> "Metered":
        """With a second meter at the same place, wrong by `error` standard deviations."""
        k = self.channel(name)
        plan = pd.concat([self.plan, self.plan.iloc[[k]].assign(name="twin")], ignore_index=True)
        return Metered(self.net, plan, np.append(self.value, self.value[k] + error * plan.std_dev[k]))


@pytest.fixture(scope="module")
def metered(solved: Callable[[str], Any], metering_plan: Plans, perfect_readings: Readings) -> Callable[..., Metered]:
    """The 33-bus feeder with every injection and flow metered, its loads all different."""

    def build(v: Any) -> Metered:
        net = solved("case33bw")
        plan = metering_plan(net, v=v)
        return Metered(net, plan, perfect_readings(net, plan))

    return build


@pytest.fixture(scope="module")
def redundant(metered: Callable[..., Metered]) -> Metered:
    """With nine voltages."""
    return metered(range(0, 33, 4))


@pytest.fixture(scope="module")
def one_voltage(metered: Callable[..., Metered]) -> Metered:
    return metered([0])


def is_right(found: Estimate, net: Any, tolerance: float = 1e-6) -> bool:
    return bool(found.converged and np.abs(found.vm_pu - net.res_bus.vm_pu).max() < tolerance)


def raises_its_hand(found: Estimate) -> bool:
    """Whether the estimate itself says that it is not to be trusted."""
    return not found.converged or found.objective > found.chi_square_threshold


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_counts_as_missing(nothing: float, redundant: Metered) -> None:
    for place in PLACES:
        usable = np.ones(len(redundant.plan), dtype=bool)
        usable[redundant.channel(place)] = False
        found, without = redundant.estimate(redundant.reading(place, nothing)), redundant.estimate(usable=usable)
        np.testing.assert_array_equal(found.vm_pu, without.vm_pu)
        assert found.degrees_of_freedom == without.degrees_of_freedom
        assert is_right(found, redundant.net)


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_a_control_room_that_hears_nothing_or_zeros_has_no_state(value: float, redundant: Metered) -> None:
    found = redundant.estimate(np.full(len(redundant.plan), value))
    assert not found.converged
    assert np.isnan(found.vm_pu).all()
    assert found.observable == (value == 0.0)
    assert found.unobservable_buses == (() if found.observable else tuple(redundant.net.bus.index))


@pytest.mark.parametrize("reading", [0.0, -1.0, 0.5, 10.0])
def test_a_voltage_that_cannot_be_is_removed_where_others_are_measured(reading: float, redundant: Metered) -> None:
    found = redundant.estimate(redundant.reading("v bus 8", reading))
    assert np.flatnonzero(found.removed).tolist() == [redundant.channel("v bus 8")]
    assert is_right(found, redundant.net)


@pytest.mark.parametrize("reading", [0.0, -1.0, 0.01, 0.5, 10.0])
def test_a_voltage_that_cannot_be_and_is_the_only_one_is_no_estimate_to_trust(
    reading: float, one_voltage: Metered
) -> None:
    assert raises_its_hand(one_voltage.estimate(one_voltage.reading("v bus 0", reading)))


@pytest.mark.parametrize("reading", ABSURD)
@pytest.mark.parametrize("place", PLACES)
def test_an_absurd_reading_is_removed_and_does_not_blind_the_control_room(
    place: str, reading: float, redundant: Metered
) -> None:
    found = redundant.estimate(redundant.reading(place, reading))
    assert is_right(found, redundant.net)
    assert np.flatnonzero(found.removed).tolist() == [redundant.channel(place)]
    assert found.normalised_residual[redundant.channel(place)] == np.nanmax(found.normalised_residual)
    assert found.objective > found.chi_square_threshold


def test_an_absurd_reading_leaves_no_trace_in_the_next_estimate(redundant: Metered) -> None:
    estimator = StateEstimator(NetworkModel(redundant.net), redundant.plan)
    usable = np.ones(len(redundant.plan), dtype=bool)
    for reading in ABSURD:
        estimator.estimate(redundant.reading("p bus 10", reading), usable)
        assert is_right(estimator.estimate(redundant.value, usable), redundant.net, 1e-8)


@pytest.mark.parametrize("place", PLACES)
def test_of_two_meters_at_one_place_the_one_that_nothing_else_supports_is_removed(
    place: str, redundant: Metered
) -> None:
    found = redundant.with_twin(place, 40.0).estimate()
    assert found.removed[-1]
    assert found.removed.sum() == 1
    assert is_right(found, redundant.net)


def test_two_meters_that_agree_are_one_of_half_the_variance(redundant: Metered) -> None:
    noise = redundant.plan.std_dev.to_numpy() * np.random.default_rng(0).standard_normal(len(redundant.plan))
    noisy = redundant._replace(value=redundant.value + noise)
    for place in PLACES:
        sharper = noisy.plan.copy()
        sharper.loc[noisy.channel(place), "std_dev"] /= np.sqrt(2.0)
        twins, sharp = noisy.with_twin(place, 0.0).estimate(), noisy._replace(plan=sharper).estimate()
        np.testing.assert_allclose(twins.vm_pu, sharp.vm_pu, rtol=0, atol=1e-9)
        assert twins.objective == pytest.approx(sharp.objective)
        assert twins.degrees_of_freedom == sharp.degrees_of_freedom + 1


@pytest.mark.parametrize("std_dev", [1e-9, 1e3])
def test_a_meter_all_but_exact_or_all_but_useless_does_no_harm(std_dev: float, redundant: Metered) -> None:
    for place in PLACES:
        plan = redundant.plan.copy()
        plan.loc[redundant.channel(place), "std_dev"] = std_dev
        found = redundant._replace(plan=plan).estimate()
        assert is_right(found, redundant.net)
        assert found.objective < 1e-3


def test_meters_that_no_arithmetic_can_weigh_against_each_other_are_not_weighed(redundant: Metered) -> None:
    rng = np.random.default_rng(4)
    for exponents in [
        np.arange(len(redundant.plan)) % 2 * 12.0 - 9.0,
        *rng.uniform(-9.0, 3.0, (6, len(redundant.plan))),
    ]:
        found = redundant._replace(plan=redundant.plan.assign(std_dev=10.0**exponents)).estimate()
        # Where sharp meters say little of a voltage, perfect readings of the others need not be followed to the end.
        loose = found.converged and (np.abs(found.vm_pu - redundant.net.res_bus.vm_pu) < found.vm_pu_std_dev).all()
        assert is_right(found, redundant.net) or raises_its_hand(found) or loose


@pytest.fixture(scope="module")
def two_islands(solve_again: Callable[[Any], Any]) -> Any:
    """Two feeders of three buses, 10 degrees apart, that nothing joins."""
    net = pandapower.create_empty_network(sn_mva=10.0)
    pandapower.create_buses(net, 6, 20.0)
    for slack, va_degree in ((0, 0.0), (3, 10.0)):
        pandapower.create_ext_grid(net, slack, va_degree=va_degree)
        for bus in (slack, slack + 1):
            pandapower.create_line(net, bus, bus + 1, 3.0, "NA2XS2Y 1x240 RM/25 12/20 kV")
            pandapower.create_load(net, bus + 1, 1.0, 0.3)
    return solve_again(net)


def test_an_island_without_meters_is_named(two_islands: Any, metering_plan: Plans, perfect_readings: Readings) -> None:
    blind = metering_plan(two_islands, v=[0], injections=[1], lines=[0], trafos=[])
    with pytest.raises(NotObservableError, match="3, 4, 5") as refusal:
        StateEstimator(NetworkModel(two_islands), blind)
    assert refusal.value.buses == (3, 4, 5)

    plan = metering_plan(two_islands, v=[0, 3], injections=[1], lines=[0], trafos=[])
    both = Metered(two_islands, plan, perfect_readings(two_islands, plan))
    np.testing.assert_allclose(both.estimate().va_degree, two_islands.res_bus.va_degree, rtol=0, atol=1e-6)
    lost = both.estimate(usable=(plan.element != 3).to_numpy())
    assert not lost.observable
    assert lost.unobservable_buses == (3, 4, 5)


@pytest.mark.parametrize("meters", [{"injections": [], "lines": []}, {"injections": None, "lines": None}])
def test_a_network_without_loads_is_estimated(
    meters: dict[str, Any],
    two_islands: Any,
    solve_again: Callable[[Any], Any],
    metering_plan: Plans,
    perfect_readings: Readings,
) -> None:
    net = deepcopy(two_islands)
    net.load = net.load.iloc[:0]
    solve_again(net)
    plan = metering_plan(net, v=[0, 3], trafos=[], **meters)
    found = Metered(net, plan, perfect_readings(net, plan)).estimate()
    assert is_right(found, net, 1e-8)


def test_a_plan_without_channels_is_refused(two_islands: Any, metering_plan: Plans) -> None:
    plan = metering_plan(two_islands).iloc[:0]
    with pytest.raises(NotObservableError, match="6 of 6 buses"):
        StateEstimator(NetworkModel(two_islands), plan)


@pytest.mark.parametrize(
    ("believed", "message"),
    [
        ({"tap_pos": [0, 1]}, "tap_pos must have 1 elements, got 2"),
        ({"tap_pos": [np.nan]}, "tap_pos must be numbers"),
        ({"switch_closed": [True]}, "switch_closed must have 8 elements, got 1"),
        ({"load_p_mw_forecast": np.ones(3)}, "load_p_mw_forecast must have 18 elements"),
        ({"extra_variance": np.ones(3)}, "extra_variance must have"),
        ({"extra_variance": -1.0}, "extra_variance must not be negative"),
        ({"extra_variance": np.nan}, "extra_variance must not be negative or NaN"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    believed: dict[str, Any], message: str, solved: Callable[[str], Any], metering_plan: Plans
) -> None:
    net = solved("cigre_mv")
    net.trafo = net.trafo.iloc[:1]
    plan = metering_plan(net, v=[0, 1], injections=[1], lines=[0], trafos=[])
    estimator = StateEstimator(NetworkModel(net), plan)
    believed = {name: np.full(len(plan), given) if np.isscalar(given) else given for name, given in believed.items()}
    with pytest.raises(InvalidParameterError, match=message) as refusal:
        estimator.estimate(np.ones(len(plan)), np.ones(len(plan), dtype=bool), **believed)
    assert "\n" not in str(refusal.value)
