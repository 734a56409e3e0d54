"""Which loads there are: their nominal power and their class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import InvalidParameterError

if TYPE_CHECKING:
    import pandas as pd

REQUIRED_COLUMNS = ("p_mw", "q_mvar")


@dataclass(frozen=True, eq=False)
class Loads:
    """The loads of a feeder, in vector order.

    Parameters
    ----------
    index
        pandapower indices. (n_load,)
    p_mw, q_mvar
        Nominal power: what the load draws at its yearly peak. (n_load,) [MW, Mvar]
    profile
        BDEW class of each load. (n_load,)
    bus
        pandapower bus of each load; -1 where unknown. (n_load,)
    name
        Names; empty where unknown. (n_load,)
    """

    index: np.ndarray
    p_mw: np.ndarray
    q_mvar: np.ndarray
    profile: tuple[str, ...]
    bus: np.ndarray
    name: tuple[str, ...]

    def __post_init__(self) -> None:
        for load, p_mw, q_mvar in zip(self.index, self.p_mw, self.q_mvar, strict=True):
            if not (0 <= p_mw < np.inf and np.isfinite(q_mvar)):
                raise InvalidParameterError(
                    f"load {load} has nominal p_mw {p_mw:g} and q_mvar {q_mvar:g}; "
                    "expected finite numbers, p_mw zero or more."
                )
        if len(set(self.index.tolist())) < len(self.index):
            raise InvalidParameterError("two loads have the same index; give each load one row.")

    @classmethod
    def from_table(cls, table: pd.DataFrame | Sequence[Mapping[str, Any]]) -> Loads:
        """From rows with p_mw and q_mvar, and, where known, load, profile, bus and name.

        Raises
        ------
        InvalidParameterError
            A column is missing, or a nominal power is negative or NaN.
        """
        import pandas as pd

        table = pd.DataFrame(table, columns=list(REQUIRED_COLUMNS) if len(table) == 0 else None)
        missing = [column for column in REQUIRED_COLUMNS if column not in table]
        if missing:
            raise InvalidParameterError(
                f"the table of loads lacks {' and '.join(missing)}; it has {', '.join(map(str, table.columns))}."
            )
        index = table.get("load", table.index)
        count = len(table)
        return cls(
            index=np.asarray(index, dtype=np.int64),
            p_mw=table.p_mw.to_numpy(dtype=float),
            q_mvar=table.q_mvar.to_numpy(dtype=float),
            profile=tuple(table.profile.astype(str)) if "profile" in table else ("h0",) * count,
            bus=table.bus.to_numpy(dtype=np.int64) if "bus" in table else np.full(count, -1),
            name=tuple("" if pd.isna(name) else str(name) for name in table.name) if "name" in table else ("",) * count,
        )

    def __len__(self) -> int:
        return len(self.index)
