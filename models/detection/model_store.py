"""Trained detectors kept between runs, found again by what they depend on."""

import json
import os
import tempfile
import warnings
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from models.detection import DETECTORS
from models.detection.base import Detector, require_same_channels
from models.errors import InvalidParameterError, ModelMismatchError, choose

FORMAT = 6
"""Raised when a stored detector can no longer be read as before, or learned from what no estimator says any more."""

DESCRIPTION = "description"

MOST_DIFFERENCES, LONGEST_VALUE = 5, 40
"""How many differences a message names, and how much of a value it shows. [-], [characters]"""

UNREADABLE = (OSError, EOFError, KeyError, TypeError, ValueError, NotImplementedError, BadZipFile, zlib.error)
"""What reading a file raises that is no stored detector, or is one no longer."""


def default_folder() -> Path:
    """``$GRIDTWIN_CACHE``, else ``gridtwin`` in the user's cache folder."""
    if "GRIDTWIN_CACHE" in os.environ:
        return Path(os.environ["GRIDTWIN_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gridtwin"


class ModelStore:
    """A folder of trained detectors, one file each: plain arrays and a JSON description, nothing that is executed.

    A key is whatever the training depended on, as JSON: feeder, channels, scenario, detector parameters, seed,
    versions. Same key, same file; a changed key finds nothing, and the caller trains anew.

    Parameters
    ----------
    folder
        Where the files lie; made when first needed.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = default_folder() if folder is None else Path(folder)

    def path(self, key: Mapping[str, Any]) -> Path:
        """File of the detector that depends on `key`."""
        text = json.dumps({"format": FORMAT, "key": key}, sort_keys=True, separators=(",", ":"))
        return self.folder / f"{sha256(text.encode()).hexdigest()[:32]}.npz"

    def save(self, key: Mapping[str, Any], detector: Detector) -> Path | None:
        """Keep a trained detector; returns its file, or None, with a warning, where the folder cannot be written."""
        description = {
            "name": detector.name,
            "parameters": detector.parameters,
            "channels": detector.channels,
            "channel_bus": detector.channel_bus.tolist(),
            "threshold": detector.threshold,
            "trained_for": key,
        }
        path = self.path(key)
        try:
            _write_whole(path, {DESCRIPTION: np.array(json.dumps(description)), **detector.learned()})
        except OSError as error:
            warnings.warn(f"could not keep the trained {detector.name} in {path} ({error}).", stacklevel=2)
            return None
        return path

    def load(self, key: Mapping[str, Any], channels: tuple[str, ...]) -> Detector | None:
        """The detector trained for `key`, ready to judge; None if there is none or, with a warning, if it is corrupt.

        Raises
        ------
        ModelMismatchError, ChannelMismatchError
            If it was trained for something else, as a file under another's name is, or for other channels; the message
            names the difference.
        """
        path = self.path(key)
        if not path.is_file():
            return None
        try:
            detector, trained_for = _read(path)
        except UNREADABLE as error:
            warnings.warn(f"ignored {path}: no trained detector in it ({_first_line(error)}).", stacklevel=2)
            return None
        require_same_channels(detector.channels, tuple(channels))
        differences = list(_differences(trained_for, json.loads(json.dumps(key))))
        if differences:
            raise ModelMismatchError(
                f"{path} holds a detector trained for something else: {'; '.join(differences[:MOST_DIFFERENCES])}. "
                "Remove the file, and the detector is trained anew."
            )
        return detector


def _write_whole(path: Path, arrays: dict[str, Any]) -> None:
    """Write beside `path`, then rename: a reader, or a killed process, never leaves half a file under that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> tuple[Detector, Any]:
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    description = json.loads(str(arrays.pop(DESCRIPTION)))
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise InvalidParameterError("its arrays are not finite")
    detector = choose(DETECTORS, description["name"], "detector")(**description["parameters"])
    detector.channels = tuple(description["channels"])
    detector.channel_bus = np.array(description["channel_bus"], dtype=np.int64)
    detector.threshold = float(description["threshold"])
    detector.restore(arrays)
    return detector, description["trained_for"]


def _differences(stored: Any, asked: Any, name: str = "") -> Iterator[str]:
    """What differs between two keys, entry by entry, by its dotted name."""
    if isinstance(stored, dict) and isinstance(asked, dict):
        for entry in sorted(stored.keys() | asked.keys()):
            yield from _differences(stored.get(entry), asked.get(entry), f"{name}.{entry}" if name else entry)
    elif stored != asked:
        yield f"{name or 'key'} was {_shortened(stored)}, is {_shortened(asked)}"


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
