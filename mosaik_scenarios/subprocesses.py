"""The project's own modules at work in Python processes of their own, so that several can work at once."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from mosaik_scenarios.progress import OnProgress


class Subprocesses:
    """Starts processes that do not outlive its ``with`` block, however that is left."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._closed = False

    def __enter__(self) -> Subprocesses:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closed = True
        for process in tuple(self._running):
            process.terminate()

    def run(
        self,
        module: str,
        arguments: Sequence[str],
        errors: Path,
        on_progress: OnProgress | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str | None:
        """Wait for ``python -m module arguments``; returns what went wrong, None if nothing did.

        Parameters
        ----------
        module, arguments
            What is run. A line of its output that is a number is the share that is done.
        errors
            File for what it writes to its stderr; its last line is what went wrong.
        on_progress
            Called with the share that is done. [0 to 1]
        environment
            Variables besides those of this process.
        """
        # -P and the path of this process: what is imported there is what is imported here, wherever both were started.
        command = [sys.executable, "-P", "-m", module, *arguments]
        path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
        variables = {**os.environ, "PYTHONPATH": path, **(environment or {})}
        with (
            errors.open("w") as error_stream,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=error_stream, text=True, env=variables) as process,
        ):
            self._running.add(process)
            if self._closed:
                process.terminate()
            assert process.stdout is not None
            for line in process.stdout:
                with suppress(ValueError):  # a library's own chatter
                    if on_progress is not None:
                        on_progress(float(line))
        self._running.discard(process)
        if not process.returncode:
            return None
        lines = errors.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {process.returncode}"


def tell_share(share: float) -> None:
    """In a process of its own: say how far it is, as `Subprocesses.run` understands it. [0 to 1]"""
    print(f"{share:.3f}", flush=True)


def answer(main: Callable[..., None]) -> None:
    """In a process of its own: run `main` on the arguments; the last line of stderr is what went wrong."""
    try:
        main(*sys.argv[1:])
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
