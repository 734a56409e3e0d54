"""The page holds every figure and needs no network; a folder is written whole, and never over something else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mosaik_scenarios.comparison import Comparison, compare
from mosaik_scenarios.errors import ComparisonError
from networks.feeder import Feeder
from tests.mosaik_scenarios.comparison.conftest import Truth

CSV = Callable[..., Path]


@pytest.fixture
def comparison(feeder: Feeder, csv: CSV, truth: Truth) -> Comparison:
    return compare(feeder, csv(truth.vm_pu.assign(stranger=1.0)), tolerance=0.1)


def test_the_page_holds_figures_tables_and_what_was_matched(comparison: Comparison, tmp_path: Path) -> None:
    page = comparison.write_page(tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    for title in ("Differences", "Voltage profile", "Error by distance", "Twin and reference", "Over time", "Worst"):
        assert f"<h2>{title}" in page
    assert page.count('class="plotly-graph-div"') == 4
    assert "stranger" in page
    assert "<script src" not in page
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["page.html"]


def test_totals_have_their_own_figures(feeder: Feeder, csv: CSV, truth: Truth, tmp_path: Path) -> None:
    comparison = compare(feeder, csv(truth.totals), out=tmp_path / "out")
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    assert "P at the source" in page
    assert "Voltage profile" not in page
    assert comparison.matched.empty


def test_a_folder_is_written_once_and_replaced_when_told(comparison: Comparison, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    comparison.write(folder)
    names = {"comparison.html", "metrics.csv", "worst.csv", "matched.csv", "unmatched.csv"}
    assert {file.name for file in folder.iterdir()} == names
    with pytest.raises(ComparisonError, match="replace it with --force"):
        comparison.write(folder)
    comparison.write(folder, force=True)


def test_a_folder_of_something_else_is_left_alone(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    for force in (False, True):
        with pytest.raises(ComparisonError, match="holds files of no comparison"):
            comparison.write(tmp_path, force=force)
    with pytest.raises(ComparisonError, match="got the file"):
        comparison.write(tmp_path / "thesis.tex")
