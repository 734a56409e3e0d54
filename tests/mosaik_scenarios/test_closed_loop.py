"""The whole twin under mosaik: what repeats, what an attack changes and when, and that a lie moves a real tap."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mosaik_scenarios import RunResult, Scenario, run

BASE: dict[str, Any] = {"start": "2026-06-17T10:00:00+02:00", "duration": "20min", "detectors": ()}
TOLD_LOW = {"family": "bias", "start": "5min", "duration": "10min", "channels": ["v bus 0"], "bias": -0.04}
ATTACKED = Scenario(regulator={"source": "measured"}, attacks=[TOLD_LOW], **BASE)
CLEAN = ATTACKED.with_overrides({"attacks": []})
ATTACK_START = pd.Timestamp("2026-06-17T10:05:00+02:00")
ATTACK_END = pd.Timestamp("2026-06-17T10:15:00+02:00")


@pytest.fixture(scope="module")
def clean() -> RunResult:
    return run(CLEAN)


@pytest.fixture(scope="module")
def attacked() -> RunResult:
    return run(ATTACKED)


def tables_of(result: RunResult) -> dict[str, pd.DataFrame]:
    return {name: result.table(name) for name in result.tables} | {"events": result.events, "alarms": result.alarms}


def assert_same(first: dict[str, pd.DataFrame], second: dict[str, pd.DataFrame]) -> None:
    assert first.keys() == second.keys()
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name], check_exact=True, obj=name)


def before(time: pd.Timestamp, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: table[table.index < time] for name, table in tables.items()}


def taps(result: RunResult) -> pd.Series:
    return result.trafo["tap_pos"][0]


def test_the_same_seed_gives_the_same_tables_to_the_last_bit(attacked: RunResult) -> None:
    assert_same(tables_of(attacked), tables_of(run(ATTACKED)))


def test_another_seed_gives_other_loads_and_other_noise(clean: RunResult) -> None:
    other = run(CLEAN.with_overrides({"seed": 2}))
    assert (clean.bus["vm_pu"][32] != other.bus["vm_pu"][32]).all()
    noise, other_noise = (
        result.measurement["value_measured"]["v bus 0"] - result.bus["vm_pu"][0] for result in (clean, other)
    )
    assert (noise != other_noise).any()


def test_an_attacked_run_is_the_clean_run_until_the_attack_begins(clean: RunResult, attacked: RunResult) -> None:
    first, second = (before(ATTACK_START, tables_of(result)) for result in (clean, attacked))
    assert len(first["bus"]) == 5
    labels = second.pop("attack")
    assert not labels["active"].any(axis=None)
    assert_same(first, second)


def test_from_then_on_only_the_target_is_forged(clean: RunResult, attacked: RunResult) -> None:
    received, clean_received = (result.measurement["value_received"].loc[ATTACK_START] for result in (attacked, clean))
    differs = received != clean_received
    assert differs.index[differs & received.notna()].tolist() == ["v bus 0"]
    assert received["v bus 0"] - clean_received["v bus 0"] == pytest.approx(-0.04)
    forged = attacked.measurement["forged"].any()
    assert forged.index[forged].tolist() == ["v bus 0"]


def test_a_forged_voltage_moves_a_real_tap_and_the_real_voltage_with_it(clean: RunResult, attacked: RunResult) -> None:
    under_attack = slice(ATTACK_START + pd.Timedelta("2min"), ATTACK_END - pd.Timedelta("1s"))
    moved = taps(attacked).loc[under_attack] - taps(clean).loc[under_attack]
    assert moved.is_monotonic_increasing
    assert moved.iloc[-1] >= 4
    raised = attacked.bus["vm_pu"][0].loc[under_attack] - clean.bus["vm_pu"][0].loc[under_attack]
    step_pu = raised.iloc[-1] / moved.iloc[-1]
    np.testing.assert_allclose(raised, moved * step_pu, atol=2e-3)
    assert raised.iloc[-1] > 0.025
    # The control room sees what it was told: a voltage in its band.
    assert attacked.measurement["value_received"]["v bus 0"].loc[under_attack].iloc[-1] == pytest.approx(1.0, abs=0.01)


def test_without_the_lie_the_tap_comes_back(attacked: RunResult) -> None:
    after = taps(attacked).loc[ATTACK_END:]
    assert after.iloc[-1] < after.iloc[0]


def test_the_attack_is_labelled_in_the_events(clean: RunResult, attacked: RunResult) -> None:
    label = attacked.events[attacked.events["kind"] == "attack"]
    assert label.index.tolist() == [ATTACK_START, ATTACK_END]
    assert label["after"].tolist() == [1, 0]
    assert "attack" not in set(clean.events["kind"])


def test_a_regulator_that_acts_on_the_estimate_is_not_moved_by_one_forged_meter() -> None:
    attacked = run(ATTACKED.with_overrides({"regulator.source": "estimated", "telemetry.metering": "full"}))
    assert attacked.measurement["removed"]["v bus 0"].loc[ATTACK_START : ATTACK_END - pd.Timedelta("1s")].all()
    assert taps(attacked).nunique() <= 2
