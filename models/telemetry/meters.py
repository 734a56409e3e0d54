"""Meters: what the instruments of a feeder read of the grid's true state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError
from models.parameters import require_length
from models.phases import PHASES, of_phase
from models.telemetry.instrument_errors import InstrumentErrors, MeterSettings
from models.telemetry.status import STATUS_TYPES

if TYPE_CHECKING:
    import pandas as pd

PLAN_COLUMNS = ("name", "measurement_type", "element_type", "element", "side", "full_scale", "std_dev")

SWITCHES = "switch_closed_in_effect"
# Which vector of the grid a meter looks at, by (measurement_type, element_type, side); a meter in one phase looks at
# that phase's vector.
METERED_VECTORS: dict[tuple[str, str, str | None], str] = {
    ("v", "bus", None): "vm_pu",
    ("va", "bus", None): "va_degree",
    ("p", "bus", None): "p_mw",
    ("q", "bus", None): "q_mvar",
    ("p", "line", "from"): "line_p_from_mw",
    ("q", "line", "from"): "line_q_from_mvar",
    ("p", "line", "to"): "line_p_to_mw",
    ("q", "line", "to"): "line_q_to_mvar",
    ("i", "line", "from"): "line_i_from_ka",
    ("i", "line", "to"): "line_i_to_ka",
    ("p", "trafo", "hv"): "trafo_p_hv_mw",
    ("q", "trafo", "hv"): "trafo_q_hv_mvar",
    ("p", "trafo", "lv"): "trafo_p_lv_mw",
    ("q", "trafo", "lv"): "trafo_q_lv_mvar",
    ("i", "trafo", "hv"): "trafo_i_hv_ka",
    ("i", "trafo", "lv"): "trafo_i_lv_ka",
    ("tap", "trafo", None): "tap_pos_in_effect",
    ("closed", "switch", None): SWITCHES,
}
BY_PHASE = {name: [of_phase(name, phase) for phase in PHASES] for name in METERED_VECTORS.values() if name != SWITCHES}


class Reading(NamedTuple):
    """One reading of every channel.

    Attributes
    ----------
    value
        (n_channel,) [pu, degree, MW, Mvar or kA; of a switch 1 closed and 0 open, of a tap changer its position]
    over_range
        (n_channel,) Whether the truth lies beyond the converter's range, whose end the value is.
    """

    value: NDArray[np.float64]
    over_range: NDArray[np.bool_]


class Meters:
    """Reads the grid's vectors at every channel of a metering plan.

    A reading is the true value plus the instrument's error (`InstrumentErrors`), limited to the converter's range and
    rounded to its step ``full_scale / 2**bits``. Errors are independent from meter to meter, as state estimation
    assumes [1]_, and but for bias and drift from step to step. The positions of tap changers and switches are read as
    they are.

    Where the truth is NaN (a de-energised element, or a power flow without a solution) the meter reads exactly 0:
    it is alive on its auxiliary supply, but voltage, current and power are gone.

    Parameters
    ----------
    plan
        The metering plan: one row a channel with the columns `PLAN_COLUMNS`; `full_scale` and `std_dev` in the unit of
        the value (pu, degree, MW, Mvar, kA); `phase` (a, b, c, or None for all) may be left out.
    order
        pandapower indices in vector order, by element type: ``{"bus": [...], "line": [...], "trafo": [...],
        "switch": [...]}``.
    settings
        How real the meters are.
    installation
        The stream that what stays of the instruments is drawn from.
    random
        The stream that what changes is drawn from.

    Attributes
    ----------
    names
        Of the channels.
    is_status
        (n_channel,) Whether a channel tells where a tap changer or a switch stands.

    Raises
    ------
    InvalidParameterError
        If the plan lacks a column, repeats a name, or a row meters an element or quantity that there is not.

    References
    ----------
    .. [1] A. Abur, A. Gómez Expósito, "Power System State Estimation", Marcel Dekker, 2004, section 2.4.
    """

    def __init__(
        self,
        plan: pd.DataFrame,
        order: Mapping[str, Sequence[int]],
        settings: MeterSettings,
        installation: np.random.Generator,
        random: np.random.Generator,
    ) -> None:
        _check_plan(plan)
        self.names: list[str] = [str(name) for name in plan["name"]]
        self.is_status = plan["measurement_type"].isin(STATUS_TYPES).to_numpy(dtype=bool)
        self.full_scale = _checked_column(plan, "full_scale", positive=True)
        self.std_dev = np.where(self.is_status, 0.0, _checked_column(plan, "std_dev", positive=False))
        self._errors = InstrumentErrors(self.std_dev, settings, installation, random)
        self._steps = None if settings.resolution_bits is None else 2.0**settings.resolution_bits
        self._range = self._range_of(plan, settings.range_percent)
        self._compile(plan, {kind: list(indices) for kind, indices in order.items()})

    def _range_of(self, plan: pd.DataFrame, range_percent: float | None) -> NDArray[np.float64]:
        """End of the converter's range; an angle goes round. (n_channel,)"""
        endless = self.is_status | (plan["measurement_type"] == "va").to_numpy(dtype=bool)
        return np.where(endless, inf, self.full_scale * (inf if range_percent is None else range_percent / 100))

    @property
    def vectors(self) -> list[str]:
        """Names of the grid's vectors that the plan reads."""
        return list(self._lengths)

    def _compile(self, plan: pd.DataFrame, order: dict[str, list[int]]) -> None:
        """Place every channel in the concatenation of the vectors that are read."""
        position_of = {kind: {int(index): at for at, index in enumerate(order[kind])} for kind in order}
        places = [_place(row, position_of) for row in _rows(plan)]
        vectors = zip((vector for vector, _ in places), plan["element_type"], strict=True)
        self._lengths = {vector: len(order[kind]) for vector, kind in vectors}
        offsets = dict(zip(self._lengths, np.cumsum([0, *self._lengths.values()]), strict=False))
        self._positions = np.array([offsets[vector] + at for vector, at in places], dtype=np.int64)

    def true_values(self, grid: Mapping[str, Any]) -> NDArray[np.float64]:
        """The grid's value at every channel, without any error; NaN where the element is dead. (n_channel,)

        Parameters
        ----------
        grid
            The vectors named by `vectors`, each in the order announced at construction.

        Raises
        ------
        InvalidParameterError
            If a vector that the plan reads is absent or has another length.
        """
        for vector, length in self._lengths.items():
            if vector not in grid:
                raise InvalidParameterError(f"the metering plan reads {vector!r}, which is not connected; connect it.")
            require_length(vector, grid[vector], length)
        if not self._lengths:
            return np.empty(0)
        return np.concatenate([grid[vector] for vector in self._lengths])[self._positions]

    def read(self, seconds: float, grid: Mapping[str, Any]) -> Reading:
        """One reading of every channel at `seconds`, never less than at the reading before."""
        truth = self.true_values(grid)
        sensed = truth + self._errors.at(seconds)
        value = np.clip(sensed, -self._range, self._range)
        if self._steps is not None:
            step = self.full_scale / self._steps
            value = np.where(self.is_status, value, np.round(value / step) * step)
        value[np.isnan(truth)] = 0.0
        return Reading(value, np.abs(sensed) > self._range)


def metered_vectors(plan: pd.DataFrame) -> list[str]:
    """Names of the grid's vectors that a plan reads.

    Raises
    ------
    InvalidParameterError
        If a row meters a quantity that there is not.
    """
    return list(dict.fromkeys(_vector(row) for row in _rows(plan)))


class _Row(NamedTuple):
    """What a channel measures; a blank side or phase is None."""

    name: str
    measurement_type: str
    element_type: str
    element: Any
    side: str | None
    phase: str | None


def _rows(plan: pd.DataFrame) -> list[_Row]:
    blank = [None] * len(plan)
    places = (
        [text if isinstance(text, str) and text else None for text in plan.get(c, blank)] for c in ("side", "phase")
    )
    columns = (plan[column] for column in ("name", "measurement_type", "element_type", "element"))
    return [_Row(*row) for row in zip(*columns, *places, strict=True)]


def _vector(row: _Row) -> str:
    """The grid's vector that a channel reads."""
    vector = METERED_VECTORS.get((row.measurement_type, row.element_type, row.side))
    if vector is None:
        raise InvalidParameterError(
            f"channel {row.name!r} asks for {row.measurement_type!r} at {row.element_type!r} side {row.side!r}; "
            "there are " + ", ".join(f"{m} {e}{' ' + s if s else ''}" for m, e, s in METERED_VECTORS) + "."
        )
    if row.phase is None:
        return vector
    if row.phase not in PHASES or vector not in BY_PHASE:
        raise InvalidParameterError(
            f"channel {row.name!r} is in phase {row.phase!r}; expected a, b or c, and none for the state of a switch."
        )
    return of_phase(vector, row.phase)


def _place(row: _Row, position_of: Mapping[str, Mapping[int, int]]) -> tuple[str, int]:
    """The grid's vector that a channel reads and where in it."""
    vector, positions = _vector(row), position_of.get(row.element_type, {})
    if row.element != row.element or int(row.element) not in positions:
        raise InvalidParameterError(
            f"channel {row.name!r} meters {row.element_type} {row.element}, which the network does not have; take the "
            f"row out of the metering plan or name one of its {len(positions)} {row.element_type} indices."
        )
    return vector, positions[int(row.element)]


def _check_plan(plan: pd.DataFrame) -> None:
    absent = [column for column in PLAN_COLUMNS if column not in plan.columns]
    if absent and len(plan):
        raise InvalidParameterError(f"the metering plan lacks the columns {', '.join(absent)}.")
    if absent:
        raise InvalidParameterError(
            f"the metering plan is empty and lacks {', '.join(absent)}; an empty plan needs its columns as well."
        )
    repeated = plan["name"][plan["name"].duplicated()]
    if len(repeated):
        raise InvalidParameterError(f"channel names must be unique, {repeated.iloc[0]!r} appears more than once.")


def _checked_column(plan: pd.DataFrame, column: str, positive: bool) -> NDArray[np.float64]:
    values = plan[column].to_numpy(dtype=np.float64)
    good = np.isfinite(values) & ((values > 0) if positive else (values >= 0))
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise InvalidParameterError(
            f"channel {plan['name'].iloc[row]!r} needs a {column} {'above 0' if positive else 'of 0 or more'}, "
            f"got {values[row]}."
        )
    return values.copy()
