"""A user's own load data: what is read, and that what is refused names its row and column."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.errors import InvalidProfileError
from models.profiles import Clock, LoadRecord, Loads, RecordedLoadProfiles, read_load_csv

CLOCK = Clock("2024-06-21T00:00", "Europe/Berlin")
HOUR_S = 3600.0
LOADS = Loads.from_table(
    [
        {"load": 0, "name": "Mill", "bus": 7, "p_mw": 0.4, "q_mvar": 0.2},
        {"load": 1, "name": "Farm", "bus": 7, "p_mw": 0.1, "q_mvar": 0.0},
        {"load": 2, "name": "Inn", "bus": 9, "p_mw": 0.2, "q_mvar": 0.1},
    ]
)
ROWS = [
    "time,p_Mill,p_Farm,p_Inn,q_Mill",
    "2024-06-21T00:00,100,20,30,-5",
    "2024-06-21T01:00,200,10,30,15",
    "2024-06-21T02:00,300,0,60,25",
]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., LoadRecord]:
    """Reads rows of text, in kW, after changing one of them."""

    def read_rows(rows: list[str], **change: str) -> LoadRecord:
        rows = [change.get(f"row{number}", row) for number, row in enumerate(rows, start=1)]
        path = tmp_path / "loads.csv"
        path.write_text("\n".join(rows) + "\n")
        return read_load_csv(path, unit="kW")

    return read_rows


def played(record: LoadRecord, duration_s: float = 2 * HOUR_S) -> RecordedLoadProfiles:
    return RecordedLoadProfiles(LOADS, record, CLOCK, duration_s)


def test_kilowatts_become_megawatts_on_the_named_loads(read: Callable) -> None:
    p_mw, q_mvar = played(read(ROWS)).at(0.0)
    np.testing.assert_allclose(p_mw, [0.1, 0.02, 0.03])
    # The mill's reactive power is recorded (and may be capacitive), the others keep their nominal power factor.
    np.testing.assert_allclose(q_mvar, [-0.005, 0.0, 0.015])


def test_between_rows_the_way_is_straight_and_the_last_row_stands(read: Callable) -> None:
    profiles = played(read(ROWS))
    np.testing.assert_allclose(profiles.at(0.25 * HOUR_S)[0], [0.125, 0.0175, 0.03])
    np.testing.assert_allclose(profiles.at(2.9 * HOUR_S)[0], [0.3, 0.0, 0.06])


def test_two_files_make_one_record(tmp_path: Path) -> None:
    p_path, q_path = tmp_path / "p.csv", tmp_path / "q.csv"
    p_path.write_text("time,Mill,Farm,Inn\n2024-06-21T00:00,0.1,0.2,0.3\n2024-06-21T01:00,0.1,0.2,0.3\n")
    q_path.write_text("time,Inn,Mill\n2024-06-21T00:00,0.03,0.01\n2024-06-21T01:00,0.03,0.01\n")
    p_mw, q_mvar = played(read_load_csv(p_path, q_path, unit="MW")).at(0.0)
    np.testing.assert_allclose(p_mw, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(q_mvar, [0.01, 0.0, 0.03])


@pytest.mark.parametrize("header", ["t,0,1,2", "t,load_0,load_1,load_2", "t,Mill,1,load_2", "t,p_0,p_1,p_2"])
def test_loads_go_by_name_or_index(read: Callable, header: str) -> None:
    p_mw, _ = played(read([header, "2024-06-21,1,2,3", "2024-06-22,1,2,3"])).at(0.0)
    np.testing.assert_allclose(p_mw, [1e-3, 2e-3, 3e-3])


@pytest.mark.parametrize("header", ["t,7,9", "t,bus_7,bus_9", "t,p_bus_7,p_bus_9"])
def test_the_loads_of_a_bus_share_its_column_by_nominal_power(read: Callable, header: str) -> None:
    p_mw, _ = played(read([header, "2024-06-21,500,30", "2024-06-22,500,30"])).at(0.0)
    np.testing.assert_allclose(p_mw, [0.4, 0.1, 0.03])


def test_offsets_and_wall_clock_mean_the_same_instants(read: Callable) -> None:
    with_offset = [row.replace(":00,", ":00+02:00,", 1) for row in ROWS]
    local = played(read(ROWS)).at(1800.0)
    np.testing.assert_array_equal(played(read(with_offset)).at(1800.0), local)


def test_offsets_may_change_with_daylight_saving(read: Callable) -> None:
    rows = ["t,0,1,2", "2024-03-31T01:00+01:00,1,1,1", "2024-03-31T03:00+02:00,2,2,2"]
    profiles = RecordedLoadProfiles(LOADS, read(rows), Clock("2024-03-31T01:00", "Europe/Berlin"), HOUR_S)
    np.testing.assert_allclose(profiles.at(1800.0)[0], 1.5e-3)


def test_the_forecast_knows_nothing_of_the_record(read: Callable) -> None:
    doubled = [ROWS[0], *(row.replace(",100,", ",200,") for row in ROWS[1:])]
    np.testing.assert_array_equal(played(read(ROWS)).forecast_at(0.0), played(read(doubled)).forecast_at(0.0))


REFUSED = {
    "missing": ({"row3": "2024-06-21T01:00,200,,30,15"}, r"row 3 column 'p_Farm': the value is missing or NaN"),
    "nan": ({"row4": "2024-06-21T02:00,300,0,NaN,25"}, r"row 4 column 'p_Inn': the value is missing or NaN"),
    "short row": ({"row4": "2024-06-21T02:00,300,0"}, r"row 4 column 'p_Inn': the value is missing"),
    "text": ({"row2": "2024-06-21T00:00,100,20,many,-5"}, r"row 2 column 'p_Inn': 'many' is no finite number"),
    "infinite": ({"row2": "2024-06-21T00:00,inf,20,30,-5"}, r"row 2 column 'p_Mill': .*no finite number"),
    "negative": ({"row3": "2024-06-21T01:00,200,-10,30,15"}, r"row 3 column 'p_Farm': negative load -10"),
    "unsorted": ({"row4": "2024-06-21T00:30,300,0,60,25"}, r"row 4 column 'time': .* sort the rows"),
    "repeated": ({"row3": "2024-06-21T00:00,300,0,60,25"}, r"row 3 column 'time': .* does not come after"),
    "no time": ({"row3": "soon,200,10,30,15"}, r"row 3 column 'time': 'soon' is no date and time"),
    "mixed offsets": ({"row3": "2024-06-21T01:00+02:00,200,10,30,15"}, r"row 2 column 'time': .* has no offset"),
    "empty row": ({"row3": ""}, r"row 3 column 'time'"),
    "long row": ({"row3": "2024-06-21T01:00,1,2,3,4,5,6"}, r"line 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_value_is_refused_with_its_row_and_column(read: Callable, case: str) -> None:
    change, message = REFUSED[case]
    with pytest.raises(InvalidProfileError, match=message) as error:
        read(ROWS, **change)
    assert "\n" not in str(error.value)
    assert "loads.csv" in str(error.value)


def test_missing_rows_are_refused_with_the_gap(read: Callable) -> None:
    times = ["00:00", "01:00", "02:00", "05:00"]
    with pytest.raises(InvalidProfileError, match=r"row 5 column 't': rows are missing between .*02:00:00 and .*05:00"):
        read(["t,0,1,2", *(f"2024-06-21T{time},1,1,1" for time in times)])


def test_data_that_ends_early_is_refused_with_its_last_row(read: Callable) -> None:
    played(read(ROWS), duration_s=3 * HOUR_S)
    with pytest.raises(InvalidProfileError, match=r"row 4 column 'time': the data ends with .*3600 s before"):
        played(read(ROWS), duration_s=4 * HOUR_S)


def test_data_that_begins_late_is_refused_with_its_first_row(read: Callable) -> None:
    with pytest.raises(InvalidProfileError, match=r"row 2 column 'time': the data begins at .*3600 s after"):
        played(read([ROWS[0], *ROWS[2:]]))


def test_local_time_inside_a_clock_change_is_refused(read: Callable) -> None:
    rows = ["t,0,1,2", "2024-03-31T01:30,1,1,1", "2024-03-31T02:30,1,1,1"]
    with pytest.raises(InvalidProfileError, match=r"row 3 column 't': .*clock change"):
        RecordedLoadProfiles(LOADS, read(rows), Clock("2024-03-31", "Europe/Berlin"), 0.0)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("t,Mill,Farm,Forge", r"column 'Forge' means no load of the feeder"),
        ("t,Mill,Farm", r"no column for Inn"),
        ("t,7,99", r"column '99' means no bus"),
        ("t,bus_7", r"no column for bus_9"),
        ("t,p_Mill,p_Farm,p_Inn,q_Forge", r"column 'Forge' has Q but no P"),
    ],
)
def test_column_that_fits_no_load_is_refused(read: Callable, header: str, message: str) -> None:
    values = ",1" * header.count(",")
    with pytest.raises(InvalidProfileError, match=message):
        played(read([header, f"2024-06-21{values}", f"2024-06-22{values}"]))


def test_reactive_power_at_other_times_is_refused(tmp_path: Path) -> None:
    p_path, q_path = tmp_path / "p.csv", tmp_path / "q.csv"
    p_path.write_text("t,0\n2024-06-21T00:00,1\n2024-06-21T01:00,1\n")
    q_path.write_text("t,0\n2024-06-21T00:00,1\n2024-06-21T01:30,1\n")
    with pytest.raises(InvalidProfileError, match=r"q\.csv row 3 column 't': .* give both the same times"):
        read_load_csv(p_path, q_path, unit="kW")
    q_path.write_text("t,0\n2024-06-21T00:00,1\n")
    with pytest.raises(InvalidProfileError, match=r"q\.csv row 3 column 't': no further row where"):
        read_load_csv(p_path, q_path, unit="kW")


@pytest.mark.parametrize(
    ("content", "message"), [("", "is empty"), ("t,0\n", "0 rows"), ("t\n2024-06-21\n", "0 loads")]
)
def test_file_without_data_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "loads.csv"
    path.write_text(content)
    with pytest.raises(InvalidProfileError, match=message):
        read_load_csv(path, unit="kW")


def test_missing_file_time_column_and_unit_are_refused(tmp_path: Path, read: Callable) -> None:
    read(ROWS)
    with pytest.raises(InvalidProfileError, match="nowhere"):
        read_load_csv(tmp_path / "nowhere.csv", unit="kW")
    with pytest.raises(InvalidProfileError, match="no column 'when'; it has time, p_Mill"):
        read_load_csv(tmp_path / "loads.csv", unit="kW", time_column="when")
    with pytest.raises(InvalidProfileError, match="'W'; declare kW or MW"):
        read_load_csv(tmp_path / "loads.csv", unit="W")  # type: ignore[arg-type]
