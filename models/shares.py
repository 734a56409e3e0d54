"""What elements draw at which buses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Shares:
    """Element k draws its power times `share` at `bus`; one entry a pair of both."""

    bus: NDArray[np.int64]
    element: NDArray[np.int64]
    share: NDArray[np.complex128]

    @classmethod
    def of_own_bus(cls, bus: NDArray[np.int64]) -> "Shares":
        """Every element draws all its power at one bus."""
        return cls(bus, np.arange(len(bus)), np.ones(len(bus), dtype=complex))

    def at_buses(self, power: NDArray[np.complex128], n_bus: int) -> NDArray[np.complex128]:
        """What elements of this power draw at every bus, (n_bus,)."""
        return sum_at(self.bus, power[self.element] * self.share, n_bus)


def sum_at(position: NDArray[np.int64], power: NDArray[np.complex128], length: int) -> NDArray[np.complex128]:
    """Sum of complex values by position."""
    real = np.bincount(position, weights=power.real, minlength=length)
    return real + 1j * np.bincount(position, weights=power.imag, minlength=length)
