"""The summary counts what happened to the grid, what attacks did and what detectors saw."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from mosaik_scenarios import RunResult, Scenario
from mosaik_scenarios.summary import (
    Extreme,
    energy_mwh,
    highest,
    lowest,
    minutes_outside,
    row_hours,
    summarise,
    summarise_attacks,
    summarise_detectors,
)
from mosaik_scenarios.summary_text import summary_text

START = Scenario().start


def table(values: list[list[float]], minutes: list[float] | None = None, columns: list | None = None) -> pd.DataFrame:
    """Rows a minute apart unless told otherwise."""
    minutes = minutes or list(range(len(values)))
    index = pd.DatetimeIndex([START + timedelta(minutes=minute) for minute in minutes])
    return pd.DataFrame(values, index=index, columns=columns)


def test_extremes_come_with_place_and_time_and_pass_over_what_is_unknown() -> None:
    vm_pu = table([[1.0, np.nan], [0.9, 1.1], [np.nan, 1.0]], columns=[7, 8])
    assert lowest(vm_pu) == Extreme(0.9, 7, START + timedelta(minutes=1))
    assert highest(vm_pu) == Extreme(1.1, 8, START + timedelta(minutes=1))
    assert lowest(table([[np.nan]])) is None
    assert lowest(table([])) is None


def test_a_row_stands_until_the_next_one() -> None:
    hours = row_hours(table([[0]] * 4, minutes=[0, 60, 61, 62]).index)
    assert hours == pytest.approx([1, 1 / 60, 1 / 60, 1 / 60])
    assert row_hours(table([[0]]).index) == [0]


def test_minutes_outside_count_once_however_many_buses_are_outside() -> None:
    vm_pu = table([[0.94, 0.93], [1.0, 1.06], [1.0, np.nan], [0.95, 1.05]])
    assert minutes_outside(vm_pu, 0.95, 1.05) == pytest.approx(2)


def test_energy_weighs_power_with_time_and_leaves_out_what_is_unknown() -> None:
    p_mw = table([[2.0, 1.0], [4.0, 0.0], [np.nan, np.nan]], minutes=[0, 30, 60])
    assert energy_mwh(p_mw) == pytest.approx(1.5 + 2.0)


def test_the_grids_part_of_a_run(small_run: RunResult) -> None:
    grid = summarise(small_run).grid
    assert grid.lowest_voltage == Extreme(0.94, 2, START + timedelta(minutes=30))
    assert grid.minutes_outside == {(0.95, 1.05): pytest.approx(1), (0.90, 1.10): 0}
    assert grid.minutes_without_voltage == pytest.approx(5)
    assert grid.peak_line_loading is not None
    assert (grid.peak_line_loading.value, grid.peak_line_loading.element) == (56, 0)
    assert grid.peak_trafo_loading is None
    assert grid.energy_supplied_mwh == pytest.approx(6.0)
    assert grid.losses_mwh == pytest.approx(0.2)
    assert grid.lowest_frequency == Extreme(49.8, None, START + timedelta(minutes=50))
    assert grid.hottest_spot is not None
    assert grid.hottest_spot.at == START + timedelta(minutes=119)
    assert (grid.steps, grid.steps_not_converged) == (120, 1)


def test_what_an_attack_forged_and_by_how_much(small_run: RunResult) -> None:
    (attack,) = summarise(small_run).attacks
    assert attack.channels == ("v bus 2",)
    assert attack.start == START + timedelta(hours=1)
    assert attack.largest_change is not None
    assert attack.largest_change.value == pytest.approx(0.05)
    assert attack.missing_share == 0


def test_a_change_downwards_keeps_its_sign_and_silence_is_counted() -> None:
    scenario = Scenario(attacks=[{"family": "bias", "start": 0, "duration": "4min", "count": 1, "bias": -1}])
    columns = pd.MultiIndex.from_product(
        [["value_measured", "value_received", "forged"], ["v"]], names=["quantity", None]
    )
    measurement = table([[1, 1, True], [1, -2, True], [1, np.nan, True], [1, 1, True]], columns=columns)  # type: ignore[arg-type]
    (attack,) = summarise_attacks(scenario, measurement)
    assert attack.largest_change == Extreme(-3, "v", START + timedelta(minutes=1))
    assert attack.missing_share == 0.25


def test_when_each_detector_saw_the_attack(small_run: RunResult) -> None:
    seen, missed = summarise(small_run).detectors
    assert (seen.name, seen.delays, seen.alarms, seen.alarms_outside) == ("chi_square", (timedelta(minutes=2),), 2, 1)
    assert (missed.delays, missed.alarms, missed.alarms_outside) == ((None,), 1, 1)


def test_an_alarm_that_stands_already_sees_the_attack_as_it_begins() -> None:
    attack = {"family": "bias", "start": "2min", "duration": "2min", "count": 1, "bias": 1}
    scenario = Scenario(attacks=[attack], detectors=["chi_square"])
    columns = pd.MultiIndex.from_tuples([("alarm", "chi_square")], names=["quantity", "element"])
    detection = table([[False], [True], [True], [True], [False]], columns=columns)  # type: ignore[arg-type]
    alarms = table([["chi_square"]], minutes=[1], columns=["detector"])  # type: ignore[list-item]
    (detector,) = summarise_detectors(scenario, detection, alarms)
    assert detector.delays == (timedelta(0),)
    assert detector.alarms_outside == 1


def test_without_attacks_every_alarm_is_outside() -> None:
    alarms = table([["chi_square"], ["lstm_autoencoder"]], columns=["detector"])  # type: ignore[list-item]
    summaries = summarise_detectors(Scenario(), pd.DataFrame(), alarms)
    assert {detector.name: detector.alarms_outside for detector in summaries} == {
        "chi_square": 1,
        "largest_residual": 0,
        "lstm_autoencoder": 1,
    }


def test_the_text_says_it_all(small_run: RunResult) -> None:
    lines = [" ".join(line.split()) for line in summary_text(summarise(small_run)).splitlines()]
    for line in (
        "scenario small, feeder ieee33, seed 1",
        "simulated 2h in steps of 1min from 2026-06-17 00:00",
        "lowest voltage 0.9400 pu (bus 2, 2026-06-17 00:30)",
        "outside 0.95-1.05 pu 1 min at one bus or more",
        "without voltage 5 min at one bus or more",
        "energy supplied 6.00 MWh",
        "lowest frequency 49.800 Hz (2026-06-17 00:50)",
        "power flow 119 of 120 steps converged",
        "events 2 begins or ends of an attack, 2 switch operations, 1 tap operations",
        "bias 2026-06-17 01:00 to 2026-06-17 01:30",
        "forged v bus 2",
        "chi_square saw bias at 01:02, 2min after it began; 1 alarms outside of attacks",
        "largest_residual missed bias; 1 alarms outside of attacks",
    ):
        assert line in lines
