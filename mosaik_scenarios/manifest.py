"""The manifest of a run: what was run, with what, by whom, and how it ended."""

import json
import os
import platform
import socket
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from models.recording.run_folder import RunFolder, written_at_once
from mosaik_scenarios.errors import RunFolderExistsError, RunNotFoundError
from mosaik_scenarios.output_folder import require_free_folder

Status = Literal["running", "complete", "failed", "interrupted"]

DISTRIBUTIONS = ("gridtwin", "mosaik", "pandapower", "numpy", "pandas", "torch", "OpenDSSDirect.py")


def claim(
    path: str | Path, scenario: Mapping[str, Any], force: bool = False, feeder: Mapping[str, Any] | None = None
) -> RunFolder:
    """Make the folder of a new run, with the manifest of a run that is going on.

    Parameters
    ----------
    path
        Of the folder; missing or empty.
    scenario
        All fields of the scenario in plain values, with the defaults that apply.
    force
        Replace a run that lies there. Files that belong to no run are never touched.
    feeder
        What it ran on: title, source, and what its network approximates.

    Raises
    ------
    RunFolderExistsError
        If there is something that may not be replaced.
    """
    folder = RunFolder(Path(path))
    _require_free(folder, force)
    folder.clear()
    folder.path.mkdir(parents=True, exist_ok=True)
    _write(folder, _opening(scenario, feeder or {}))
    return folder


def finish(
    folder: RunFolder, status: Status, error: str | None = None, counts: Mapping[str, int | float] | None = None
) -> None:
    """Write down how the run ended, with whatever was counted (steps, steps not converged, ...)."""
    manifest = _read(folder)
    manifest |= {"status": status, "ended_at": _now(), "counts": dict(counts or {})}
    if error is not None:
        manifest["error"] = error
    _write(folder, manifest)


def read_manifest(folder: RunFolder) -> dict[str, Any]:
    """The manifest; a run whose process is gone before its end reads as ``interrupted``.

    Raises
    ------
    RunNotFoundError
        If the folder holds no run, or a manifest that is none.
    """
    manifest = _read(folder)
    if manifest["status"] == "running" and not _is_alive(manifest):
        manifest["status"] = "interrupted"
    return manifest


def _require_free(folder: RunFolder, force: bool) -> None:
    path = folder.path
    require_free_folder(path, "run", lambda names: folder.manifest.name in names, force, RunFolderExistsError)
    manifest = _read_if_possible(folder)
    if manifest.get("status") == "running" and _is_alive(manifest):
        raise RunFolderExistsError(
            f"expected a free folder, got {path}, which process {manifest['process']['pid']} is writing to; "
            "wait for its end or choose another with --out."
        )


def _opening(scenario: Mapping[str, Any], feeder: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": "running",
        "started_at": _now(),
        "ended_at": None,
        "process": {"pid": os.getpid(), "host": socket.gethostname()},
        "git_commit": git_commit(),
        "versions": versions(),
        "counts": {},
        "scenario": dict(scenario),
        "feeder": dict(feeder),
    }


def _is_alive(manifest: Mapping[str, Any]) -> bool:
    """Whether the process that writes the run still exists; one on another machine is taken to."""
    process = manifest["process"]
    if process["host"] != socket.gethostname():
        return True
    try:
        os.kill(process["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, but there
        return True
    return True


def versions() -> dict[str, str]:
    """Versions of Python and of what the results depend on."""
    found = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_commit() -> str | None:
    """The commit of the code that runs, ``-dirty`` if it was changed since; None outside of a repository."""
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _read_if_possible(folder: RunFolder) -> dict[str, Any]:
    try:
        return _read(folder)
    except RunNotFoundError:
        return {}


def _read(folder: RunFolder) -> dict[str, Any]:
    try:
        manifest = json.loads(folder.manifest.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise RunNotFoundError(
            f"expected the folder of a run, got {folder.path}, which has no manifest.json."
        ) from None
    except ValueError as error:
        raise RunNotFoundError(
            f"expected a run's manifest, got {folder.manifest}, which is no JSON ({error})."
        ) from None
    if not isinstance(manifest, dict) or not {"status", "process", "counts", "scenario"} <= manifest.keys():
        raise RunNotFoundError(f"expected a run's manifest, got {folder.manifest}, which is that of something else.")
    return manifest


def _write(folder: RunFolder, manifest: Mapping[str, Any]) -> None:
    with written_at_once(folder.manifest) as draft:
        draft.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
