"""What the control room takes taps and switches for: the last that was told, right or wrong."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandapower.networks import create_cigre_network_mv

from models.estimation.measurements.believed_topology import BelievedTopology
from models.estimation.measurements.metering_plan import read_plan
from models.network_model import NetworkModel

VOLTAGE, TAP, OPEN, CLOSED = range(4)
PLAN = pd.DataFrame(
    [("v", "bus", 1, 0.01), ("tap", "trafo", 1, 0.0), ("closed", "switch", 4, 0.0), ("closed", "switch", 3, 0.0)],
    columns=["measurement_type", "element_type", "element", "std_dev"],
).assign(side=None, name=["U", "tap", "open", "closed"])
ALL = np.ones(len(PLAN), dtype=bool)


@pytest.fixture(scope="module")
def network() -> NetworkModel:
    net = create_cigre_network_mv()
    net.trafo["tap_min"], net.trafo["tap_max"] = [np.nan, -9.0], [np.nan, 9.0]
    return NetworkModel(net)


@pytest.fixture
def believed(network: NetworkModel) -> BelievedTopology:
    return BelievedTopology(network, read_plan(PLAN, network))


def told(**values: float) -> Any:
    channels = {"tap": TAP, "opened": OPEN, "closed": CLOSED}
    report = np.full(len(PLAN), np.nan)
    for name, value in values.items():
        report[channels[name]] = value
    return report


def test_before_any_report_everything_is_as_built(network: NetworkModel, believed: BelievedTopology) -> None:
    believed.update(told(), ALL)
    np.testing.assert_array_equal(believed.tap_pos, network.initial_tap_pos)
    np.testing.assert_array_equal(believed.switch_closed, network.initial_switch_closed)


def test_what_is_told_is_believed_and_the_rest_stays_as_built(
    network: NetworkModel, believed: BelievedTopology
) -> None:
    believed.update(told(tap=-3, opened=0, closed=1), ALL)
    assert believed.tap_pos.tolist() == [network.initial_tap_pos[0], -3]
    changed = np.flatnonzero(believed.switch_closed != network.initial_switch_closed)
    assert set(changed.tolist()) <= {3, 4}
    assert believed.switch_closed[[4, 3]].tolist() == [False, True]


def test_a_report_that_is_lost_leaves_the_one_before_it_in_force(believed: BelievedTopology) -> None:
    believed.update(told(tap=5, closed=1, opened=0), ALL)
    believed.update(told(), ALL)
    believed.update(told(tap=-5, closed=0, opened=1), ~ALL)
    assert believed.tap_pos[1] == 5
    assert believed.switch_closed[[4, 3]].tolist() == [False, True]


def test_a_state_that_is_forged_by_one_is_the_other_state(believed: BelievedTopology) -> None:
    believed.update(told(closed=1 - 1, opened=0 + 1), ALL)
    assert believed.switch_closed[[4, 3]].tolist() == [True, False]
    believed.update(told(closed=0 - 1, opened=1 + 1), ALL)
    assert believed.switch_closed[[4, 3]].tolist() == [True, False]


def test_a_position_no_tap_changer_has_is_not_believed(believed: BelievedTopology) -> None:
    believed.update(told(tap=9), ALL)
    believed.update(told(tap=10), ALL)
    assert believed.tap_pos[1] == 9


def test_what_was_handed_out_does_not_change_later(believed: BelievedTopology) -> None:
    tap_pos, switch_closed = believed.tap_pos, believed.switch_closed
    kept = tap_pos.copy(), switch_closed.copy()
    believed.update(told(tap=7, opened=1, closed=0), ALL)
    believed.update(told(tap=6, opened=0, closed=1), ALL)
    np.testing.assert_array_equal(tap_pos, kept[0])
    np.testing.assert_array_equal(switch_closed, kept[1])


def test_a_plan_without_positions_believes_what_was_built(network: NetworkModel) -> None:
    believed = BelievedTopology(network, read_plan(PLAN[:1], network))
    believed.update(np.array([1.0]), ALL[:1])
    np.testing.assert_array_equal(believed.switch_closed, network.initial_switch_closed)
