"""The summary counts what happened to the grid, what attacks did and what detectors saw."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from models.control.recloser import RecloserState
from mosaik_scenarios import RunResult, Scenario
from mosaik_scenarios.summary import count_events, summarise
from mosaik_scenarios.summary.attacks import summarise_attack
from mosaik_scenarios.summary.detectors import DetectorSummary, summarise_detector
from mosaik_scenarios.summary.grid import energy_mwh, in_operation, minutes_outside
from mosaik_scenarios.summary.protection import RecloserSummary, summarise_reclosers
from mosaik_scenarios.summary.tables import Extreme, highest, lowest, quantity, row_hours
from mosaik_scenarios.summary.text import summary_text

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
    quantities = ["value_measured", "value_received", "forged", "removed"]
    columns = pd.MultiIndex.from_product([quantities, ["v"]], names=["quantity", None])
    rows = [[1, 1, True, True], [1, -2, True, False], [1, np.nan, True, False], [1, 1, True, False]]
    measurement = table(rows, columns=columns)  # type: ignore[arg-type]
    moved = events([("tap", "0", 1, 2)], minutes=[2])
    attack = summarise_attack(
        "bias", START, START + timedelta(minutes=4), measurement, quantity(measurement, "forged").astype(bool), moved
    )
    assert attack.largest_change == Extreme(-3, "v", START + timedelta(minutes=1))
    assert attack.missing_share == 0.25
    assert attack.removed_share == pytest.approx(1 / 3)
    assert attack.taps_moved == 1


def events(rows: list[tuple], minutes: list[float] | None = None) -> pd.DataFrame:
    return table(rows, minutes, columns=["kind", "element", "before", "after"])  # type: ignore[arg-type]


def test_what_goes_back_and_forth_counts_once() -> None:
    happened = [("fault", "line 1", 0, 1), ("fault", "line 1", 1, 0), ("switch", "3", 1, 0), ("switch", "3", 0, 1)]
    assert count_events(events(happened)) == {"fault": 1, "switch": 2}


def test_a_reclosers_sequence_is_told_by_its_trips_reclosures_and_lockout() -> None:
    closed, tripped, waiting, reclosing, lockout, reset = RecloserState
    states = [closed, tripped, waiting, reclosing, reset, tripped, lockout]
    changes = [("recloser", "5", before, after) for before, after in pairwise(states)]
    assert summarise_reclosers(events(changes)) == [RecloserSummary("5", 2, 1, START + timedelta(minutes=5))]


def test_a_fault_is_no_operation() -> None:
    vm_pu = table([[1.0, 0.97], [0.9, 0.1], [1.0, np.nan]])
    assert in_operation(vm_pu).index.tolist() == [vm_pu.index[0], vm_pu.index[2]]


def test_when_each_detector_saw_the_attack_and_for_how_long(small_run: RunResult) -> None:
    seen, missed = summarise(small_run).detectors
    (sighting,) = seen.sightings
    assert (sighting.delay, sighting.alarmed) == (timedelta(minutes=2), timedelta(minutes=28))
    assert sighting.lasted == timedelta(minutes=30)
    assert (seen.name, seen.alarms, seen.false_alarms) == ("chi_square", 2, 1)
    assert seen.alarmed_falsely == timedelta(minutes=1)
    assert (missed.sightings[0].delay, missed.alarms, missed.false_alarms) == (None, 1, 1)


def detector(alarm: list[bool], raised: list[float], attacks: list, disturbances: list) -> DetectorSummary:
    """A detector by the minutes in which it was in alarm and those in which an episode began."""
    columns = pd.MultiIndex.from_tuples([("alarm", "chi_square")], names=["quantity", "element"])
    detection = table([[in_alarm] for in_alarm in alarm], columns=columns)  # type: ignore[arg-type]
    alarms = table([["chi_square"] for _ in raised], minutes=raised, columns=["detector"])  # type: ignore[list-item]
    return summarise_detector("chi_square", detection, alarms, attacks, disturbances)


def window(begin: float, end: float) -> tuple:
    return START + timedelta(minutes=begin), START + timedelta(minutes=end)


def test_an_alarm_that_stands_already_is_no_evidence_of_the_attack() -> None:
    seer = detector([False, True, True, True, False], [1], [window(2, 4)], [])
    (sighting,) = seer.sightings
    assert sighting.stood_before
    assert sighting.delay == timedelta(0)
    assert seer.false_alarms == 1


def test_an_alarm_that_outlasts_its_attack_is_no_false_one() -> None:
    seer = detector([False, True, True, True, False, True], [1, 5], [window(1, 2)], [])
    assert seer.sightings[0].alarmed == timedelta(minutes=1)
    assert seer.sightings[0].outlasted == timedelta(minutes=2)
    assert seer.false_alarms == 1
    assert seer.alarmed_falsely == timedelta(minutes=1)


def test_alarms_at_a_fault_are_no_false_alarms() -> None:
    seer = detector([False, True, False, True], [1, 3], [], [window(1, 2)])
    assert (seer.alarms, seer.alarms_at_faults, seer.false_alarms) == (2, 1, 1)
    assert seer.alarmed_falsely == timedelta(minutes=1)


def test_the_text_says_it_all(small_run: RunResult) -> None:
    lines = [" ".join(line.split()) for line in summary_text(summarise(small_run)).splitlines()]
    for line in (
        "scenario small, feeder ieee33, seed 1",
        "simulated 2h in steps of 1min from 2026-06-17 00:00",
        "lowest voltage 0.9400 pu (bus 2, 2026-06-17 00:30)",
        "outside 0.95-1.05 pu 1 min at one bus or more",
        "outside 0.90-1.10 pu never",
        "without voltage 5 min at one bus or more",
        "energy supplied 6.00 MWh",
        "lowest frequency 49.800 Hz (2026-06-17 00:50)",
        "power flow 119 of 120 steps converged",
        "events 1 attack, 1 fault, 2 switch operations and 1 tap change",
        "temporary fault line 1, 2026-06-17 01:40; 1 bus without voltage, all back by 01:45",
        "recloser at line 1 tripped once and reclosed once",
        "bias 2026-06-17 01:00 to 2026-06-17 01:30",
        "1 channel forged: v bus 2",
        "no tap changes while it lasted",
        "chi_square bias: first alarm 01:02, 2 min after it began; in alarm for 28 min of 30 min (93 %)",
        "1 false alarm (1 min)",
        "largest_residual bias: missed",
    ):
        assert line in lines
