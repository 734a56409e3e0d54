"""A metering plan that no meters could fulfil is refused in one line."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidParameterError
from models.estimation.measurements.metering_plan import read_plan
from models.estimation.solution.measurement_model import ACTIVE_POWER, CURRENT, VOLTAGE
from models.network_model import FROM_END, TO_END, NetworkModel

GOOD: dict[str, Any] = {
    "name": "p line 3 to",
    "measurement_type": "p",
    "element_type": "line",
    "element": 3,
    "side": "to",
    "std_dev": 0.01,
}


@pytest.fixture(scope="module")
def network(solved: Callable[[str], Any]) -> NetworkModel:
    return NetworkModel(solved("cigre_mv"))


def test_rows_become_channels_in_their_order(network: NetworkModel) -> None:
    voltage = {
        "name": "v",
        "measurement_type": "v",
        "element_type": "bus",
        "element": 5,
        "side": np.nan,
        "std_dev": 0.003,
    }
    current = {
        "name": "i",
        "measurement_type": "i",
        "element_type": "trafo",
        "element": 1,
        "side": "hv",
        "std_dev": 0.002,
    }
    channels = read_plan(pd.DataFrame([GOOD, voltage, current]), network)
    assert channels.quantity.tolist() == [ACTIVE_POWER, VOLTAGE, CURRENT]
    assert channels.end.tolist() == [TO_END, FROM_END, FROM_END]
    assert channels.position.tolist() == [3, 5, 1]
    np.testing.assert_allclose(channels.variance, [1e-4, 9e-6, 4e-6])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"measurement_type": "v"}, "possible are bus: v, va, p, q"),
        ({"element_type": "load"}, "possible are bus: v, va, p, q"),
        ({"side": "hv"}, "side 'hv'; at a line it is from or to"),
        ({"side": None}, "side None; at a line it is from or to"),
        ({"element": 77}, "on line 77, which the network does not have"),
        ({"std_dev": 0.0}, "standard deviation is positive"),
        ({"std_dev": np.nan}, "standard deviation is positive"),
    ],
)
def test_an_impossible_channel_is_named(change: dict[str, Any], reason: str, network: NetworkModel) -> None:
    with pytest.raises(InvalidParameterError, match=reason) as refusal:
        read_plan(pd.DataFrame([GOOD | change]), network)
    assert "'p line 3 to'" in str(refusal.value)


def test_a_name_comes_once(network: NetworkModel) -> None:
    with pytest.raises(InvalidParameterError, match="'p line 3 to' comes twice"):
        read_plan(pd.DataFrame([GOOD, GOOD]), network)


def test_missing_columns_are_listed(network: NetworkModel) -> None:
    with pytest.raises(InvalidParameterError, match="add side, std_dev"):
        read_plan(pd.DataFrame([GOOD]).drop(columns=["side", "std_dev"]), network)
