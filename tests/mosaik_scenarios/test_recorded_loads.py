"""Runs on feeders that come with recordings and approximations of their own."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.errors import InvalidProfileError
from mosaik_scenarios import Scenario, run
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.training import feeder_fingerprint
from networks.feeder import Feeder, RecordedLoads
from networks.registry import load_feeder

HOURS = 48
RECORDED: dict[str, Any] = {
    "feeder": "cigre_mv",
    "start": "2017-01-01T22:00:00+01:00",
    "duration": "4h",
    "step": "1h",
    "loads": "recorded",
    "detectors": (),
}


@pytest.fixture
def feeder(monkeypatch: pytest.MonkeyPatch) -> Feeder:
    """CIGRE's network with two days of readings that begin with 2017: load k draws 10 k + hour kW."""
    published = load_feeder("cigre_mv")
    index = published.net.load.index
    kw = pd.DataFrame(10.0 * index.to_numpy() + np.arange(HOURS)[:, np.newaxis], columns=index)
    recorded = RecordedLoads("2017-01-01T00:00", 3600.0, p_mw=kw / 1000, q_mvar=kw / 5000)
    feeder = replace(published, recorded_loads=recorded, approximations=("two lines merged", "a load left out"))
    monkeypatch.setattr("networks.registry.load_feeder", lambda *_: feeder)
    return feeder


def test_the_loads_draw_what_was_recorded_at_that_time_of_the_feeder(feeder: Feeder) -> None:
    result = run(Scenario(**RECORDED))
    drawn_mw = result.bus["p_mw"][feeder.net.bus.index.difference(feeder.net.ext_grid.bus)].sum(axis=1)
    recorded_mw = feeder.recorded_loads.p_mw.iloc[22:26].sum(axis=1)
    np.testing.assert_allclose(drawn_mw, recorded_mw, rtol=1e-9)


def test_a_run_says_what_its_network_approximates(feeder: Feeder) -> None:
    result = run(Scenario(**RECORDED))
    assert result.manifest["feeder"] == {
        "title": feeder.title,
        "source": feeder.source,
        "approximations": ["two lines merged", "a load left out"],
    }
    assert "2 of the network, listed in manifest.json" in result.summary()


@pytest.mark.parametrize("start", ["2016-12-31T22:00:00+01:00", "2017-01-02T22:00:00+01:00"])
def test_a_scenario_outside_the_recording_is_refused(feeder: Feeder, start: str) -> None:
    with pytest.raises(InvalidProfileError, match="the recording of feeder cigre_mv: the data"):
        run(Scenario(**RECORDED | {"start": start}))


def test_recorded_loads_of_a_feeder_without_any_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"loads: expected .* since feeder cigre_mv comes with no recorded loads"):
        run(Scenario(**RECORDED))


def test_a_detector_learns_anew_when_the_recording_changes(feeder: Feeder) -> None:
    before = feeder_fingerprint(feeder)
    feeder.recorded_loads.q_mvar.iloc[3, 2] += 1e-6
    assert feeder_fingerprint(feeder) != before
