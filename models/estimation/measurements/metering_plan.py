"""The metering plan, read and checked: what each channel measures, where, and how well."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.errors import InvalidParameterError
from models.estimation.network_equations import EstimatedNetwork
from models.estimation.solution.measurement_model import ACTIVE_POWER, ANGLE, CURRENT, REACTIVE_POWER, VOLTAGE
from models.network_model import FROM_END, TO_END, FloatArray, IntArray

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("name", "measurement_type", "element_type", "element", "side", "std_dev")
# Channels that tell a tap or a breaker's state are no measurements of the state: they say which network it is.
STATUS = -1
QUANTITIES = {
    "v": VOLTAGE,
    "va": ANGLE,
    "p": ACTIVE_POWER,
    "q": REACTIVE_POWER,
    "i": CURRENT,
    "tap": STATUS,
    "closed": STATUS,
}
MEASURED_AT: Mapping[str, tuple[str, ...]] = {
    "bus": ("v", "va", "p", "q"),
    "line": ("p", "q", "i"),
    "trafo": ("p", "q", "i", "tap"),
    "switch": ("closed",),
}
ENDS: Mapping[tuple[str, str, str | None], int] = {
    **{(quantity, "bus", None): FROM_END for quantity in ("v", "va", "p", "q")},
    ("tap", "trafo", None): FROM_END,
    ("closed", "switch", None): FROM_END,
    **{(quantity, "line", "from"): FROM_END for quantity in "pqi"},
    **{(quantity, "line", "to"): TO_END for quantity in "pqi"},
    **{(quantity, "trafo", "hv"): FROM_END for quantity in "pqi"},
    **{(quantity, "trafo", "lv"): TO_END for quantity in "pqi"},
}


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of a metering plan as arrays, in the plan's order."""

    name: tuple[str, ...]
    quantity: IntArray
    """`VOLTAGE`, `ANGLE`, `ACTIVE_POWER`, `REACTIVE_POWER`, `CURRENT` or `STATUS`, (n_channel,)."""
    element_type: tuple[str, ...]
    position: IntArray
    """Where the network's vectors hold the element: its row in its table, or its phase, (n_channel,)."""
    end: IntArray
    """`FROM_END` (also hv) or `TO_END` (also lv), (n_channel,)."""
    variance: FloatArray
    """In the square of the channel's unit, (n_channel,); of no meaning for a status."""

    def __len__(self) -> int:
        return len(self.name)


def read_plan(plan: "DataFrame", network: EstimatedNetwork) -> Channels:
    """The channels of `plan` on `network`.

    On a network phase by phase every channel has a `phase` (a, b, c), but for the state of a switch.

    Raises
    ------
    InvalidParameterError
        If a column is missing, a name comes twice, a channel is on an element the network does not have, its quantity
        cannot be measured there, or its standard deviation is not positive.
    """
    missing = [column for column in COLUMNS if column not in plan.columns]
    if missing:
        raise InvalidParameterError(
            f"the metering plan needs the columns {', '.join(COLUMNS)}; add {', '.join(missing)}."
        )
    names = tuple(str(name) for name in plan["name"])
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise InvalidParameterError(
            f"channel names are unique; {twice!r} comes twice in the metering plan, rename one."
        )
    std_dev = plan["std_dev"].to_numpy(dtype=float)
    columns = [plan[column] for column in ("measurement_type", "element_type", "element", "side")]
    phases = plan["phase"] if "phase" in plan else [None] * len(plan)
    rows = [
        _Row(name, str(quantity), str(element_type), int(element), _text(side), _text(phase), float(sigma))
        for name, quantity, element_type, element, side, phase, sigma in zip(
            names, *columns, phases, std_dev, strict=True
        )
    ]
    for row in rows:
        row.check()
    return Channels(
        name=names,
        quantity=np.array([QUANTITIES[row.quantity] for row in rows], dtype=np.int64),
        element_type=tuple(row.element_type for row in rows),
        position=np.array([row.position(network) for row in rows], dtype=np.int64),
        end=np.array([ENDS[row.quantity, row.element_type, row.side] for row in rows], dtype=np.int64),
        variance=std_dev**2,
    )


@dataclass(frozen=True)
class _Row:
    """One row of the plan in its own words."""

    name: str
    quantity: str
    element_type: str
    element: int
    side: str | None
    phase: str | None
    std_dev: float

    def check(self) -> None:
        """Refuse a row that no meter could be."""
        if self.quantity not in MEASURED_AT.get(self.element_type, ()):
            possible = "; ".join(f"{element}: {', '.join(kinds)}" for element, kinds in MEASURED_AT.items())
            raise InvalidParameterError(
                f"channel {self.name!r} measures {self.quantity!r} at a {self.element_type!r}; possible are {possible}."
            )
        if (self.quantity, self.element_type, self.side) not in ENDS:
            sides = [str(s) for q, e, s in ENDS if (q, e) == (self.quantity, self.element_type)]
            raise InvalidParameterError(
                f"channel {self.name!r} has side {self.side!r}; at a {self.element_type} it is {' or '.join(sides)}."
            )
        if QUANTITIES[self.quantity] == STATUS:
            return
        if not (np.isfinite(self.std_dev) and self.std_dev > 0.0):
            raise InvalidParameterError(
                f"channel {self.name!r} has std_dev {self.std_dev}; a meter's standard deviation is positive."
            )

    def position(self, network: EstimatedNetwork) -> int:
        """Where the network holds what is measured."""
        position = network.position(self.element_type, self.element, self.side, self.phase)
        if position is None:
            phase = "" if self.phase is None else f" phase {self.phase}"
            raise InvalidParameterError(
                f"channel {self.name!r} is on {self.element_type} {self.element}{phase}, which the network does not "
                "have; take the channel out of the plan or correct its element."
            )
        return position


def _text(text: object) -> str | None:
    """Tables write an absent side or phase as None or NaN."""
    return text if isinstance(text, str) and text else None
