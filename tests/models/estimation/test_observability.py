"""Which measurements determine the state, and the names of the buses they leave open."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest

from models.errors import NotObservableError
from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel

Nets = Callable[[str], Any]
Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]


@pytest.fixture
def generators(solve_again: Callable[[Any], Any]) -> Any:
    """Substation 10 - load 20 - generator 30 - load 40, and a line from 20 to the unloaded bus 50.

    Nothing is expected of substation and generator: how they share the loads takes a power meter.
    """
    net = pandapower.create_empty_network(sn_mva=10.0)
    for bus in (10, 20, 30, 40, 50):
        pandapower.create_bus(net, 20.0, index=bus)
    pandapower.create_ext_grid(net, 10)
    for a, b in ((10, 20), (20, 30), (30, 40), (20, 50)):
        pandapower.create_line(net, a, b, 3.0, "NA2XS2Y 1x240 RM/25 12/20 kV")
    pandapower.create_load(net, 20, 2.0, 0.5)
    pandapower.create_load(net, 40, 1.0, 0.2)
    pandapower.create_gen(net, 30, 1.5, vm_pu=1.01)
    return solve_again(net)


OPEN = (20, 30, 40, 50)


def test_a_generator_nobody_measures_leaves_its_side_open(generators: Any, metering_plan: Plans) -> None:
    plan = metering_plan(generators, v=[10], injections=[], lines=[], trafos=[])
    with pytest.raises(NotObservableError, match="20, 30, 40, 50") as refusal:
        StateEstimator(NetworkModel(generators), plan)
    assert refusal.value.buses == OPEN


@pytest.mark.parametrize(
    "meters",
    [{"injections": [10]}, {"injections": [30]}, {"lines": [0]}, {"lines": [1]}],
)
def test_one_power_meter_in_the_right_place_is_enough(
    meters: dict[str, Any], generators: Any, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = generators
    plan = metering_plan(net, **({"v": [10], "injections": [], "lines": [], "trafos": []} | meters))
    found = StateEstimator(NetworkModel(net), plan).estimate(perfect_readings(net, plan), [True] * len(plan))
    np.testing.assert_allclose(found.vm_pu, net.res_bus.vm_pu, atol=1e-8)


def test_a_power_meter_that_repeats_what_is_known_is_not(generators: Any, metering_plan: Plans) -> None:
    plan = metering_plan(generators, v=[10], injections=[40], lines=[2, 3], trafos=[])
    with pytest.raises(NotObservableError) as refusal:
        StateEstimator(NetworkModel(generators), plan)
    assert refusal.value.buses == OPEN


def test_without_a_voltage_no_magnitude_is_known(solved: Nets, metering_plan: Plans) -> None:
    net = solved("case33bw")
    with pytest.raises(NotObservableError) as refusal:
        StateEstimator(NetworkModel(net), metering_plan(net, v=[], flows="pqi"))
    assert refusal.value.buses == tuple(net.bus.index)


def test_line_charging_does_not_pass_for_a_voltage_meter(solved: Nets, metering_plan: Plans) -> None:
    net = solved("oberrhein")  # kilometres of cable
    with pytest.raises(NotObservableError):
        StateEstimator(NetworkModel(net), metering_plan(net, v=[]))


def test_current_magnitudes_do_not_observe_alone(generators: Any, metering_plan: Plans) -> None:
    plan = metering_plan(generators, v=[10, 30], injections=[], lines=[1], flows="i")
    with pytest.raises(NotObservableError) as refusal:
        StateEstimator(NetworkModel(generators), plan)
    assert refusal.value.buses == OPEN


def test_lost_channels_make_a_step_unobservable_and_their_return_heals_it(
    generators: Any, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = generators
    plan = metering_plan(net, v=[10, 40], injections=[], lines=[1])
    value = perfect_readings(net, plan)
    estimator = StateEstimator(NetworkModel(net), plan)
    everything = np.ones(len(plan), dtype=bool)
    without_flows = (plan.element_type != "line").to_numpy()
    without_voltages = (plan.measurement_type != "v").to_numpy()

    lost = estimator.estimate(value, without_flows)
    assert not lost.observable
    assert not lost.converged
    assert lost.unobservable_buses == OPEN
    assert np.isnan(lost.vm_pu).all()
    assert np.isnan(lost.normalised_residual).all()
    assert estimator.estimate(value, without_voltages).unobservable_buses == (10, 20, 30, 40, 50)

    healed = estimator.estimate(value, everything)
    assert healed.observable
    np.testing.assert_allclose(healed.vm_pu, net.res_bus.vm_pu, atol=1e-8)


def test_bad_data_on_which_observability_depends_are_kept(
    generators: Any, metering_plan: Plans, perfect_readings: Readings
) -> None:
    # Flow and injection say the same of the generator; without both of them it is open.
    net = generators
    plan = metering_plan(net, v=[10, 30, 40], injections=[30], lines=[1])
    value = perfect_readings(net, plan)
    value[plan.name == "p line 1 from"] += 1.0
    value[plan.name == "p bus 30"] += 2.0
    found = StateEstimator(NetworkModel(net), plan, identification_threshold=0.5).estimate(value, [True] * len(plan))
    assert found.converged
    p_meters = plan.name.isin(["p line 1 from", "p bus 30"]).to_numpy()
    assert found.removed[p_meters].sum() <= 1


@pytest.mark.parametrize("n_bus", [10, 1000])
def test_a_long_feeder_with_one_voltage_meter_is_observable(n_bus: int, metering_plan: Plans) -> None:
    net = pandapower.create_empty_network()
    pandapower.create_buses(net, n_bus, 0.4)
    pandapower.create_ext_grid(net, 0)
    pandapower.create_lines(net, range(n_bus - 1), range(1, n_bus), 0.02, "NAYY 4x150 SE")
    pandapower.create_load(net, n_bus - 1, 0.001)
    plan = pd.DataFrame(
        {"name": ["v"], "measurement_type": "v", "element_type": "bus", "element": 0, "side": None, "std_dev": 0.003}
    )
    StateEstimator(NetworkModel(net), plan)
    net.ext_grid.loc[0, "bus"] = n_bus // 2
    StateEstimator(NetworkModel(net), plan)
