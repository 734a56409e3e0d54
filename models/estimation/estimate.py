"""What an estimate says: the state at one time, and what the residuals tell about the measurements."""

from dataclasses import dataclass

from models.network_model import BoolArray, FloatArray


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
    trafo_p_lv_mw: FloatArray
    trafo_q_lv_mvar: FloatArray
    """Power into every transformer at its low-voltage side, 0 where out of service, (n_trafo,). [MW], [Mvar]"""
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
    """Channels among which there are bad ones, without the data telling which; none of them is removed, (n_channel,)."""
    identifiable: bool
    """Whether no test fails, or all failures are explained by what was removed."""
    contradicted_forecasts: tuple[int, ...]
    """pandapower indices of unmetered buses whose forecast the meters contradict; it is left out."""
    objective_after_removal: float
    unobservable_buses: tuple[int, ...]
    """pandapower indices of the buses that the measurements leave open."""
    iterations: int
    """Linear solutions of the last fit."""
