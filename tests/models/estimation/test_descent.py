"""The search for the smallest J: shared factors, wandering starts, ill-conditioned feeders, variances of the state."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.estimation.estimator import StateEstimator
from models.estimation.measurements.measurement_set import Readings
from models.estimation.measurements.metering_plan import read_plan
from models.estimation.measurements.pseudo_measurements import PSEUDO_STD_DEV_FRACTION, InjectionForecast
from models.estimation.solution.gain_matrix import WELL_CONDITIONED, gain_matrix
from models.estimation.solution.measurement_model import linearise
from models.estimation.solution.sparse_ldl import factorise
from models.estimation.solution.topology import Fit, TopologyEstimation
from models.network_model import FloatArray, NetworkModel
from networks.metering import plan_of
from networks.registry import load_feeder

Nets = Callable[[str], Any]
Plans = Callable[..., pd.DataFrame]
Perfect = Callable[[Any, pd.DataFrame], np.ndarray]


class Scans:
    """Scan after scan of one net in one topology."""

    def __init__(self, net: Any, plan: pd.DataFrame, value: FloatArray) -> None:
        network = NetworkModel(net)
        forecast = InjectionForecast(network, PSEUDO_STD_DEV_FRACTION)
        self.topology = TopologyEstimation(network.admittances(), read_plan(plan, network), forecast)
        self._value, self._std_dev = value, plan.std_dev.to_numpy()
        self._nominal = forecast.consumption(None, None)

    def readings(self, rng: np.random.Generator | None = None, scale: float = 1.0) -> Readings:
        """With noise if there is a generator of it; all readings some times what they are."""
        noise = 0.0 if rng is None else rng.standard_normal(len(self._value))
        value = scale * self._value + noise * self._std_dev
        return self.topology.measurements.read(value, np.ones(len(value), dtype=bool), self._nominal)

    def fit(self, readings: Readings) -> Fit:
        fit = self.topology.fit(readings)
        assert fit is not None
        return fit


@pytest.fixture
def cigre(solved: Nets, metering_plan: Plans, perfect_readings: Perfect) -> Callable[[], Scans]:
    net = solved("cigre_mv")
    plan = metering_plan(net, v=[0, 5, 9], injections=[], lines=[0, 4])
    return lambda: Scans(net, plan, perfect_readings(net, plan))


def test_scans_share_a_linearisation_until_the_state_moves_away(cigre: Callable[[], Scans]) -> None:
    scans = cigre()
    rng = np.random.default_rng(0)
    first = scans.fit(scans.readings())
    noisy = scans.fit(scans.readings(rng))
    assert np.abs(noisy.solution.v - first.solution.v).max() > 1e-5
    assert noisy.solution.linearisation is first.solution.linearisation

    far = scans.fit(scans.readings(scale=1.05))
    assert far.solution.linearisation is not first.solution.linearisation


def test_a_shared_linearisation_leads_to_the_same_state_and_nearly_the_same_residuals(
    cigre: Callable[[], Scans],
) -> None:
    scans, rng = cigre(), np.random.default_rng(1)
    scans.fit(scans.readings())
    for _ in range(5):
        readings = scans.readings(rng)
        shared, alone = scans.fit(readings), cigre()
        fresh = alone.fit(readings)
        np.testing.assert_allclose(shared.solution.v, fresh.solution.v, rtol=0, atol=1e-8)
        assert shared.objective == pytest.approx(fresh.objective, rel=1e-6)
        residuals = scans.topology.normalised_residuals(shared)
        np.testing.assert_allclose(residuals, alone.topology.normalised_residuals(fresh), rtol=0.02, atol=1e-3)


def test_standard_deviations_are_what_one_sigma_of_every_reading_makes_of_the_state(cigre: Callable[[], Scans]) -> None:
    scans = cigre()
    readings = scans.readings()
    fit = scans.fit(readings)
    vm_pu, va_degree = scans.topology.at_buses(fit)
    share = 1e-2  # small enough for h to be linear
    variance = np.zeros((2, len(vm_pu)))
    for row in np.flatnonzero(readings.active):
        measured = readings.measured.copy()
        measured[row] += share * np.sqrt(readings.variance[row])
        moved = scans.topology.at_buses(
            scans.fit(Readings(measured, readings.variance, readings.active, readings.faint))
        )
        variance += (np.array(moved) - [vm_pu, va_degree]) ** 2 / share**2

    std_dev = scans.topology.std_dev_at_buses(fit)
    assert len(scans.topology.measurements.elimination.kept) < len(vm_pu)  # buses without a state of their own
    np.testing.assert_allclose(std_dev, np.sqrt(variance), rtol=2e-3, atol=1e-9)


def test_a_current_read_much_too_small_does_not_make_the_search_wander(
    solved: Nets, metering_plan: Plans, perfect_readings: Perfect
) -> None:
    # Gauss-Newton knows no curvature across the direction of current and jumps to and fro over the optimum.
    net = solved("case33bw")
    plan = metering_plan(net, v=[0], injections=[], lines=[3], flows="i", accuracy=0.005)
    value = perfect_readings(net, plan) * np.array([1.0, 0.3])
    estimator = StateEstimator(NetworkModel(net), plan, identification_threshold=1e9)
    found = estimator.estimate(value, [True, True])
    assert found.converged
    assert found.iterations < 20
    # The search ended at the optimum: from there it goes nowhere.
    again = estimator.estimate(value, [True, True])
    assert again.objective == pytest.approx(found.objective, rel=1e-9)
    np.testing.assert_allclose(again.vm_pu, found.vm_pu, rtol=0, atol=1e-8)


def test_the_gain_matrix_of_a_low_voltage_feeder_is_well_conditioned() -> None:
    # Cables of a few metres, most buses without load, each with its own power meters.
    net = load_feeder("ieee_lv906").net
    plan = plan_of(net, "full")
    scans = Scans(net, plan, np.ones(len(plan)))
    problem = scans.topology._problem
    weight = scans.readings().weights(scans.readings().active)
    jacobian = linearise(problem.rows, problem.cold_starts[0], weight)
    gain = gain_matrix(problem.rows, problem.layout, problem.pattern, jacobian, weight)
    assert factorise(gain, problem.pattern, 1e3 * WELL_CONDITIONED, np.empty(problem.n_state, dtype=bool)) == 0


def test_a_flat_start_is_flat_whatever_charges_the_lines(solved: Nets) -> None:
    admittances = NetworkModel(solved("case118")).admittances()
    assert np.ptp(np.degrees(np.angle(admittances.unloaded_start))) > 15.0
    assert np.ptp(np.degrees(np.angle(admittances.flat_start))) < 1.0
