"""Measurements as pandapower's users keep them: read from a net, a file or a plan, refused in one line where wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from models.errors import InvalidMeasurementError
from models.estimation.measurements.measurement_frame import COLUMNS, MeasurementFrame

HEADER = ",".join(COLUMNS)
GOOD_ROW = "supply,v,bus,0,1.01,0.004,"


@pytest.fixture
def small_net() -> Any:
    """Three buses, a transformer 0 (buses 0, 1) and a line 0 (buses 1, 2)."""
    net = pandapower.create_empty_network()
    high, low, end = (pandapower.create_bus(net, vn_kv=kv) for kv in (110.0, 20.0, 20.0))
    pandapower.create_ext_grid(net, high)
    pandapower.create_transformer(net, high, low, std_type="25 MVA 110/20 kV")
    pandapower.create_line(net, low, end, length_km=1.0, std_type="NAYY 4x50 SE")
    pandapower.create_load(net, end, p_mw=1.0)
    return net


def read(folder: Path, *rows: str, header: str = HEADER) -> MeasurementFrame:
    file = folder / "meters.csv"
    file.write_text("\n".join((header, *rows)) + "\n")
    return MeasurementFrame.from_csv(file)


def test_a_net_s_own_table_comes_back_from_its_csv_file(small_net: Any, tmp_path: Path) -> None:
    pandapower.create_measurement(small_net, "v", "bus", 1.02, 0.004, element=0, name="supply")
    pandapower.create_measurement(small_net, "p", "line", 1.0, 0.02, element=0, side="to")
    pandapower.create_measurement(small_net, "i", "trafo", np.nan, 0.01, element=0, side=1)
    frame = MeasurementFrame.from_net(small_net)
    small_net.measurement.to_csv(tmp_path / "meters.csv")
    assert_frame_equal(frame.table, MeasurementFrame.from_csv(tmp_path / "meters.csv").table)
    assert frame.table["name"].tolist() == ["supply", "p line 0 to", "i trafo 0 1"]
    assert frame.usable.tolist() == [True, True, False]


def test_a_plan_s_channels_and_values_come_back_from_a_file(tmp_path: Path) -> None:
    rows = [
        ("a", "v", "bus", 0, None, 0.004),
        ("t", "tap", "trafo", 0, None, np.nan),
        ("q", "q", "trafo", 0, "lv", 0.1),
    ]
    plan = pd.DataFrame(rows, columns=["name", "measurement_type", "element_type", "element", "side", "std_dev"])
    frame = MeasurementFrame.from_plan(plan, [1.0, 2.0, np.nan])
    frame.to_csv(tmp_path / "meters.csv")
    assert_frame_equal(frame.table, MeasurementFrame.from_csv(tmp_path / "meters.csv").table)
    with pytest.raises(InvalidMeasurementError, match="one value for each of the 3 channels"):
        MeasurementFrame.from_plan(plan, [1.0])


def test_a_side_is_an_end_or_the_bus_there(small_net: Any, tmp_path: Path) -> None:
    frame = read(tmp_path, ",p,line,0,1,0.1,to", ",p,line,0,1,0.1,2", ",p,trafo,0,1,0.1,0", ",v,bus,1,1,0.1,")
    assert frame.plan_on(small_net)["side"].tolist() == ["to", "to", "hv", None]
    for side, kind, expected in (
        ("0", "line", "from (bus 1) or to (bus 2)"),
        ("", "trafo", "hv (bus 0) or lv (bus 1)"),
    ):
        frame = read(tmp_path, GOOD_ROW, f",q,{kind},0,1,0.1,{side}")
        with pytest.raises(InvalidMeasurementError, match=r"^meters.csv, line 3: expected .*") as refused:
            frame.plan_on(small_net)
        assert expected in str(refused.value)


def test_several_meters_for_one_quantity_get_names_of_their_own(tmp_path: Path) -> None:
    frame = read(tmp_path, ",v,bus,0,1,0.1,", "v bus 0 (2),v,bus,0,1,0.1,", ",v,bus,0,1,0.1,")
    assert frame.table["name"].tolist() == ["v bus 0", "v bus 0 (2)", "v bus 0 (3)"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",v,bus,0,high,0.004,", "expected a number as value, got 'high'"),
        (",v,bus,0,inf,0.004,", "expected a finite number or nothing as value, got inf"),
        (",v,bus,0,1.0,0,", "expected a positive number as std_dev, got 0"),
        (",v,bus,0,1.0,,", "expected a positive number as std_dev, got nan"),
        (",v,bus,1.5,1.0,0.004,", "expected the index of an element as element, got 1.5"),
        (",v,line,0,1.0,0.004,from", "got 'v' at a 'line'"),
        (",p,trafo3w,0,1.0,0.004,hv", "v, va, p, q at a bus; p, q, i at a line; p, q, i, tap at a trafo"),
        (",p,load,0,1.0,0.004,", "got 'p' at a 'load'"),
    ],
)
def test_a_row_that_no_meter_could_be_is_named(tmp_path: Path, row: str, problem: str) -> None:
    with pytest.raises(InvalidMeasurementError) as refused:
        read(tmp_path, GOOD_ROW, "", row)
    assert str(refused.value).startswith("meters.csv, line 4: ")
    assert problem in str(refused.value)


def test_a_file_that_is_no_table_of_measurements_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidMeasurementError, match=r"^meters.csv: expected the columns .*; add std_dev, side\.$"):
        read(tmp_path, header="name,measurement_type,element_type,element,value")
    with pytest.raises(InvalidMeasurementError, match=r"nothing.csv"):
        MeasurementFrame.from_csv(tmp_path / "nothing.csv")
    too_long = f"{HEADER}\n,v,bus,0,1.0,0.004,,8,9\n".encode()
    for content in (b"", b"\xff\xfe\x00,", b'name,"a\n', too_long):
        (tmp_path / "odd.csv").write_bytes(content)
        with pytest.raises(InvalidMeasurementError, match=r"odd.csv"):
            MeasurementFrame.from_csv(tmp_path / "odd.csv")


def test_an_element_that_the_net_lacks_is_named(small_net: Any, tmp_path: Path) -> None:
    frame = read(tmp_path, GOOD_ROW, ",p,line,7,1,0.1,to")
    with pytest.raises(InvalidMeasurementError, match="line 3: expected a line of the network, got line 7"):
        frame.plan_on(small_net)
