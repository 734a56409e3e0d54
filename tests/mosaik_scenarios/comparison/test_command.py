"""``gridtwin compare``: 0 where the tolerance holds, 1 where it is missed, 2 and one line for what is wrong."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mosaik_scenarios.cli import app
from mosaik_scenarios.comparison.folder import default_folder
from mosaik_scenarios.errors import ComparisonError

RUNNER = CliRunner()


@pytest.fixture
def result(reference_data: Path) -> str:
    return str(reference_data / "matpower" / "case33bw_solved.mat")


@pytest.mark.parametrize(("tolerance", "code", "verdict"), [("1e-6", 0, "kept"), ("0", 1, "missed")])
def test_the_exit_code_says_whether_the_tolerance_is_kept(
    result: str, tmp_path: Path, tolerance: str, code: int, verdict: str
) -> None:
    answer = RUNNER.invoke(
        app, ["compare", "ieee33", "--reference", result, "--tolerance", tolerance, "--out", str(tmp_path / "out")]
    )
    assert answer.exit_code == code, answer.output
    assert f"{verdict}: at most" in answer.stdout
    assert answer.stdout.strip().endswith(str(tmp_path / "out" / "comparison.html"))
    assert (tmp_path / "out" / "comparison.html").exists()


def test_what_lies_there_is_not_overwritten(result: str, tmp_path: Path) -> None:
    command = ["compare", "ieee33", "--reference", result, "--out", str(tmp_path / "out")]
    assert RUNNER.invoke(app, command).exit_code == 0
    refused = RUNNER.invoke(app, command)
    assert isinstance(refused.exception, ComparisonError)
    assert RUNNER.invoke(app, [*command, "--force"]).exit_code == 0


def test_bad_input_leaves_nothing(tmp_path: Path) -> None:
    answer = RUNNER.invoke(app, ["compare", "ieee33", "--reference", "nowhere.mat", "--out", str(tmp_path / "out")])
    assert isinstance(answer.exception, ComparisonError)
    assert not (tmp_path / "out").exists()


def test_the_folder_is_named_after_both_sides() -> None:
    assert default_folder("iowa240", "data/Total_P&Q.csv") == Path("comparisons/iowa240-Total_P_Q")
    assert default_folder("nets/my net.json", "case.mat") == Path("comparisons/my_net-case")
