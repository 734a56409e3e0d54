"""Nodes where nothing is drawn leave the equations without a trace: same voltages, same estimate."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.estimation.measurements import measurement_set
from models.estimation.solution import elimination
from models.estimation.solution.elimination import MOST_NEIGHBOURS, Elimination, nodes_to_eliminate
from models.network_model import NetworkModel

Nets = Callable[[str], Any]
Plans = Callable[..., pd.DataFrame]
Readings = Callable[[Any, pd.DataFrame], np.ndarray]


def star(n_branch: int, admittance: complex = 1.0 - 2.0j) -> csr_matrix:
    """Node 0 joined to `n_branch` others."""
    others = np.arange(1, n_branch + 1)
    ybus = np.zeros((n_branch + 1, n_branch + 1), dtype=complex)
    ybus[0, others] = ybus[others, 0] = -admittance
    np.fill_diagonal(ybus, admittance)
    ybus[0, 0] = n_branch * admittance
    return csr_matrix(ybus)


def test_voltages_and_currents_of_what_is_left_are_those_of_the_whole_network(solved: Nets) -> None:
    admittances = NetworkModel(solved("oberrhein")).admittances()
    rng = np.random.default_rng(0)
    silent = rng.random(admittances.n_node) < 0.6
    silent[admittances.slack_nodes] = False
    gone = nodes_to_eliminate(admittances.ybus, silent)
    left = Elimination(admittances.ybus, gone)
    assert len(gone) > 0.5 * silent.sum()
    assert silent[gone].all()

    injected = np.where(silent, 0.0, rng.standard_normal(admittances.n_node) * (1.0 + 1.0j))
    v = np.linalg.solve(admittances.ybus.toarray(), injected)
    v_kept = v[left.kept]

    def total(terms: dict[int, complex]) -> complex:
        return sum(coefficient * v_kept[place] for place, coefficient in terms.items())

    for node in range(admittances.n_node):
        assert total(left.voltage(node)) == pytest.approx(v[node], rel=1e-9)
    for node in left.kept:
        assert total(left.injection(int(node))) == pytest.approx(injected[node], abs=1e-7)
    assert left.injection(gone[0]) == {}
    branch = int(np.flatnonzero(np.isin(admittances.from_node, gone))[0])
    _, nodes, admittance = admittances.terminal(branch, 0)
    assert total(left.current(nodes, admittance)) == pytest.approx(np.dot(admittance, v[nodes]), rel=1e-6)


def test_only_nodes_with_few_neighbours_go() -> None:
    for n_branch in (1, 2, MOST_NEIGHBOURS, MOST_NEIGHBOURS + 1):
        silent = np.arange(n_branch + 1) == 0
        assert nodes_to_eliminate(star(n_branch), silent) == ([0] if n_branch <= MOST_NEIGHBOURS else [])


def test_the_phases_of_a_bus_are_one_neighbour() -> None:
    # Buses of three coupled phases in a row: each phase has two buses, but eight nodes, for neighbours.
    chain = np.diag([1.0, 2.0, 2.0, 1.0]) - np.eye(4, k=1) - np.eye(4, k=-1)
    phases = (2.0 - 5.0j) * np.eye(3) - (0.4 - 1.0j)
    ybus = csr_matrix(np.kron(chain, phases))
    silent = np.repeat([False, True, True, False], 3)
    assert sorted(nodes_to_eliminate(ybus, silent)) == [3, 4, 5, 6, 7, 8]


def test_a_node_in_resonance_with_its_shunt_stays() -> None:
    ybus = star(2).tolil()
    ybus[0, 0] = 0.0
    ybus = csr_matrix(ybus)
    assert nodes_to_eliminate(ybus, np.array([True, False, False])) == []


@pytest.fixture(scope="module")
def noisy_feeder(solved: Nets, metering_plan: Plans, perfect_readings: Readings) -> Callable[[], Estimate]:
    """An estimate of oberrhein, where meters also stand at buses without loads, by the settings of the moment."""
    net = solved("oberrhein")
    plan = metering_plan(net, v=net.bus.index[::2], injections=net.bus.index[::3], lines=net.line.index[::4])
    value = perfect_readings(net, plan)
    value += plan.std_dev.to_numpy() * np.random.default_rng(5).standard_normal(len(plan))

    def estimate() -> Estimate:
        estimator = StateEstimator(NetworkModel(net), plan, identification_threshold=1e9)
        return estimator.estimate(value, np.ones(len(plan), dtype=bool))

    return estimate


def test_the_estimate_is_that_of_sharp_zero_injections_in_the_limit(
    noisy_feeder: Callable[[], Estimate], monkeypatch: pytest.MonkeyPatch
) -> None:
    reduced = noisy_feeder()
    monkeypatch.setattr(elimination, "MOST_NEIGHBOURS", 0)
    monkeypatch.setattr(measurement_set, "ZERO_INJECTION_SHARPNESS", 1e-4)
    whole = noisy_feeder()

    assert reduced.degrees_of_freedom == whole.degrees_of_freedom
    np.testing.assert_allclose(reduced.vm_pu, whole.vm_pu, rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.radians(reduced.va_degree), np.radians(whole.va_degree), rtol=0, atol=1e-9)
    assert reduced.objective == pytest.approx(whole.objective, rel=1e-6)
    np.testing.assert_allclose(reduced.normalised_residual, whole.normalised_residual, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(reduced.vm_pu_std_dev, whole.vm_pu_std_dev, rtol=1e-3)
    np.testing.assert_allclose(reduced.va_degree_std_dev[1:], whole.va_degree_std_dev[1:], rtol=1e-3, atol=1e-9)


def test_a_power_meter_where_nothing_is_drawn_reads_its_own_error(
    solved: Nets, metering_plan: Plans, perfect_readings: Readings
) -> None:
    net = solved("cigre_mv")
    idle = 2  # a bus without load
    assert idle not in set(net.load.bus)
    plan = metering_plan(net, v=[0, 3, 8], injections=[idle])
    value = perfect_readings(net, plan)
    meter = int(np.flatnonzero(plan.name == f"p bus {idle}")[0])
    value[meter] = 2.5 * plan.std_dev[meter]
    found = StateEstimator(NetworkModel(net), plan).estimate(value, np.ones(len(plan), dtype=bool))
    assert found.normalised_residual[meter] == pytest.approx(2.5, rel=1e-6)
    assert found.objective == pytest.approx(2.5**2, rel=1e-3)
