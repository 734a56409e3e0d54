"""Phase by phase with OpenDSS: the published feeders at the taps that their solved voltages belong to."""

from functools import cache
from pathlib import Path

import pytest

from mosaik_scenarios.comparison import compare
from networks.feeder import Feeder
from networks.three_phase.network import network_of
from networks.three_phase.tables import read_tables

TABLES = Path(__file__).parents[3] / "networks" / "data"

pytest.importorskip("opendssdirect", reason="solved with the extra opendss")


@cache
def published(name: str) -> Feeder:
    return Feeder(name=name, title=name, source="tables", **vars(network_of(read_tables(TABLES / name))))


@pytest.mark.parametrize(("name", "tolerance"), [("ieee13", 1e-4), ("ieee123", 1e-4)])
def test_every_node_is_where_opendss_has_it(reference_data: Path, name: str, tolerance: float) -> None:
    folder = reference_data / "ieee" / name
    comparison = compare(
        published(name), folder / "voltages.csv", taps=folder / "taps.csv", solver="opendss", tolerance=tolerance
    )
    assert comparison.within_tolerance, comparison.text()
    assert comparison.table()["max"].iloc[1] < 0.01
    assert comparison.unmatched.empty
    assert set(comparison.matched["phase"]) == {"a", "b", "c"}


def test_the_balanced_net_is_near_the_mean_of_three_phases(reference_data: Path) -> None:
    folder = reference_data / "ieee" / "ieee123"
    comparison = compare(published("ieee123"), folder / "voltages.csv", taps=folder / "taps.csv")
    largest = comparison.table().set_index("quantity")["max"]
    assert largest["|ΔV| at three-phase buses"] < 0.003


def test_the_page_draws_each_phase_by_itself(reference_data: Path, tmp_path: Path) -> None:
    folder = reference_data / "ieee" / "ieee13"
    comparison = compare(published("ieee13"), folder / "voltages.csv", solver="opendss")
    page = comparison.write_page(tmp_path / "page.html").read_text(encoding="utf-8")
    for phase in "abc":
        assert f"phase {phase}" in page
