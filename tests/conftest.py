"""What every test shares: how hypothesis looks for examples, and where the independent reference results lie."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test judges by time, the first example least of all: it imports and compiles. What a submission is judged by is the
# same every time; on a developer's machine hypothesis goes on looking.
settings.register_profile("gridtwin", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("gridtwin")

PROJECT_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of the independent reference results; tests that need it are skipped, with the reason, without it."""
    folder = Path(os.environ.get("GRIDTWIN_REFERENCE_DATA", PROJECT_ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set GRIDTWIN_REFERENCE_DATA to the folder that holds it")
    return folder
