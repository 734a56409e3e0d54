"""h(x) against pandapower's results, its Jacobian against finite differences, the gain matrix against dense algebra."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.estimation.solution.elimination import Elimination
from models.estimation.solution.gain_matrix import elimination_order, factor_of_gain, lay_out, rotated_factor
from models.estimation.solution.measurement_model import (
    ACTIVE_POWER,
    CURRENT,
    REACTIVE_POWER,
    RowCollector,
    Rows,
    linearise,
    predict,
)
from models.network_model import FROM_END, TO_END, Admittances, NetworkModel

QUANTITIES = (ACTIVE_POWER, REACTIVE_POWER, CURRENT)


def every_row(admittances: Admittances) -> Rows:
    """Voltage and injections of every node, flows and currents at both ends of every branch."""
    collector = RowCollector()
    for node in range(admittances.n_node):
        collector.voltage(node)
        collector.injection(ACTIVE_POWER, node)
        collector.injection(REACTIVE_POWER, node)
    for branch in range(len(admittances.from_node)):
        for end in (FROM_END, TO_END):
            for quantity in QUANTITIES:
                collector.flow(quantity, branch, end)
    return on_whole_network(collector, admittances)


def on_whole_network(collector: RowCollector, admittances: Admittances) -> Rows:
    """The rows with every node left where it is."""
    return collector.rows(admittances, Elimination(admittances.ybus))


def evaluate(rows: Rows, va_radian: np.ndarray, vm_pu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """h(x) and the dense Jacobian by all angles, then all magnitudes."""
    v = vm_pu * np.exp(1j * va_radian)
    predicted, values = predict(rows, v), linearise(rows, v, np.ones(len(rows.quantity)))
    row = np.repeat(np.arange(len(predicted)), np.diff(rows.term_start))
    jacobian = np.zeros((len(predicted), 2 * len(vm_pu)))
    np.add.at(jacobian, (row, rows.term_node), values[0::2])
    np.add.at(jacobian, (row, len(vm_pu) + rows.term_node), values[1::2])
    return predicted, jacobian


@pytest.fixture(scope="module")
def transmission(solved: Callable[[str], Any]) -> Admittances:
    """The IEEE 14-bus net: meshed, off-nominal taps, a shunt."""
    return NetworkModel(solved("case14")).admittances()


def test_prediction_at_the_solution_is_what_pandapower_reports(solved: Callable[[str], Any]) -> None:
    net = solved("cigre_mv")
    admittances = NetworkModel(net).admittances()
    v = np.empty(admittances.n_node, dtype=complex)
    v[admittances.node_of_bus] = net.res_bus.vm_pu * np.exp(1j * np.radians(net.res_bus.va_degree))
    auxiliary = np.setdiff1d(np.arange(admittances.n_node), admittances.node_of_bus)
    ybus = admittances.ybus.toarray()
    connected = np.setdiff1d(np.arange(admittances.n_node), auxiliary)
    v[auxiliary] = np.linalg.solve(
        ybus[np.ix_(auxiliary, auxiliary)], -ybus[np.ix_(auxiliary, connected)] @ v[connected]
    )

    collector = RowCollector()
    for branch in admittances.branch_of_line:
        for quantity in QUANTITIES:
            collector.flow(quantity, int(branch), FROM_END)
    predicted = predict(on_whole_network(collector, admittances), v)

    p_mw, q_mvar, i_pu = predicted.reshape(-1, 3).T
    base_ka = admittances.base_mva / (np.sqrt(3.0) * net.bus.vn_kv.loc[net.line.from_bus].to_numpy())
    np.testing.assert_allclose(p_mw * admittances.base_mva, net.res_line.p_from_mw, atol=1e-7)
    np.testing.assert_allclose(q_mvar * admittances.base_mva, net.res_line.q_from_mvar, atol=1e-7)
    np.testing.assert_allclose(i_pu * base_ka, net.res_line.i_from_ka, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_jacobian_equals_finite_differences(transmission: Admittances, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, n = every_row(transmission), transmission.n_node
    state = np.concatenate((rng.uniform(-0.5, 0.5, n), rng.uniform(0.9, 1.1, n)))
    _, jacobian = evaluate(rows, state[:n], state[n:])

    step = 1e-6
    for k in range(2 * n):
        ahead, behind = state.copy(), state.copy()
        ahead[k] += step
        behind[k] -= step
        difference = (evaluate(rows, ahead[:n], ahead[n:])[0] - evaluate(rows, behind[:n], behind[n:])[0]) / (2 * step)
        np.testing.assert_allclose(jacobian[:, k], difference, atol=2e-5)


def test_a_current_row_says_nothing_where_no_current_flows(transmission: Admittances) -> None:
    collector = RowCollector()
    line = int(transmission.branch_of_line[-1])  # no charging, no tap
    collector.flow(CURRENT, line, FROM_END)
    predicted, jacobian = evaluate(on_whole_network(collector, transmission), np.zeros(14), np.ones(14))
    assert predicted[0] == pytest.approx(0.0, abs=1e-12)
    assert np.isfinite(jacobian).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_both_factors_equal_the_dense_gain_matrix(transmission: Admittances, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, n = every_row(transmission), transmission.n_node
    layout, pattern = lay_out(rows, elimination_order(rows, n), transmission.reference_nodes)
    va_radian, vm_pu = rng.uniform(-0.3, 0.3, n), rng.uniform(0.95, 1.05, n)
    weight = rng.uniform(0.5, 2.0, len(rows.quantity))
    values = linearise(rows, vm_pu * np.exp(1j * va_radian), weight)

    _, dense = evaluate(rows, va_radian, vm_pu)
    by_state = np.zeros((len(weight), layout.n_state + 1))
    by_state[:, layout.angle_state] = dense[:, :n]
    by_state[:, layout.magnitude_state] = dense[:, n:]
    by_state = by_state[:, : layout.n_state]
    gain = by_state.T @ (weight[:, None] * by_state)

    nothing = np.empty(0)
    factors = (
        factor_of_gain(rows, layout, pattern, values, weight, nothing, nothing),
        rotated_factor(rows, layout, pattern, values, weight),
    )
    for exists, factor in factors:
        column = np.repeat(np.arange(layout.n_state), np.diff(pattern.column_start))
        lower = np.zeros_like(gain)
        lower[pattern.row_index, column] = factor[:-1]
        diagonal = np.diag(lower).copy()
        np.fill_diagonal(lower, 1.0)
        assert exists
        np.testing.assert_allclose(lower @ np.diag(diagonal) @ lower.T, gain, atol=1e-9 * np.abs(gain).max())


def test_every_angle_but_the_reference_is_a_state(transmission: Admittances) -> None:
    rows = every_row(transmission)
    layout, _ = lay_out(rows, elimination_order(rows, transmission.n_node), transmission.slack_nodes)
    states = np.concatenate((layout.angle_state, layout.magnitude_state))
    assert layout.n_state == 2 * transmission.n_node - 1
    assert sorted(states.tolist()) == list(range(2 * transmission.n_node))
    assert layout.angle_state[transmission.slack_nodes[0]] == layout.n_state
