"""MATPOWER cases, from `.m` and `.mat` files, as pandapower nets. Nothing in a file is ever executed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from networks.errors import InvalidFeederError

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from networks.importers.matpower.case import MatpowerCase

SUFFIXES = (".m", ".mat")


def read_matpower(path: str | Path) -> tuple[pandapowerNet, tuple[str, ...]]:
    """The net of a MATPOWER case, and what was left out or assumed, one sentence each.

    Parameters
    ----------
    path
        A case file: `.m` of format version 1 or 2, or `.mat` of version 7 or 7.3 with a case or a result.

    Raises
    ------
    InvalidFeederError
        In one line: what in the file is damaged, missing or not supported.
    """
    from networks.importers.matpower.to_pandapower import net_of

    return net_of(read_case(path))


def read_case(path: str | Path) -> MatpowerCase:
    """The case itself, in MATPOWER's tables; otherwise as `read_matpower`."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".m":
        from networks.importers.matpower.m_file import read_m_case

        return read_m_case(path)
    if suffix == ".mat":
        from networks.importers.matpower.mat_file import read_mat_case

        return read_mat_case(path)
    raise InvalidFeederError(f"{path} is no MATPOWER file; expected one that ends in {' or '.join(SUFFIXES)}.")
