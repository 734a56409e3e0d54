"""Fixtures for every test: where the independent reference results lie."""

import os
from pathlib import Path

import pytest

PROJECT_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of the independent reference results; tests that need it are skipped, with the reason, without it."""
    folder = Path(os.environ.get("GRIDTWIN_REFERENCE_DATA", PROJECT_ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set GRIDTWIN_REFERENCE_DATA to the folder that holds it")
    return folder
