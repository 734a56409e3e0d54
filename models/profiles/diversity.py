"""How single loads differ from their class: how much, when, and from minute to minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.errors import InvalidParameterError
from models.random_streams import stream

FLUCTUATION_STEP_S = 60.0
CHUNK_S = 6 * 3600.0
STEPS_PER_CHUNK = int(CHUNK_S / FLUCTUATION_STEP_S)
LONGEST_CORRELATION_S = CHUNK_S / 36
CUT_STD = 3.0


@dataclass(frozen=True)
class Diversity:
    """Spread of single loads around their class profile; every mean is the class's own.

    Parameters
    ----------
    amplitude_std
        Standard deviation of a load's constant factor about 1, normal, cut at twice that. [-]
    time_shift_std_s
        Standard deviation of a load's constant delay or advance about 0, normal, cut at twice that. [s]
    fluctuation_std
        Standard deviation of the mean-reverting fluctuation about 0, relative to the load's present level, cut at
        three times that. [-]
    fluctuation_time_s
        Its correlation time: after this long e^-1 of a deviation is left; up to 600 s. [s]
    """

    amplitude_std: float = 0.10
    time_shift_std_s: float = 1200.0
    fluctuation_std: float = 0.08
    fluctuation_time_s: float = 600.0

    def __post_init__(self) -> None:
        if not (
            0 <= self.amplitude_std <= 0.5 and 0 <= self.time_shift_std_s <= 3600 and 0 <= self.fluctuation_std <= 0.25
        ):
            raise InvalidParameterError(
                f"expected amplitude_std within 0 to 0.5, time_shift_std_s within 0 to 3600 and fluctuation_std within "
                f"0 to 0.25, got {self.amplitude_std}, {self.time_shift_std_s} and {self.fluctuation_std}."
            )
        if not 0 < self.fluctuation_time_s <= LONGEST_CORRELATION_S:
            raise InvalidParameterError(
                f"expected fluctuation_time_s above 0 and up to {LONGEST_CORRELATION_S:g}, "
                f"got {self.fluctuation_time_s}."
            )


NO_DIVERSITY = Diversity(amplitude_std=0.0, time_shift_std_s=0.0, fluctuation_std=0.0)


class LoadDiversity:
    """The draws of one scenario: a factor and a shift for each customer, and how they fluctuate day by day.

    Two seeds, so that the same customers can be met again on another day.

    The fluctuation is an Ornstein-Uhlenbeck process sampled each minute, x' = a x + sqrt(1 - a²) s w with
    a = exp(-60 s / correlation time), drawn in chunks of six hours. Each chunk has its own random stream and starts
    where the chunk before ended, which by then has forgotten its own start (36 correlation times): any chunk can be had
    without those before it, and the process is the same however it is read.
    """

    def __init__(self, diversity: Diversity, customers_seed: int, seed: int, n_load: int) -> None:
        self.diversity = diversity
        self.seed = seed
        self.n_load = n_load
        draws = stream(customers_seed, "profiles")
        self.amplitude = 1.0 + diversity.amplitude_std * np.clip(draws.standard_normal(n_load), -2, 2)
        self.time_shift_s = diversity.time_shift_std_s * np.clip(draws.standard_normal(n_load), -2, 2)

    def fluctuation(self, chunk: int) -> np.ndarray:
        """Relative deviation each minute of a chunk, its end included. (361, n_load) [-]"""
        if self.diversity.fluctuation_std == 0:
            return np.zeros((STEPS_PER_CHUNK + 1, self.n_load))
        at_rest = np.zeros(self.n_load)
        before = self._filtered(self._innovations(chunk - 1, STEPS_PER_CHUNK), at_rest)
        steps = [self._innovations(chunk, STEPS_PER_CHUNK), self._innovations(chunk + 1, 1)]
        deviation = self._filtered(np.vstack(steps), before[-1])
        return self.diversity.fluctuation_std * np.clip(deviation, -CUT_STD, CUT_STD)

    def _innovations(self, chunk: int, steps: int) -> np.ndarray:
        """The first `steps` draws of a chunk's own stream. (steps, n_load)"""
        return stream(self.seed, f"profiles chunk {chunk}").standard_normal((steps, self.n_load))

    def _filtered(self, innovations: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The process of unit variance that follows `start`. (n_step, n_load)"""
        memory = np.exp(-FLUCTUATION_STEP_S / self.diversity.fluctuation_time_s)
        spread = np.sqrt(1 - memory**2)
        deviation = np.empty_like(innovations)
        present = start
        for step, innovation in enumerate(innovations):
            present = memory * present + spread * innovation
            deviation[step] = present
        return deviation
