"""The arena's page and words: what the tables hold, plainly said, in one file that needs no network."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from plotly.offline import get_plotlyjs

from models.detection.history import History
from mosaik_scenarios import Scenario
from mosaik_scenarios.arena.conclusions import OWN, best_first, conclusion_on, detectors_of
from mosaik_scenarios.arena.figures import delay_curves, heat_map, looks
from mosaik_scenarios.arena.missed import Seen, evidence_of_events, missed_events, who_misses_what
from mosaik_scenarios.arena.overview import delays, heat
from mosaik_scenarios.arena.page import write_page
from mosaik_scenarios.arena.plan import ArenaPlan, TimelinePlace
from mosaik_scenarios.arena.result import ArenaResult
from mosaik_scenarios.arena.text import arena_text, conclusion_lines
from mosaik_scenarios.arena.timelines import EVENTS, HISTORY, SCENARIO, Timeline

MakeResult = Callable[..., ArenaResult]
SCANS = 1400


def write_timeline(result: ArenaResult, name: str, folder: Path) -> Timeline:
    """A day of noise on two channels, with the events of the made-up result, the bias alone of any effect."""
    events = result.events.query("feeder == 'cigre_mv' and detector == 'fusion' and timeline == @name")
    random = np.random.default_rng(1)
    value = 1 + 0.01 * random.normal(size=(SCANS, 2))
    for event in events.query("kind == 'bias'").to_dict("records"):
        value[event["first_scan"] : event["last_scan"] + 1, 0] += 0.1
    residual = np.abs(value - 1) / 0.01
    history = History(
        channels=("v bus 3", "v bus 4"), time_s=60.0 * np.arange(SCANS), value=value,
        quality=np.zeros((SCANS, 2), np.int8),
        objective=np.ones(SCANS), degrees_of_freedom=np.ones(SCANS), normalised_residual=residual,
        estimated=np.ones((SCANS, 2)), expected=np.ones((SCANS, 2)), ghi_w_per_m2=np.zeros(SCANS),
        ambient_c=np.zeros(SCANS), channel_bus=np.array([3, 4]),
    )  # fmt: skip
    folder.mkdir()
    history.save(folder / HISTORY)
    scenario = Scenario(feeder="cigre_mv", duration=f"{SCANS}min", detectors=())
    scenario.to_file(folder / SCENARIO)
    table = events[["event", "kind", "level", "first_scan", "last_scan"]]
    table.assign(channels=[["v bus 3"]] * len(table), buses=[[3]] * len(table)).to_parquet(folder / EVENTS)
    return Timeline(TimelinePlace("cigre_mv", "attacked", 1, scenario.start, scenario.duration), folder)


@pytest.fixture(scope="module")
def seen(result: ArenaResult, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What there is to see of one feeder."""
    folder = tmp_path_factory.mktemp("timelines")
    timelines = {name: write_timeline(result, name, folder / name) for name in ("attacked-1", "attacked-2")}
    return Seen(timelines, lambda timeline, detector: np.full(SCANS, 0.5))


@pytest.fixture(scope="module")
def page(result: ArenaResult, plan: ArenaPlan, seen: Seen, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "arena.html"
    return write_page(result, plan, {"cigre_mv": seen}, path).read_text(encoding="utf-8")


def cells(page: str, row: str) -> list[str]:
    """Of the first table row that begins with `row`."""
    (found,) = re.findall(rf"<tr><td>{row}</td>(.*?)</tr>", page)[:1]
    return re.findall(r"<td[^>]*>(.*?)</td>", found)


def test_the_page_has_a_section_for_every_feeder_and_what_was_missed_where_it_was_seen(page: str) -> None:
    assert re.findall('<h1 id="(.*?)">', page) == ["cigre_mv", "ieee33"]
    headings = re.findall("<h2>(.*?)</h2>", page)
    of_each = ["Detectors", "Who catches what", "How soon", "Detection against false alarms", "VUS-PR", "False alarms",
               "At the textbook&#x27;s threshold", "Cost"]  # fmt: skip
    missed = ["Who misses what, and why it may be", "Missed events"]
    assert headings == ["Feeders", *of_each[:6], *missed, *of_each[6:], *of_each]


def test_the_page_says_what_the_tables_hold(page: str) -> None:
    assert cells(page, "cigre_mv") == ["fusion", "0.7", "pca", "0.5", "yes", "0"]
    # Of nine events on each of two timelines: bias from level 1, stealthy from 2, freeze from 3 on.
    assert cells(page, "fusion")[:4] == ["67 %", "2 %", "2", "missed"]
    assert cells(page, "pca")[:4] == ["33 %", "2 %", "missed", "missed"]
    assert "18 events on 2 attacked timelines, 60 clean days" in page


def test_the_page_loads_nothing_from_anywhere_and_stays_light(page: str) -> None:
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", page)
    assert page.count(get_plotlyjs()) == 1
    assert len(page) - len(get_plotlyjs()) < 500_000


def test_where_a_baseline_is_ahead_it_is_said_plainly(make_result: MakeResult, plan: ArenaPlan, tmp_path: Path) -> None:
    strengths = {
        "fusion": {"bias": 0.9, "stealthy": 0.3, "freeze": 0.2},
        "pca": {"bias": 0.5, "stealthy": 0.6, "freeze": 0.4},
        "chi_square": {"bias": 0.6, "stealthy": 0.1, "freeze": 0.7},
    }
    behind = make_result(strengths, ("cigre_mv",))
    conclusion = conclusion_on(behind, "cigre_mv")
    assert (conclusion.own, conclusion.baseline) == ("fusion", "pca")
    assert [(ahead.kind, ahead.baseline) for ahead in conclusion.ahead] == [
        ("freeze", "chi_square"),
        ("stealthy", "pca"),
    ]
    first, second = conclusion_lines(conclusion)
    assert first == (
        "The product's best detector, fusion (mean VUS-PR 0.47), does not beat the best baseline, pca (0.50)."
    )
    assert second == "A baseline is ahead on freeze (chi_square 0.70 against 0.20), stealthy (pca 0.60 against 0.30)."
    page = write_page(behind, plan, {}, tmp_path / "page.html").read_text(encoding="utf-8")
    assert cells(page, "cigre_mv")[-2:] == ["no", "2"]
    assert "<strong>The product&#x27;s best detector, fusion (mean VUS-PR 0.47), does not beat" in page


def test_without_baselines_nothing_is_claimed(make_result: MakeResult) -> None:
    alone = make_result({"fusion": {"bias": 0.9}}, ("cigre_mv",))
    conclusion = conclusion_on(alone, "cigre_mv")
    assert conclusion.beats_every_baseline is None
    assert "not set against each other" in next(conclusion_lines(conclusion))


def test_the_words_name_what_is_caught_by_whom(result: ArenaResult) -> None:
    text = arena_text(result)
    of_first, of_second = text.split("\n\n")
    assert of_first.startswith("cigre_mv: 18 events")
    assert of_second.startswith("ieee33: 18 events")
    order = [line.split()[0] for line in of_first.splitlines()[2:5]]
    assert order == ["fusion", "pca", "chi_square"] == best_first(result, "cigre_mv")
    assert "fusion (mean VUS-PR 0.70), beats every baseline" in of_first
    assert "Less than 50 % caught by anyone" not in of_first


def test_the_heat_map_has_a_view_for_every_magnitude(result: ArenaResult) -> None:
    figure = heat_map(*heat(result, "cigre_mv"))
    assert [button.label for button in figure.layout.updatemenus[0].buttons] == [
        "all magnitudes", "small", "middle", "large",
    ]  # fmt: skip
    whole, small, _, large = figure.data
    assert list(whole.x) == ["fusion", "chi_square", "pca"] == detectors_of(result, "cigre_mv")
    rates = dict(zip(whole.y, np.asarray(whole.z)[:, 0], strict=True))
    assert rates == pytest.approx({"bias": 1.0, "stealthy": 2 / 3, "freeze": 1 / 3}, abs=1e-4)
    assert np.asarray(small.z)[:, 0].tolist() == [1, 0, 0]
    assert np.asarray(large.z)[:, 0].tolist() == [1, 1, 1]
    assert [trace.visible for trace in figure.data] == [True, False, False, False]


def test_a_median_event_that_was_missed_lies_above_all_delays(result: ArenaResult) -> None:
    curves, measures = delays(result, "cigre_mv")
    figure = delay_curves(curves, measures, looks(detectors_of(result, "cigre_mv")))
    (fusion,) = [trace for trace in figure.data if trace.name == "fusion" and trace.xaxis == "x2"]
    assert list(fusion.x) == [0.005, 0.01, 0.02]
    missed, *caught = fusion.y
    assert caught == [2, 2]
    assert missed > 2
    assert figure.layout.yaxis2.ticktext[-1] == "missed"
    assert figure.layout.yaxis2.tickvals[-1] == missed


def test_why_it_may_be_is_told_by_what_the_event_left(result: ArenaResult, seen: Seen) -> None:
    evidence = evidence_of_events(result, "cigre_mv", seen.timelines)
    bias, stealthy = evidence["attacked-1", 0], evidence["attacked-1", 4]
    assert bias.residual > 3 > bias.residual_before
    assert bias.shift > 3
    assert bias.reason.startswith("the residual shows it")
    assert stealthy.shift < 1
    assert stealthy.reason == "within what customers and meters do every day"
    table = who_misses_what(result, "cigre_mv", evidence, "fusion").set_index("kind")
    assert list(table.index) == ["freeze", "stealthy"]
    assert table["missed by fusion"].tolist() == ["4 of 6", "2 of 6"]
    assert table.loc["stealthy", "half or more missed by"] == "chi_square, pca"
    shown = list(missed_events(result, "cigre_mv", evidence, "fusion"))
    assert [(event.kind, event.level) for event in shown] == [("freeze", 2), ("stealthy", 1)]


def test_the_product_s_own_detectors_are_drawn_apart_from_baselines() -> None:
    look = looks(["fusion", "lstm_autoencoder", "pca", "ecod"])
    assert [name for name, style in look.items() if style.dash == "solid"] == ["fusion", "lstm_autoencoder"]
    assert set(OWN) >= {"fusion", "lstm_autoencoder"}
    assert len({style.colour for style in look.values()}) == 4
