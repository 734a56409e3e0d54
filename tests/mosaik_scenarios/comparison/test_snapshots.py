"""One power flow beside another: equal where they are the same, and off by what was added."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mosaik_scenarios.comparison import compare
from mosaik_scenarios.errors import ComparisonError
from networks.feeder import Feeder
from networks.importers.matpower.mat_file import read_mat_case
from networks.importers.matpower.to_pandapower import net_of

CSV = Callable[..., Path]


def solved_table(feeder: Feeder) -> pd.DataFrame:
    """The feeder's nominal power flow as a bus table."""
    import pandapower as pp

    pp.runpp(feeder.net, calculate_voltage_angles=True, tolerance_mva=1e-10)
    voltages = feeder.net.res_bus
    return pd.DataFrame({"bus": feeder.net.bus.name, "vm_pu": voltages.vm_pu, "va_degree": voltages.va_degree})


@pytest.mark.parametrize(
    ("name", "case", "tolerance"),
    [("ieee33", "case33bw", 1e-11), ("ieee14", "case14", 1e-10), ("ieee30", "case_ieee30", 1e-11)],
)
def test_matpower_results_are_reproduced(reference_data: Path, name: str, case: str, tolerance: float) -> None:
    comparison = compare(name, reference_data / "matpower" / f"{case}_solved.mat", tolerance=tolerance)
    assert comparison.within_tolerance, comparison.text()
    assert comparison.unmatched.empty
    largest = comparison.table().groupby("quantity")["max"].max()
    assert largest["|Δθ|"] < 1e-8
    assert largest["|ΔP| branches"] < 1e-7
    assert largest["|ΔQ| source"] < 1e-7


@pytest.mark.parametrize("case", ["case300", "case24_ieee_rts"])
def test_a_case_and_its_result_agree_to_the_last_flow(reference_data: Path, case: str) -> None:
    folder = reference_data / "matpower"
    net, _ = net_of(read_mat_case(folder / f"{case}_case.mat"))
    comparison = compare(Feeder(name=case, title=case, source=case, net=net), folder / f"{case}_solved.mat")
    assert comparison.table()["max"].max() < 1e-7, comparison.text()
    assert comparison.unmatched.empty


def test_the_bus_table_alone_says_the_same_of_the_voltages(reference_data: Path) -> None:
    comparison = compare("ieee33", reference_data / "matpower" / "case33bw_bus.csv")
    assert comparison.table()["max"].max() < 1e-11
    assert comparison.matched["reference"].tolist()[:2] == ["1", "2"]
    assert comparison.matched["bus"].tolist()[:2] == ["0", "1"]


def test_pandapowers_own_version_of_case118_is_not_matpowers(reference_data: Path) -> None:
    comparison = compare("ieee118", reference_data / "matpower" / "case118_solved.mat", tolerance=1e-3)
    assert comparison.within_tolerance is False
    assert comparison.worst["bus"].iloc[0] == "81"


def test_a_known_shift_is_exactly_the_error(feeder: Feeder, csv: CSV) -> None:
    table = solved_table(feeder)
    shift = np.array([0.0, 0.001, -0.002, 0.004, -0.003])
    table["vm_pu"] -= shift
    comparison = compare(feeder, csv(table))
    (voltage, _) = comparison.table().to_dict("records")
    assert voltage["values"] == 5
    assert voltage["max"] == pytest.approx(0.004, abs=1e-9)
    assert voltage["mean"] == pytest.approx(0.002, abs=1e-9)
    assert voltage["percentile_95"] == pytest.approx(np.percentile(np.abs(shift), 95), abs=1e-9)
    assert voltage["worst"] == "bus bus1003"
    assert comparison.worst["error_pu"].tolist() == pytest.approx([0.004, -0.003, -0.002, 0.001, 0.0], abs=1e-9)


def test_angles_are_compared_whatever_they_are_counted_from(feeder: Feeder, csv: CSV) -> None:
    table = solved_table(feeder)
    table["va_degree"] += 170.0
    assert compare(feeder, csv(table)).table()["max"].max() < 1e-7
    table.loc[3, "va_degree"] -= 0.5
    (_, angle) = compare(feeder, csv(table)).table().to_dict("records")
    assert angle["max"] == pytest.approx(0.5, abs=1e-7)
    assert angle["worst"] == "bus bus1003"


def test_a_balanced_twin_is_compared_with_the_mean_of_the_phases(feeder: Feeder, csv: CSV) -> None:
    solved = solved_table(feeder).set_index("bus")
    rows = [
        (bus, node, solved.vm_pu[bus] + off, solved.va_degree[bus] - 120 * (node - 1))
        for bus in solved.index[:4]
        for node, off in ((1, 0.01), (2, 0.0), (3, -0.01))
    ]
    rows.append(("bus1004", 2, solved.vm_pu["bus1004"] + 0.02, solved.va_degree["bus1004"] - 120))
    comparison = compare(feeder, csv(pd.DataFrame(rows, columns=["bus", "node", "vm_pu", "va_deg"])))
    largest = comparison.table().set_index("quantity")["max"]
    assert largest["|ΔV|"] == pytest.approx(0.02)
    assert largest["|ΔV| at three-phase buses"] < 1e-9
    assert largest["|Δθ|"] < 0.01
    assert "averaged" in comparison.text()
    assert comparison.matched["reference"].iloc[0] == "sourcebus.1 sourcebus.2 sourcebus.3"


def test_what_is_not_matched_is_listed_on_both_sides(feeder: Feeder, csv: CSV) -> None:
    table = solved_table(feeder).iloc[1:]
    table.loc["more", :] = ["harbour", 1.0, 0.0]
    comparison = compare(feeder, csv(table))
    rows = [("reference", "harbour"), ("feeder", "sourcebus")]
    assert comparison.unmatched[["side", "name"]].to_records(index=False).tolist() == rows
    assert "(1): harbour" in comparison.text()
    assert "only in the feeder (1): sourcebus" in comparison.text()


def test_another_networks_results_are_refused(feeder: Feeder, csv: CSV) -> None:
    table = pd.DataFrame({"bus": ["x", "y"], "vm_pu": [1.0, 0.99]})
    with pytest.raises(ComparisonError, match=r"none of its 2 .*x, y.* is a bus of the feeder, .*sourcebus, bus1001"):
        compare(feeder, csv(table))


def test_voltages_in_volts_are_refused(feeder: Feeder, csv: CSV) -> None:
    table = solved_table(feeder)
    table["vm_pu"] *= 7967.0
    with pytest.raises(ComparisonError, match="expected voltages in pu, got"):
        compare(feeder, csv(table))


def test_a_dead_bus_is_not_compared_and_said_to_be_dead(feeder: Feeder, csv: CSV) -> None:
    table = solved_table(feeder)
    feeder.net.line.loc[1, "in_service"] = False
    comparison = compare(feeder, csv(table))
    why = comparison.unmatched.set_index("name")["why"]
    assert why["bus1003"] == "dead in the twin"
    assert comparison.table()["values"].iloc[0] == 4


def test_distances_are_lengths_of_lines_or_their_number(feeder: Feeder, csv: CSV, reference_data: Path) -> None:
    comparison = compare(feeder, csv(solved_table(feeder)))
    assert comparison.matched["distance"].tolist() == [0.0, 0.0, 1.0, 3.5, 1.5]
    assert comparison.distances.unit == "km"
    by_number = compare("ieee33", reference_data / "matpower" / "case33bw_bus.csv")
    assert by_number.distances.unit == "branches"
    assert by_number.matched["distance"].max() == 17


def test_a_tap_imposed_on_a_snapshot_changes_it(feeder: Feeder, csv: CSV) -> None:
    raised = replace(feeder, net=deepcopy(feeder.net))
    raised.net.trafo["tap_pos"] = 5
    table = csv(solved_table(raised))
    assert compare(feeder, table).table()["max"].iloc[0] > 0.015
    taps = csv("regulator,tap\nsubstation,5\n", name="taps.csv")
    assert compare(feeder, table, taps=taps).table()["max"].iloc[0] < 1e-8


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_is_a_size(feeder: Feeder, csv: CSV, tolerance: float) -> None:
    with pytest.raises(ComparisonError, match="expected a tolerance"):
        compare(feeder, csv(solved_table(feeder)), tolerance=tolerance)


def test_a_snapshot_has_no_hours(feeder: Feeder, csv: CSV) -> None:
    with pytest.raises(ComparisonError, match="leave --hours out"):
        compare(feeder, csv(solved_table(feeder)), hours="0:1")


def test_a_solver_that_the_feeder_has_not_is_refused(feeder: Feeder, csv: CSV) -> None:
    with pytest.raises(ComparisonError, match="solved by pandapower, got 'opendss'"):
        compare(feeder, csv(solved_table(feeder)), solver="opendss")
