"""A run folder is claimed once, says how its run ended, and never costs anybody a file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.recording.run_folder import RunFolder
from mosaik_scenarios.errors import RunFolderExistsError, RunNotFoundError
from mosaik_scenarios.manifest import claim, finish, read_manifest

SCENARIO = {"name": "custom"}


def test_a_run_says_how_it_goes_and_how_it_ended(tmp_path: Path) -> None:
    folder = claim(tmp_path / "runs" / "day", SCENARIO)
    opening = read_manifest(folder)
    assert (opening["status"], opening["ended_at"], opening["scenario"]) == ("running", None, SCENARIO)
    assert {"python", "mosaik", "numpy"} <= opening["versions"].keys()
    finish(folder, "complete", counts={"steps": 1440})
    ending = read_manifest(folder)
    assert (ending["status"], ending["counts"]) == ("complete", {"steps": 1440})
    assert ending["ended_at"] >= ending["started_at"]


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    folder = claim(tmp_path / "run", SCENARIO)
    finish(folder, "failed", error="no space left")
    assert read_manifest(folder)["error"] == "no space left"


def test_a_run_whose_process_is_gone_was_interrupted(tmp_path: Path) -> None:
    folder = claim(tmp_path / "run", SCENARIO)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    manifest = json.loads(folder.manifest.read_text())
    manifest["process"]["pid"] = ended.pid
    folder.manifest.write_text(json.dumps(manifest))
    assert read_manifest(folder)["status"] == "interrupted"


def test_an_existing_run_is_replaced_only_by_force(tmp_path: Path) -> None:
    finish(claim(tmp_path, SCENARIO), "complete")
    (tmp_path / "alarms.csv").touch()
    (tmp_path / "bus.parquet").mkdir()
    with pytest.raises(RunFolderExistsError, match="which holds a run; replace it with --force"):
        claim(tmp_path, SCENARIO)
    folder = claim(tmp_path, SCENARIO, force=True)
    assert [file.name for file in folder.files()] == ["manifest.json"]


def test_force_spares_what_belongs_to_no_run(tmp_path: Path) -> None:
    finish(claim(tmp_path, SCENARIO), "complete")
    (tmp_path / "notes.txt").write_text("mine")
    claim(tmp_path, SCENARIO, force=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_other_things_is_never_taken(tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RunFolderExistsError, match="which holds files of no run"):
        claim(tmp_path, SCENARIO, force=force)


def test_a_run_that_goes_on_is_not_replaced(tmp_path: Path) -> None:
    claim(tmp_path, SCENARIO)
    with pytest.raises(RunFolderExistsError, match=f"which process {os.getpid()} is writing to"):
        claim(tmp_path, SCENARIO, force=True)


def test_a_file_is_no_folder_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(RunFolderExistsError, match="got the file"):
        claim(tmp_path / "run", SCENARIO)


@pytest.mark.parametrize("text", [None, "{", "[]", '{"name": "a web app"}'])
def test_a_folder_without_a_run_is_named(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(RunNotFoundError, match=r"expected .*, got "):
        read_manifest(RunFolder(tmp_path))
