"""The Iowa 240-bus system beside OpenDSS and the MATLAB study, at sampled hours of its year."""

from pathlib import Path

import pytest

from mosaik_scenarios.comparison import compare
from networks.feeder import Feeder
from networks.registry import load_feeder

pytest.importorskip("opendssdirect", reason="the release is an OpenDSS model, read and solved with the extra opendss")


@pytest.fixture(scope="module")
def folder(reference_data: Path) -> Path:
    return reference_data / "iowa240"


@pytest.fixture(scope="module")
def iowa(folder: Path) -> Feeder:
    return load_feeder(folder, extensions=())


@pytest.mark.parametrize(("solver", "kilowatt", "kilovar"), [("pandapower", 1.5, 2.0), ("opendss", 0.15, 0.1)])
def test_totals_with_the_studys_taps(iowa: Feeder, folder: Path, solver: str, kilowatt: float, kilovar: float) -> None:
    taps = folder / "Tap_Changing_Data.csv"
    comparison = compare(iowa, folder / "opendss_totals_60h.csv", taps=taps, solver=solver, tolerance=0.05)
    assert comparison.within_tolerance, comparison.text()
    p, _, q = comparison.table()["max"]
    assert (p < kilowatt, q < kilovar) == (True, True), comparison.text()


@pytest.mark.parametrize(("solver", "tolerance"), [("pandapower", 0.005), ("opendss", 1e-5)])
def test_node_voltages_with_the_studys_taps(iowa: Feeder, folder: Path, solver: str, tolerance: float) -> None:
    taps = folder / "Tap_Changing_Data.csv"
    reference = folder / "opendss_node_voltages_pu_60h.csv"
    comparison = compare(iowa, reference, taps=taps, solver=solver, tolerance=tolerance)
    assert comparison.within_tolerance, comparison.text()
    nodes = {f"bus{bus}.{node}" for bus in (1010, 2013, 3081) for node in (4, 5, 6)}
    assert set(comparison.unmatched["name"]) == nodes, "second circuits on the same poles"


def test_a_week_of_the_matlab_study(iowa: Feeder, folder: Path) -> None:
    taps = folder / "Tap_Changing_Data.csv"
    comparison = compare(iowa, folder / "Total_P&Q.csv", taps=taps, hours="4400:4568", tolerance=0.05)
    assert comparison.within_tolerance, comparison.text()


def test_the_feeders_own_regulators_tap_as_the_studys_did(iowa: Feeder, folder: Path) -> None:
    comparison = compare(iowa, folder / "Tap_Changing_Data.csv", hours="4400:4568")
    assert comparison.taps is not None
    equal, within_one = comparison.taps.within_percent
    assert equal >= 90.0
    assert within_one == 100.0
