"""Progress is told as it is made."""

from models.detection.base import Detector
from mosaik_scenarios.catalogue import find
from mosaik_scenarios.twin import Experiment
from mosaik_scenarios.world import simulate
from networks.registry import load_feeder

MINUTES = 20


class CountingDetector(Detector):
    """Judges nothing, counts the scans."""

    name = "counting"

    def __init__(self):
        super().__init__(threshold=1.0)
        self.scans = 0

    def judge(self, frame):
        self.scans += 1
        return 0.0, frame.value * 0.0


def test_the_clock_does_not_run_ahead_of_the_grid():
    scenario = find("clean").with_overrides({"duration": f"{MINUTES}min", "detectors": []})
    counting = CountingDetector()
    told = []
    experiment = Experiment(scenario, load_feeder(scenario.feeder), {"counting": counting})
    simulate(experiment, lambda share: told.append((share * MINUTES, counting.scans)))
    assert len(told) == MINUTES
    assert all(abs(minutes - scans) <= 2 for minutes, scans in told)
