"""Smart-meter readings that a feeder comes with: when each holds, what is expected from them, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidProfileError
from models.profiles import Clock, LoadRecord, Loads, RecordedLoadProfiles

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
LOADS = Loads.from_table(
    [{"load": 7, "name": "load_9", "p_mw": 1.0, "q_mvar": 0.5}, {"load": 9, "name": "7", "p_mw": 1.0, "q_mvar": 0.5}]
)


def recording(days: int = 3, start: str = "2017-01-01T00:00") -> LoadRecord:
    """Load 7 draws the number of the hour, load 9 its hundredth; reactive power is half of that."""
    hours = np.arange(24.0 * days)
    p_mw = pd.DataFrame({9: hours / 100, 7: hours})
    return LoadRecord.of_meters("the recording", start, "America/Chicago", HOUR_S, p_mw, p_mw / 2)


def played(start: str, duration_s: float = HOUR_S, record: LoadRecord | None = None) -> RecordedLoadProfiles:
    return RecordedLoadProfiles(LOADS, record or recording(), Clock(start, "America/Chicago"), duration_s)


def test_columns_are_loads_by_index_whatever_their_names_look_like() -> None:
    p_mw, q_mvar = played("2017-01-01T05:00").at(0.0)
    np.testing.assert_allclose(p_mw, [5.0, 0.05])
    np.testing.assert_allclose(q_mvar, [2.5, 0.025])


def test_a_reading_holds_until_the_next() -> None:
    profiles = played("2017-01-01T05:00")
    assert [profiles.at(seconds)[0][0] for seconds in (0.0, 1800.0, 3599.0, 3600.0)] == [5.0, 5.0, 5.0, 6.0]


def test_the_control_room_expects_what_was_read_a_day_ago() -> None:
    profiles = played("2017-01-02T05:00")
    assert profiles.forecast_at(0.0)[0][0] == 5.0
    assert profiles.at(0.0)[0][0] == 29.0


def test_on_the_first_day_it_knows_that_day() -> None:
    profiles = played("2017-01-01T05:00", 2 * DAY_S)
    assert profiles.forecast_at(0.0)[0][0] == profiles.at(0.0)[0][0] == 5.0
    assert profiles.forecast_at(DAY_S)[0][0] == 5.0


def test_the_pace_is_that_of_time_through_a_change_of_the_clock() -> None:
    """On 12 March 2017 there was no 2 o'clock in Chicago: the third hour of the day began at 3."""
    record = recording(start="2017-03-12T00:00")
    assert played("2017-03-12T01:00", record=record).at(0.0)[0][0] == 1.0
    assert played("2017-03-12T03:00", record=record).at(0.0)[0][0] == 2.0
    assert played("2017-03-13T00:00", record=record).at(0.0)[0][0] == 23.0


def test_a_scenario_may_be_given_in_another_offset() -> None:
    assert played("2017-01-01T12:00+01:00").at(0.0)[0][0] == 5.0


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (
            "2016-12-31T23:00",
            r"^the recording: the data begins at 2017-01-01 00:00:00-06:00, 3600 s after the scenario",
        ),
        ("2017-01-03T23:30", r"^the recording: the data ends with 2017-01-03 23:00:00-06:00, 1800 s before the scenar"),
    ],
)
def test_a_scenario_outside_the_recording_is_refused_with_its_limits(start: str, message: str) -> None:
    with pytest.raises(InvalidProfileError, match=message):
        played(start)


def test_a_load_without_readings_is_refused() -> None:
    record = recording()
    half = LoadRecord("half", record.times, record.p_mw[[9]], record.q_mvar[[9]], metered=True)
    with pytest.raises(InvalidProfileError, match="no column for load 7"):
        played("2017-01-01T05:00", record=half)
