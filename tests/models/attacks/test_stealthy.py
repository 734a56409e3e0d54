"""Stealthy false data injection against the control room's estimator, and what knowledge it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest

from models.attacks.attacker import Attacker
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.estimation.estimator import Estimate, StateEstimator
from models.estimation.measurements.channel_readings import ChannelReadings
from models.estimation.measurements.metering_plan import read_plan
from models.network_model import NetworkModel
from models.plant.power_flow import PowerFlow
from models.telemetry.meters import Meters, MeterSettings
from models.telemetry.quality import Telemetry

SEEDS = range(4)
LEARNED = 0.8  # what the control room expects of loads, over their nominal power: the attacker does not know it
BUS, LINE, OPEN_SWITCH = 8, 3, 2


@dataclass(frozen=True, eq=False)
class Town:
    """The medium-voltage network of CIGRE with meters, and its control room."""

    net: Any
    plan: pd.DataFrame
    meters: Meters
    truth: dict[str, Any]
    estimator: StateEstimator

    def reading(self, seed: int) -> np.ndarray:
        return self.meters.true_values(self.truth) + self.meters.std_dev * np.random.default_rng(seed).standard_normal(
            len(self.plan)
        )

    def estimate(self, value: np.ndarray) -> Estimate:
        load = self.net.load
        return self.estimator.estimate(
            value, np.ones(len(value), dtype=bool), LEARNED * load.p_mw.to_numpy(), LEARNED * load.q_mvar.to_numpy()
        )


@pytest.fixture(scope="module")
def town() -> Town:
    net = pandapower.networks.create_cigre_network_mv()
    # Loads at half of the buses are metered, those at the others only forecast.
    metered = [0, 3, 5, 8, 10, 12, 14]
    points = [("v", "bus", bus, None) for bus in (0, 1, 3, 6, 8, 10, 12, 14)]
    points += [(kind, "bus", bus, None) for bus in metered for kind in "pq"]
    points += [(kind, "line", line, "from") for line in (0, 1, 3, 6, 10) for kind in "pq"]
    points += [("i", "line", 4, "from")]
    plan = pd.DataFrame(points, columns=["measurement_type", "element_type", "element", "side"])
    plan["name"] = [f"{kind} {where} {element}" for kind, where, element, _ in points]
    plan["std_dev"] = plan.measurement_type.map({"v": 0.002, "p": 0.02, "q": 0.02, "i": 0.001})
    plan["full_scale"] = 1.0
    flow = PowerFlow(net)
    inputs = flow.nominal_inputs()
    inputs.load[:] *= LEARNED * np.random.default_rng(1).uniform(0.9, 1.1, len(inputs.load))
    truth = vars(flow.solve(inputs))
    nobody = np.random.default_rng(0)
    meters = Meters(plan, flow.network.order(), MeterSettings.ideal(), nobody, nobody)
    return Town(net, plan, meters, truth, StateEstimator(NetworkModel(net), plan, max_removals=0))


@pytest.fixture
def surface(town: Town) -> AttackSurface:
    ends = town.net.line.from_bus
    buses = [e if kind == "bus" else ends[e] for kind, e in zip(town.plan.element_type, town.plan.element, strict=True)]
    return AttackSurface.of_plan(town.plan, buses, net=town.net)


@pytest.fixture
def attacked(town: Town, surface: AttackSurface) -> Callable[..., list[tuple[Estimate, Estimate, Attacker]]]:
    """Estimates of the clean and of the forged reading, under some seeds' noise."""

    def estimates(**goal: Any) -> list[tuple[Estimate, Estimate, Attacker]]:
        pairs = []
        for seed in SEEDS:
            attacker = Attacker([{"family": "stealthy", "start_s": 0.0, "duration_s": 60.0, **goal}], surface, seed)
            clean = town.reading(seed)
            n = len(clean)
            forged = attacker.step(0.0, Telemetry(clean, np.zeros(n), np.zeros(n, dtype=np.int8))).value
            changed = forged != clean
            assert (changed == attacker.forged).all()
            assert changed.any()
            pairs.append((town.estimate(clean), town.estimate(forged), attacker))
        return pairs

    return estimates


def largest_residual(estimate: Estimate) -> float:
    return float(np.nanmax(estimate.normalised_residual))


def assert_unseen(pairs: list[tuple[Estimate, Estimate, Attacker]]) -> None:
    for clean, forged, _ in pairs:
        assert forged.objective == pytest.approx(clean.objective, abs=0.5)
        assert largest_residual(forged) == pytest.approx(largest_residual(clean), abs=0.15)


def test_h_of_x_is_what_meters_read(town: Town) -> None:
    network = town.estimator.network
    h = ChannelReadings(read_plan(town.plan, network)).at(
        network.admittances(), town.truth["vm_pu"], town.truth["va_degree"]
    )
    np.testing.assert_allclose(h, town.meters.true_values(town.truth), atol=1e-8)


def test_with_full_knowledge_a_voltage_moves_as_wanted_and_no_residual_with_it(attacked: Callable) -> None:
    pairs = attacked(bus=BUS, vm_change_pu=0.03)
    assert_unseen(pairs)
    for clean, forged, attacker in pairs:
        assert forged.vm_pu[BUS] - clean.vm_pu[BUS] == pytest.approx(0.03, abs=0.001)
        assert attacker.magnitude[0] > 10


def test_a_flow_is_hidden_and_power_stolen_as_quietly(town: Town, attacked: Callable) -> None:
    hidden = attacked(line=LINE, flow_factor=0.7)
    assert_unseen(hidden)
    network = town.estimator.network
    h = ChannelReadings(read_plan(town.plan[town.plan.name == f"p line {LINE}"], network))
    flows = [h.at(network.admittances(), e.vm_pu, e.va_degree)[0] for pair in hidden for e in pair[:2]]
    np.testing.assert_allclose(np.divide(flows[1::2], flows[::2]), 0.7, atol=0.03)

    stolen = attacked(bus=BUS, p_change_mw=-0.2)
    assert_unseen(stolen)
    h = ChannelReadings(read_plan(town.plan[town.plan.name == f"p bus {BUS}"], network))
    for clean, forged, _ in stolen:
        drawn, believed = (h.at(network.admittances(), e.vm_pu, e.va_degree)[0] for e in (clean, forged))
        assert believed - drawn == pytest.approx(-0.2, abs=0.02)


@pytest.mark.parametrize(
    "short_of",
    [{"access": 0.4}, {"buses": [8]}, {"impedance_error_percent": 60.0}, {"stale_switches": [OPEN_SWITCH]}],
    ids=lambda short_of: next(iter(short_of)),
)
def test_with_less_knowledge_or_access_residuals_rise(attacked: Callable, short_of: dict[str, Any]) -> None:
    goal: dict[str, Any] = {"bus": BUS, "vm_change_pu": 0.03}
    if not {"access", "buses"} & short_of.keys():
        goal = {"line": LINE, "flow_factor": -2.0}
    rise = [forged.objective - clean.objective for clean, forged, _ in attacked(**goal, **short_of)]
    assert np.mean(rise) > 1.0


def test_only_what_is_in_reach_is_written(surface: AttackSurface, attacked: Callable) -> None:
    for *_, attacker in attacked(bus=BUS, vm_change_pu=0.03, buses=[8, 3]):
        assert {surface.bus[position] for position in np.flatnonzero(attacker.forged)} <= {8, 3}
    lots = {attacker.attacks[0].target_names for *_, attacker in attacked(bus=BUS, vm_change_pu=0.03, access=0.5)}
    assert len(lots) > 1
    assert {len(names) for names in lots} == {round(0.5 * len(surface.names))}


def test_nothing_is_forged_where_the_attacker_hears_too_little(town: Town, surface: AttackSurface) -> None:
    attack = {"family": "stealthy", "start_s": 0.0, "duration_s": 9.0, "bus": BUS, "vm_change_pu": 0.03}
    silence = np.full(len(town.plan), np.nan)
    attacker = Attacker([attack], surface, 0)
    received = attacker.step(0.0, Telemetry(silence, silence, np.full(len(silence), 2, dtype=np.int8)))
    assert np.isnan(received.value).all()
    assert not attacker.forged.any()


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ({}, "one goal: .* got none"),
        ({"bus": 1}, "got none with bus 1"),
        ({"vm_change_pu": 0.1}, "got vm_change_pu with bus None"),
        ({"bus": 1, "vm_change_pu": 0.1, "p_change_mw": 1.0}, "got vm_change_pu, p_change_mw"),
        ({"bus": 99, "vm_change_pu": 0.1}, "no bus 99"),
        ({"line": 99, "flow_factor": 0.5}, "no line 99"),
        ({"bus": 1, "vm_change_pu": 0.1, "stale_switches": [99]}, "no switch 99"),
        ({"bus": 1, "vm_change_pu": 0.1, "access": 0.0}, "access must be above 0"),
        ({"bus": 1, "vm_change_pu": 0.1, "buses": [1], "channels": ["v bus 1"]}, "not both"),
    ],
)
def test_an_attack_without_one_goal_is_refused(surface: AttackSurface, goal: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        Attacker([{"family": "stealthy", "start_s": 0.0, "duration_s": 1.0, **goal}], surface, 0)
