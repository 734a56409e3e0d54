"""Taps by phase, and the one ganged tap that a balanced net has of a bank."""

from typing import TYPE_CHECKING

import numpy as np

from models.network_model import FloatArray, IntArray
from models.phases import PHASES

if TYPE_CHECKING:
    from pandas import DataFrame


class PhaseTaps:
    """The tap changers of a feeder's transformer units.

    A ganged tap moves all units of its bank together: each stands as far from its published tap as the ganged tap from
    the net's initial one, within its own range, so that the published operating point is the initial one. A tap given
    for a phase is that unit's own.

    Parameters
    ----------
    tap_changer
        One row a unit: `trafo`, `element`, `winding`, `phases` (the phases it moves, first the one it is told by),
        `tap_pos`, `tap_neutral`, `tap_min`, `tap_max`, `tap_step_percent`.
    trafo_index
        pandapower indices in vector order.
    initial_tap_pos
        Ganged taps that stand for the published ones, (n_trafo,).
    """

    def __init__(self, tap_changer: "DataFrame", trafo_index: IntArray, initial_tap_pos: IntArray) -> None:
        position = {int(index): k for k, index in enumerate(trafo_index)}
        self._row = np.array([position[int(trafo)] for trafo in tap_changer.trafo], dtype=np.int64)
        self._told_by = np.array([PHASES.index(phases[0]) for phases in tap_changer.phases], dtype=np.int64)
        self._places = list(zip(tap_changer.element, (int(w) for w in tap_changer.winding), strict=True))
        self._initial = np.asarray(initial_tap_pos, dtype=float)
        columns = ("tap_pos", "tap_neutral", "tap_min", "tap_max", "tap_step_percent")
        self._published, self._neutral, self._least, self._most, self._step_percent = (
            tap_changer[column].to_numpy(dtype=float) for column in columns
        )
        self._moves = [
            (unit, row, PHASES.index(phase))
            for unit, (row, phases) in enumerate(zip(self._row, tap_changer.phases, strict=True))
            for phase in phases
        ]

    def in_effect(self, tap_pos: IntArray | FloatArray, phase_tap_pos: FloatArray | None) -> FloatArray:
        """Taps by phase, (n_trafo, 3), NaN where there is none, from ganged taps and those given by phase."""
        unit_tap = self._published + (np.asarray(tap_pos, dtype=float) - self._initial)[self._row]
        if phase_tap_pos is not None:
            given = phase_tap_pos[self._row, self._told_by]
            unit_tap = np.where(np.isnan(given), unit_tap, given)
        unit_tap = np.clip(unit_tap, self._least, self._most)
        return self._by_phase(unit_tap)

    def range_by_phase(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest tap, (n_trafo, 3) each, NaN where there is none."""
        return self._by_phase(self._least), self._by_phase(self._most)

    def _by_phase(self, of_unit: FloatArray) -> FloatArray:
        result = np.full((len(self._initial), 3), np.nan)
        for unit, row, phase in self._moves:
            result[row, phase] = of_unit[unit]
        return result

    def ganged(self, tap_pos: IntArray | FloatArray, phase_tap_pos: FloatArray) -> IntArray:
        """The ganged taps nearest to those by phase; `tap_pos` where a transformer has no tap changer."""
        moved = phase_tap_pos[self._row, self._told_by] - self._published
        units = np.bincount(self._row, minlength=len(self._initial))
        total = np.bincount(self._row, weights=moved, minlength=len(self._initial))
        mean = self._initial + total / np.maximum(units, 1)
        return np.where(units > 0, np.round(mean), tap_pos).astype(np.int64)

    def tap_pu(self, phase_tap_pos: FloatArray) -> dict[tuple[str, int], float]:
        """Voltage of every unit's tapped winding over its rated one, by element and winding."""
        tap = phase_tap_pos[self._row, self._told_by]
        tap_pu = 1.0 + (tap - self._neutral) * self._step_percent / 100.0
        return dict(zip(self._places, tap_pu.tolist(), strict=True))
