"""What is to be seen of an alarm: its incident, its curves, its picture, its place in summary and report."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.recording.recorder import Recorder
from mosaik_scenarios import RunResult, Scenario
from mosaik_scenarios.incidents import channel_of, rows_of
from mosaik_scenarios.manifest import claim, finish
from mosaik_scenarios.report import write_report
from mosaik_scenarios.report.around import LIVES, Curves
from mosaik_scenarios.report.incidents import incident_figure
from mosaik_scenarios.report.pictures import draw_alarms, title_of
from mosaik_scenarios.summary.evidence import objective

WriteRun = Callable[..., RunResult]
PNG = b"\x89PNG"


@pytest.fixture
def write_alarms(tmp_path: Path) -> Callable[..., RunResult]:
    """Writes a run of which nothing is known but when its only detector is in alarm, minute by minute."""

    def write(alarm: list[bool]) -> RunResult:
        scenario = Scenario(name="alarms", duration=f"{len(alarm)}min", detectors=["chi_square"])
        folder = claim(tmp_path / "run", scenario.as_mapping())
        recorder = Recorder(folder.path, scenario.start)
        for step, in_alarm in enumerate(alarm):
            verdict = {"alarm": in_alarm, "score": 2.0 * in_alarm, "threshold": 1.0}
            recorder.record(60.0 * step, {f"detection/{name}/chi_square": value for name, value in verdict.items()})
        recorder.close()
        finish(folder, "complete")
        return RunResult(folder.path)

    return write


def test_detectors_that_see_the_same_are_one_incident(small_run: RunResult) -> None:
    first, second = small_run.incidents
    assert first.detectors == ["chi_square", "largest_residual"]
    assert first.channels == ["p line 0 from"]
    assert (second.detectors, second.channels) == (["chi_square"], ["v bus 2"])  # of the largest residual
    assert second.raised == small_run.scenario.start + timedelta(minutes=62)
    assert (second.ended - second.raised, second.standing) == (timedelta(minutes=28), False)


def test_an_alarm_carries_the_numbers_of_the_scan_at_which_it_was_raised(small_run: RunResult) -> None:
    for raised, alarm in small_run.alarms.iterrows():
        scan = small_run.estimate.loc[raised]
        assert (alarm["objective"], alarm["p_value"]) == (scan["objective"].item(), scan["p_value"].item())
        residual = small_run.measurement.loc[raised]["normalised_residual"]
        assert alarm["residual"] == residual.max() == residual[alarm["residual_channel"]]
    assert small_run.alarms["quality"].dropna().tolist() == ["stale"]


def test_each_alarm_has_a_picture_and_the_file_says_which(tmp_path: Path, write_run: WriteRun) -> None:
    result = write_run(tmp_path / "run")
    pictures = draw_alarms(result)
    assert [picture.name for picture in pictures] == [
        "001-chi_square.png", "002-largest_residual.png", "003-chi_square.png",
    ]  # fmt: skip
    assert all(picture.read_bytes().startswith(PNG) for picture in pictures)
    noted = RunResult(result.path).alarms
    assert [result.path / picture for picture in noted["picture"]] == pictures
    pd.testing.assert_frame_equal(noted.drop(columns="picture"), result.alarms.drop(columns="picture"))
    assert "3 pictures of 3 alarms" in RunResult(result.path).summary()
    result.folder.clear()
    assert not result.path.joinpath("alarms").exists()


def test_where_there_are_many_every_incident_goes_first(tmp_path: Path, write_run: WriteRun) -> None:
    result = write_run(tmp_path / "run")
    assert [picture.name[:3] for picture in draw_alarms(result, most=2)] == ["001", "003"]
    assert RunResult(result.path).alarms["picture"].isna().tolist() == [False, True, False]


def test_the_curves_are_those_of_the_tables_around_the_alarm(small_run: RunResult) -> None:
    channel = "v bus 2"
    start = small_run.scenario.start
    around = Curves(small_run, [channel]).around(
        start + timedelta(minutes=62), start + timedelta(minutes=90), [channel], ["chi_square"]
    )
    assert (around.start, around.end) == (start + timedelta(minutes=32), small_run.scenario.end)
    assert list(around.lives[channel]) == list(LIVES)
    for life, values in around.lives[channel].items():
        pd.testing.assert_series_equal(values, small_run.measurement[(f"value_{life}", channel)].iloc[32:])
    assert around.scores["chi_square"].max() == pytest.approx(1.2)
    assert len(around.objective) == len(around.chi_square_threshold) == 88


def test_a_figure_of_an_incident_shows_channels_test_and_scores(small_run: RunResult) -> None:
    incident = small_run.incidents[1]
    figure = incident_figure(small_run, incident, Curves(small_run, incident.channels))
    assert [annotation.text for annotation in figure.layout.annotations] == [
        "v bus 2 [pu]", "J(x)", "Scores, in thresholds",
    ]  # fmt: skip
    assert {*LIVES, "J(x)", "chi_square", "threshold"} == {trace.name for trace in figure.data}


def test_the_report_has_every_incident_with_its_alarms_and_pictures(tmp_path: Path, write_run: WriteRun) -> None:
    draw_alarms(write_run(tmp_path / "run"), most=1)
    page = write_report(RunResult(tmp_path / "run")).read_text(encoding="utf-8")
    assert page.count("<details") == 2
    assert 'href="alarms/001-chi_square.png"' in page
    assert "J(x) 12, p = 0.017 at 4 degrees of freedom" in page
    assert "p line 0 from (bus 0, stale), v bus 2" in page


def test_a_run_without_alarms_has_no_pictures_and_says_so(write_alarms: Callable[..., RunResult]) -> None:
    result = write_alarms([False] * 5)
    assert draw_alarms(result) == []
    assert result.incidents == []
    assert result.summary().partition("Incidents\n")[2].startswith("  none")


def test_an_alarm_at_the_last_scan_stands(write_alarms: Callable[..., RunResult]) -> None:
    result = write_alarms([False, False, True])
    (alarm,) = rows_of(result.alarms)
    assert pd.isna(alarm["cleared"])
    assert (alarm["duration_s"], alarm["peak_score"]) == (0.0, 2.0)
    assert result.incidents[0].standing
    assert "00:02 not cleared: chi_square; no estimate" in " ".join(result.summary().split())


def test_an_alarm_of_which_little_is_known_is_drawn_all_the_same(write_alarms: Callable[..., RunResult]) -> None:
    result = write_alarms([True, False, False])
    (alarm,) = rows_of(result.alarms)
    assert channel_of(alarm) is None
    assert "no channel" in title_of(alarm)
    (picture,) = draw_alarms(result)
    assert picture.read_bytes().startswith(PNG)
    assert "<details" in write_report(result).read_text(encoding="utf-8")


def test_a_killed_run_tells_its_alarms_but_not_how_they_went_on(tmp_path: Path, write_run: WriteRun) -> None:
    result = write_run(tmp_path / "run", complete=False)
    assert len(result.alarms) == 3
    assert result.alarms[["cleared", "duration_s", "peak_score", "picture"]].isna().all(axis=None)
    assert "not cleared: chi_square and largest_residual at p line 0 from" in result.summary()
    assert len(draw_alarms(result, most=1)) == 1


@pytest.mark.parametrize(("p_value", "said"), [(0.017, "p = 0.017"), (0.0, "p < 1e-99"), (np.nan, "no redundancy")])
def test_improbable_is_said_as_far_as_it_matters(p_value: float, said: str) -> None:
    assert objective({"objective": 12.0, "p_value": p_value}) == f"J(x) 12, {said}"
