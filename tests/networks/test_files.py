"""What a user hands over as a feeder: what is read, and that what cannot be read is refused in one line."""

import json
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pandapower
import pandapower.networks
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pandapower.io_utils import to_dict_of_dfs
from pandas import DataFrame, ExcelWriter

from networks import load_feeder
from networks.errors import FeederError, InvalidFeederError, UnknownFeederError

SIMBENCH_CODE = "1-LV-rural1--0-no_sw"


def write_excel(net: pandapower.pandapowerNet, path: Path, **more_sheets: DataFrame) -> None:
    """As `pandapower.to_excel` does, with the library that reads as well."""
    with ExcelWriter(path, engine="openpyxl") as workbook:
        for sheet, table in (to_dict_of_dfs(net, include_results=True) | more_sheets).items():
            table.to_excel(workbook, sheet_name=sheet)


WRITERS = {".json": lambda net, path: pandapower.to_json(net, str(path)), ".xlsx": write_excel}


@pytest.fixture(scope="module")
def published() -> pandapower.pandapowerNet:
    net = pandapower.networks.create_cigre_network_mv(with_der="pv_wind")
    pandapower.runpp(net, numba=False)
    return net


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, published: pandapower.pandapowerNet) -> dict[str, Path]:
    """The network as a file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    for suffix, write in WRITERS.items():
        write(published, folder / f"cigre{suffix}")
    return {suffix: folder / f"cigre{suffix}" for suffix in WRITERS}


def refusal(path: Path) -> str:
    with pytest.raises(InvalidFeederError) as error:
        load_feeder(path)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_network_survives_its_file(files: dict[str, Path], published: pandapower.pandapowerNet, suffix: str) -> None:
    feeder = load_feeder(files[suffix])
    assert feeder.name == "cigre"
    assert feeder.solvers == ("pandapower",)
    np.testing.assert_allclose(feeder.net.res_bus.vm_pu, published.res_bus.vm_pu, rtol=0, atol=1e-9)
    assert len(feeder.pv) == (published.sgen.type == "PV").sum()


def test_a_suffix_may_be_in_capitals(files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "CIGRE.JSON"
    path.write_bytes(files[".json"].read_bytes())
    assert load_feeder(path).name == "CIGRE"


@pytest.mark.parametrize("suffix", [".json", ".xlsx", ".m", ".mat", ".dss"])
def test_a_missing_an_empty_and_a_nonsensical_file_are_refused_in_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"grid{suffix}"
    assert "no file" in refusal(path)
    path.write_bytes(b"")
    assert "is empty" in refusal(path)
    path.write_bytes(b"\x00\xff nonsense \n\n" * 50)
    refusal(path)


def test_an_unknown_kind_of_file_lists_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "grid.p"
    path.write_text("content")
    assert "no kind of file that is read here; give a pandapower .json or .xlsx, a MATPOWER .m" in refusal(path)


def test_a_folder_that_holds_no_release_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("suffix", WRITERS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_fuzzed_file_is_a_feeder_or_one_line(
    files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject
) -> None:
    content = bytearray(files[suffix].read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(("change", "cut", "insert"))):
            case "change":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 2000))]
            case "insert":
                content[at:at] = data.draw(st.binary(min_size=1, max_size=20))
        if not content:
            break
    is_a_feeder_or_one_line(tmp_path_factory.mktemp("fuzzed") / f"fuzzed{suffix}", bytes(content))


@settings(max_examples=15)
@example(b"{}")
@example(b'"text"')
@example(b"[" * 100_000)
@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_any_json_is_a_feeder_or_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    is_a_feeder_or_one_line(tmp_path_factory.mktemp("json") / "any.json", content)


def is_a_feeder_or_one_line(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        load_feeder(path)
    except FeederError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


def drop_a_column(net: pandapower.pandapowerNet) -> None:
    net.load.drop(columns="q_mvar", inplace=True)


def text_for_a_number(net: pandapower.pandapowerNet) -> None:
    net.line["r_ohm_per_km"] = net.line.r_ohm_per_km.astype(object)
    net.line.loc[3, "r_ohm_per_km"] = "much"


def nowhere(net: pandapower.pandapowerNet) -> None:
    net.load.loc[2, "bus"] = 77


DAMAGES = {
    "a column less": (drop_a_column, "table load lacks q_mvar"),
    "text for a number": (text_for_a_number, "line 3 has r_ohm_per_km 'much'; expected a number"),
    "a load at no bus": (nowhere, "load 2 is at bus 77, no bus"),
    "no bus at all": (lambda net: net.bus.drop(net.bus.index, inplace=True), "no bus"),
}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_table_is_named(tmp_path: Path, suffix: str, damage: str) -> None:
    change, words = DAMAGES[damage]
    net = pandapower.networks.create_cigre_network_mv()
    change(net)
    path = tmp_path / f"damaged{suffix}"
    WRITERS[suffix](net, path)
    assert words in refusal(path)


HOSTILE = {
    "a foreign module": '{"_module": "subprocess", "_class": "function", "_object": "run"}',
    "a hidden module": '{"_modul\\u0065": "subprocess", "_class": "function", "_object": "run"}',
    "another file": '{"_module": "pandas", "_class": "DataFrame", "_object": "/etc/other.json"}',
}


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_in_a_file_is_imported(tmp_path: Path, case: str) -> None:
    path = tmp_path / "hostile.json"
    path.write_text(f'{{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": {HOSTILE[case]}}}')
    assert "names the Python modules" in refusal(path) or "hides what it holds" in refusal(path)


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_in_a_cell_is_imported(tmp_path: Path, published: pandapower.pandapowerNet, case: str) -> None:
    path = tmp_path / "hostile.xlsx"
    write_excel(published, path, controller=DataFrame({"object": [HOSTILE[case]]}))
    assert "names the Python modules" in refusal(path) or "hides what it holds" in refusal(path)


def test_a_formula_is_not_evaluated(tmp_path: Path, published: pandapower.pandapowerNet) -> None:
    import openpyxl

    path = tmp_path / "formula.xlsx"
    write_excel(published, path)
    workbook = openpyxl.load_workbook(path)
    sheet = workbook["load"]
    column = next(cell.column for cell in sheet[1] if cell.value == "p_mw")
    sheet.cell(2, column).value = "=1+1"
    workbook.save(path)
    with pytest.raises(InvalidFeederError, match=r"load 0 .* has p_mw nan"):
        load_feeder(path)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive, archive.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(310):
            part.write(bytes(1_000_000))
    assert "unpacks to 310 MB" in refusal(path)


@pytest.mark.parametrize("cell", ["XFD2", "A1048576"])
def test_a_cell_far_away_is_refused_before_there_is_room_made_for_it(
    tmp_path: Path, published: pandapower.pandapowerNet, cell: str
) -> None:
    import openpyxl

    path = tmp_path / "wide.xlsx"
    write_excel(published, path)
    workbook = openpyxl.load_workbook(path)
    workbook["bus"][cell] = 1.0
    workbook.save(path)
    assert "sheet bus has more than 100000 rows or 500 columns" in refusal(path)


@pytest.mark.skipif(find_spec("simbench") is not None, reason="the package simbench is installed")
def test_a_simbench_code_without_the_package_names_the_extra() -> None:
    with pytest.raises(FeederError, match=r'needs the extra "simbench"; install it with: pip install'):
        load_feeder(SIMBENCH_CODE)


def test_a_simbench_code_is_a_grid_with_its_year_of_loads() -> None:
    pytest.importorskip("simbench", reason='the extra "simbench" is not installed')
    feeder = load_feeder(SIMBENCH_CODE)
    recorded = feeder.recorded_loads
    assert feeder.name == SIMBENCH_CODE
    assert recorded is not None
    assert (recorded.start, recorded.step_s, len(recorded.p_mw)) == ("2016-01-01T00:00", 900.0, 366 * 96)
    assert recorded.p_mw.columns.tolist() == feeder.net.load.index.tolist() == recorded.q_mvar.columns.tolist()
    assert (recorded.p_mw.max() <= feeder.net.load.p_mw).all()
    assert len(feeder.pv) == len(feeder.net.sgen)


def test_a_wrong_simbench_code_suggests_others() -> None:
    pytest.importorskip("simbench", reason='the extra "simbench" is not installed')
    with pytest.raises(UnknownFeederError, match=r"no grid '1-LV-rural9--0-no_sw'; the nearest codes are 1-LV-rural"):
        load_feeder("1-LV-rural9--0-no_sw")
