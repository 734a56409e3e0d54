"""What the documents show runs as it stands, and what they point at is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mosaik_scenarios import catalogue, run

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FIRST_RUN = ROOT / "docs" / "first-run.md"
ATTACKS = ROOT / "docs" / "attacks.md"
ESTIMATION = ROOT / "docs" / "estimation.md"
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
    return folder


EXAMPLES = [(document.name, number, block) for document in (README, FIRST_RUN, ESTIMATION, ATTACKS) for number, block in
            enumerate(blocks(document, "python"))]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "block"), [(n, b) for _, n, b in EXAMPLES], ids=[f"{d}-{n}" for d, n, _ in EXAMPLES]
)
def test_every_python_example_runs_as_it_stands(folder: Path, number: int, block: str) -> None:
    example = folder / f"example_{number}.py"
    example.write_text(block)
    answer = python(folder, str(example))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


def test_the_scenario_file_runs_up_to_its_first_minutes(folder: Path) -> None:
    (block,) = blocks(FIRST_RUN, "toml")
    (folder / "saturday.toml").write_text(block)
    command = ("-m", "mosaik_scenarios.cli", "run", "saturday.toml", "--duration", "5min", "--set", "detectors=[]")
    answer = python(folder, *command)
    assert answer.returncode == 0, answer.stderr
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
