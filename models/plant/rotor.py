"""What the swing equation is made of: a machine's constants, its state and the power it delivers at an angle."""

from dataclasses import dataclass
from math import pi
from typing import NamedTuple

from models.errors import InvalidParameterError
from models.parameters import require_number


@dataclass(frozen=True, kw_only=True)
class Governor:
    """Primary frequency control: a droop acting through one lag.

    Attributes
    ----------
    droop_pu
        Drop of speed from no load to rated load. [pu]
    time_constant_s
        Lag from speed deviation to mechanical power. [s]
    p_min_pu, p_max_pu
        Limits of the power the governor may ask for, on the machine's rating. They bound the command before the lag,
        so the power itself never leaves them and nothing winds up. [pu]
    """

    droop_pu: float = 0.05
    time_constant_s: float = 0.5
    p_min_pu: float = 0.0
    p_max_pu: float = 1.0

    def __post_init__(self) -> None:
        require_number("droop_pu", self.droop_pu, above=0.0)
        require_number("time_constant_s", self.time_constant_s, above=0.0)
        require_number("p_min_pu", self.p_min_pu)
        require_number("p_max_pu", self.p_max_pu, at_least=self.p_min_pu)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Constants of a synchronous machine, or of the one equivalent to all machines of an area.

    Attributes
    ----------
    rated_mva
        Rating; the base of every per-unit quantity of the machine. [MVA]
    inertia_constant_s
        H: kinetic energy at nominal speed over the rating. [s]
    damping_pu
        D: power lost per speed deviation, both in per unit; for an area, the loads' frequency dependence. [pu]
    nominal_hz
        Frequency at nominal speed. [Hz]
    governor
        Primary control; None leaves the mechanical power constant.
    """

    rated_mva: float = 100.0
    inertia_constant_s: float = 4.0
    damping_pu: float = 1.0
    nominal_hz: float = 50.0
    governor: Governor | None = None

    def __post_init__(self) -> None:
        require_number("rated_mva", self.rated_mva, above=0.0)
        require_number("inertia_constant_s", self.inertia_constant_s, above=0.0)
        require_number("damping_pu", self.damping_pu, at_least=0.0)
        require_number("nominal_hz", self.nominal_hz, above=0.0)

    def dynamics(self, p_mechanical_pu: float) -> "RotorDynamics":
        """The constants of the equation of motion about an equilibrium at `p_mechanical_pu`.

        Raises
        ------
        InvalidParameterError
            If the governor could not hold that power.
        """
        if self.governor is None:
            # A governor of zero rate and zero gain is a constant mechanical power.
            return RotorDynamics(2.0 * self.inertia_constant_s, float(self.damping_pu), 2 * pi * self.nominal_hz)
        governor = self.governor
        if not governor.p_min_pu <= p_mechanical_pu <= governor.p_max_pu:
            raise InvalidParameterError(
                f"the machine starts at {p_mechanical_pu:.4g} pu of its {self.rated_mva} MVA, outside the governor's "
                f"limits {governor.p_min_pu} to {governor.p_max_pu} pu; widen them or change the starting power."
            )
        return RotorDynamics(
            momentum_s=2.0 * self.inertia_constant_s,
            damping_pu=float(self.damping_pu),
            nominal_rad_per_s=2 * pi * self.nominal_hz,
            governor_gain_pu=1 / governor.droop_pu,
            governor_rate_per_s=1 / governor.time_constant_s,
            p_reference_pu=float(p_mechanical_pu),
            p_min_pu=float(governor.p_min_pu),
            p_max_pu=float(governor.p_max_pu),
        )


class RotorDynamics(NamedTuple):
    """Constants of the equation of motion, all floats since compiled code is made anew for every mix of types.

    Without a governor its rate is zero.
    """

    momentum_s: float
    damping_pu: float
    nominal_rad_per_s: float
    governor_gain_pu: float = 0.0
    governor_rate_per_s: float = 0.0
    p_reference_pu: float = 0.0
    p_min_pu: float = 0.0
    p_max_pu: float = 0.0


class RotorState(NamedTuple):
    """Where a rotor stands: angle ahead of a synchronous frame, speed over nominal less one, power of the governor."""

    angle_rad: float
    speed_deviation_pu: float
    p_mechanical_pu: float


class PowerAngleCurve(NamedTuple):
    """Electrical power against rotor angle: ``p_constant_pu + p_swing_pu * sin(angle - angle_shift_rad)``."""

    p_constant_pu: float
    p_swing_pu: float = 0.0
    angle_shift_rad: float = 0.0
