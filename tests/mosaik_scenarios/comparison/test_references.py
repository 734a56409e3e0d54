"""A file's kind shows in what it holds; what is wrong with it is one line that names the place."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mosaik_scenarios.comparison import read_reference
from mosaik_scenarios.errors import ComparisonError

CSV = Callable[..., Path]
MATPOWER_ROWS = "1,3,0,0,0,0,1,1,0,12.66,1,1,1\n2,1,0.1,0.06,0,0,1,0.997,0.014,12.66,1,1.1,0.9\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (MATPOWER_ROWS, "bus table"),
        ("Bus,VM_PU\n1,1.0\n2,0.99\n", "bus table"),
        ("bus name;vm pu;va deg\nA;1,0;0\nB;0,99;-1,5\n", "bus table"),
        ("bus,node,vm_pu,va_deg\n650,1,1.0,0\n650,2,1.0,-120\n", "bus table"),
        ("hour,bus1.1,bus1.2\n249,0.99,1.01\n", "voltages over time"),
        ("1,2,3\n1.0,0.99,0.98\n1.0,0.99,0.97\n", "voltages over time"),
        ("Total_Active_Power,Total_Reac_Power\n1364.1,229.5\n", "totals over time"),
        ("hour,p_kw,q_kvar,tap_a\n3,2132.8,566.7,6\n", "totals over time"),
        ("P [MW],Q [Mvar]\n1.3,0.2\n", "totals over time"),
    ],
)
def test_the_kind_shows_in_the_content(csv: CSV, content: str, kind: str) -> None:
    assert read_reference(csv(content)).kind == kind


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "got nothing"),
        ("a\0b,c\n", "got no text"),
        ("regulator,line\nreg1,x\n", "no kind of results has its columns"),
        ("1,2,3\n", "got none"),
        ("1.5,2.5,2.5\n1,2,3\n", "no kind of results has its columns"),
        ("bus1,bus1\n1.0,1.0\n", "column 'bus1' is there twice"),
        ("bus1,bus2\n1.0,\n1.0,0.99\n", "row 2 column 'bus2': expected a number, got an empty cell or NaN"),
        ("bus1,bus2\n1.0,0.98\n1.0,low\n", "row 3 column 'bus2': expected a number, got 'low'"),
        ("bus1,bus2\n7967,7890\n", "expected voltages in pu"),
        ("bus1,bus2\n0.2,3.8\n0.1,0.7\n", "expected voltages in pu"),
        ("hour,bus1\n1.5,1.0\n", "row 2 column 'hour': expected a whole hour"),
        ("time,bus1\n0,1.0\n", "expected dates with times"),
        ("time,bus1\n2017-01-01 00:00+01:00,1.0\n", "without an offset"),
        ("bus,vm_pu\n1,1.0\n,1.0\n", "row 3 column 'bus': expected a bus"),
        ("bus,vm_pu\n1,NaN\n", "row 2 column 'vm_pu': expected a number"),
        ("Active_Power,Somethng\n1.0,2.0\n", "expected a column of Q"),
        ("p_kw,P_total,q_kvar\n1,2,3\n", "both mean P"),
        ("1,9,0,0,0,0,1,1,0,12.66,1,1,1\n", "expected MATPOWER's bus columns"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(csv: CSV, content: str, problem: str) -> None:
    with pytest.raises(ComparisonError, match=problem):
        read_reference(csv(content))


def test_a_missing_file_is_answered_with_the_kinds_there_are() -> None:
    with pytest.raises(ComparisonError, match=r"no file nowhere.csv; give .*MATPOWER.*bus table.*totals over time"):
        read_reference("nowhere.csv")


@pytest.mark.parametrize(("unit", "megawatts"), [(None, 1e-3), ("MW", 1.0), ("W", 1e-6)])
def test_the_unit_of_totals_is_kilowatt_unless_said(csv: CSV, unit: str | None, megawatts: float) -> None:
    reference = read_reference(csv("Total_Active_Power,Total_Reac_Power\n1364.1,229.5\n"), unit)
    assert reference.totals is not None
    np.testing.assert_allclose(reference.totals.p_mw, [1364.1 * megawatts])


def test_a_unit_is_read_from_the_header(csv: CSV) -> None:
    reference = read_reference(csv("P [MW],Q [Mvar]\n1.3,0.2\n"))
    assert reference.unit == "MW"
    assert reference.totals is not None
    np.testing.assert_allclose(reference.totals.q_mvar, [0.2])


def test_an_unknown_unit_and_one_for_voltages_are_refused(csv: CSV) -> None:
    with pytest.raises(ComparisonError, match="expected the unit W, kW, MW, got 'kVA'"):
        read_reference(csv("p,q\n1,1\n"), "kVA")
    for content in ("bus1,bus2\n1.0,1.0\n", "bus,vm_pu\n1,1.0\n"):
        with pytest.raises(ComparisonError, match="leave --unit out"):
            read_reference(csv(content), "kW")


def test_isolated_buses_and_columns_without_values_are_listed(csv: CSV) -> None:
    isolated = read_reference(csv(MATPOWER_ROWS + "3,4,0,0,0,0,1,1,0,12.66,1,1,1\n"))
    assert isolated.ignored == {"3": "isolated in the reference"}
    empty = read_reference(csv("bus1.1,bus1.2\n1.0,\n1.0,\n"))
    assert list(empty.ignored) == ["bus1.2"]


def test_the_published_files_are_recognised(reference_data: Path) -> None:
    kinds = {
        "iowa240/Total_P&Q.csv": ("totals over time", 8760),
        "iowa240/opendss_totals_60h.csv": ("totals over time", 60),
        "iowa240/opendss_node_voltages_pu_60h.csv": ("voltages over time", 60),
        "ieee/ieee13/voltages.csv": ("bus table", 1),
        "matpower/case14_bus.csv": ("bus table", 1),
        "matpower/case14_solved.mat": ("MATPOWER result", 1),
    }
    for file, (kind, rows) in kinds.items():
        reference = read_reference(reference_data / file)
        assert (reference.kind, reference.rows) == (kind, rows), file


@pytest.mark.parametrize("file", ["iowa240/FeederA_Q.csv", "iowa240/FeederB_P.csv", "matpower/case33bw_branch.csv"])
def test_tables_of_loads_and_branches_are_no_results(reference_data: Path, file: str) -> None:
    with pytest.raises(ComparisonError, match=r"MATPOWER result: .* bus table: .* voltages over time: .* totals over"):
        read_reference(reference_data / file)


def test_a_case_is_no_result(reference_data: Path) -> None:
    with pytest.raises(ValueError, match="a case"):
        read_reference(reference_data / "matpower" / "case33bw_case.mat")
