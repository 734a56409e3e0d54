"""The command line: what is right is shown, what is wrong is one line and exit code 2."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mosaik_scenarios import RunResult
from mosaik_scenarios.cli import app
from mosaik_scenarios.errors import GridTwinError

ROOT = Path(__file__).parents[2]


def gridtwin(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "mosaik_scenarios.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)


def assert_refused(answer: subprocess.CompletedProcess, line: str) -> None:
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == f"gridtwin: {line}\n"


def test_a_run_can_be_shown(small_run: RunResult) -> None:
    answer = CliRunner().invoke(app, ["show", str(small_run.path)])
    assert answer.exit_code == 0
    assert answer.stdout == small_run.summary() + "\n"


def test_a_report_says_where_it_lies(tmp_path: Path, write_run: Callable[..., RunResult]) -> None:
    run = write_run(tmp_path / "run", steps=2)
    answer = CliRunner().invoke(app, ["report", str(run.path)])
    assert answer.stdout.strip() == str(run.folder.report)
    assert run.folder.report.exists()


@pytest.mark.parametrize(("kind", "name"), [("attacks", "bias"), ("detectors", "chi_square")])
def test_there_is_a_list_to_choose_from(kind: str, name: str) -> None:
    answer = CliRunner().invoke(app, ["list", kind])
    assert answer.exit_code == 0
    assert name in answer.stdout


def test_feeders_are_listed_with_size_voltage_and_source() -> None:
    answer = CliRunner().invoke(app, ["list", "feeders"])
    (line,) = [line for line in answer.stdout.splitlines() if line.startswith("  ieee33 ")]
    assert "33 buses" in line
    assert "12.66 kV" in line
    assert "balanced" in line
    assert "solver pandapower; Baran and Wu" in answer.stdout
    (line,) = [line for line in answer.stdout.splitlines() if line.startswith("  ieee123 ")]
    assert "3 phases" in line
    assert "solver pandapower or opendss; IEEE PES test feeders" in answer.stdout


def test_only_what_the_twin_itself_warns_of_reaches_the_user() -> None:
    code = (
        "import warnings; from mosaik_scenarios.cli import _tell_only_our_warnings; _tell_only_our_warnings()\n"
        "warnings.warn_explicit('old', DeprecationWarning, 'x.py', 1, module='pandapower.build_branch')\n"
        "warnings.warn_explicit('not kept', UserWarning, 'x.py', 1, module='models.detection.model_store')\n"
        "warnings.warn_explicit('foreign', UserWarning, 'x.py', 1, module='modelsim')\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stderr == "gridtwin: warning: not kept\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["list", "birds"], "expected one of feeders, scenarios, attacks, kinds, detectors, got 'birds'."),
        (["run", "missing.toml"], "missing.toml: expected a scenario file, found none"),
        (["run", "missing.toml", "--set", "seed"], "--set: expected KEY=VALUE, got 'seed'"),
        (["show", "nothing"], "expected the folder of a run or a name in runs, got 'nothing'."),
    ],
)
def test_what_is_wrong_is_a_typed_error(arguments: list[str], problem: str) -> None:
    answer = CliRunner().invoke(app, arguments)
    assert isinstance(answer.exception, GridTwinError)
    assert str(answer.exception) == problem


def test_a_refusal_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    expected = "expected the folder of a run or a name in runs, got 'nothing'."
    assert_refused(gridtwin("show", "nothing", cwd=tmp_path), expected)


def test_it_knows_its_version() -> None:
    answer = CliRunner().invoke(app, ["--version"])
    assert answer.exit_code == 0
    assert answer.stdout.startswith("gridtwin ")


def test_the_traceback_is_there_for_who_asks() -> None:
    answer = gridtwin("show", "nothing", GRIDTWIN_DEBUG="1")
    assert "Traceback" in answer.stderr
    assert "RunNotFoundError" in answer.stderr


def test_help_comes_without_loading_anything_heavy() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from mosaik_scenarios.cli import app\n"
        "answer = CliRunner().invoke(app, ['--help']); assert answer.exit_code == 0\n"
        "print(sorted({'torch', 'pandapower', 'numba', 'mosaik', 'pandas', 'plotly'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
