"""Cases and results as MATLAB saves them: any variable name, plain variables, version 5 to 7 and 7.3."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from networks.errors import InvalidFeederError
from networks.importers.matpower import read_case, read_matpower
from networks.importers.matpower.mat_file import read_matpower_solution

TRAP = Path(__file__).parents[3] / "reference" / "matpower" / "traps" / "trap_none.m"


@pytest.fixture
def fields() -> dict[str, Any]:
    case = read_case(TRAP)
    return {"version": "2", "baseMVA": case.base_mva, "bus": case.bus, "gen": case.gen, "branch": case.branch}


@pytest.fixture
def solved(fields: dict[str, Any]) -> dict[str, Any]:
    """A result struct of made-up flows."""
    flows = np.arange(16.0).reshape(4, 4)
    return {**fields, "branch": np.hstack([fields["branch"], flows]), "success": 1.0, "et": 0.1}


def refusal(path: Path, read: Any = read_case) -> str:
    with pytest.raises(InvalidFeederError) as error:
        read(path)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("variable", ["mpc", "results", "my_feeder"])
def test_a_struct_is_found_under_any_name(
    tmp_path: Path, fields: dict[str, Any], variable: str, compressed: bool
) -> None:
    path = tmp_path / "case.mat"
    around = {"notes": "a text", "names": np.array(["a", "b"], dtype=object), "x": 3.0, "nested": {"y": {"z": 1.0}}}
    savemat(path, {**around, variable: {**fields, "bus_name": around["names"]}}, do_compression=compressed)
    case = read_case(path)
    np.testing.assert_array_equal(case.bus, fields["bus"])
    np.testing.assert_array_equal(case.branch, fields["branch"])
    assert case.base_mva == 100


def test_plain_variables_are_a_case(tmp_path: Path, fields: dict[str, Any]) -> None:
    savemat(tmp_path / "plain.mat", fields)
    np.testing.assert_array_equal(read_case(tmp_path / "plain.mat").gen, fields["gen"])


def test_whole_numbers_may_be_stored_as_such(tmp_path: Path, fields: dict[str, Any]) -> None:
    fields["gen"] = np.round(fields["gen"]).astype(np.int16)
    savemat(tmp_path / "small.mat", {"mpc": {**fields, "baseMVA": np.uint8(100)}})
    case = read_case(tmp_path / "small.mat")
    assert (case.gen.dtype, case.base_mva) == (np.dtype(float), 100.0)
    np.testing.assert_array_equal(case.gen, fields["gen"])


def test_a_case_with_one_generator_keeps_its_row(tmp_path: Path, fields: dict[str, Any]) -> None:
    savemat(tmp_path / "one.mat", {"mpc": {**fields, "gen": fields["gen"][:1]}})
    assert read_case(tmp_path / "one.mat").gen.shape == (1, 10)


def write_version_73(path: Path, fields: dict[str, Any]) -> None:
    """As MATLAB lays it out: a group a struct, arrays transposed, characters as numbers."""
    with h5py.File(path, "w") as file:
        struct = file.create_group("mpc")
        for name, value in fields.items():
            numbers = [ord(letter) for letter in value] if isinstance(value, str) else value
            struct[name] = np.atleast_2d(np.asarray(numbers, dtype=float)).T


def test_version_73_is_read_too(tmp_path: Path, fields: dict[str, Any]) -> None:
    write_version_73(tmp_path / "v73.mat", fields)
    case = read_case(tmp_path / "v73.mat")
    np.testing.assert_array_equal(case.bus, fields["bus"])
    assert case.base_mva == 100


@pytest.mark.parametrize("write", [write_version_73, lambda path, fields: savemat(path, {"results": fields})])
def test_a_result_gives_its_solution(tmp_path: Path, solved: dict[str, Any], write: Any) -> None:
    write(tmp_path / "solved.mat", solved)
    solution = read_matpower_solution(tmp_path / "solved.mat")
    assert solution.bus_number.tolist() == [10, 20, 30, 40]
    assert solution.va_degree.tolist() == [5, 0, 0, 0]
    assert (solution.branch_from_bus.tolist(), solution.branch_to_bus.tolist()) == ([10, 10, 20, 30], [20, 20, 30, 40])
    assert solution.p_from_mw.tolist() == [0, 4, 8, 12]
    assert solution.q_to_mvar.tolist() == [3, 7, 11, 15]
    assert solution.p_loss_mw == sum([0, 4, 8, 12]) + sum([2, 6, 10, 14])
    assert solution.p_generation_mw == 5


def test_a_result_is_a_case_too(tmp_path: Path, solved: dict[str, Any]) -> None:
    savemat(tmp_path / "solved.mat", {"results": solved})
    net, _ = read_matpower(tmp_path / "solved.mat")
    assert len(net.line) == 3


def test_generators_that_runpf_could_not_share_stay_unknown(tmp_path: Path, solved: dict[str, Any]) -> None:
    solved["gen"][1, 1:3] = np.nan
    savemat(tmp_path / "solved.mat", {"results": solved})
    solution = read_matpower_solution(tmp_path / "solved.mat")
    assert np.isnan(solution.gen_p_mw).tolist() == [False, True]


def test_a_case_that_nobody_solved_is_no_solution(tmp_path: Path, fields: dict[str, Any]) -> None:
    savemat(tmp_path / "case.mat", {"mpc": fields})
    assert "this is a case, not a result" in refusal(tmp_path / "case.mat", read_matpower_solution)


def test_a_power_flow_that_did_not_converge_is_no_solution(tmp_path: Path, solved: dict[str, Any]) -> None:
    savemat(tmp_path / "solved.mat", {"results": {**solved, "success": 0.0}})
    assert "success is 0" in refusal(tmp_path / "solved.mat", read_matpower_solution)


def test_of_several_cases_none_is_taken(tmp_path: Path, fields: dict[str, Any]) -> None:
    savemat(tmp_path / "two.mat", {"before": fields, "after": fields})
    assert "holds 2 cases (before, after); save one of them alone" in refusal(tmp_path / "two.mat")


def test_a_file_without_a_case_says_what_it_holds(tmp_path: Path, fields: dict[str, Any]) -> None:
    savemat(tmp_path / "other.mat", {"voltages": np.ones(3), "mpc": {"bus": fields["bus"]}})
    assert "holds voltages, mpc; expected a struct with baseMVA, bus, gen and branch" in refusal(tmp_path / "other.mat")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no bus": ({"bus": np.zeros((0, 13))}, "the bus table is empty"),
    "a narrow table": ({"branch": np.ones((3, 4))}, "branch is 3 x 4; expected one row each with at least 11 columns"),
    "a text": ({"gen": "a text"}, "gen does not hold real numbers"),
    "complex numbers": ({"gen": np.ones((2, 10)) * 1j}, "gen does not hold real numbers"),
    "two bases": ({"baseMVA": np.array([1.0, 2.0])}, "baseMVA has 2 values"),
    "no base": ({"baseMVA": 0.0}, "baseMVA is 0; expected a power base above 0 MVA"),
    "callbacks": ({"userfcn": {"pf": 1.0}}, "callbacks that change the case when it is solved"),
    "a three-phase part": ({"bus3p": np.ones((2, 5))}, "a three-phase part"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_a_struct_that_is_no_case_is_refused(
    tmp_path: Path, fields: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    savemat(tmp_path / "wrong.mat", {"mpc": {**fields, **changes}})
    assert message in refusal(tmp_path / "wrong.mat")


# Table, row, column, value, and what is said of it.
WRONG_NUMBERS = [
    ("bus", 1, 2, np.nan, "bus row 2 has nan as Pd; expected a finite number"),
    ("branch", 0, 3, np.inf, "branch row 1 has inf as x; expected a finite number"),
    ("bus", 1, 0, 20.5, "bus row 2 has 20.5 as bus_i; bus numbers are positive integers"),
    ("bus", 1, 0, 10, "bus row 2 has 10 as bus_i; every bus number comes once"),
    ("bus", 1, 1, 7, "bus row 2 has 7 as type; expected 1, 2, 3 or 4"),
    ("bus", 1, 9, -20, "bus row 2 has -20 as baseKV"),
    ("gen", 1, 0, 99, "gen row 2 names bus 99, which the bus table does not have"),
    ("branch", 3, 1, 99, "branch row 4 names bus 99"),
    ("gen", 0, 5, 0, "gen row 1 holds 0 pu"),
    ("branch", 2, slice(2, 4), 0, "branch row 3, a transformer between buses 20 and 30, has no impedance"),
    ("gen", slice(None), 7, 0, "nothing holds the voltage"),
]


@pytest.mark.parametrize(("table", "row", "column", "value", "message"), WRONG_NUMBERS)
def test_a_number_that_cannot_be_is_refused(
    tmp_path: Path, fields: dict[str, Any], table: str, row: Any, column: Any, value: float, message: str
) -> None:
    fields[table][row, column] = value
    savemat(tmp_path / "wrong.mat", {"mpc": fields})
    assert message in refusal(tmp_path / "wrong.mat")


def test_dc_lines_are_left_out_as_runpf_does(tmp_path: Path, fields: dict[str, Any]) -> None:
    savemat(tmp_path / "dc.mat", {"mpc": {**fields, "dcline": np.ones((2, 17))}})
    _, notes = read_matpower(tmp_path / "dc.mat")
    assert notes[0] == "2 dc lines are left out, as runpf does unless toggle_dcline is on."
