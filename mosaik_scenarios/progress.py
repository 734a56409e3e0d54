"""How far a run is, on stderr: a bar where somebody watches a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OnStage = Callable[[str, float], None]
"""Called with what is being done and the share that is done. [0 to 1]"""

OnProgress = Callable[[float], None]
"""Called with the share that is done. [0 to 1]"""

PLAIN_SHARES = (0.25, 0.5, 0.75)
"""A stage's beginning and these shares of it get a line. [-]"""


@contextmanager
def progress_shown(quiet: bool = False) -> Iterator[OnStage | None]:
    """Follows ``progress(stage, share)``, one stage after the other; nothing when quiet."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as on_stage:
            yield on_stage
    else:
        yield PlainProgress(lambda line: print(line, file=sys.stderr, flush=True))


@contextmanager
def _bar() -> Iterator[OnStage]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda stage, share: bar.update(task, completed=share, total=1.0, description=stage)


class PlainProgress:
    """Writes a line when a stage begins and at each quarter of it."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._stage = ""
        self._shares_due: list[float] = []

    def __call__(self, stage: str, share: float) -> None:
        """Take note of how far `stage` is."""
        if stage != self._stage:
            self._stage, self._shares_due = stage, list(PLAIN_SHARES)
            self._write(f"{stage} ...")
        reached = 0.0
        while self._shares_due and share >= self._shares_due[0]:
            reached = self._shares_due.pop(0)
        if reached:
            self._write(f"{stage}: {100 * reached:.0f} %")
