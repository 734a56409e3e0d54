"""Metering plans: what is drawn and what is not, accuracy classes, phasor units, and a user's own file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from networks import load_feeder
from networks.errors import InvalidMeteringError
from networks.metering import plan_of, with_accuracy_classes, with_phasor_units
from networks.metering_file import read_metering_plan
from networks.metering_points import one_of_every

HEADER = "name,measurement_type,element_type,element,side,std_dev\n"


@pytest.fixture(scope="module")
def net() -> Any:
    return load_feeder("cigre_mv").net


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    """A plan file with this text."""

    def write(text: str) -> Path:
        path = tmp_path / "plan.csv"
        path.write_text(text)
        return path

    return write


def at(plan: pd.DataFrame, kind: str) -> set[int]:
    return set(plan.element[plan.measurement_type == kind])


def test_another_seed_puts_meters_elsewhere_but_never_takes_those_of_the_stations(net: Any) -> None:
    for kind in ("typical", "sparse"):
        plans = [plan_of(net, kind, seed) for seed in range(4)]
        assert len({frozenset(at(plan, "v")) for plan in plans}) > 1
        pd.testing.assert_frame_equal(plans[3], plan_of(net, kind, 3))
        for plan in plans:
            assert {0, 1, 12} <= at(plan, "v")
            assert {"p line 0 from", "q trafo 1 hv", "tap trafo 1"} <= set(plan.name)


def test_one_of_every_four_neighbours_is_drawn() -> None:
    for seed in range(20):
        drawn = one_of_every(4, list(range(40)), np.random.default_rng(seed))
        assert [element // 4 for element in drawn] == list(range(10))


def test_a_sparse_plan_measures_stations_and_little_else(net: Any) -> None:
    sparse, typical = plan_of(net, "sparse"), plan_of(net, "typical")
    assert not at(sparse, "i")
    assert sparse[(sparse.element_type == "bus") & (sparse.measurement_type != "v")].empty
    assert len(at(sparse, "v")) == 3 + 2
    assert len(sparse) < len(typical) / 2


def test_the_instruments_of_a_sparse_plan_are_of_several_generations(net: Any) -> None:
    plan = plan_of(net, "sparse", seed=5)
    measured = plan[plan.measurement_type.isin(["v", "p", "q"])]
    assert set(measured.accuracy_class) == {0.5, 1.0, 3.0}
    np.testing.assert_allclose(measured.std_dev, measured.accuracy_class / 100 * measured.full_scale / 3)
    by_place = measured[measured.measurement_type != "v"].groupby(["element_type", "element"]).accuracy_class
    assert (by_place.nunique() == 1).all()


def test_a_full_plan_tells_every_tap_and_switch(net: Any) -> None:
    plan = plan_of(net, "full")
    assert at(plan, "tap") == set(net.trafo.index)
    assert at(plan, "closed") == set(net.switch.index)


def test_a_better_class_is_a_smaller_spread(net: Any) -> None:
    plan = plan_of(net, "typical")
    better = with_accuracy_classes(plan, {"v": 0.2, "p": 3.0})
    ratio = (better.std_dev / plan.std_dev).groupby(plan.measurement_type).agg(["min", "max"])
    assert ratio.loc["v"].tolist() == pytest.approx([0.4, 0.4])
    assert ratio.loc["p"].tolist() == pytest.approx([3.0, 3.0])
    assert ratio.loc["q"].tolist() == ratio.loc["i"].tolist() == [1.0, 1.0]
    pd.testing.assert_frame_equal(with_accuracy_classes(plan, {}), plan)


def test_phasor_units_stand_at_the_busbars_first(net: Any) -> None:
    plan = plan_of(net, "sparse")
    assert at(with_phasor_units(net, plan, 2), "va") == {0, 1}
    five = with_phasor_units(net, plan, 5, seed=3)
    assert at(five, "va") > {0, 1, 12}
    assert five.std_dev[five.measurement_type == "va"].unique().tolist() == pytest.approx([np.degrees(0.01) / 3])
    pd.testing.assert_frame_equal(with_phasor_units(net, plan, 0), plan)
    assert len(at(with_phasor_units(net, five, 1000), "va")) == 15


def test_a_generated_plan_survives_a_file(net: Any, tmp_path: Path) -> None:
    plan = with_phasor_units(net, plan_of(net, "sparse", seed=5), 1)
    plan.to_csv(tmp_path / "plan.csv", index=False)
    pd.testing.assert_frame_equal(read_metering_plan(tmp_path / "plan.csv", net), plan)


def test_a_file_need_only_state_what_is_not_usual(net: Any, file: Callable) -> None:
    text = "name,measurement_type,element_type,element,side,accuracy_class,std_dev,full_scale\n"
    text += "U,v,bus,1,,0.2,,\nP,p,line,0,from,,0.01,\nI,i,line,0,from,1.0,,0.5\nOLTC, tap, trafo, 0, , , ,\n"
    plan = read_metering_plan(file(text), net).set_index("name")
    usual = plan_of(net, "full").set_index("name")
    assert plan.std_dev.tolist() == pytest.approx([0.2 / 100 * 1.2 / 3, 0.01, 1.0 / 100 * 0.5 / 3, 0.0])
    assert plan.full_scale.tolist() == pytest.approx([1.2, usual.full_scale["p line 0 from"], 0.5, 1.0])
    assert plan.accuracy_class["P"] == pytest.approx(300 * 0.01 / plan.full_scale["P"])
    assert plan.side.tolist() == [None, "from", "from", None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty; expected a header"),
        ("name,element\nU,1\n", "expected the columns name, measurement_type, .* got name, element"),
        (HEADER.replace("std_dev", "spread"), "got name, measurement_type, element_type, element, side, spread"),
        (HEADER.replace("name", "name,unit"), "got name, unit"),
        (HEADER, "the metering plan is empty"),
        (HEADER + "U,v,bus,1,,0.01,7\n", "the rows have more fields than the header"),
        (HEADER + ",v,bus,1,,0.01\n", "row 2: the channel has no name"),
        (HEADER + "U,v,bus,1,,0.01\nU,v,bus,0,,0.01\n", "two channels are called 'U'"),
        (HEADER + "U,v,bus,1,,0.01\nW,w,bus,0,,0.01\n", "meter 'W' measures 'w' at a bus; expected v, va, p or q"),
        (HEADER + "U,v,cable,1,,0.01\n", "meter 'U' sits on a 'cable'; expected bus, line, trafo or switch"),
        (HEADER + "U,v,bus,99,,0.01\n", "meter 'U' sits on bus 99, which the network does not have"),
        (HEADER + "U,v,bus,1.5,,0.01\n", "row 2: element '1.5' is no pandapower index"),
        (HEADER + "U,v,bus,,,0.01\n", "row 2: element '' is no pandapower index"),
        (HEADER + "P,p,line,1,,0.01\n", "meter 'P' is on side None of a line; expected from or to"),
        (HEADER + "S,closed,trafo,1,,\n", "measures 'closed' at a trafo; expected p, q, i or tap"),
        (HEADER + "U,v,bus,1,,-0.01\n", "row 2: std_dev '-0.01' is no number above 0"),
        (HEADER + "U,v,bus,1,,nan\n", "row 2: std_dev 'nan' is no number above 0"),
        (HEADER + "U,v,bus,1,,inf\n", "row 2: std_dev 'inf' is no number above 0"),
        (HEADER + "U,v,bus,1,,good\n", "row 2: std_dev 'good' is no number above 0"),
        (HEADER + "U,v,bus,1,,0.1\nW,v,bus,0,,\n", "row 3: neither std_dev nor accuracy_class is stated"),
    ],
)
def test_a_file_that_is_no_plan_of_this_network_is_refused_in_one_line(
    net: Any, file: Callable, text: str, problem: str
) -> None:
    path = file(text)
    with pytest.raises(InvalidMeteringError, match=problem) as refusal:
        read_metering_plan(path, net)
    assert str(refusal.value).startswith(str(path))
    assert len(str(refusal.value).splitlines()) == 1


def test_a_file_that_cannot_be_read_is_refused(net: Any, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00name")
    for name in ("missing.csv", "folder.csv", "bytes.csv"):
        with pytest.raises(InvalidMeteringError, match="cannot be read as CSV"):
            read_metering_plan(tmp_path / name, net)
