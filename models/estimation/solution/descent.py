"""The search for the smallest J: Gauss-Newton steps that share a factor while it serves, in one compiled call.

A step solves G dx = H' W (z - h(x)) with the gain matrix G = H' W H. From one scan to the next the state hardly moves,
and G with it: the factor of one linearisation serves for many steps (chord steps), each of which costs one sweep over
the rows and one substitution. Where J falls by less than it should, or steps contract too slowly, or the state has
moved away, the rows are linearised again.

States are angles and magnitudes where the rows are linearised; from there voltages move along straight lines in the
complex plane, not along arcs. Kirchhoff's law is linear in complex voltages: what is known never to be injected, the
heaviest rows of all, then holds after each step exactly, whatever its length and whichever factor it came from.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 2.
.. [2] C. T. Kelley, Iterative Methods for Linear and Nonlinear Equations, SIAM 1995, chapter 5: chord and Shamanskii
   methods; chapter 8: line search.
.. [3] H. F. Walker, P. Ni, Anderson acceleration for fixed-point iterations, SIAM J. Numerical Analysis 49 (4), 2011.
.. [4] J. Nocedal, S. J. Wright, Numerical Optimization, Springer 2006, chapter 10: what Gauss-Newton leaves out.
"""

from typing import NamedTuple

import numba
import numpy as np

from models.estimation.solution.gain_matrix import StateLayout, factor_of_gain
from models.estimation.solution.measurement_model import Rows, current_curvature, deviation, linearise, sums_of
from models.estimation.solution.misfit import misfit
from models.estimation.solution.sparse_ldl import FactorPattern, solve
from models.network_model import ComplexArray, FloatArray

MAX_ITERATIONS = 50
# A longer step leaves the region in which the linearisation means anything; it is shortened to this. [rad or pu]
LONGEST_STEP = 0.35
# Less is the voltage of a dead network, which has no state to be found. [pu]
NO_VOLTAGE = 1e-3
# A linearisation serves as far as this from where it was made [pu]. Derivatives, and with them the standard deviations
# of residuals, change by about the same share; a normalised residual is compared with a threshold, at which one
# hundredth shifts the rate of false alarms by a tenth of itself.
REACH = 0.01
# Steps that shrink less than this from one to the next ask for a new linearisation, unless they still are this near it:
# then it is not to blame.
SLOW_CONTRACTION, NEARBY = 0.5, 1e-3
# A step, or what its shrinking promises of all to come, is shorter than this share of the tolerance at the end.
SAFETY = 0.1
# Share of the promised improvement with which a step is content; what falls short of it overshot.
CONTENT = 0.25
# J of perfect readings is rounding: changes below this mean nothing.
ROUNDING_OF_J = 1e-6
SHORTEST_FRACTION = 1e-3


class Linearisation(NamedTuple):
    """Derivatives at one state, and the factor of the gain matrix of one choice of weights there.

    Attributes
    ----------
    v
        Voltage of every node. (n_node,) [pu]
    weight
        Of every row. (n_row,) [1/pu^2]
    jacobian, factor
        In the order of the rows' terms and of the factor's pattern.
    """

    v: ComplexArray
    weight: FloatArray
    jacobian: FloatArray
    factor: FloatArray


NO_LINEARISATION = Linearisation(np.empty(0, dtype=complex), np.empty(0), np.empty(0), np.empty(0))


class Point(NamedTuple):
    """A state, and what the rows say about it."""

    v: ComplexArray
    residual: FloatArray
    pull: ComplexArray
    """Half of J's negative gradient (see `misfit`). (n_node,)"""
    objective: float


@numba.njit(cache=True)
def descend(
    rows: Rows,
    layout: StateLayout,
    pattern: FactorPattern,
    measured: FloatArray,
    weight: FloatArray,
    start: ComplexArray,
    known: Linearisation,
    tolerance: float,
    negligible: float,
) -> tuple[bool, int, Point, bool, Linearisation]:
    """From voltages, and a linearisation that may serve or not, to where J is smallest.

    Ends where no state is further than `tolerance` from there, as far as the lengths of the last steps tell, and J
    falls by less than `negligible`. Returns whether it did, the number of steps, the state, whether the linearisation
    is a new one, and the linearisation.
    """
    here = look(rows, measured, weight, start)
    linearisation, serves, is_new, curved = known, has_weights(known, weight), False, False
    determined, converged = True, False
    promised = before = shrinking_before = np.inf
    trail = (np.empty(0), np.empty(0), np.empty(0))
    iteration = 0
    while iteration < MAX_ITERATIONS and not converged:
        iteration += 1
        away = distance(linearisation, here) if serves else np.inf
        if away > REACH:
            determined, linearisation = linearised(rows, layout, pattern, measured, weight, here, curved)
            if not determined:
                break
            serves, is_new, away = True, True, 0.0
            before = shrinking_before = np.inf

        towards = downhill(layout, linearisation, here)
        step = towards.copy()
        solve(linearisation.factor, pattern, step)
        longest, promised = size_of_step(towards, step)
        if not np.isfinite(promised):
            break
        fraction = min(1.0, LONGEST_STEP / longest) if longest > 0.0 else 1.0
        move = mixed(towards, step, *trail) if before < np.inf else step
        there = moved(rows, layout, measured, weight, linearisation, here, move, fraction)
        is_tiny = longest < tolerance and promised < negligible
        if not is_tiny and overshot(here, there, promised, fraction):
            if away > 0.0 or not curved:
                # First with derivatives from here, then with what Gauss-Newton leaves out, and only then less far.
                serves, curved = False, away == 0.0
                continue
            while overshot(here, there, promised, fraction) and fraction > SHORTEST_FRACTION:
                fraction = lowest_point(here, there, promised, fraction)
                there = moved(rows, layout, measured, weight, linearisation, here, step, fraction)

        here, trail = there, (towards, step, fraction * move)
        shrinking = fraction * longest / before if before < np.inf else np.inf
        # Of the last two, since one step may be short in what the next ones will be slow at.
        contraction = max(shrinking, shrinking_before)
        remainder = longest * contraction / (1.0 - contraction) if contraction < 1.0 else np.inf
        converged = fraction == 1.0 and promised < negligible and min(longest, remainder) < SAFETY * tolerance
        slow = SLOW_CONTRACTION < shrinking < np.inf
        serves = not (slow and distance(linearisation, here) > NEARBY)
        before, shrinking_before = longest, shrinking

    # Where directions of current are hard to tell, steps stay long and change next to nothing.
    converged = determined and (converged or promised < negligible)
    if converged and (curved or distance(linearisation, here) > REACH):
        is_new = True
        converged, linearisation = linearised(rows, layout, pattern, measured, weight, here, False)
    finish(rows, measured, weight, here)
    return converged, iteration, here, is_new, linearisation


@numba.njit(cache=True)
def look(rows: Rows, measured: FloatArray, weight: FloatArray, v: ComplexArray) -> Point:
    """What the rows say about a state."""
    residual, pull = np.empty(len(weight)), np.empty_like(v)
    objective = misfit(rows, measured, weight, v, residual, pull)
    return Point(v, residual, pull, objective)


@numba.njit(cache=True)
def moved(
    rows: Rows,
    layout: StateLayout,
    measured: FloatArray,
    weight: FloatArray,
    linearisation: Linearisation,
    here: Point,
    step: FloatArray,
    fraction: float,
) -> Point:
    """The point at a fraction of a step."""
    v = np.empty_like(here.v)
    for node in range(len(v)):
        origin = linearisation.v[node]
        by_angle, by_magnitude = step[layout.angle_state[node]], step[layout.magnitude_state[node]]
        v[node] = here.v[node] + fraction * origin * complex(by_magnitude / abs(origin), by_angle)
    return look(rows, measured, weight, v)


@numba.njit(cache=True)
def downhill(layout: StateLayout, linearisation: Linearisation, here: Point) -> FloatArray:
    """H' W (z - h(x)), with one entry more for reference angles, zero. (n_state + 1,)"""
    result = np.empty(layout.n_state + 1)
    for node in range(len(here.v)):
        origin = linearisation.v[node]
        share = here.pull[node] * origin
        result[layout.angle_state[node]] = -share.imag
        result[layout.magnitude_state[node]] = share.real / abs(origin)
    result[layout.n_state] = 0.0
    return result


@numba.njit(cache=True)
def size_of_step(towards: FloatArray, step: FloatArray) -> tuple[float, float]:
    """Largest change of a state [rad or pu], and by how much J falls if h is linear."""
    longest = promised = 0.0
    for state in range(len(step)):
        longest = max(longest, abs(step[state]))
        promised += towards[state] * step[state]
    return longest, promised


@numba.njit(cache=True)
def mixed(
    towards: FloatArray, step: FloatArray, towards_before: FloatArray, step_before: FloatArray, move_before: FloatArray
) -> FloatArray:
    """The step, corrected by what the one before, with the same factor, has shown of how steps shrink (Anderson's
    mixing of depth one, [3]); lengths are measured by the gain matrix.
    """
    change = overlap = 0.0
    for state in range(len(step)):
        turned = towards[state] - towards_before[state]
        change += (step[state] - step_before[state]) * turned
        overlap += step[state] * turned
    share = overlap / change if change > 0.0 else 0.0
    return step - share * (move_before + step - step_before)


@numba.njit(cache=True)
def linearised(
    rows: Rows,
    layout: StateLayout,
    pattern: FactorPattern,
    measured: FloatArray,
    weight: FloatArray,
    here: Point,
    curved: bool,
) -> tuple[bool, Linearisation]:
    """Derivatives and factor at a point, and whether the factor exists.

    With `curved`, J's curvature across the direction of current is added to the gain matrix where a current is read
    smaller than it is: there Gauss-Newton, which knows only the one along it, goes too far and back for ever ([4]).
    """
    if not (np.abs(here.v) > NO_VOLTAGE).all():
        return False, Linearisation(here.v, weight.copy(), np.empty(0), np.empty(0))
    jacobian = linearise(rows, here.v, weight)
    across, across_weight = jacobian[:0], weight[:0]
    if curved:
        across, across_weight = current_curvature(rows, measured, weight, here.v)
    determined, factor = factor_of_gain(rows, layout, pattern, jacobian, weight, across, across_weight)
    return determined, Linearisation(here.v, weight.copy(), jacobian, factor)


@numba.njit(cache=True)
def has_weights(linearisation: Linearisation, weight: FloatArray) -> bool:
    """Whether a linearisation was made with these weights."""
    return len(linearisation.weight) == len(weight) and bool((linearisation.weight == weight).all())


@numba.njit(cache=True)
def distance(linearisation: Linearisation, here: Point) -> float:
    """Largest difference of a voltage from where the rows were linearised. [pu]"""
    largest = 0.0
    for node in range(len(here.v)):
        difference = here.v[node] - linearisation.v[node]
        largest = max(largest, abs(difference.real), abs(difference.imag))
    return largest


@numba.njit(cache=True)
def overshot(here: Point, there: Point, promised: float, fraction: float) -> bool:
    """Whether J falls by much less than it would if h were linear ([2], the sufficient decrease of a line search)."""
    expected = promised * fraction * (2.0 - fraction)
    return not here.objective - there.objective >= CONTENT * expected - ROUNDING_OF_J * (1.0 + here.objective)


@numba.njit(cache=True)
def lowest_point(here: Point, there: Point, promised: float, fraction: float) -> float:
    """Fraction of the step at which a parabola through both values of J, with the slope here, is lowest."""
    curvature = (there.objective - here.objective + 2.0 * promised * fraction) / fraction**2
    lowest = promised / curvature if curvature > 0.0 else 0.0
    return min(max(lowest, 0.1 * fraction), 0.5 * fraction)


@numba.njit(cache=True)
def finish(rows: Rows, measured: FloatArray, weight: FloatArray, here: Point) -> None:
    """Fill in the residuals of the rows without weight."""
    for row in range(len(weight)):
        if weight[row] == 0.0:
            voltage, current = sums_of(rows, row, here.v)
            here.residual[row] = deviation(rows.quantity[row], measured[row], voltage, current)
