"""What is expected of injections nobody measures."""

from typing import Any

import numpy as np
import pandapower
import pytest

from models.estimation.pseudo_measurements import InjectionForecast
from models.network_model import NetworkModel


@pytest.fixture
def net() -> Any:
    """Grid at bus 0; loads of 1 and 3 MW at bus 1, a plant of 2 MW at bus 2, a storage at bus 3, nothing at bus 4."""
    net = pandapower.create_empty_network(sn_mva=1.0)
    pandapower.create_buses(net, 5, 20.0)
    pandapower.create_ext_grid(net, 0)
    for k in range(4):
        pandapower.create_line(net, k, k + 1, 1.0, "NA2XS2Y 1x240 RM/25 12/20 kV")
    pandapower.create_load(net, 1, 1.0, 0.0)
    pandapower.create_load(net, 1, 3.0, 1.0)
    pandapower.create_load(net, 4, 5.0, 5.0, in_service=False)
    pandapower.create_sgen(net, 2, 2.0, 0.0)
    pandapower.create_storage(net, 3, 0.4, max_e_mwh=1.0)
    return net


def test_loads_draw_their_forecast_and_plants_half_their_nominal_power(net: Any) -> None:
    forecast = InjectionForecast(NetworkModel(net), 0.3)
    nominal = forecast.consumption(None, None)
    given = forecast.consumption(np.array([0.5, 2.0, 9.0]), np.array([0.1, 0.2, 9.0]))
    np.testing.assert_allclose(nominal, [0, 4, -1, 0, 0, 0, 1, 0, 0, 0])
    np.testing.assert_allclose(given, [0, 2.5, -1, 0, 0, 0, 0.3, 0, 0, 0])


def test_variances_of_independent_elements_add_up(net: Any) -> None:
    network = NetworkModel(net)
    forecast = InjectionForecast(network, 0.3)
    other = forecast.other_consumption(network.admittances())
    variance = forecast.variance(other)
    assert other[3] == pytest.approx(0.4)
    assert variance[1] == pytest.approx(0.3**2 * (1.0**2 + 3.0**2))
    assert variance[2] == pytest.approx(2.0**2 / 12.0)  # uniform between nothing and nominal
    assert variance[3] == pytest.approx((0.3 * 0.4) ** 2)
    assert variance[4] == 0.0
    assert variance[0] == np.inf


def test_no_load_is_known_better_than_the_floor(net: Any) -> None:
    forecast = InjectionForecast(NetworkModel(net), 0.3)
    mean_mva = (1.0 + abs(3 + 1j)) / 2
    assert forecast.floor_mva == pytest.approx(0.01 * mean_mva)
    reactive_variance = forecast.variance(np.zeros(10))[5:]
    assert reactive_variance[1] == pytest.approx((0.3 * 1.0) ** 2 + forecast.floor_mva**2)


def test_only_connected_elements_inject(net: Any) -> None:
    assert InjectionForecast(NetworkModel(net), 0.3).injecting_buses == {0, 1, 2, 3}
