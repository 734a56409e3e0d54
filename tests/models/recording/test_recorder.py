"""The recorder keeps values bit for bit, notes changes and alarms, and refuses what has no name."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.errors import InvalidParameterError
from models.recording.recorder import Recorder

START = "2026-06-17T00:00:00+02:00"


def record(folder: Path, rows: list[dict[str, Any]], step_s: float = 60.0, **params: Any) -> None:
    """Record one row a step and close."""
    recorder = Recorder(folder, START, **params)
    for number, row in enumerate(rows):
        recorder.record(number * step_s, row)
    recorder.close()


def events_of(folder: Path) -> list[tuple[Any, ...]]:
    return list(pd.read_parquet(folder / "events.parquet").itertuples(index=False, name=None))


@settings(deadline=None, max_examples=30)
@given(
    values=arrays.arrays(float, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(width=64)),
    chunk_rows=st.integers(1, 25),
)
def test_values_are_kept_bit_for_bit_whatever_the_chunks(
    values: np.ndarray, chunk_rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("run")
    rows = [{"bus/vm_pu": row} for row in values]
    record(folder, rows, elements={"bus": [0, 1, 2]}, chunk_rows=chunk_rows)
    kept = pd.read_parquet(folder / "bus.parquet")
    assert kept.columns.tolist() == ["time_s", "vm_pu/0", "vm_pu/1", "vm_pu/2"]
    assert kept["time_s"].tolist() == [60.0 * number for number in range(len(values))]
    assert kept.iloc[:, 1:].to_numpy().tobytes() == values.tobytes()


def test_types_and_scalars_are_kept(tmp_path: Path) -> None:
    row = {"grid/converged": np.True_, "grid/p_loss_mw": 0.2, "trafo/tap_pos": np.array([3], dtype=np.int8)}
    record(tmp_path, [row, row], elements={"trafo": [7]})
    assert pd.read_parquet(tmp_path / "grid.parquet").dtypes.astype(str).tolist() == ["float64", "bool", "float64"]
    assert pd.read_parquet(tmp_path / "trafo.parquet")["tap_pos/7"].tolist() == [3, 3]


def test_names_of_a_quantity_go_before_those_of_its_table(tmp_path: Path) -> None:
    row = {"bus/vm_pu": np.ones(2), "bus/slack_p_mw": np.ones(1)}
    record(tmp_path, [row], elements={"bus": [4, 5], "bus/slack_p_mw": ["grid"]})
    columns = pd.read_parquet(tmp_path / "bus.parquet").columns
    assert columns.tolist() == ["time_s", "slack_p_mw/grid", "vm_pu/4", "vm_pu/5"]


def test_only_dense_tables_get_the_rows_between_regular_steps(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, START, dense_tables=["protection"])
    for time_s, regular in ((0.0, True), (0.02, False), (0.04, False), (60.0, True)):
        recorder.record(time_s, {"bus/lowest": 1.0, "protection/shots": 0}, regular)
    recorder.close()
    assert pd.read_parquet(tmp_path / "bus.parquet")["time_s"].tolist() == [0.0, 60.0]
    assert pd.read_parquet(tmp_path / "protection.parquet")["time_s"].tolist() == [0.0, 0.02, 0.04, 60.0]


def test_every_change_of_a_watched_vector_is_an_event(tmp_path: Path) -> None:
    taps = [[0, 5], [0, 5], [1, 4], [1, 4], [2, 4]]
    record(tmp_path, [{"events/tap": np.array(tap)} for tap in taps], elements={"events/tap": ["T1", "T2"]})
    assert events_of(tmp_path) == [(120.0, "tap", "T1", 0, 1), (120.0, "tap", "T2", 5, 4), (240.0, "tap", "T1", 1, 2)]


def test_a_recorded_vector_can_be_watched_as_well(tmp_path: Path) -> None:
    rows = [{"switch/closed": np.array([closed])} for closed in (True, False)]
    record(tmp_path, rows, elements={"switch": [9]}, watch={"switch/closed": "breaker"})
    assert events_of(tmp_path) == [(60.0, "breaker", "9", 1, 0)]
    assert pd.read_parquet(tmp_path / "switch.parquet")["closed/9"].tolist() == [True, False]


def test_the_first_step_is_the_baseline_unless_one_is_given(tmp_path: Path) -> None:
    rows = [{"events/attack": np.array([1]), "events/tap": np.array([3])}]
    elements = {"events/attack": ["bias"], "events/tap": [0]}
    record(tmp_path, rows, elements=elements, before={"events/attack": 0})
    assert events_of(tmp_path) == [(0.0, "attack", "bias", 0, 1)]


def test_what_stays_unknown_has_not_changed(tmp_path: Path) -> None:
    rows = [{"events/angle": np.array([np.nan, 1.0])}, {"events/angle": np.array([np.nan, 2.0])}]
    record(tmp_path, rows, elements={"events": ["a", "b"]})
    assert events_of(tmp_path) == [(60.0, "angle", "b", 1, 2)]


def test_a_run_without_events_has_an_empty_table_of_them(tmp_path: Path) -> None:
    record(tmp_path, [{"grid/p_loss_mw": 0.0}])
    assert events_of(tmp_path) == []


def alarm_rows(verdicts: list[tuple], detector: str = "chi_square", **evidence: list) -> list[dict[str, Any]]:
    """A row a minute, by alarm, score and suspects of one detector, and by other attributes."""
    return [
        {
            f"detection/alarm/{detector}": alarm,
            f"detection/score/{detector}": score,
            f"detection/threshold/{detector}": 9.5,
            f"detection/suspects/{detector}": np.array([*suspects, -1, -1, -1][:3]),
            **{name.replace("__", "/"): values[number] for name, values in evidence.items()},
        }
        for number, (alarm, score, suspects) in enumerate(verdicts)
    ]


def alarms_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "alarms.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


NAMED: dict[str, Any] = {
    "elements": {"detection": ["1", "2", "3"], "measurement": ["v bus 4", "p line 3 from"]},
    "channels": ["v bus 4", "p line 3 from"],
    "channel_buses": [4, 2],
}


def test_an_alarm_is_one_line_with_the_scan_at_which_it_was_raised(tmp_path: Path) -> None:
    quiet, raised, worse = (False, 1.0, []), (True, 10.0, [1]), (True, 20.0, [0])
    residual = np.array([0.5, 8.0])
    rows = alarm_rows(
        [quiet, raised, worse, quiet, (True, 11.0, [])],
        estimate__objective=[5.0, 60.0, 70.0, 5.0, 50.0],
        estimate__p_value=[0.5, 1e-9, 1e-10, 0.5, 1e-8],
        estimate__degrees_of_freedom=[6] * 5,
        measurement__normalised_residual=[residual, residual, residual + 1, residual, np.full(2, np.nan)],
        measurement__quality=[np.array([0, 1])] * 5,
    )
    record(tmp_path, rows, **NAMED)
    first, second = alarms_of(tmp_path)
    assert (first["time"], first["cleared"]) == ("2026-06-17T00:01:00+02:00", "2026-06-17T00:03:00+02:00")
    assert [float(first[name]) for name in ("duration_s", "score", "peak_score")] == [120.0, 10.0, 20.0]
    assert [first[name] for name in ("channel", "bus", "quality", "channel_2")] == ["p line 3 from", "2", "stale", ""]
    assert [float(first[name]) for name in ("objective", "p_value", "degrees_of_freedom")] == [60.0, 1e-9, 6]
    assert [first[name] for name in ("residual_channel", "residual", "residual_channel_2", "residual_2")] == [
        "p line 3 from", "8.0", "v bus 4", "0.5",
    ]  # fmt: skip
    assert [second[name] for name in ("channel", "bus", "quality", "residual_channel", "cleared")] == [""] * 5
    assert [float(second[name]) for name in ("duration_s", "peak_score")] == [0.0, 11.0]


def test_a_score_that_is_lost_while_the_alarm_stands_is_no_peak(tmp_path: Path) -> None:
    record(tmp_path, alarm_rows([(True, 10.0, []), (True, np.nan, []), (True, 12.0, [])]), **NAMED)
    (alarm,) = alarms_of(tmp_path)
    assert float(alarm["peak_score"]) == 12.0


def test_alarms_that_overlap_or_follow_on_one_another_are_one_incident(tmp_path: Path) -> None:
    one = [False, True, True, False, False, True, False, False]
    other = [False, False, True, True, False, False, True, False]
    rows = [
        alarm_rows([(alarm, 10.0, [])], "chi_square")[0] | alarm_rows([(second, 10.0, [])], "lstm")[0]
        for alarm, second in zip(one, other, strict=True)
    ]
    record(tmp_path, rows, **NAMED)
    incidents = [(alarm["detector"], alarm["incident"]) for alarm in alarms_of(tmp_path)]
    assert incidents == [("chi_square", "1"), ("lstm", "1"), ("chi_square", "2"), ("lstm", "2")]


def test_alarms_can_be_read_while_the_run_goes_on(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, START)
    recorder.record(0.0, {"detection/alarm/lstm": True, "detection/score/lstm": 2.0})
    (alarm,) = alarms_of(tmp_path)
    assert (alarm["score"], alarm["cleared"], alarm["duration_s"], alarm["peak_score"]) == ("2.0", "", "", "")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"vm_pu": 1.0}], "named 'table/quantity', got 'vm_pu'"),
        ([{"bus/vm_pu": np.ones(2)}], "bus/vm_pu has 2 elements and 0 names"),
        ([{"events/tap": np.ones(2)}], "events of kind 'tap' watch 2 elements and know 0 names"),
        ([{"bus/name": "seven"}], "bus/name must be a number or a vector of numbers"),
        ([{"bus/vm_pu": np.ones((2, 2))}], "of 2 dimensions"),
        ([{"grid/a": 1.0}, {"grid/a": 1.0, "grid/b": 1.0}], "differ from the first step's in grid/b"),
        ([{"grid/a": 1.0, "grid/b": 1.0}, {"grid/a": 1.0}], "differ from the first step's in grid/b"),
        ([{"grid/a": 1}, {"grid/a": 0.5}], "grid/a began as int64 .* became float64"),
        ([{"regulated/vm_pu": np.ones(1)}, {"regulated/vm_pu": np.ones(2)}], r"shape \(1,\) and became .* \(2,\)"),
    ],
)
def test_what_cannot_be_recorded_is_refused(rows: list[dict[str, Any]], problem: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match=problem):
        record(tmp_path, rows, elements={"regulated": ["a"]})


def test_chunks_hold_at_least_one_row(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match="chunk_rows must be at least 1, got 0"):
        Recorder(tmp_path, START, chunk_rows=0)
