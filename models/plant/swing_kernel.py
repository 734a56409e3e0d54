"""The swing equation, integrated in compiled code with a step that follows its own error."""

from math import sin, sqrt

from numba import njit

from models.plant.rotor import PowerAngleCurve, RotorDynamics, RotorState

# Step control: Hairer, Norsett, Wanner, "Solving Ordinary Differential Equations I", section II.4.
SAFETY = 0.9
LARGEST_GROWTH = 4.0
LARGEST_SHRINKAGE = 0.1

# Weights of the Dormand-Prince pair of orders 5 and 4, one row a stage (ibid., section II.5, table 5.2).
TO_SECOND = (1 / 5,)
TO_THIRD = (3 / 40, 9 / 40)
TO_FOURTH = (44 / 45, -56 / 15, 32 / 9)
TO_FIFTH = (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729)
TO_SIXTH = (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656)
TO_END = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)
END_TO_EMBEDDED = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
NOTHING = RotorState(0.0, 0.0, 0.0)


@njit(cache=True)
def integrate(
    state: RotorState,
    seconds: float,
    dynamics: RotorDynamics,
    curve: PowerAngleCurve,
    p_lost_pu: float,
    tolerance: float,
) -> RotorState:
    """The rotor after `seconds` on a constant power-angle curve.

    Dormand-Prince of fifth order; the embedded fourth order tells the error, and the step follows the error.

    Parameters
    ----------
    state
        Angle, speed deviation and mechanical power at the start.
    seconds
        How long. [s]
    p_lost_pu
        Mechanical power taken away, e.g. by a generation trip. [pu]
    tolerance
        Largest error of one inner step, in angle [rad], electrical slip [rad/s] and mechanical power [pu].

    References
    ----------
    .. [1] Hairer, Norsett, Wanner, "Solving Ordinary Differential Equations I", 2nd ed., sections II.4 and II.5.
    """
    longest_step = 1.0 / fastest_rate(dynamics, curve)
    step = min(seconds, longest_step)
    remaining = seconds
    while remaining > 0.0:
        step = min(step, remaining)
        end, difference = runge_kutta_step(state, step, dynamics, curve, p_lost_pu)
        error = size(difference, dynamics)
        if error <= tolerance:
            state = end
            remaining -= step
        growth = LARGEST_GROWTH if error == 0.0 else SAFETY * (tolerance / error) ** 0.2
        step = min(longest_step, step * min(LARGEST_GROWTH, max(LARGEST_SHRINKAGE, growth)))
    return state


@njit(cache=True)
def electrical_power(angle_rad: float, curve: PowerAngleCurve) -> float:
    """Power the machine delivers at a rotor angle. [pu]"""
    return curve.p_constant_pu + curve.p_swing_pu * sin(angle_rad - curve.angle_shift_rad)


@njit(cache=True)
def slope(state: RotorState, dynamics: RotorDynamics, curve: PowerAngleCurve, p_lost_pu: float) -> RotorState:
    """Right-hand side: the swing equation and a governor with droop, per second.

    References
    ----------
    .. [1] P. Kundur, "Power System Stability and Control", 1994, equations 3.209 and 3.210 (swing) and section 11.1.1
       (droop).
    """
    p_accelerating = (
        state.p_mechanical_pu
        - p_lost_pu
        - electrical_power(state.angle_rad, curve)
        - dynamics.damping_pu * state.speed_deviation_pu
    )
    p_wanted = dynamics.p_reference_pu - dynamics.governor_gain_pu * state.speed_deviation_pu
    p_command = min(dynamics.p_max_pu, max(dynamics.p_min_pu, p_wanted))
    return RotorState(
        dynamics.nominal_rad_per_s * state.speed_deviation_pu,
        p_accelerating / dynamics.momentum_s,
        dynamics.governor_rate_per_s * (p_command - state.p_mechanical_pu),
    )


@njit(cache=True)
def runge_kutta_step(
    state: RotorState, seconds: float, dynamics: RotorDynamics, curve: PowerAngleCurve, p_lost_pu: float
) -> tuple[RotorState, RotorState]:
    """One Dormand-Prince step: the fifth-order result and the error that the embedded fourth order shows."""
    first = slope(state, dynamics, curve, p_lost_pu)
    second = slope(moved(state, seconds, (first,), TO_SECOND), dynamics, curve, p_lost_pu)
    third = slope(moved(state, seconds, (first, second), TO_THIRD), dynamics, curve, p_lost_pu)
    fourth = slope(moved(state, seconds, (first, second, third), TO_FOURTH), dynamics, curve, p_lost_pu)
    fifth = slope(moved(state, seconds, (first, second, third, fourth), TO_FIFTH), dynamics, curve, p_lost_pu)
    sixth = slope(moved(state, seconds, (first, second, third, fourth, fifth), TO_SIXTH), dynamics, curve, p_lost_pu)
    end = moved(state, seconds, (first, second, third, fourth, fifth, sixth), TO_END)
    last = slope(end, dynamics, curve, p_lost_pu)
    error = moved(NOTHING, seconds, (first, second, third, fourth, fifth, sixth, last), END_TO_EMBEDDED)
    return end, error


@njit(cache=True)
def moved(state: RotorState, seconds: float, slopes: tuple[RotorState, ...], weights: tuple[float, ...]) -> RotorState:
    """The state after `seconds` at the weighted sum of `slopes`."""
    angle, speed, power = 0.0, 0.0, 0.0
    for stage in range(len(weights)):
        angle += weights[stage] * slopes[stage].angle_rad
        speed += weights[stage] * slopes[stage].speed_deviation_pu
        power += weights[stage] * slopes[stage].p_mechanical_pu
    return RotorState(
        state.angle_rad + seconds * angle,
        state.speed_deviation_pu + seconds * speed,
        state.p_mechanical_pu + seconds * power,
    )


@njit(cache=True)
def size(error: RotorState, dynamics: RotorDynamics) -> float:
    """Largest part of an error; speed counts as electrical slip, so that it weighs like the angle it becomes in 1 s."""
    return max(
        abs(error.angle_rad),
        dynamics.nominal_rad_per_s * abs(error.speed_deviation_pu),
        abs(error.p_mechanical_pu),
    )


@njit(cache=True)
def fastest_rate(dynamics: RotorDynamics, curve: PowerAngleCurve) -> float:
    """Upper bound of the linearised equation's rates: steps below its inverse are stable whatever their error. [1/s]"""
    electromechanical = sqrt(dynamics.nominal_rad_per_s * abs(curve.p_swing_pu) / dynamics.momentum_s)
    governing = sqrt(dynamics.governor_gain_pu * dynamics.governor_rate_per_s / dynamics.momentum_s)
    decaying = dynamics.damping_pu / dynamics.momentum_s + dynamics.governor_rate_per_s
    # Never below one a minute, so that a rotor at rest with nothing acting on it has a finite longest step.
    return max(electromechanical, governing, decaying, 1 / 60)
