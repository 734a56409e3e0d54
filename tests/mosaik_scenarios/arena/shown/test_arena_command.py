"""The command ``gridtwin arena``: what it asks for, and what it refuses in one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.detection import DETECTORS
from mosaik_scenarios.arena.command import plan_of
from mosaik_scenarios.arena.events import KINDS
from mosaik_scenarios.arena.folder import claim
from mosaik_scenarios.arena.plan import FEEDERS, ArenaPlan
from mosaik_scenarios.arena.watching import PLAN
from mosaik_scenarios.cli import app
from mosaik_scenarios.errors import ArenaError, GridTwinError

NOTHING = dict.fromkeys(("feeders", "families", "kinds", "detectors", "days", "seeds", "alarms_per_day", "metering"))


def test_without_options_everyone_meets_everything() -> None:
    plan = plan_of(NOTHING)
    assert (plan.feeders, plan.kinds, plan.detectors) == (FEEDERS, tuple(KINDS), tuple(DETECTORS))


def test_options_are_lists_of_names_and_a_family_is_all_of_its_kinds() -> None:
    told = {"feeders": "ieee33, cigre_mv", "families": "stealthy", "kinds": "freeze", "days": "1,2.5,4", "seeds": 2}
    plan = plan_of({**NOTHING, **told})
    assert plan.feeders == ("ieee33", "cigre_mv")
    assert plan.kinds == (
        "freeze", "stealthy", "stealthy theft", "stealthy slow", "stealthy partial", "stealthy wrong",
    )  # fmt: skip
    assert (plan.training_days, plan.calibration_days, plan.clean_days, plan.seeds) == (1, 2.5, 4, 2)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--feeders", "atlantis"], "feeders: expected some of ieee33"),
        (["--kinds", "sabotage"], "kinds: expected some of bias"),
        (["--families", "sabotage"], "families: expected some of bias"),
        (["--detectors", "oracle"], "detectors: expected some of chi_square"),
        (["--days", "6,20"], "days: expected days to learn on, to calibrate on and to count on, such as 6,20,60, got"),
        (["--seeds", "0"], "seeds: expected 1 to"),
    ],
)
def test_what_is_unknown_is_named_with_what_there_is(arguments: list[str], wanted: str) -> None:
    answer = CliRunner().invoke(app, ["arena", *arguments])
    assert isinstance(answer.exception, GridTwinError)
    (line,) = str(answer.exception).splitlines()
    assert line.startswith(wanted)
    assert "got" in line


def test_an_arena_goes_on_with_other_detectors_and_feeders_but_not_with_other_timelines(tmp_path: Path) -> None:
    plan = ArenaPlan(feeders=("cigre_mv",), kinds=("bias",), detectors=("chi_square",), seeds=2)
    plan.to_file(tmp_path / PLAN)
    claim(ArenaPlan(kinds=("bias",), seeds=2), tmp_path)
    other = ArenaPlan(kinds=("bias", "replay"), seeds=3)
    with pytest.raises(ArenaError, match="holds an arena with other kinds, seeds; replace it with --force"):
        claim(other, tmp_path)
    assert (tmp_path / PLAN).exists()
    claim(other, tmp_path, force=True)
    assert not (tmp_path / PLAN).exists()


def test_files_of_no_arena_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ArenaError, match="holds files of no arena; choose another with --out"):
        claim(ArenaPlan(), tmp_path, force=True)
    with pytest.raises(ArenaError, match="got the file"):
        claim(ArenaPlan(), tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").exists()
    claim(ArenaPlan(), tmp_path / "new")


def test_what_is_refused_is_refused_before_anything_is_simulated(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    answer = CliRunner().invoke(app, ["arena", "--out", str(tmp_path)])
    assert isinstance(answer.exception, ArenaError)
    answer = CliRunner().invoke(app, ["arena", "--out", str(tmp_path / "new"), "--export", str(tmp_path)])
    assert isinstance(answer.exception, ArenaError)
    assert not (tmp_path / "new").exists()


def test_kinds_of_attacks_are_listed_with_their_magnitudes() -> None:
    answer = CliRunner().invoke(app, ["list", "kinds"])
    assert "  bias                bias                4, 8, 16 standard deviations of the meter" in answer.stdout
