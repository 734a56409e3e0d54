"""Hour by hour: the recorded loads, imposed taps, chosen hours, and every way in which two series do not fit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mosaik_scenarios.comparison import compare
from mosaik_scenarios.errors import ComparisonError
from networks.feeder import Feeder
from tests.mosaik_scenarios.comparison.conftest import HOURS, Truth

CSV = Callable[..., Path]


def in_kilowatt(truth: Truth) -> pd.DataFrame:
    totals = truth.totals * 1000.0
    return totals.set_axis(["Total_Active_Power", "Total_Reac_Power"], axis=1)


def test_totals_are_reproduced_hour_by_hour(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    comparison = compare(feeder, csv(in_kilowatt(truth)), tolerance=1e-6)
    assert comparison.within_tolerance, comparison.text()
    assert comparison.table()["values"].tolist() == [HOURS] * 3
    assert comparison.table()["unit"].tolist() == ["kW", "%", "kvar"]


def test_a_known_error_at_one_hour_is_found_there(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    totals = in_kilowatt(truth)
    totals.loc[17, "Total_Active_Power"] *= 1.01
    totals.loc[30, "Total_Reac_Power"] += 7.0
    comparison = compare(feeder, csv(totals), tolerance=0.5)
    kilowatt, percent, kilovar = comparison.table().to_dict("records")
    assert kilowatt["max"] == pytest.approx(totals.loc[17, "Total_Active_Power"] / 101, rel=1e-6)
    assert percent["max"] == pytest.approx(100 / 101, rel=1e-6)
    assert percent["worst"] == "hour 17"
    assert (kilovar["max"], kilovar["worst"]) == (pytest.approx(7.0, abs=1e-5), "hour 30")
    assert comparison.within_tolerance is False
    assert comparison.worst["place"].iloc[0] == "hour 17"


def test_voltages_are_reproduced_hour_by_hour(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    comparison = compare(feeder, csv(truth.vm_pu))
    (voltage,) = comparison.table().to_dict("records")
    assert voltage["values"] == HOURS * 5
    assert voltage["max"] < 1e-8


def test_hours_stated_in_a_column_may_be_any_in_any_order(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    some = truth.vm_pu.iloc[[40, 3, 17]].rename_axis("hour").reset_index()
    some.loc[some.hour == 17, "bus1003"] += 0.01
    comparison = compare(feeder, csv(some))
    assert comparison.hours is not None
    assert comparison.hours.tolist() == [3, 17, 40]
    assert comparison.table()["worst"].iloc[0] == "bus bus1003, hour 17"
    later = compare(feeder, csv(some), hours="18:48")
    assert later.table()["max"].iloc[0] < 1e-8


def test_times_are_hours_since_the_first_reading(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    some = truth.vm_pu.iloc[[25]].copy()
    some.insert(0, "time", "2017-01-02 01:00")
    comparison = compare(feeder, csv(some))
    assert comparison.hours is not None
    assert comparison.hours.tolist() == [25]
    assert comparison.table()["max"].iloc[0] < 1e-8
    some["time"] = "2017-01-02 01:30"
    with pytest.raises(ComparisonError, match="expected times in whole hours"):
        compare(feeder, csv(some))


@pytest.mark.parametrize("rows", [slice(None), slice(5, 20)])
def test_a_range_of_hours_takes_them_from_the_year_or_all_rows(
    feeder: Feeder, csv: CSV, truth: Truth, rows: slice
) -> None:
    comparison = compare(feeder, csv(in_kilowatt(truth).iloc[rows]), hours="5:20")
    assert comparison.hours is not None
    assert comparison.hours.tolist() == list(range(5, 20))
    assert comparison.table()["max"].max() < 1e-4


@pytest.mark.parametrize(
    ("hours", "problem"),
    [
        ("20:5", "the first one below the second"),
        ("5:5", "the first one below the second"),
        ("0:49", "expected hours within the 48"),
        ("a:b", "expected hours such as 0:168"),
        ("5", "expected hours such as 0:168"),
        ((1, 2, 3), "the first hour and the one after the last"),
        (range(0, 10, 2), "expected hours in a row"),
    ],
)
def test_a_range_that_is_none_is_refused(feeder: Feeder, csv: CSV, truth: Truth, hours: str, problem: str) -> None:
    with pytest.raises(ComparisonError, match=problem):
        compare(feeder, csv(in_kilowatt(truth)), hours=hours)


def test_another_number_of_hours_is_refused(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    with pytest.raises(ComparisonError, match="expected 48 rows, the hours of the feeder's loads, got 47"):
        compare(feeder, csv(in_kilowatt(truth).iloc[:-1]))
    with pytest.raises(ComparisonError, match=r"expected 10 rows for the hours 0:10, or 48 rows.*got 9"):
        compare(feeder, csv(in_kilowatt(truth).iloc[:9]), hours="0:10")


def test_hours_that_are_twice_there_or_beyond_the_record_are_refused(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    table = in_kilowatt(truth).iloc[:2]
    for hours, problem in (([3, 3], "hour 3 is there twice"), ([3, 48], "hours from 0 to 47"), ([40, 41], "got none")):
        with pytest.raises(ComparisonError, match=problem):
            compare(feeder, csv(table.assign(hour=hours)), hours="0:20" if 41 in hours else None)


def test_megawatt_for_kilowatt_is_refused_and_can_be_said(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    megawatt = csv(in_kilowatt(truth) / 1000.0)
    with pytest.raises(ComparisonError, match=r"about 0.001 times the twin's .* state its unit with --unit MW"):
        compare(feeder, megawatt)
    assert compare(feeder, megawatt, unit="MW", tolerance=1e-6).within_tolerance
    watt = csv(in_kilowatt(truth) * 1000.0)
    with pytest.raises(ComparisonError, match="state its unit with --unit W"):
        compare(feeder, watt)


def test_generation_for_consumption_and_zeros_are_refused(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    with pytest.raises(ComparisonError, match="has the other sign than the twin's"):
        compare(feeder, csv(-in_kilowatt(truth)))
    with pytest.raises(ComparisonError, match="is zero throughout"):
        compare(feeder, csv(0.0 * in_kilowatt(truth)))


def test_a_feeder_without_recorded_loads_has_no_hours(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    with pytest.raises(ComparisonError, match="feeder small comes without recorded loads"):
        compare(replace(feeder, recorded_loads=None), csv(in_kilowatt(truth)))


def test_one_row_without_an_hour_is_the_nominal_power_flow(feeder: Feeder, csv: CSV) -> None:
    comparison = compare(replace(feeder, recorded_loads=None), csv("bus1001,bus1002\n1.0,1.0\n"))
    assert comparison.hours is None


def test_hours_without_a_solution_are_said_and_miss_every_tolerance(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    loads = feeder.recorded_loads
    assert loads is not None
    loads.p_mw.iloc[20] *= 1000.0
    comparison = compare(feeder, csv(in_kilowatt(truth)), tolerance=1.0)
    assert comparison.unsolved == (20,)
    assert comparison.table()["max"].iloc[0] < 1e-3
    assert comparison.within_tolerance is False
    assert "No solution of the twin's power flow at 1 hours" in comparison.text()


@pytest.fixture(scope="module")
def walking() -> pd.DataFrame:
    """Taps by phase that wander apart, their mean no whole tap."""
    hours = np.arange(HOURS)
    return pd.DataFrame({"TapA": hours % 7 - 2, "TapB": hours % 5, "TapC": hours % 3 + 3})


def test_taps_by_phase_are_imposed_by_their_mean(feeder: Feeder, csv: CSV, walking: pd.DataFrame) -> None:
    truth = Truth(walking.mean(axis=1).to_numpy())
    taps = csv(walking, name="taps.csv")
    assert compare(feeder, csv(truth.vm_pu), taps=taps).table()["max"].iloc[0] < 1e-8
    assert compare(feeder, csv(truth.vm_pu)).table()["max"].iloc[0] > 0.01
    week = compare(feeder, csv(truth.vm_pu), taps=taps, hours="10:20")
    assert week.table()["max"].iloc[0] < 1e-8
    assert "by their mean over the phases" in week.text()


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"TapD": 1}, "column 'TapD' means no tap changer of the feeder"),
        ({"TapA": 1, "TapB": 1}, "no taps for phase c"),
        ({"TapA": 1, "tap_a": 1, "TapB": 1, "TapC": 1}, "mean the same tap changer"),
        ({"tap": 17}, "expected taps from -16 to 16, got 17"),
        ({"tap": 1.025}, "expected whole tap positions"),
    ],
)
def test_taps_that_do_not_fit_are_refused(
    feeder: Feeder, csv: CSV, truth: Truth, columns: dict[str, float], problem: str
) -> None:
    taps = csv(pd.DataFrame(columns, index=range(HOURS)), name="taps.csv")
    with pytest.raises(ComparisonError, match=problem):
        compare(feeder, csv(in_kilowatt(truth)), taps=taps)


def test_taps_are_needed_for_every_hour(feeder: Feeder, csv: CSV, truth: Truth) -> None:
    taps = csv(pd.DataFrame({"hour": range(40), "tap": 2}), name="taps.csv")
    with pytest.raises(ComparisonError, match="no taps for 8 of 48 hours, the first is 40"):
        compare(feeder, csv(in_kilowatt(truth)), taps=taps)
    assert compare(feeder, csv(in_kilowatt(truth)), taps=taps, hours="0:40", tolerance=1e-6).within_tolerance
    with pytest.raises(ComparisonError, match="no file"):
        compare(feeder, csv(in_kilowatt(truth)), taps="nowhere.csv")


REGULATOR = {
    "trafo": 0, "controlled_bus": 3, "vm_set_pu": 1.0, "bandwidth_pu": 0.01, "delay_s": 30.0, "inter_tap_delay_s": 5.0,
    "tap_min": -16, "tap_max": 16, "raise_direction": 1,
}  # fmt: skip


def test_the_feeders_own_regulators_carry_the_taps_from_hour_to_hour(feeder: Feeder, csv: CSV) -> None:
    regulated = replace(feeder, regulators=pd.DataFrame([REGULATOR]))
    guess = csv(pd.DataFrame({"tap": [0] * HOURS}), name="guess.csv")
    first = compare(regulated, guess)
    assert first.taps is not None
    taps = first.taps.twin[:, 0]
    assert len(set(taps)) > 1
    assert compare(regulated, csv(pd.DataFrame({"tap": taps}))).taps.within_percent == (100.0, 100.0)  # type: ignore[union-attr]
    vm_pu = Truth(taps).vm_pu
    assert compare(regulated, csv(vm_pu)).table()["max"].iloc[0] < 1e-8
    sampled = vm_pu.iloc[[9, 33]].rename_axis("hour").reset_index()
    assert compare(regulated, csv(sampled)).table()["max"].iloc[0] < 1e-8


def test_taps_over_time_are_compared_tap_by_tap(feeder: Feeder, csv: CSV) -> None:
    positions = pd.DataFrame({"TapA": 2, "TapB": 2, "TapC": 4}, index=range(HOURS))
    comparison = compare(feeder, csv(positions), tolerance=0)
    assert comparison.within_tolerance
    assert "median of the phases" in comparison.text()
    positions.loc[7, ["TapA", "TapB"]] = 5
    comparison = compare(feeder, csv(positions), tolerance=1)
    assert comparison.within_tolerance is False
    assert comparison.worst["hour"].iloc[0] == 7
    assert comparison.taps is not None
    assert comparison.taps.within_percent == pytest.approx((100 * 47 / 48, 100 * 47 / 48))
