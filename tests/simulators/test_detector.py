"""The detector behind mosaik."""

import mosaik_api_v3
import numpy as np
import pytest

from models.detection import DETECTORS
from models.detection.base import Detector
from models.detection.history import History
from models.errors import ChannelMismatchError
from simulators.detector import DetectorSimulator

CHANNELS = ("v bus 0", "v bus 1", "p line 0 from")


@pytest.fixture
def simulator():
    simulator = DetectorSimulator()
    simulator.init("Detector", time_resolution=60.0)
    return simulator


def step(simulator, eid, time=0, **inputs):
    simulator.step(time, {eid: {attr: {"Source": value} for attr, value in inputs.items()}}, max_advance=time)
    return simulator.get_data({eid: list(simulator.OUTPUTS)})[eid]


def fitted(name):
    detector = DETECTORS[name]()
    detector.fit([History.of_values(CHANNELS, 60.0 * np.arange(10), np.ones((10, 3)))])
    return detector


def test_it_is_a_mosaik_simulator_with_a_complete_meta(simulator):
    model = simulator.meta["models"]["Detector"]
    assert isinstance(simulator, mosaik_api_v3.Simulator)
    assert model["params"] == ["detector", "channels", "start_time_of_day_s"]
    assert set(model["attrs"]) == {*DetectorSimulator.INPUTS, *DetectorSimulator.OUTPUTS}


def test_each_detector_is_an_entity_that_announces_its_channels(simulator):
    created = [simulator.create(1, "Detector", detector=fitted(name))[0] for name in ("chi_square", "largest_residual")]
    assert [entity["eid"] for entity in created] == ["Detector", "Detector-1"]
    assert all(entity["extra_info"] == {"channel": list(CHANNELS)} for entity in created)


def test_verdict_leaves_under_the_promised_names(simulator):
    simulator.create(1, "Detector", detector=fitted("largest_residual"))
    verdict = step(
        simulator,
        "Detector",
        value_received=np.ones(3),
        timestamp_s=np.zeros(3),
        quality=np.zeros(3, np.int8),
        objective=1.0,
        degrees_of_freedom=1,
        normalised_residual=np.array([0.5, -4.0, 1.0]),
    )
    assert set(verdict) == set(DetectorSimulator.OUTPUTS)
    assert (verdict["score"], verdict["threshold"], verdict["alarm"]) == (4.0, 3.0, True)
    assert verdict["suspects"].tolist() == [1, 2, 0]
    np.testing.assert_array_equal(verdict["channel_score"], [0.5, 4.0, 1.0])


def test_without_an_estimator_a_residual_test_has_no_verdict(simulator):
    simulator.create(1, "Detector", detector=fitted("chi_square"))
    verdict = step(simulator, "Detector", value_received=np.ones(3))
    assert np.isnan(verdict["score"])
    assert not verdict["alarm"]
    assert verdict["suspects"].tolist() == [-1, -1, -1]


def test_a_channel_it_was_not_fitted_to_is_neither_judged_nor_pointed_at(simulator):
    """Telemetry also tells the states of taps and switches, before and between what is measured."""
    everything = ("tap trafo 0", "v bus 0", "closed switch 3", "v bus 1", "p line 0 from")
    created = simulator.create(1, "Detector", detector=fitted("largest_residual"), channels=everything)
    assert created[0]["extra_info"] == {"channel": list(everything)}
    residual = np.array([99.0, 0.5, 99.0, 4.0, 1.0])
    verdict = step(simulator, "Detector", value_received=np.ones(5), normalised_residual=residual)
    assert verdict["score"] == 4.0
    assert verdict["suspects"].tolist() == [3, 4, 1]
    np.testing.assert_array_equal(verdict["channel_score"], [np.nan, 0.5, np.nan, 4.0, 1.0])


def test_telemetry_without_a_channel_it_was_fitted_to_is_refused(simulator):
    with pytest.raises(ChannelMismatchError, match="missing v bus 1"):
        simulator.create(1, "Detector", detector=fitted("chi_square"), channels=("v bus 0", "p line 0 from"))


class ClockDetector(Detector):
    """Scores the time it is shown."""

    name = "clock"

    def judge(self, frame):
        return frame.time_s, np.zeros(len(frame.value))


def test_detector_is_shown_time_since_midnight(simulator):
    simulator.create(1, "Detector", detector=ClockDetector(threshold=0.0), start_time_of_day_s=6 * 3600.0)
    assert step(simulator, "Detector", time=30, value_received=np.ones(3))["score"] == 6.5 * 3600
