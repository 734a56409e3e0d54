"""All voltage regulators of a feeder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.control.regulator_sensing import EstimatedSensing, MeasuredSensing, position_of
from models.control.voltage_regulator import VoltageRegulator, VoltageRegulatorSettings
from models.errors import InvalidParameterError


class RegulatorBank:
    """Regulators that move taps of one vector of transformers; the other taps stay where they are.

    Parameters
    ----------
    settings
        One entry a regulator; none is allowed.
    sensing
        What the regulators look at.
    trafo_order
        pandapower transformer indices in vector order.
    tap_pos
        (n_trafo,) Taps at the start; NaN (no tap changer) counts as 0. [-]

    Attributes
    ----------
    regulators
        The single regulators.
    trafo_order
        As given.

    Raises
    ------
    InvalidParameterError
        If two regulators share a transformer, or a transformer or the length of `tap_pos` does not fit the order.
    """

    def __init__(
        self,
        settings: Sequence[VoltageRegulatorSettings],
        sensing: EstimatedSensing | MeasuredSensing,
        trafo_order: Sequence[int],
        tap_pos: ArrayLike,
    ) -> None:
        self._tap_pos = np.nan_to_num(np.asarray(tap_pos, dtype=np.float64)).round().astype(np.int64)
        if len(self._tap_pos) != len(trafo_order):
            raise InvalidParameterError(
                f"tap_pos must have one entry for each of {len(trafo_order)} transformers, got {len(self._tap_pos)}."
            )
        self.trafo_order = list(trafo_order)
        self._position = [position_of({"trafo": trafo_order}, "trafo", regulator.trafo) for regulator in settings]
        if len(set(self._position)) < len(self._position):
            raise InvalidParameterError("a transformer has one regulator, got two for the same; take one out.")
        self._sensing = sensing
        self.regulators = [
            VoltageRegulator(one, int(self._tap_pos[position]))
            for one, position in zip(settings, self._position, strict=True)
        ]

    def step(self, seconds: float, inputs: Mapping[str, NDArray[np.float64]]) -> NDArray[np.int64]:
        """The taps after every regulator has looked. (n_trafo,) [-]"""
        tap_pos = self._tap_pos.copy()
        for position, regulator, seen in zip(self._position, self.regulators, self._sensing.look(inputs), strict=True):
            tap_pos[position] = regulator.step(seconds, seen.vm_pu, seen.p_mw, seen.q_mvar)
        return tap_pos

    @property
    def operations(self) -> NDArray[np.int64]:
        """Taps done so far. (n_regulator,) [-]"""
        return np.array([regulator.operations for regulator in self.regulators], dtype=np.int64)
