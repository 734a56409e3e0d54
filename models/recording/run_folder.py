"""Where things lie in a run's folder; whoever writes or reads one asks here.

A table is a folder of chunks, ``bus.parquet/part-00000.parquet`` and so on. A Parquet file is readable only once it is
closed, so a table that grows is many closed files; pandas, pyarrow and others read the folder as one table.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TABLE_SUFFIX = ".parquet"
TIME_COLUMN = "time_s"
PICTURES = "alarms"
PICTURE_SUFFIX = ".png"
SEPARATOR = "/"
EVENTS = "events"
DETECTION = "detection"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run.

    Attributes
    ----------
    path
        The folder; it need not exist yet.
    """

    path: Path

    @property
    def manifest(self) -> Path:
        """What was run, with what, and how it ended."""
        return self.path / "manifest.json"

    @property
    def alarms(self) -> Path:
        """What an operator would have seen, one line an alarm."""
        return self.path / "alarms.csv"

    def picture(self, name: str) -> Path:
        """One picture of an alarm, by its file name."""
        return self.path / PICTURES / name

    def pictures(self) -> list[Path]:
        """The pictures of alarms that are there."""
        return sorted((self.path / PICTURES).glob(f"*{PICTURE_SUFFIX}"))

    @property
    def topology(self) -> Path:
        """Coordinates of the buses and the branches between them."""
        return self.path / "topology.json"

    @property
    def report(self) -> Path:
        """The page with the figures."""
        return self.path / "report.html"

    @property
    def consequences(self) -> Path:
        """What attacks changed against the run without them, if somebody asked."""
        return self.path / "consequences.json"

    def table(self, name: str) -> Path:
        """The folder of a table's chunks."""
        return self.path / f"{name}{TABLE_SUFFIX}"

    def part(self, name: str, number: int) -> Path:
        """One chunk of a table."""
        return self.table(name) / f"part-{number:05d}{TABLE_SUFFIX}"

    def parts(self, name: str) -> list[Path]:
        """The chunks of a table that are there, in order of time."""
        return sorted(self.table(name).glob(f"part-*{TABLE_SUFFIX}"))

    def tables(self) -> list[str]:
        """Names of the tables that are there."""
        return sorted(folder.name.removesuffix(TABLE_SUFFIX) for folder in self.path.glob(f"*{TABLE_SUFFIX}"))

    def files(self) -> list[Path]:
        """Everything of the run that is there: the single files, the alarms' pictures, the tables' folders."""
        single = [self.manifest, self.alarms, self.topology, self.consequences, self.report]
        tables = [self.table(name) for name in self.tables()]
        return [file for file in single if file.exists()] + self.pictures() + tables

    def clear(self) -> None:
        """Remove the run; what somebody else put into the folder stays."""
        for file in self.files():
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink()
        with suppress(OSError):
            (self.path / PICTURES).rmdir()


@contextmanager
def written_at_once(file: Path) -> Iterator[Path]:
    """A path to write to that becomes `file` when all is written, so that nobody ever sees half of it."""
    # Readers of table folders skip names that begin with a dot.
    draft = file.with_name(f".{file.name}.draft")
    try:
        yield draft
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)
