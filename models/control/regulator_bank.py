"""All voltage regulators of a feeder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.control.regulator_sensing import Sensed, position_of
from models.control.voltage_regulator import VoltageRegulator, VoltageRegulatorSettings
from models.errors import InvalidParameterError
from models.phases import PHASES


class Sensing(Protocol):
    """What the regulators look at."""

    def look(self, inputs: Mapping[str, Any]) -> list[Sensed]:
        """What each regulator sees."""


class RegulatorBank:
    """Regulators that move the taps of a feeder's transformers; all other taps stay where they are.

    Where taps are kept by phase, a regulator moves the one of the phase it looks at (the first one of two), and one
    without phases those of all phases.

    Parameters
    ----------
    settings
        One entry a regulator; none is allowed.
    sensing
        What the regulators look at.
    trafo_order
        pandapower transformer indices in vector order.
    tap_pos
        (n_trafo,) Taps at the start, or (n_trafo, 3) by phase; NaN (no tap changer) counts as 0. [-]

    Attributes
    ----------
    regulators
        The single regulators.
    trafo_order
        As given.

    Raises
    ------
    InvalidParameterError
        If two regulators share a tap changer, or a transformer or the shape of `tap_pos` does not fit the order.
    """

    def __init__(
        self,
        settings: Sequence[VoltageRegulatorSettings],
        sensing: Sensing,
        trafo_order: Sequence[int],
        tap_pos: ArrayLike,
    ) -> None:
        start = np.asarray(tap_pos, dtype=np.float64)
        if start.shape not in ((len(trafo_order),), (len(trafo_order), len(PHASES))):
            raise InvalidParameterError(
                f"tap_pos must have one entry (or one a phase) for each of {len(trafo_order)} transformers, "
                f"got shape {start.shape}."
            )
        self.trafo_order = list(trafo_order)
        self._place = self._places(settings, by_phase=start.ndim == 2)
        self._sensing = sensing
        self.regulators = [
            VoltageRegulator(one, _first_known(start[place])) for one, place in zip(settings, self._place, strict=True)
        ]
        self._start_tap_pos = np.nan_to_num(start).round().astype(np.int64)

    def step(self, seconds: float, inputs: Mapping[str, Any]) -> NDArray[np.int64]:
        """The taps after every regulator has looked. (n_trafo,) or (n_trafo, 3) [-]"""
        for regulator, seen in zip(self.regulators, self._sensing.look(inputs), strict=True):
            regulator.step(seconds, seen.vm_pu, seen.p_mw, seen.q_mvar)
        return self.taps_on(self._start_tap_pos)

    def taps_on(self, tap_pos: ArrayLike) -> NDArray[Any]:
        """`tap_pos` with the regulators' own taps in their places. (n_trafo,) or (n_trafo, 3) [-]"""
        taps = np.array(tap_pos)
        for place, regulator in zip(self._place, self.regulators, strict=True):
            taps[place] = regulator.tap_pos
        return taps

    @property
    def due_s(self) -> float:
        """When the next one will tap, unless its voltage comes back before; infinite while all are content. [s]"""
        return min((one.due_s for one in self.regulators if one.due_s is not None), default=np.inf)

    @property
    def names(self) -> list[int | str]:
        """Each regulator's transformer, and its phases where it is a unit by itself."""
        settings = [regulator.settings for regulator in self.regulators]
        return [f"{one.trafo} {one.phases}" if one.phases else one.trafo for one in settings]

    @property
    def tap_pos(self) -> NDArray[np.int64]:
        """Present taps. (n_regulator,) [-]"""
        return np.array([regulator.tap_pos for regulator in self.regulators], dtype=np.int64)

    @property
    def operations(self) -> NDArray[np.int64]:
        """Taps done so far. (n_regulator,) [-]"""
        return np.array([regulator.operations for regulator in self.regulators], dtype=np.int64)

    def _places(self, settings: Sequence[VoltageRegulatorSettings], by_phase: bool) -> list[tuple[int, ...]]:
        """Where in the taps each regulator's own tap stands."""
        places: list[tuple[int, ...]] = []
        for regulator in settings:
            row = position_of({"trafo": self.trafo_order}, "trafo", regulator.trafo)
            by_itself = by_phase and regulator.phases
            places.append((row, PHASES.index(regulator.phases[0])) if by_itself else (row,))
        if len(set(places)) < len(places):
            raise InvalidParameterError("a transformer has one regulator, got two for the same; take one out.")
        return places


def _first_known(tap_pos: Any) -> int:
    known = np.atleast_1d(tap_pos)
    known = known[np.isfinite(known)]
    return round(float(known[0])) if len(known) else 0
