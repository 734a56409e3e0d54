"""The control room estimates the network it is told of: what a switch's state does that is forged, frozen or lost."""

import pandas as pd
import pytest

from mosaik_scenarios import RunResult, Scenario, run

BREAKER = 7  # of the second transformer: half of the network hangs on it
CHANNEL = f"closed switch {BREAKER}"
SCENARIO = Scenario(
    feeder="cigre_mv",
    start="2026-06-17T12:00:00+02:00",
    duration="16min",
    detectors=(),
    telemetry={"loss_probability": 0},
    attacks=[
        {"family": "bias", "start": "2min", "duration": "2min", "channels": [CHANNEL], "bias": -1},
        {"family": "denial", "mode": "missing", "start": "6min", "duration": "2min", "channels": [CHANNEL]},
        {"family": "denial", "mode": "frozen", "start": "9min", "duration": "4min", "channels": [CHANNEL]},
    ],
    switching=[{"switch": BREAKER, "at": "10min", "closed": False}],
)


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run(SCENARIO)


@pytest.fixture(scope="module")
def excess(result: RunResult) -> pd.Series:
    """J(x) over its threshold, by minute."""
    estimate = result.estimate
    ratio = estimate["objective"] / estimate["chi_square_threshold"]
    return ratio.reset_index(drop=True)


def test_an_honest_state_keeps_the_residuals_small(excess: pd.Series) -> None:
    assert (excess[[0, 1, 4, 5, 8, 9]] < 1).all()


def test_a_forged_state_makes_it_estimate_another_network_than_there_is(result: RunResult, excess: pd.Series) -> None:
    assert (excess[[2, 3]] > 10).all()
    assert result.estimate["vm_pu_estimated"][12].isna().tolist()[:5] == [False, False, True, True, False]
    assert result.bus["vm_pu"][12].iloc[:5].notna().all()


def test_with_a_lost_state_it_goes_on_with_the_last_one(result: RunResult, excess: pd.Series) -> None:
    assert result.measurement["value_received"][CHANNEL].iloc[[6, 7]].isna().all()
    assert (excess[[6, 7]] < 1).all()


def test_a_state_frozen_across_a_switching_hides_it(result: RunResult, excess: pd.Series) -> None:
    assert result.bus["vm_pu"][12].iloc[10:].isna().all()
    assert (excess[[10, 11, 12]] > 10).all()
    assert result.estimate["vm_pu_estimated"][12].iloc[10:13].notna().all()


def test_once_told_the_truth_it_estimates_what_is_left(result: RunResult, excess: pd.Series) -> None:
    assert (excess[[13, 14, 15]] < 1).all()
    assert result.estimate["vm_pu_estimated"][12].iloc[13:].isna().all()
