"""What every load draws at any time, and what the control room expects it to draw."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from models.profiles.clock import Clock
from models.profiles.diversity import CHUNK_S, FLUCTUATION_STEP_S, STEPS_PER_CHUNK, Diversity, LoadDiversity
from models.profiles.loads import Loads
from models.profiles.standard import QUARTER_HOUR_S, class_profiles, require_classes

PQ = tuple[np.ndarray, np.ndarray]


class LoadProfiles(Protocol):
    """Active and reactive power of every load over time. (n_load,) [MW, Mvar]"""

    loads: Loads

    def at(self, seconds: float) -> PQ:
        """What the loads draw, `seconds` after the scenario's start."""
        ...

    def forecast_at(self, seconds: float) -> PQ:
        """What the control room expects them to draw."""
        ...


class NominalLoadProfiles:
    """Every load at its nominal power, always; the forecast is right."""

    def __init__(self, loads: Loads) -> None:
        self.loads = loads

    def at(self, seconds: float) -> PQ:
        """Nominal power."""
        return self.loads.p_mw.copy(), self.loads.q_mvar.copy()

    def forecast_at(self, seconds: float) -> PQ:
        """Nominal power."""
        return self.at(seconds)


class StandardForecast:
    """The class profile of every load, without diversity, times its nominal power.

    Parameters
    ----------
    loads
        Nominal powers and classes.
    clock
        The scenario's start.
    """

    def __init__(self, loads: Loads, clock: Clock) -> None:
        require_classes(loads.profile)
        self.loads = loads
        self.clock = clock
        self.classes = tuple(sorted(set(loads.profile)))
        self.class_of_load = np.array([self.classes.index(name) for name in loads.profile], dtype=np.int64)
        self._chunk: int | None = None
        self._first_s = 0.0
        self._level = np.empty((0, len(self.classes)))

    def at(self, seconds: float) -> PQ:
        """Class level interpolated between the middles of the quarter-hours, reactive power in proportion."""
        chunk = int(seconds // CHUNK_S)
        if chunk != self._chunk:
            middles_s, self._level = class_profiles(self.clock, self.classes, chunk * CHUNK_S, (chunk + 1) * CHUNK_S)
            self._first_s, self._chunk = middles_s[0], chunk
        level = interpolate(self._level, (seconds - self._first_s) / QUARTER_HOUR_S)[self.class_of_load]
        return self.loads.p_mw * level, self.loads.q_mvar * level


class StandardLoadProfiles:
    """BDEW standard profiles with a diversity of its own for every load.

    p(t) = p_nominal * a * s(t + shift) * (1 + x(t)): s is the class profile (yearly peak 1, linear between the middles
    of its quarter-hours), a and shift are constants of the load, x fluctuates by the minute (linear in between). q(t)
    keeps the load's nominal power factor. The forecast is p_nominal * s(t).

    Parameters
    ----------
    loads
        Nominal powers and classes.
    clock
        The scenario's start.
    seed
        Of the fluctuation.
    customers_seed
        Of each load's factor and shift; by default the same.
    diversity
        Spread of single loads; see `Diversity` for its numbers.

    Raises
    ------
    UnknownNameError
        A load's class is none of the BDEW's.
    """

    def __init__(
        self,
        loads: Loads,
        clock: Clock,
        seed: int,
        customers_seed: int | None = None,
        diversity: Diversity | None = None,
    ) -> None:
        self.loads = loads
        self.forecast = StandardForecast(loads, clock)
        self.diversity = LoadDiversity(
            diversity or Diversity(), seed if customers_seed is None else customers_seed, seed, len(loads)
        )
        self._chunk: int | None = None
        self._level = np.empty((0, len(loads)))

    def at(self, seconds: float) -> PQ:
        """What the loads draw; six hours are computed when the first of them is asked for."""
        chunk = int(seconds // CHUNK_S)
        if chunk != self._chunk:
            self._level, self._chunk = self._minutes(chunk), chunk
        level = interpolate(self._level, (seconds - chunk * CHUNK_S) / FLUCTUATION_STEP_S)
        return self.loads.p_mw * level, self.loads.q_mvar * level

    def forecast_at(self, seconds: float) -> PQ:
        """The class profile without diversity."""
        return self.forecast.at(seconds)

    def _minutes(self, chunk: int) -> np.ndarray:
        """Power over nominal power at each minute of a chunk. (361, n_load) [-]"""
        minutes_s = chunk * CHUNK_S + FLUCTUATION_STEP_S * np.arange(STEPS_PER_CHUNK + 1)
        shift_s = self.diversity.time_shift_s
        reach_s = np.abs(shift_s).max(initial=0.0)
        classes = self.forecast.classes
        middles_s, level = class_profiles(self.forecast.clock, classes, minutes_s[0] - reach_s, minutes_s[-1] + reach_s)
        shifted = [
            np.interp(minutes_s + shift, middles_s, level[:, column])
            for shift, column in zip(shift_s, self.forecast.class_of_load, strict=True)
        ]
        columns = np.stack(shifted, axis=1) if shifted else np.empty((len(minutes_s), 0))
        return self.diversity.amplitude * columns * (1.0 + self.diversity.fluctuation(chunk))


def interpolate(rows: np.ndarray, position: float) -> np.ndarray:
    """Linear between the rows before and after `position`, a row number with a fraction."""
    row = int(position)
    weight = position - row
    return (1.0 - weight) * rows[row] + weight * rows[row + 1]
