"""What every test shares: how hypothesis looks for examples, and where the independent reference results lie."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No test judges by time, the first example least of all: it imports and compiles. What a submission is judged by is the
# same every time; on a developer's machine hypothesis goes on looking.
settings.register_profile("gridtwin", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("gridtwin")

PROJECT_ROOT = Path(__file__).parents[1]
REFERENCE_DATA = Path(os.environ.get("GRIDTWIN_REFERENCE_DATA", PROJECT_ROOT.parent / "shared" / "data"))

# The Iowa feeder is read from its public release, which lies among the reference data.
IOWA240 = "GRIDTWIN_IOWA240"
OF_IOWA240 = ("iowa240", "iowa_year")
if (REFERENCE_DATA / "iowa240").is_dir():
    os.environ.setdefault(IOWA240, str(REFERENCE_DATA / "iowa240"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the release, whatever is tested on every feeder or scenario is skipped, with the reason, on Iowa's."""
    if IOWA240 in os.environ:
        return
    skipped = pytest.mark.skip(reason=f"no Iowa 240-bus release; set {IOWA240} to the folder that holds it")
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if any(isinstance(parameter, str) and parameter in OF_IOWA240 for parameter in parameters):
            item.add_marker(skipped)


@pytest.fixture(scope="session", autouse=True)
def temporary_files_are_pytests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is run without saying where, here or in a process of its own, goes when pytest's own folders go."""
    folder = str(tmp_path_factory.mktemp("temporary"))
    with pytest.MonkeyPatch.context() as session:
        session.setenv("TMPDIR", folder)
        session.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of the independent reference results; tests that need it are skipped, with the reason, without it."""
    if not REFERENCE_DATA.is_dir():
        pytest.skip(f"no reference data at {REFERENCE_DATA}; set GRIDTWIN_REFERENCE_DATA to the folder that holds it")
    return REFERENCE_DATA
