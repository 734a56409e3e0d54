"""What is expected of injections nobody measures."""

from typing import Any

import numpy as np
import pandapower
import pytest

from models.estimation.measurements.pseudo_measurements import InjectionForecast
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
    np.testing.assert_allclose(nominal.power, [0, 4, -1, 0, 0, 0, 1, 0, 0, 0])
    np.testing.assert_allclose(given.power, [0, 2.5, -1, 0, 0, 0, 0.3, 0, 0, 0])


def test_variances_of_independent_elements_add_up(net: Any) -> None:
    forecast = InjectionForecast(NetworkModel(net), 0.3)
    variance = forecast.consumption(None, None).variance
    assert variance[1] == pytest.approx(0.3**2 * (1.0**2 + 3.0**2))
    assert variance[2] == pytest.approx(2.0**2 / 12.0)  # uniform between nothing and nominal
    np.testing.assert_array_equal(variance[[0, 3, 4]], 0.0)


def test_what_else_is_connected_is_held_and_of_a_grid_nothing_is_expected(net: Any) -> None:
    network = NetworkModel(net)
    other = InjectionForecast(network, 0.3).other_consumption(network.admittances())
    np.testing.assert_allclose(other.power, [0, 0, 0, 0.4, 0, 0, 0, 0, 0, 0], atol=1e-12)
    assert other.variance[3] == pytest.approx((0.3 * 0.4) ** 2)
    np.testing.assert_array_equal(other.variance[[0, 1, 2, 4, 5]], [np.inf, 0.0, 0.0, 0.0, np.inf])


def test_customers_stray_from_what_they_are_expected_to_draw_not_from_their_nominal_power(net: Any) -> None:
    forecast = InjectionForecast(NetworkModel(net), 0.3)
    variance = forecast.consumption(np.array([0.5, 2.0, 9.0]), np.array([0.0, 0.2, 9.0])).variance
    assert variance[1] == pytest.approx(0.3**2 * (0.5**2 + 2.0**2))


def test_a_plant_with_a_forecast_is_known_to_rest_at_night_and_strays_from_it_by_day(net: Any) -> None:
    forecast = InjectionForecast(NetworkModel(net), 0.3)
    given = [forecast.consumption(None, None, np.array([p_mw]), np.zeros(1)) for p_mw in (0.0, 0.1, 1.5)]
    assert [expected.power[2] for expected in given] == [0.0, -0.1, -1.5]
    std_dev = np.sqrt([expected.variance[2] for expected in given])
    assert std_dev == pytest.approx([forecast.floor_mva, 0.05 * 2.0, 0.2 * 1.5])


def test_no_load_is_known_better_than_a_share_of_its_nominal_power(net: Any) -> None:
    forecast = InjectionForecast(NetworkModel(net), 0.3)
    mean_mva = (1.0 + abs(3 + 1j)) / 2
    assert forecast.floor_mva == pytest.approx(0.001 * mean_mva)
    reactive_variance = forecast.consumption(None, None).variance[5:]
    assert reactive_variance[1] == pytest.approx((0.3 * 1.0) ** 2 + (0.01 * 1.0) ** 2)


def test_only_connected_elements_inject(net: Any) -> None:
    forecast = InjectionForecast(NetworkModel(net), 0.3)
    assert forecast.injecting_buses == {0, 1, 2, 3}
    assert forecast.load_buses == {1}
