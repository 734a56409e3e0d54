"""Faults in the whole twin: trips and reclosures in their order, supply lost and restored, the record kept finely."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.control.recloser import RecloserState
from mosaik_scenarios import RunResult, Scenario, catalogue, run

CLOSED, TRIPPED, WAITING, RECLOSING, LOCKOUT, RESET = RecloserState
ONE_SHOT = [TRIPPED, WAITING, RECLOSING, RESET]
RECLOSER_LINE = 5
BEHIND_RECLOSER = list(range(6, 18))


@pytest.fixture(scope="module")
def temporary() -> RunResult:
    return run(catalogue.find("fault_temporary").lasting("8s"))


@pytest.fixture(scope="module")
def evening() -> RunResult:
    """Ten minutes of an evening in steps of a minute, with a broken conductor in the sixth."""
    scenario = Scenario(
        start="2026-06-17T19:00:00+02:00",
        duration="10min",
        faults=[{"start": "320s", "kind": "permanent"}],
        recloser={"fault_window": "35s"},
        detectors=(),
    )
    return run(scenario)


def history(result: RunResult, kind: str, element: Any) -> pd.Series:
    events = result.events[(result.events["kind"] == kind) & (result.events["element"].astype(str) == str(element))]
    return events["after"].astype(int)


def seconds(result: RunResult, times: Any) -> np.ndarray:
    return (pd.DatetimeIndex(times) - pd.Timestamp(result.scenario.start)).total_seconds().to_numpy()


def test_a_temporary_fault_is_gone_at_the_first_reclosure(temporary: RunResult) -> None:
    assert history(temporary, "recloser", RECLOSER_LINE).tolist() == ONE_SHOT
    switch = history(temporary, "switch", 1)
    assert switch.tolist() == [0, 1]
    opened_s, closed_s = seconds(temporary, switch.index)
    assert closed_s - opened_s == pytest.approx(0.5 + 0.06, abs=0.02)  # dead time, then the contacts' way


def test_the_current_flows_until_the_contacts_part(temporary: RunResult) -> None:
    current_ka = temporary.protection["line_i_ka"][RECLOSER_LINE]
    time_s = seconds(temporary, current_ka.index)
    opened_s, closed_s = seconds(temporary, history(temporary, "switch", 1).index)
    before, faulted = current_ka[time_s < 5.0], current_ka[(time_s >= 5.0) & (time_s < opened_s - 1e-9)]
    dead = current_ka[(time_s >= opened_s - 1e-9) & (time_s < closed_s - 1e-9)]
    assert faulted.min() > 5 * before.max()
    assert dead.max() < 1e-6


def test_supply_is_restored_to_what_it_was(temporary: RunResult) -> None:
    vm_pu = temporary.bus["vm_pu"][BEHIND_RECLOSER]
    time_s = seconds(temporary, vm_pu.index)
    opened_s, closed_s = seconds(temporary, history(temporary, "switch", 1).index)
    is_dead = (time_s >= opened_s - 1e-9) & (time_s < closed_s - 1e-9)
    assert vm_pu[is_dead].isna().all(axis=None)
    assert vm_pu[~is_dead].notna().all(axis=None)
    np.testing.assert_allclose(vm_pu.iloc[-1], vm_pu.iloc[0], atol=2e-3)


def test_a_permanent_fault_ends_in_lockout_after_every_shot(evening: RunResult) -> None:
    states = history(evening, "recloser", RECLOSER_LINE)
    assert states.tolist() == [*ONE_SHOT, *ONE_SHOT, *ONE_SHOT, TRIPPED, LOCKOUT]
    assert history(evening, "switch", 1).tolist() == [0, 1] * 3 + [0]
    assert evening.protection["recloser_shots"][RECLOSER_LINE].max() == 3


def test_what_lies_behind_a_lockout_stays_dark_and_the_rest_is_supplied(evening: RunResult) -> None:
    last = evening.bus["vm_pu"].iloc[-1]
    assert last[last.isna()].index.tolist() == BEHIND_RECLOSER
    assert evening.bus["p_mw"].iloc[-1][BEHIND_RECLOSER].eq(0).all()
    assert evening.grid["converged"].all(axis=None)


def test_the_other_recloser_leaves_the_fault_to_the_nearer_one(evening: RunResult) -> None:
    head = evening.protection["recloser_state"].columns.drop(RECLOSER_LINE)
    assert evening.protection["recloser_state"][head].isin([CLOSED]).all(axis=None)


def test_the_record_of_the_protection_is_fine_and_every_other_table_keeps_its_step(evening: RunResult) -> None:
    times_s = seconds(evening, evening.protection.index)
    fine = times_s[(times_s >= 320) & (times_s < 355)]
    np.testing.assert_allclose(np.diff(fine), 0.02, atol=1e-6)
    assert len(fine) == 35 / 0.02
    for table in set(evening.tables) - {"protection"}:
        np.testing.assert_allclose(seconds(evening, evening.table(table).index), np.arange(10) * 60.0)
    at_regular_steps = evening.protection.loc[evening.bus.index]
    pd.testing.assert_frame_equal(at_regular_steps["vm_pu"], evening.bus["vm_pu"], check_exact=True)
