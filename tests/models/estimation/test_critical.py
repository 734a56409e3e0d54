"""Islands, critical measurements and critical pairs by name, against what taking measurements out does."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest

from models.estimation.estimator import StateEstimator
from models.estimation.verdict.critical import ObservabilityReport, UnobservableIsland
from models.network_model import NetworkModel

Nets = Callable[[str], Any]
Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]


@pytest.fixture
def generators(solve_again: Callable[[Any], Any]) -> Any:
    """Substation 0 - generator 1 - generator 2 - generator 3, and a line from 1 to 3: nothing is expected anywhere."""
    net = pandapower.create_empty_network(sn_mva=10.0)
    pandapower.create_buses(net, 4, 20.0)
    pandapower.create_ext_grid(net, 0)
    for bus in (1, 2, 3):
        pandapower.create_gen(net, bus, 0.5, vm_pu=1.0)
    for a, b in ((0, 1), (1, 2), (2, 3), (1, 3)):
        pandapower.create_line(net, a, b, 3.0, "NA2XS2Y 1x240 RM/25 12/20 kV")
    return solve_again(net)


def report_of(net: Any, plan: pd.DataFrame, without: tuple[str, ...] = ()) -> ObservabilityReport:
    return StateEstimator(NetworkModel(net), plan).observability_report(~plan.name.isin(without))


@pytest.mark.parametrize(
    "meters",
    [
        {"v": [0], "injections": [], "lines": [0, 1, 2]},
        {"v": [0, 2], "injections": [1], "lines": [0, 1, 2]},
        {"v": [1, 3], "injections": [0, 2], "lines": [0, 3, 2]},
        {"v": [0], "injections": [0, 1, 2, 3], "lines": [3]},
    ],
)
def test_critical_is_what_observability_depends_on(
    meters: dict[str, Any], generators: Any, metering_plan: Plans
) -> None:
    plan = metering_plan(generators, **meters)
    estimator = StateEstimator(NetworkModel(generators), plan)
    found = estimator.observability_report()
    names = plan.name.tolist()

    def observable_without(*out: str) -> bool:
        return estimator.observability_report(~plan.name.isin(out)).observable

    assert found.observable
    critical = {name for name in names if not observable_without(name)}
    assert set(found.critical_channels) == critical
    others = [name for name in names if name not in critical]
    pairs = {frozenset(pair) for pair in combinations(others, 2) if not observable_without(*pair)}
    assert {frozenset(pair) for pair in found.critical_pairs} == pairs


def test_an_estimate_calls_critical_what_is_or_is_as_good_as(
    generators: Any, metering_plan: Plans, perfect_readings: Readings
) -> None:
    plan = metering_plan(generators, v=[0, 1], injections=[], lines=[0, 1, 2])
    estimator = StateEstimator(NetworkModel(generators), plan)
    estimate = estimator.estimate(perfect_readings(generators, plan), [True] * len(plan))
    found = estimator.observability_report()
    assert found.critical_channels
    # The flow between the two voltages is checked by their difference, so weakly that no error of it would show.
    assert set(plan.name[estimate.critical]) == {*found.critical_channels, "p line 0 from", "q line 0 from"}
    assert np.isnan(estimate.normalised_residual[estimate.critical]).all()


def test_residuals_of_a_critical_group_keep_their_ratio(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    # A flow, the injection behind it and the forecast of the last load: one of the three is known twice.
    net = solved("case33bw")
    plan = metering_plan(net, v=[0], injections=[16], lines=[15], trafos=[])
    estimator = StateEstimator(NetworkModel(net), plan)
    group = ("p bus 16", "p line 15 from", "p forecast bus 17")
    assert any(set(group) == set(found) for found in estimator.observability_report().critical_groups)

    p_meters = [plan.name.tolist().index(name) for name in group[:2]]
    rng = np.random.default_rng(0)
    noise = plan.std_dev.to_numpy() * rng.standard_normal((5, len(plan)))
    usable = np.ones(len(plan), dtype=bool)
    readings = perfect_readings(net, plan)
    residuals = [estimator.estimate(readings + one, usable).normalised_residual[p_meters] for one in noise]
    for first, second in residuals:
        assert first == pytest.approx(second, rel=0.1)


def test_a_second_meter_at_the_same_place_makes_a_critical_one_a_pair(generators: Any, metering_plan: Plans) -> None:
    plan = metering_plan(generators, v=[0], injections=[], lines=[0, 1, 2])
    assert len(report_of(generators, plan).critical_channels) == len(plan)
    doubled = pd.concat([plan, plan[plan.name == "v bus 0"].assign(name="v bus 0 again")], ignore_index=True)
    found = report_of(generators, doubled)
    assert found.critical_pairs == (("v bus 0", "v bus 0 again"),)
    assert "v bus 0" not in found.critical_channels


def test_islands_are_buses_known_against_one_another(generators: Any, metering_plan: Plans) -> None:
    plan = metering_plan(generators, v=[0, 3], injections=[], lines=[0, 1, 2])
    found = report_of(generators, plan, without=("p line 1 from", "q line 1 from", "v bus 3"))
    # Without the flow from 1 to 2, buses 2 and 3 are known only against one another.
    assert not found.observable
    assert found.islands == (UnobservableIsland((2, 3), angle_is_open=True, magnitude_is_open=True),)
    without_voltage = report_of(generators, plan, without=("v bus 0", "v bus 3"))
    assert without_voltage.islands == (UnobservableIsland((0, 1, 2, 3), angle_is_open=False, magnitude_is_open=True),)


def test_every_bus_nobody_measures_is_an_island_of_its_own(generators: Any, metering_plan: Plans) -> None:
    plan = metering_plan(generators, v=[0, 1, 2, 3], injections=[], lines=[0, 1, 2])
    found = report_of(generators, plan, without=tuple(plan.name[plan.element_type == "line"]))
    assert [island.buses for island in found.islands] == [(1,), (2,), (3,)]
    assert {island.open_states for island in found.islands} == {"angle"}


def test_a_thousand_buses_in_a_row_are_told_from_an_unobservable_feeder() -> None:
    n_bus = 1000
    net = pandapower.create_empty_network()
    pandapower.create_buses(net, n_bus, 0.4)
    pandapower.create_ext_grid(net, 0)
    pandapower.create_lines(net, range(n_bus - 1), range(1, n_bus), 0.02, "NAYY 4x150 SE")
    pandapower.create_loads(net, range(1, n_bus), 1e-5)
    plan = pd.DataFrame(
        {
            "name": ["v 0", "v end", "p head"],
            "measurement_type": ["v", "v", "p"],
            "element_type": ["bus", "bus", "line"],
            "element": [0, n_bus - 1, 0],
            "side": [None, None, "from"],
            "std_dev": 0.003,
        }
    )
    found = report_of(net, plan)
    assert found.observable
    assert found.critical_channels == ()
    # The drop between the two voltages is checked by the forecasts that make it, and by nothing else.
    assert found.critical_groups[0][:2] == ("v 0", "v end")


def test_the_report_is_a_table(generators: Any, metering_plan: Plans) -> None:
    plan = metering_plan(generators, v=[0, 3], injections=[], lines=[0, 1, 2])
    found = report_of(generators, plan, without=("p line 1 from", "q line 1 from", "v bus 3"))
    table = found.to_frame()
    assert table.columns.tolist() == ["finding", "where", "meaning"]
    assert len(table) == len(found.islands) + len(found.critical_channels) + len(found.critical_groups)
    assert table["where"][0] == "2, 3"
    assert table.meaning[0] == "angle and magnitude open"
