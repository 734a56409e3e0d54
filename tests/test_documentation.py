"""What the documents show runs as it stands, and what they point at is there."""

import importlib
import os
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.detection import DETECTORS, Detector, History
from models.detection.model_store import ModelStore
from mosaik_scenarios import catalogue, run
from mosaik_scenarios.cli import app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FIRST_RUN = ROOT / "docs" / "first-run.md"
ATTACKS = ROOT / "docs" / "attacks.md"
ESTIMATION = ROOT / "docs" / "estimation.md"
DETECTION = ROOT / "docs" / "detection.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SCREEN_LINES = 60


def blocks(document: Path, language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(), flags=re.MULTILINE | re.DOTALL)


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """A Python of its own, as a reader would start it in `folder`."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader works: the first minutes of the default day lie in runs/day."""
    folder = tmp_path_factory.mktemp("reader")
    day = catalogue.find("day").with_overrides({"detectors": [], "attacks.0.start": "5min"})
    run(day.lasting("15min"), out=folder / "runs" / "day")
    (folder / "departure.py").write_text(A_DETECTOR)
    return folder


A_DETECTOR, *USES_OF_IT = blocks(DETECTION, "python")
EXAMPLES = [(document.name, number, block) for document in (FIRST_RUN, ESTIMATION, ATTACKS) for number, block in
            enumerate(blocks(document, "python"))]  # fmt: skip
EXAMPLES += [(DETECTION.name, number, block) for number, block in enumerate(USES_OF_IT, start=1)]


@pytest.mark.parametrize("block", [block for *_, block in EXAMPLES], ids=[f"{d}-{n}" for d, n, _ in EXAMPLES])
def test_every_other_example_runs_as_it_stands(
    folder: Path, block: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the main program, in the reader's folder; in this process, which has loaded the libraries already."""
    example = folder / "example.py"
    example.write_text(block)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr("models.detection.DETECTORS", dict(DETECTORS))  # an example may add to it
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out.strip()


def test_the_first_example_runs_in_a_python_of_its_own(folder: Path) -> None:
    (block,) = blocks(README, "python")
    (folder / "first.py").write_text(block)
    answer = python(folder, "first.py")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


@pytest.fixture
def departure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> type[Detector]:
    """The page's detector, imported and registered as a reader would."""
    monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module("departure")
    monkeypatch.setitem(DETECTORS, "departure", module.DepartureDetector)
    return module.DepartureDetector


def record(seed: int, forged_from: int | None = None) -> History:
    """Half a day of three meters that wander about what is expected of them; one is 50 times their noise off."""
    random = np.random.default_rng(seed)
    value = 1 + 1e-3 * random.normal(size=(720, 3))
    if forged_from is not None:
        value[forged_from:, 1] += 0.05
    history = History.of_values(("v bus 0", "v bus 1", "v bus 2"), 60.0 * np.arange(720), value)
    return replace(history, expected=np.ones_like(value))


def test_the_detector_of_the_page_takes_no_more_than_40_lines() -> None:
    assert sum(bool(line.strip()) for line in A_DETECTOR.splitlines()) <= 40


def test_the_detector_of_the_page_sees_a_departure_and_says_where(departure: type[Detector]) -> None:
    detector = departure()
    detector.fit([record(1)])
    detector.calibrate([record(2)], alarms_per_day=1.0)
    seen, forged = record(3), 400
    alarms = [detector.update(frame).alarm for frame in seen]
    assert np.sum(np.diff(alarms, prepend=False) & np.array(alarms)) <= 2
    detector.reset()
    verdicts = [detector.update(frame) for frame in record(3, forged_from=forged)]
    assert [verdict.alarm for verdict in verdicts[:forged]] == alarms[:forged]
    assert verdicts[forged].alarm
    assert verdicts[forged].channel == 1


def test_the_detector_of_the_page_is_kept_and_judges_records_as_streams(
    departure: type[Detector], tmp_path: Path
) -> None:
    detector = departure()
    detector.fit([record(1)])
    store = ModelStore(tmp_path)
    store.save({}, detector)
    kept = store.load({}, detector.channels)
    assert kept is not None
    watched = kept.watch(record(3)).score
    np.testing.assert_array_equal(np.isnan(watched), np.arange(720) < detector.warm_up_scans)
    np.testing.assert_array_equal(watched, [detector.update(frame).score for frame in record(3)])


def test_the_scenario_file_runs_up_to_its_first_minutes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (block,) = blocks(FIRST_RUN, "toml")
    (folder / "saturday.toml").write_text(block)
    answer = CliRunner().invoke(app, ["run", "saturday.toml", "--duration", "5min", "--set", "detectors=[]"])
    assert answer.exit_code == 0, answer.output
    assert "saturday, feeder cigre_mv, seed 3" in answer.stdout


def test_the_scenario_file_is_right_to_its_last_minute(folder: Path) -> None:
    from mosaik_scenarios import Scenario
    from mosaik_scenarios.roles import Roles
    from networks.registry import load_feeder

    (block,) = blocks(FIRST_RUN, "toml")
    (folder / "whole.toml").write_text(block)
    scenario = Scenario.from_file(folder / "whole.toml")
    feeder = load_feeder(scenario.feeder)
    (attack,) = scenario.attacks
    assert set(attack.parameters["channels"]) <= set(Roles(scenario, feeder).plan.name)
    assert len(feeder.reclosers)


def test_the_first_screen_holds_the_two_commands_an_example_and_the_picture() -> None:
    first_screen = "\n".join(README.read_text().splitlines()[:SCREEN_LINES])
    for wanted in ("make run", "make test", "pip install -c constraints.txt", "```python", "docs/images/day.png"):
        assert wanted in first_screen


@pytest.mark.parametrize("document", DOCUMENTS, ids=[document.name for document in DOCUMENTS])
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_every_command_of_the_readme_exists() -> None:
    for name in re.findall(r"`gridtwin run (\w+)`", README.read_text()):
        assert name in catalogue.CATALOGUE
