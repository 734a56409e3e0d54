"""Who may import whom: what happens in the grid knows nothing of time, the control room knows nothing of the truth."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("networks", "models", "simulators", "mosaik_scenarios")
CONTROL_ROOM = ("models/estimation", "models/detection", "models/forecasting", "models/control")

# Importer -> prefixes of what it must not import.
FORBIDDEN = {
    "networks": ("models", "simulators", "mosaik_scenarios", "mosaik", "mosaik_api_v3"),
    "models": ("networks", "simulators", "mosaik_scenarios", "mosaik", "mosaik_api_v3"),
    "simulators": ("mosaik_scenarios", "mosaik"),
    "mosaik_scenarios": (),
    **dict.fromkeys(CONTROL_ROOM, ("models.plant", "models.attacks")),
}


def imports_of(file: Path) -> set[str]:
    """Every module named in an import statement of `file`, wherever it stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def is_within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_nobody_imports_from_above(folder: str) -> None:
    for file in (ROOT / folder).rglob("*.py"):
        wrong = {name for name in imports_of(file) for prefix in FORBIDDEN[folder] if is_within(name, prefix)}
        assert not wrong, f"{file.relative_to(ROOT)} imports {sorted(wrong)}"


def test_simulators_do_not_import_one_another() -> None:
    for file in (ROOT / "simulators").glob("*.py"):
        siblings = {name for name in imports_of(file) if is_within(name, "simulators")}
        siblings = {name for name in siblings if not is_within(name, "simulators.adapter") and name != "simulators"}
        assert not siblings, f"{file.name} imports {sorted(siblings)}"


def test_no_file_outgrows_one_concept() -> None:
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            assert len(file.read_text().splitlines()) <= 400, f"{file.relative_to(ROOT)} holds more than one concept"


def test_importing_the_packages_loads_nothing_heavy() -> None:
    heavy = {"torch", "pandapower", "numba", "mosaik", "opendssdirect"}
    code = f"import sys, {', '.join(PACKAGES)}; print(sorted({heavy!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
