"""Whatever the file, it is read or refused in one line that names it, and nothing in it is executed."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from networks.errors import InvalidFeederError
from networks.importers.matpower import mat_version_7, read_case
from networks.importers.matpower.matlab import lexer

TRAP = Path(__file__).parents[3] / "reference" / "matpower" / "traps" / "trap_units_in_code.m"
M_TEXT = TRAP.read_text()
SNIPPETS = (
    *("[", "]", "(", ")", "{", "}", "'", '"', "%{\n", "...", ";", ",", "\n", "=", ":", "-", "^", ".", "@", "!", "\\"),
    *(
        "end",
        "if ",
        "while 1\n",
        "NaN",
        "Inf",
        "1e999",
        "mpc.bus",
        "system('ls')",
        "zeros(1e9)",
        "1:1e9",
        "\0",
        "é",
        "²",
    ),
)
MAT_HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def read_or_refuse(path: Path) -> str:
    """The refusal, empty where there is none."""
    try:
        read_case(path)
    except InvalidFeederError as error:
        refusal = str(error)
    else:
        return ""
    assert "\n" not in refusal
    assert path.name in refusal
    return refusal


def element(kind: int, data: bytes) -> bytes:
    """An element of a version 7 file."""
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def cells_within_cells(depth: int) -> bytes:
    """A cell array that holds a cell array that holds..."""
    content = b""
    for _ in range(depth):
        flags, dimensions, name = struct.pack("<II", 1, 0), struct.pack("<ii", 1, 1), b"x"
        content = element(14, element(6, flags) + element(5, dimensions) + element(1, name) + content)
    return MAT_HEADER + content


def numbers_of(dimensions: tuple[int, ...]) -> bytes:
    """One double that claims to be this many."""
    described = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack(f"<{len(dimensions)}i", *dimensions))
    return MAT_HEADER + element(14, described + element(1, b"bus") + element(9, struct.pack("<d", 1.0)))


CORPUS: dict[str, tuple[bytes, str]] = {
    "empty.m": (b"", "no baseMVA and no bus"),
    "binary.m": (bytes(range(256)), "is no text"),
    "truncated.m": (M_TEXT[: M_TEXT.index("mpc.branch") + 60].encode(), r"a '\[' is never closed"),
    "prose.m": (b"Dear reader,\nthis is no case.\n", "line 1: 'reader' is not expected here"),
    "shell.m": (M_TEXT.encode() + b"system('touch executed');", "the function 'system' is not supported"),
    "endless.m": (M_TEXT.encode() + b"while 1\nend\n", "'while' is not supported"),
    "two_functions.m": (M_TEXT.encode() * 2, "a second function is not supported"),
    "other_result.m": (b"function [a, b] = f\na = 1;\n", "returns a, b; expected a function that returns mpc"),
    "no_struct.m": (b"function mpc = f\nmpc = 3;\n", "returns mpc, which is no struct"),
    "empty.mat": (b"", "is no MAT-file of version 7 or 7.3"),
    "text.mat": (M_TEXT.encode(), "is no MAT-file of version 7 or 7.3"),
    "header.mat": (MAT_HEADER, "holds nothing"),
    "cut.mat": (MAT_HEADER + struct.pack("<II", 14, 1000), "is damaged .1000 bytes are missing."),
    "noise.mat": (MAT_HEADER + element(15, b"no zlib at all"), "is damaged .Error -3"),
    "deep.mat": (cells_within_cells(2000), "holds x; expected a struct"),
    "claims_much.mat": (numbers_of((2**31 - 1, 2**31 - 1)), "is damaged .cannot reshape"),
    "claims_less_than_nothing.mat": (numbers_of((-1, 5)), "is damaged"),
    "hdf5_signature.mat": (b"\x89HDF\r\n\x1a\n" + bytes(600), "is damaged"),
}


@pytest.mark.parametrize("name", CORPUS)
def test_a_damaged_file_is_refused_for_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    content, message = CORPUS[name]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidFeederError, match=message):
        read_case(path)
    read_or_refuse(path)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_text_that_would_take_minutes_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexer, "MOST_TOKENS", 1000)
    (tmp_path / "long.m").write_text("x = [" + "a " * 3000 + "];")
    assert "line 1: there are more than 1,000 words and numbers outside plain tables" in read_or_refuse(
        tmp_path / "long.m"
    )


def test_what_unpacks_to_far_more_than_a_case_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mat_version_7, "LARGEST_CONTENT_BYTES", 2**20)
    (tmp_path / "bomb.mat").write_bytes(MAT_HEADER + element(15, zlib.compress(bytes(2**23))))
    assert "holds more than 1 MiB; save the case alone" in read_or_refuse(tmp_path / "bomb.mat")


def link_elsewhere(file: h5py.File) -> None:
    file["mpc"] = h5py.ExternalLink("other.mat", "/mpc")


def link_in_circles(file: h5py.File) -> None:
    file["mpc"] = h5py.SoftLink("/mpc")


def keep_numbers_elsewhere(file: h5py.File) -> None:
    struct = file.create_group("mpc")
    struct.create_dataset("bus", (4, 13), dtype="f8", external=[("/etc/hostname", 0, 8 * 52)])


def keep_numbers_nowhere(file: h5py.File) -> None:
    struct = file.create_group("mpc")
    struct.create_dataset("bus", (10**9, 13), dtype="f8", chunks=(1000, 13))


def hold_something_else(file: h5py.File) -> None:
    file["spectra"] = np.ones(3)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (link_elsewhere, "links mpc to somewhere else"),
        (link_in_circles, "links mpc to somewhere else"),
        (keep_numbers_elsewhere, "keeps bus in another file"),
        (keep_numbers_nowhere, "bus has more than 20,000,000 numbers"),
        (hold_something_else, "holds spectra; expected a struct"),
    ],
)
def test_hdf5_that_is_no_case_is_refused(tmp_path: Path, write: Callable[[h5py.File], None], message: str) -> None:
    with h5py.File(tmp_path / "odd.mat", "w") as file:
        write(file)
    assert message in read_or_refuse(tmp_path / "odd.mat")


@pytest.mark.parametrize("name", ["case.txt", "case"])
def test_other_endings_are_no_matpower_files(tmp_path: Path, name: str) -> None:
    assert "expected one that ends in .m or .mat" in read_or_refuse(tmp_path / name)


@pytest.mark.parametrize("name", ["missing.m", "missing.mat"])
def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, name: str) -> None:
    assert read_or_refuse(tmp_path / name).startswith(f"no file {tmp_path / name}")


few_examples = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
edits = st.lists(
    st.tuples(st.integers(0, len(M_TEXT)), st.integers(0, 60), st.sampled_from(SNIPPETS) | st.text(max_size=5)),
    min_size=1,
    max_size=4,
)


@few_examples
@given(edits)
@example([(len(M_TEXT), 0, "!rm x")])
def test_a_case_changed_anywhere_is_read_or_refused(tmp_path: Path, changes: list[tuple[int, int, str]]) -> None:
    text = M_TEXT
    for place, removed, inserted in changes:
        text = text[:place] + inserted + text[place + removed :]
    (tmp_path / "changed.m").write_text(text, encoding="utf-8", errors="surrogateescape")
    read_or_refuse(tmp_path / "changed.m")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One case as every kind of `.mat` file."""
    folder = tmp_path_factory.mktemp("saved")
    case = read_case(TRAP)
    fields = {"baseMVA": case.base_mva, "bus": case.bus, "gen": case.gen, "branch": case.branch}
    for name, compressed in (("plain", False), ("compressed", True)):
        savemat(folder / name, {"mpc": fields}, do_compression=compressed, appendmat=False)
    with h5py.File(folder / "hdf5", "w") as file:
        for field, value in fields.items():
            file[f"mpc/{field}"] = np.atleast_2d(value).T
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@few_examples
@given(
    kind=st.sampled_from(["plain", "compressed", "hdf5"]),
    kept=st.none() | st.floats(0, 1),
    bytes_changed=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
)
def test_flipped_bytes_are_read_or_refused(
    tmp_path: Path,
    saved: dict[str, bytes],
    kind: str,
    kept: float | None,
    bytes_changed: list[tuple[float, int]],
) -> None:
    content = bytearray(saved[kind])
    for place, value in bytes_changed:
        content[int(place * len(content))] = value
    if kept is not None:
        del content[int(kept * len(content)) :]
    (tmp_path / "flipped.mat").write_bytes(content)
    read_or_refuse(tmp_path / "flipped.mat")
