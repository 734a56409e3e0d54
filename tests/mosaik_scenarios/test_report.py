"""The report is one page that needs nothing else, with a section for each table there is."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from plotly.offline import get_plotlyjs

from models.recording.run_folder import RunFolder
from mosaik_scenarios import RunResult
from mosaik_scenarios.report import SECTIONS, write_report
from mosaik_scenarios.report.control_room import logarithmic_range
from mosaik_scenarios.report.drawing import POINTS_A_CURVE, thinned
from mosaik_scenarios.report.estimate import estimation_error, state_estimate
from mosaik_scenarios.report.metering import add_meters, bus_notes
from mosaik_scenarios.report.network import bus_of_channel
from mosaik_scenarios.report.one_line import one_line
from mosaik_scenarios.report.plant import operating_range
from mosaik_scenarios.topology import read_topology, write_topology

WriteRun = Callable[..., RunResult]


@pytest.fixture
def page(tmp_path: Path, write_run: WriteRun) -> str:
    import pandapower.networks

    result = write_run(tmp_path / "small")
    write_topology(result.folder, pandapower.networks.simple_four_bus_system())
    return write_report(result).read_text(encoding="utf-8")


def headings(page: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page)


def test_the_page_has_every_figure_the_summary_and_the_alarms(page: str) -> None:
    assert headings(page) == [*SECTIONS, "Alarms"]
    assert "lowest voltage" in page
    assert page.count("<details") == 2
    assert page.count("<tr>") == 2 + 3


def test_the_page_loads_nothing_from_anywhere(page: str) -> None:
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", page)
    assert page.count(get_plotlyjs()) == 1


def test_sections_without_a_table_are_left_out(tmp_path: Path, write_run: WriteRun) -> None:
    result = write_run(tmp_path / "run", complete=False, steps=3)
    assert headings(write_report(result).read_text(encoding="utf-8")) == ["Alarms"]


def test_text_from_outside_is_no_markup(tmp_path: Path, write_run: WriteRun) -> None:
    result = write_run(tmp_path / "run", steps=3)
    with result.folder.alarms.open("a") as alarms:
        alarms.write("2026-06-17T00:01:00+02:00,,,1,<script>alert(1)</script>,1,2\n")
    assert "<script>alert" not in write_report(result).read_text(encoding="utf-8")


def test_a_long_curve_is_thinned_without_losing_its_peak() -> None:
    curve = pd.Series(0.0, index=pd.date_range("2026-06-17", periods=50_001, freq="s"))
    curve.iloc[12_345] = 7.0
    thin = thinned(curve, "max")
    assert len(thin) <= POINTS_A_CURVE
    assert thin.max() == 7.0
    assert abs(thin.idxmax() - curve.idxmax()) < pd.Timedelta("17s")


def test_a_short_curve_stays_as_it_is() -> None:
    curve = pd.Series([1.0, 2.0], index=pd.date_range("2026-06-17", periods=2, freq="s"))
    assert thinned(curve, "max") is curve


def test_the_drawing_survives_the_folder(tmp_path: Path) -> None:
    import pandapower

    net = pandapower.create_empty_network()
    here, there = (pandapower.create_bus(net, 20.0, geodata=place) for place in ((1.0, 2.0), None))
    pandapower.create_ext_grid(net, here)
    pandapower.create_line(net, here, there, 1.0, "NAYY 4x50 SE", in_service=False)
    pandapower.create_switch(net, here, 0, et="l", type="CB", closed=False)
    pandapower.create_switch(net, here, there, et="b", type="CB", closed=True)
    write_topology(RunFolder(tmp_path), net)
    assert read_topology(RunFolder(tmp_path)) == {
        "buses": [{"bus": 0, "name": "", "x": 1.0, "y": 2.0}, {"bus": 1, "name": ""}],
        "lines": [{"index": 0, "from_bus": 0, "to_bus": 1, "in_service": False}],
        "trafos": [],
        "joints": [{"index": 1, "from_bus": 0, "to_bus": 1, "in_service": True}],
        "slacks": [{"bus": 0}],
        "switches": [{"index": 0, "bus": 0, "line": 0, "closed": False, "is_breaker": True}],
        "meters": [],
    }
    assert read_topology(RunFolder(tmp_path / "elsewhere")) == {}


def test_the_metering_plan_is_drawn_where_its_meters_are_with_their_classes() -> None:
    places = {0: (0.0, 0.0), 1: (1.0, 0.0), 2: (1.0, 1.0)}
    metered = [
        ("v", "bus", 1, None, 0.5), ("p", "bus", 1, None, 1.0), ("i", "line", 0, "to", 3.0),
        ("tap", "trafo", 0, None, 0.0), ("closed", "switch", 4, None, 0.0), ("v", "bus", 9, None, 0.5),
    ]  # fmt: skip
    plan = pd.DataFrame(metered, columns=["measurement_type", "element_type", "element", "side", "accuracy_class"])
    topology = {
        "buses": [{"bus": bus, "x": x, "y": y} for bus, (x, y) in places.items()],
        "lines": [{"index": 0, "from_bus": 0, "to_bus": 1, "in_service": True}],
        "trafos": [{"index": 0, "from_bus": 1, "to_bus": 2, "in_service": True}],
        "switches": [{"index": 4, "bus": 0, "line": 0, "closed": True, "is_breaker": True}],
        "slacks": [{"bus": 0}],
        "meters": plan.to_dict("records"),
    }
    assert bus_notes(topology)[1] == "V class 0.5, P class 1"
    in_phases = [{**metered, "phase": phase} for metered in topology["meters"][:1] for phase in "ac"]
    assert bus_notes({**topology, "meters": in_phases})[1] == "V class 0.5 in ac"
    figure = one_line(topology, pd.Series(1.0, index=list(places)), bus_notes=bus_notes(topology))
    add_meters(figure, topology)
    drawn = {trace.name: (list(zip(trace.x, trace.y, strict=True)), trace.text) for trace in figure.data}
    assert drawn["V, P at buses"][0] == [places[1]]
    assert drawn["I at branches"] == ([(0.78, 0.0)], ("line 0, to: I class 3",))
    assert drawn["tap at branches"] == ([(1.0, 0.5)], ("trafo 0: tap",))
    assert drawn["state at branches"] == ([(0.22, 0.0)], ("switch 4: state",))
    assert "V class 0.5, P class 1" in drawn["bus"][1][1]
    assert "V at buses" not in drawn  # bus 9 has no place


def test_the_control_room_s_estimate_is_set_against_the_truth(small_run: RunResult) -> None:
    error = estimation_error(small_run)
    assert error[2].max() == pytest.approx(0.05)
    figure = state_estimate(small_run)
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles[:2] == ["J(x)", "Channels taken for bad data"]
    assert titles[2].startswith("Voltage of bus 2, whose estimate was farthest off: +0.0500 pu at 01:00:00")
    assert figure.layout.yaxis2.ticktext == ("v bus 2",)
    above = next(trace for trace in figure.data if trace.name == "above its threshold")
    assert (above.y > 10.0).sum() == 28


def test_a_sag_does_not_squash_the_voltage_scale() -> None:
    vm_pu = pd.DataFrame({0: [1.0, 0.9, 1.01], 1: [0.97, 0.05, 0.98]})
    low, high = operating_range(vm_pu)
    assert 0.94 < low < 0.95
    assert 1.05 < high < 1.06


def test_a_score_is_on_decades_only_where_it_leaves_its_threshold_far_behind() -> None:
    assert logarithmic_range(pd.Series([1.0, 2.0, 30.0]), threshold=5.0) is None
    assert logarithmic_range(pd.Series([float("nan"), 0.0]), threshold=5.0) is None
    scale = logarithmic_range(pd.Series([0.0, *[1.0] * 100, 1000.0]), threshold=5.0)
    assert scale == pytest.approx((-0.1, 3.2))


def test_every_channel_has_a_bus_to_be_drawn_at() -> None:
    branches = {"line": {3: {"from_bus": 7, "to_bus": 8}}, "trafo": {0: {"from_bus": 33, "to_bus": 0}}}
    channels = ("v bus 5", "p line 3 from", "q line 3 to", "i line 3", "p trafo 0 hv", "q trafo 0 lv", "p line 9 to")
    assert [bus_of_channel(channel, branches) for channel in channels] == [5, 7, 8, 7, 33, 0, None]
