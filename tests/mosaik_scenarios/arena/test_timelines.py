"""The arena's timelines: no date and no seed twice, every attack aimed at something, nothing half done left behind."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models.attacks import ATTACKS
from mosaik_scenarios.arena import plan as plan_module
from mosaik_scenarios.arena.events import KINDS
from mosaik_scenarios.arena.plan import EVENT, LEAD_IN, PAUSE, ROLES, ArenaPlan
from mosaik_scenarios.arena.timelines import Timeline, described, simulate, timelines
from mosaik_scenarios.errors import ScenarioError
from networks.errors import FeederError


@pytest.fixture(scope="module")
def tiny() -> ArenaPlan:
    return ArenaPlan(
        feeders=("cigre_mv",),
        kinds=("bias", "surge"),
        detectors=("chi_square",),
        seeds=1,
        training_days=0.05,
        calibration_days=0.05,
        clean_days=0.05,
        metering="declared",
    )


def test_timelines_of_a_feeder_share_neither_seed_nor_date() -> None:
    plan = ArenaPlan()
    for feeder in plan.feeders:
        places = [place for place in plan.places if place.feeder == feeder]
        assert len({place.seed for place in places}) == len(places)
        for earlier, later in pairwise(sorted(places, key=lambda place: place.start)):
            assert earlier.start + earlier.duration <= later.start


@pytest.mark.parametrize("role", ROLES)
def test_every_role_meets_every_season(role: str) -> None:
    quarters = {(place.start.month - 1) // 3 for place in ArenaPlan().of("ieee33", role)}
    assert quarters == {0, 1, 2, 3}


def test_sixty_clean_days_are_sixty_days_without_the_lead_in() -> None:
    judged = sum((place.duration - LEAD_IN for place in ArenaPlan().of("ieee33", "clean")), timedelta(0))
    assert judged == timedelta(days=60)


def test_every_family_has_a_kind() -> None:
    assert {kind.family for kind in KINDS.values()} == set(ATTACKS)


@pytest.mark.parametrize("feeder", ["cigre_mv", "ieee123"])
def test_every_kind_that_a_feeder_can_have_comes_at_three_levels(feeder: str) -> None:
    plan = ArenaPlan(feeders=(feeder,))
    scenario, events = described(plan, plan.of(feeder, "attacked")[0])
    assert events.groupby("kind")["level"].apply(sorted).apply(lambda levels: levels == [1, 2, 3]).all()
    missing = set(plan.kinds) - set(events.kind)
    assert missing <= {"set-point"}  # without generators there is none to tell
    assert len(scenario.attacks) == len(events)
    assert events.buses.str.len().min() >= 1
    onset, end = events.first_scan.to_numpy(), events.last_scan.to_numpy() + 1
    scan = scenario.scan_period
    assert onset.min() * scan >= LEAD_IN
    assert (end - onset == EVENT // scan).all()
    assert (np.diff(onset) >= (EVENT + PAUSE) // scan).all()
    assert (events.first_scan[events.kind == "replay"] * scan >= timedelta(days=1)).all()


def test_same_seed_same_attacks_and_another_seed_others(tiny: ArenaPlan) -> None:
    two = ArenaPlan(**{**tiny.__dict__, "seeds": 2})
    first, second = two.of("cigre_mv", "attacked")
    again = described(two, first)[1]
    assert described(two, first)[1].equals(again)
    assert not described(two, second)[1].parameters.equals(again.parameters)


def test_a_timeline_is_kept_whole_and_nothing_beside_it(
    tiny: ArenaPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "LEAD_IN", timedelta(minutes=10))
    only = ArenaPlan(**{**tiny.__dict__, "kinds": ("bias",)})
    place = min(only.places, key=lambda place: place.duration)
    told: list[float] = []
    timeline = Timeline(place, tmp_path / "timelines" / place.feeder / place.name)
    simulate(only, timeline, told.append)
    assert sorted(path.name for path in timeline.folder.parent.iterdir()) == [place.name]
    history = timeline.history
    assert len(history) == place.duration // timeline.scenario.scan_period
    assert np.isfinite(history.expected).all()
    assert len(timeline.events) == 0
    assert told[-1] == pytest.approx(1.0, abs=0.05)


def test_a_feeder_that_cannot_be_simulated_leaves_nothing_behind(tiny: ArenaPlan, tmp_path: Path) -> None:
    wrong = ArenaPlan(**{**tiny.__dict__, "metering": "nowhere.csv"})
    with pytest.raises(FeederError, match=r"nowhere\.csv"):
        timelines(wrong, tmp_path)
    assert not list(tmp_path.rglob("*.npz"))
    assert not list(tmp_path.rglob(".*-*"))


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("feeders", ("ieee34x",), "feeders: expected some of"),
        ("kinds", ("bias", "magic"), "got magic"),
        ("detectors", ("oracle",), "got oracle"),
        ("detectors", ("chi_square", "chi_square"), "expected each once"),
        ("seeds", 0, "seeds: expected 1 to"),
        ("seeds", 500, "the timelines take"),
        ("clean_days", -1.0, "clean_days: expected a positive number"),
    ],
)
def test_a_wrong_plan_is_refused_by_name(field: str, value: object, expected: str) -> None:
    with pytest.raises(ScenarioError, match=expected):
        ArenaPlan(**{field: value})


def test_a_plan_survives_its_file_and_a_broken_file_is_refused(tiny: ArenaPlan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    tiny.to_file(path)
    assert ArenaPlan.from_file(path) == tiny
    path.write_text('{"feeders": 3}')
    with pytest.raises(ScenarioError, match="expected an arena's plan"):
        ArenaPlan.from_file(path)
