"""Folders that results are written to: free, or of the same kind and to be replaced; nothing else is touched."""

from collections.abc import Callable
from pathlib import Path

from mosaik_scenarios.errors import GridTwinError


def require_free_folder(
    folder: Path,
    kind: str,
    is_one: Callable[[set[str]], bool],
    force: bool,
    refusal: type[GridTwinError],
    option: str = "--out",
) -> None:
    """Refuse a folder with something in it, unless that may be replaced.

    Parameters
    ----------
    folder
        Missing or empty, or holding an earlier result.
    kind
        What shall lie there, such as "run".
    is_one
        Whether files of these names are such a result, and nothing else that would be lost.
    force
        Whether a result that lies there may be replaced.
    refusal
        Type of the error that is raised.
    option
        Of the command line, by which another folder is chosen.

    Raises
    ------
    GridTwinError
        Of the type `refusal`.
    """
    if folder.exists() and not folder.is_dir():
        raise refusal(f"expected a folder for the {kind}, got the file {folder}; choose another with {option}.")
    names = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    if not names:
        return
    if not is_one(names):
        raise refusal(
            f"expected a free folder, got {folder}, which holds files of no {kind}; choose another with {option}."
        )
    if not force:
        article = "an" if kind[0] in "aeiou" else "a"
        raise refusal(
            f"expected a free folder, got {folder}, which holds {article} {kind}; "
            f"replace it with --force or choose another with {option}."
        )
