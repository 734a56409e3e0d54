"""A circuit's admittances phase by phase: the currents of the engine that solved it are admittance times voltage."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.network_model import FROM_END, TO_END
from models.plant.grid_state import GridInputs

FEEDERS = ("ieee4", "ieee13", "ieee34", "ieee37", "ieee123")
Feeders = Callable[[str], Any]


def as_built(feeder: Any) -> GridInputs:
    return feeder.plant.nominal_inputs()


def with_taps_apart(feeder: Any) -> GridInputs:
    """Regulators' phases away from where they stand, each by another number of taps."""
    inputs = as_built(feeder)
    return replace(inputs, phase_tap_pos=feeder.plant.phase_tap_pos(inputs) + np.array([0.0, 2.0, -1.0]))


def with_a_part_dead(feeder: Any) -> GridInputs:
    """A switch in the other position, and a line out of service."""
    inputs = as_built(feeder)
    closed, in_service = inputs.switch_closed.copy(), inputs.line_in_service.copy()
    if len(closed):
        closed[len(closed) // 2] ^= True
    in_service[2 * len(in_service) // 3] = False
    return replace(inputs, switch_closed=closed, line_in_service=in_service)


STATES = (as_built, with_taps_apart, with_a_part_dead)


def admittances_of(feeder: Any, inputs: GridInputs) -> Any:
    return feeder.network.admittances(
        feeder.plant.phase_tap_pos(inputs).ravel(), inputs.switch_closed, inputs.line_in_service
    )


@pytest.mark.parametrize("feeder", FEEDERS)
@pytest.mark.parametrize("state", STATES)
def test_currents_of_the_solved_circuit_are_admittance_times_voltage(
    feeder_by_phase: Feeders, feeder: str, state: Callable[[Any], GridInputs]
) -> None:
    at = feeder_by_phase(feeder)
    inputs = state(at)
    assert at.plant.solve(inputs).converged
    admittances = admittances_of(at, inputs)
    voltages = at.voltages()
    live = admittances.node_of_bus >= 0
    np.testing.assert_array_equal(live, np.isfinite(voltages))

    v = np.empty(admittances.n_node, dtype=complex)
    v[admittances.node_of_bus[live]] = voltages[live]
    drawn = (at.vector("p_{}_mw") + 1j * at.vector("q_{}_mvar"))[live] / admittances.base_mva
    current = (admittances.ybus @ v)[admittances.node_of_bus[live]]
    expected = -np.conj(drawn / voltages[live])
    # The engine's EMF is rounded in the tenth digit, which makes a current behind next to no impedance.
    source = abs(admittances.ybus[admittances.slack_nodes]).sum(axis=0).A1[admittances.node_of_bus[live]] > 0.0
    largest = max(np.abs(expected).max(), 0.01)
    np.testing.assert_allclose(current[~source], expected[~source], atol=1e-8 * largest, rtol=0)
    np.testing.assert_allclose(current[source], expected[source], atol=1e-3)

    assert_flows(at, admittances, v, "line_i_from_{}_ka", admittances.branch_of_line, FROM_END)
    assert_flows(at, admittances, v, "trafo_p_lv_{}_mw", admittances.branch_of_trafo, TO_END)


def assert_flows(at: Any, admittances: Any, v: np.ndarray, pattern: str, branches: np.ndarray, end: int) -> None:
    engine = at.vector(pattern)
    for branch, value in zip(branches.tolist(), engine, strict=True):
        if branch < 0 or np.isnan(value):
            continue
        node, nodes, admittance = admittances.terminal(branch, end)
        if node in admittances.slack_nodes:
            continue
        current = np.dot(admittance, v[nodes])
        ours = (
            abs(current) * admittances.base_ka[node]
            if pattern.endswith("ka")
            else (v[node] * np.conj(current)).real * admittances.base_mva
        )
        np.testing.assert_allclose(ours, value, atol=1e-8 * max(np.nanmax(np.abs(engine)), 1e-3), rtol=0)


def test_a_topology_state_is_compiled_once(feeder_by_phase: Feeders) -> None:
    network = feeder_by_phase("ieee13").network
    built = network.admittances()
    moved = network.admittances(tap_pos=network.initial_tap_pos + 1)
    assert moved is not built
    assert network.admittances() is built


def test_an_open_line_leaves_what_it_fed_without_nodes(feeder_by_phase: Feeders) -> None:
    at = feeder_by_phase("ieee13")
    line = at.net.line.index.get_loc(at.net.line.index[at.net.line.name == "632645"][0])
    in_service = np.ones(len(at.net.line), dtype=bool)
    in_service[line] = False
    opened = at.network.admittances(line_in_service=in_service)
    dead = {
        at.net.bus.name.iloc[k // 3]
        for k in np.flatnonzero(opened.node_of_bus < 0)
        if at.network.present["bus"].flat[k]
    }
    assert dead == {"645", "646"}
    assert (opened.branch_of_line[3 * line : 3 * line + 3] == -1).all()
