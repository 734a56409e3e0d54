"""What attacks did to the plant and to the bill, against the same run without them."""

from datetime import timedelta
from itertools import pairwise

import pytest

from mosaik_scenarios import RunResult, Scenario, run
from mosaik_scenarios.campaigns import with_campaign
from mosaik_scenarios.consequences import Consequence, clean_twin, consequences, read_consequences
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.summary import summarise

THEFT = {"family": "theft", "start": "2min", "duration": "4min", "factor": 0.5, "channels": ["p bus 29", "q bus 29"]}
OPENED = {"family": "breaker_command", "start": "8min", "duration": "3min", "switch": 1}
TAPPED = {"family": "tap_command", "start": "14min", "duration": "4min", "trafo": 0, "steps": 8}
SCENARIO = Scenario(
    start="2026-06-17T12:00:00+02:00",
    duration="20min",
    attacks=[THEFT, OPENED, TAPPED],
    telemetry={"loss_probability": 0},
    detectors=(),
)


@pytest.fixture(scope="module")
def attacked() -> RunResult:
    return run(SCENARIO)


@pytest.fixture(scope="module")
def found(attacked: RunResult) -> dict[str, Consequence]:
    return {consequence.of: consequence for consequence in consequences(attacked)}


def test_every_attack_answers_until_the_next_one_begins(found: dict[str, Consequence]) -> None:
    assert list(found) == ["0 theft", "1 breaker_command", "2 tap_command", "whole run"]
    minutes = [(c.end - c.start).total_seconds() / 60 for c in found.values()]
    assert minutes == [6, 6, 6, 20]


def test_theft_costs_the_supplier_and_nobody_else(attacked: RunResult, found: dict[str, Consequence]) -> None:
    drawn_mw = attacked.bus["p_mw"][29].iloc[2:6]
    theft = found["0 theft"]
    assert theft.energy_not_billed_mwh == pytest.approx(0.5 * drawn_mw.sum() / 60, rel=0.05)
    assert theft.energy_not_supplied_mwh == theft.minutes_without_voltage == 0


def test_an_opened_breaker_leaves_customers_without(found: dict[str, Consequence]) -> None:
    opened = found["1 breaker_command"]
    assert opened.minutes_without_voltage == pytest.approx(3)
    assert opened.energy_not_supplied_mwh > 0.01
    assert opened.energy_not_billed_mwh == 0


def test_forged_tap_commands_wear_the_tap_changer_and_move_the_voltage(found: dict[str, Consequence]) -> None:
    tapped = found["2 tap_command"]
    assert tapped.tap_operations >= 8
    assert abs(tapped.largest_voltage_change_pu) > 0.02
    assert found["whole run"].tap_operations >= tapped.tap_operations


def test_the_summary_tells_them_once_somebody_has_asked(attacked: RunResult, found: dict[str, Consequence]) -> None:
    assert read_consequences(attacked) == tuple(found.values())
    text = attacked.summary()
    assert "Consequences\n  0 theft" in text
    assert f"+{found['2 tap_command'].tap_operations} tap operations" in text
    assert summarise(attacked).consequences == tuple(found.values())


def test_only_the_twin_without_attacks_is_compared_with(attacked: RunResult) -> None:
    with pytest.raises(ScenarioError, match="same scenario without attacks"):
        consequences(attacked, attacked)
    assert not clean_twin(attacked.scenario).attacks


def test_a_campaign_fills_a_scenario_by_its_seed() -> None:
    kinds = [{"family": "bias", "parameters": {"count": 2}, "ranges": {"bias_sigma": [4, 8]}, "signs": ["bias_sigma"]}]
    day = Scenario(detectors=())
    drawn = with_campaign(day, kinds, count=8, duration=("10min", "30min"), gap="1h")
    assert drawn == with_campaign(day, kinds, count=8, duration=("10min", "30min"), gap="1h")
    assert drawn != with_campaign(day.with_overrides({"seed": 2}), kinds, 8, ("10min", "30min"), "1h")
    assert len(drawn.attacks) == 8
    for before, after in pairwise(drawn.attacks):
        assert (after.start - before.start - before.duration).total_seconds() >= 3600
    assert all(attack.start % day.step == attack.duration % day.step == timedelta(0) for attack in drawn.attacks)
