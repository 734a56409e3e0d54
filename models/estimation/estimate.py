"""What an estimate says: the state at one time, and what the residuals tell about the measurements."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from models.network_model import BoolArray, ComplexArray, FloatArray


class Particulars(Protocol):
    """What is worked out of a state only when somebody asks."""

    def into_low_voltage_sides(self) -> ComplexArray:
        """Power into every transformer at its low-voltage side, (n_trafo,). [MVA]"""

    def std_dev_at_buses(self) -> tuple[FloatArray, FloatArray]:
        """Standard deviations of magnitude [pu] and angle [degree] of every bus, (n_bus,)."""


@dataclass(frozen=True)
class NoParticulars:
    """Those of an estimate without a solution."""

    n_bus: int
    n_trafo: int

    def into_low_voltage_sides(self) -> ComplexArray:
        """Nothing is known, (n_trafo,)."""
        return np.full(self.n_trafo, complex(np.nan, np.nan))

    def std_dev_at_buses(self) -> tuple[FloatArray, FloatArray]:
        """Nothing is known, (n_bus,) each."""
        return np.full(self.n_bus, np.nan), np.full(self.n_bus, np.nan)


@dataclass(frozen=True, eq=False)
class Estimate:
    """The state at one time and what the residuals say about the measurements.

    The tests (`objective` to `critical`) judge everything that came in, by least squares whatever the method. The state
    is the one after bad data were removed, or that of the robust method, which removes nothing and distrusts what does
    not fit. Without a solution (`converged` or `observable` false) every float is NaN.
    """

    converged: bool
    observable: bool
    vm_pu: FloatArray
    """Magnitude at every bus, NaN where de-energised, (n_bus,). [pu]"""
    va_degree: FloatArray
    """Angle at every bus, against the set-point of the island's first slack, (n_bus,). [degree]"""
    objective: float
    """J(x), the weighted sum of squared residuals, before any removal. [-]"""
    degrees_of_freedom: int
    """Active rows less states; 0 without a solution."""
    chi_square_threshold: float
    p_value: float
    """Probability of a J at least this large without bad data."""
    normalised_residual: FloatArray
    """|r| over its standard deviation before any removal; NaN for unused and critical channels, (n_channel,). [-]"""
    critical: BoolArray
    """Channels in use whose residual is zero whatever they read: no error of theirs can be seen, (n_channel,)."""
    removed: BoolArray
    """Channels taken for bad data, (n_channel,)."""
    suspects: BoolArray
    """Channels some of which are bad while the data do not say which; none of them is removed, (n_channel,)."""
    identifiable: bool
    """Whether no test fails, or all failures are explained by what was removed."""
    contradicted_forecasts: tuple[int, ...]
    """pandapower indices of unmetered buses whose forecast the meters contradict; it is left out."""
    objective_after_removal: float
    unobservable_buses: tuple[int, ...]
    """pandapower indices of the buses that the measurements leave open."""
    iterations: int
    """Linear solutions of the last fit."""
    _particulars: Particulars = field(repr=False)

    @property
    def trafo_p_lv_mw(self) -> FloatArray:
        """Active power into every transformer at its low-voltage side, 0 where out of service, (n_trafo,). [MW]"""
        return np.asarray(self._into_low_voltage_sides.real)

    @property
    def trafo_q_lv_mvar(self) -> FloatArray:
        """Reactive power into every transformer at its low-voltage side, 0 where out of service, (n_trafo,). [Mvar]"""
        return np.asarray(self._into_low_voltage_sides.imag)

    @property
    def vm_pu_std_dev(self) -> FloatArray:
        """Standard deviation of the magnitude at every bus, NaN where de-energised, (n_bus,). [pu]"""
        return self._std_dev_at_buses[0]

    @property
    def va_degree_std_dev(self) -> FloatArray:
        """Standard deviation of the angle at every bus, NaN where de-energised, (n_bus,). [degree]"""
        return self._std_dev_at_buses[1]

    @cached_property
    def _into_low_voltage_sides(self) -> ComplexArray:
        return self._particulars.into_low_voltage_sides()

    @cached_property
    def _std_dev_at_buses(self) -> tuple[FloatArray, FloatArray]:
        return self._particulars.std_dev_at_buses()
