"""Weighted least squares by Gauss-Newton on the normal equations, one compiled call a solution.

Minimises J(x) = sum of ((z - h(x)) / sigma)^2 by repeating G dx = H' W (z - h(x)), G = H' W H, until dx is small. Rows
may be switched off by a zero weight without any change of pattern.

From one scan to the next the state hardly moves, and G with it: the factor of one linearisation serves for many steps
(chord steps), each of which costs one sweep over the rows and one substitution. Where they contract too slowly, or the
state has moved away, the rows are linearised again.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 2.
.. [2] C. T. Kelley, Iterative Methods for Linear and Nonlinear Equations, SIAM 1995, chapter 5: chord and Shamanskii
   methods; chapter 8: line search.
.. [3] J. Nocedal, S. J. Wright, Numerical Optimization, Springer 2006, chapter 10: what Gauss-Newton leaves out.
"""

from typing import NamedTuple

import numba
import numpy as np

from models.estimation.gain_matrix import (
    StateLayout,
    elimination_order,
    factor_of_gain,
    lay_out,
    variance_of_rows,
)
from models.estimation.measurement_model import (
    CURRENT,
    Rows,
    current_curvature,
    linearise,
    phasors,
    prediction,
    sums_of,
)
from models.estimation.misfit import misfit
from models.estimation.network_equations import NetworkEquations
from models.estimation.sparse_ldl import FactorPattern, solve, sparse_inverse
from models.network_model import FloatArray, IntArray

# The last step changes no angle [rad] or magnitude [pu] by more than this,
TOLERANCE = 1e-8
# or all that would follow it, each shorter by the same factor, by not more than a tenth of this together; J falls by next to nothing beside its standard deviation.
NEGLIGIBLE_IMPROVEMENT = 1e-2
MAX_ITERATIONS = 50
# A current magnitude fits either direction of flow. The other rows, which determine the state without it, choose the
# direction: currents join once a step without them is shorter than this.
CURRENTS_JOIN_BELOW = 1e-2
# A longer Gauss-Newton step leaves the region in which the linearisation means anything; it is shortened to this.
LONGEST_STEP = 0.35
# A linearisation serves as far as this from where it was made [rad or pu]. Derivatives, and with them the standard
# deviation of residuals, change by about the same share; a normalised residual is compared with a threshold, at which
# one hundredth shifts the rate of false alarms by a tenth of itself.
REACH = 0.01
# Steps that shrink less than this from one to the next ask for a new linearisation, unless they still are this near it:
# then it is not to blame.
SLOW_CONTRACTION, NEARBY = 0.5, 1e-3
# Share of the promised improvement with which a step is content; what falls short of it overshot.
CONTENT = 0.25
# J of perfect readings is rounding: changes below this mean nothing.
ROUNDING_OF_J = 1e-6
SHORTEST_FRACTION = 1e-3


class Linearisation(NamedTuple):
    """Derivatives at one state, and the factor of the gain matrix of one choice of weights there.

    Attributes
    ----------
    va_radian, vm_pu
        The state. (n_node,) [rad], [pu]
    weight
        Of every row. (n_row,) [1/pu^2]
    jacobian, factor
        In the order of the rows' terms and of the factor's pattern.
    """

    va_radian: FloatArray
    vm_pu: FloatArray
    weight: FloatArray
    jacobian: FloatArray
    factor: FloatArray


NO_LINEARISATION = Linearisation(*(np.empty(0) for _ in Linearisation._fields))


class Solution(NamedTuple):
    """Where Gauss-Newton ended.

    Attributes
    ----------
    converged
        Whether the last step was negligible; if not, the other fields mean nothing.
    iterations
        Number of linear solutions.
    va_radian, vm_pu
        State of every node. (n_node,) [rad], [pu]
    residual
        z - h(x) of every row. (n_row,) [pu]
    linearisation
        Derivatives and factor no further than `REACH` from there.
    """

    converged: bool
    iterations: int
    va_radian: FloatArray
    vm_pu: FloatArray
    residual: FloatArray
    linearisation: Linearisation


class GaussNewton:
    """The estimation problem of one topology state: rows, states, gain pattern.

    Parameters
    ----------
    admittances
        The topology state.
    rows
        All rows that may ever be switched on in it.
    kept
        The nodes that the rows number from zero on; None is all.
    besides
        Other rows whose variance is asked for (`row_variance`).
    """

    def __init__(
        self,
        admittances: NetworkEquations,
        rows: Rows,
        kept: IntArray | None = None,
        besides: tuple[Rows, ...] = (),
    ) -> None:
        nodes = np.arange(admittances.n_node) if kept is None else kept
        self.rows = rows
        self.references = np.flatnonzero(np.isin(nodes, admittances.reference_nodes))
        self.layout, self.pattern = lay_out(rows, elimination_order(rows, len(nodes)), self.references, besides)
        self._is_current = rows.quantity == CURRENT
        self._has_currents = bool(self._is_current.any())
        flat, unloaded = admittances.flat_start[nodes], admittances.unloaded_start[nodes]
        self._starts = (flat, unloaded) if len(admittances.pv_nodes) else (unloaded, flat)
        self._directed = self._all = NO_LINEARISATION
        self._variances = NO_LINEARISATION, np.empty(0)

    @property
    def n_state(self) -> int:
        """Number of states: two a node less one angle an island."""
        return self.layout.n_state

    def cold_starts(self) -> list[tuple[FloatArray, FloatArray]]:
        """What a first estimate starts from: angles [rad] and magnitudes [pu] without load, and at set-points.

        Feeders with regulators in series have wrong minima near the set-points; where generators hold the voltage,
        these are nearer than the unloaded network.
        """
        return [(np.angle(start), np.abs(start)) for start in self._starts]

    def solve(self, measured: FloatArray, weight: FloatArray, va_radian: FloatArray, vm_pu: FloatArray) -> Solution:
        """Minimise J from the given state; `weight` is 1 / sigma^2 of every row, zero where it is switched off."""
        iterations = 0
        if self._has_currents and weight[self._is_current].any():
            directed = np.where(self._is_current, 0.0, weight)
            first = self._descend(
                measured, directed, va_radian, vm_pu, self._directed, CURRENTS_JOIN_BELOW, np.inf
            )
            self._directed = first.linearisation
            if not first.converged:
                return first
            iterations, va_radian, vm_pu = first.iterations, first.va_radian, first.vm_pu
        last = self._descend(measured, weight, va_radian, vm_pu, self._all, TOLERANCE, NEGLIGIBLE_IMPROVEMENT)
        self._all = last.linearisation
        return last._replace(iterations=iterations + last.iterations)

    def row_variance(self, solution: Solution) -> FloatArray:
        """Variance of h(x) of every row in the estimated state. (n_row,) [pu^2]"""
        at = solution.linearisation
        if self._variances[0] is not at:
            inverse = sparse_inverse(at.factor, self.pattern)
            self._variances = at, variance_of_rows(self.rows, self.layout, at.jacobian, inverse)
        return self._variances[1]

    def variance_of(self, solution: Solution, rows: Rows, layout: StateLayout) -> FloatArray:
        """The same of other rows; all their pairs are in the pattern. (n_row,) [pu^2]"""
        at = solution.linearisation
        predicted, jacobian = np.empty(len(rows.quantity)), np.empty(2 * len(rows.term_node))
        linearise(rows, at.va_radian, at.vm_pu, predicted, jacobian)
        return variance_of_rows(rows, layout, jacobian, sparse_inverse(at.factor, self.pattern))

    def _descend(
        self,
        measured: FloatArray,
        weight: FloatArray,
        va_radian: FloatArray,
        vm_pu: FloatArray,
        known: Linearisation,
        tolerance: float,
        negligible: float,
    ) -> Solution:
        start = (measured, weight, va_radian, vm_pu, known, tolerance, negligible)
        converged, iterations, point, is_new, linearisation = descend(self.rows, self.layout, self.pattern, *start)
        if not converged:
            linearisation = NO_LINEARISATION
        elif not is_new:
            linearisation = known
        return Solution(converged, iterations, point[0], point[1], point[2], linearisation)


class Point(NamedTuple):
    """A state, and what the rows say about it."""

    va_radian: FloatArray
    vm_pu: FloatArray
    residual: FloatArray
    downhill: FloatArray
    """H' W (z - h(x)) and a zero. (n_state + 1,)"""
    objective: float


@numba.njit(cache=True)
def descend(
    rows: Rows,
    layout: StateLayout,
    pattern: FactorPattern,
    measured: FloatArray,
    weight: FloatArray,
    va_radian: FloatArray,
    vm_pu: FloatArray,
    known: Linearisation,
    tolerance: float,
    negligible: float,
) -> tuple[bool, int, Point, bool, Linearisation]:
    """From a state, and a linearisation that may serve or not, to where J is smallest.

    Ends where a step is shorter than `tolerance`, or all that would follow it are by far, and J falls by less than
    `negligible`. Returns whether it did, the number of steps, the state, whether the linearisation is a new one, and
    the linearisation.
    """
    here = look(rows, layout, measured, weight, va_radian, vm_pu)
    linearisation, serves, is_new, curved = known, has_weights(known, weight), False, False
    determined, converged = True, False
    promised = before = np.inf
    iteration = 0
    while iteration < MAX_ITERATIONS and not converged:
        iteration += 1
        away = distance(linearisation, here) if serves else np.inf
        if away > REACH:
            determined, linearisation = linearised(rows, layout, pattern, measured, weight, here, curved)
            if not determined:
                break
            serves, is_new, away, before = True, True, 0.0, np.inf

        step = here.downhill.copy()
        solve(linearisation.factor, pattern, step)
        longest, promised = size_of_step(here.downhill, step)
        if not np.isfinite(promised):
            break
        fraction = min(1.0, LONGEST_STEP / longest) if longest > 0.0 else 1.0
        there = moved(rows, layout, measured, weight, here, step, fraction)
        is_last = longest < tolerance and promised < negligible
        if not is_last and overshot(here, there, promised, fraction):
            if away > 0.0 or not curved:
                # First with derivatives from here, then with what Gauss-Newton leaves out, and only then less far.
                serves, curved = False, away == 0.0
                continue
            while overshot(here, there, promised, fraction) and fraction > SHORTEST_FRACTION:
                fraction = lowest_point(here, there, promised, fraction)
                there = moved(rows, layout, measured, weight, here, step, fraction)

        here = there
        contraction = fraction * longest / before
        before = longest
        slow = contraction > SLOW_CONTRACTION
        remainder = longest * contraction / (1.0 - contraction) if not slow else np.inf
        converged = is_last or (fraction == 1.0 and remainder < 0.1 * tolerance and promised < negligible)
        serves = not (slow and distance(linearisation, here) > NEARBY)

    # Where directions of current are hard to tell, steps stay long and change next to nothing.
    converged = determined and (converged or promised < negligible)
    if converged and (curved or distance(linearisation, here) > REACH):
        is_new = True
        converged, linearisation = linearised(rows, layout, pattern, measured, weight, here, False)
    finish(rows, measured, weight, here)
    return converged, iteration, here, is_new, linearisation


@numba.njit(cache=True)
def has_weights(linearisation: Linearisation, weight: FloatArray) -> bool:
    """Whether a linearisation was made with these weights."""
    if len(linearisation.weight) == 0:
        return False
    for row in range(len(weight)):
        if linearisation.weight[row] != weight[row]:
            return False
    return True


@numba.njit(cache=True)
def distance(linearisation: Linearisation, here: Point) -> float:
    """Largest difference of a state from where the rows were linearised. [rad or pu]"""
    largest = 0.0
    for node in range(len(here.vm_pu)):
        largest = max(largest, abs(here.va_radian[node] - linearisation.va_radian[node]))
        largest = max(largest, abs(here.vm_pu[node] - linearisation.vm_pu[node]))
    return largest


@numba.njit(cache=True)
def look(
    rows: Rows,
    layout: StateLayout,
    measured: FloatArray,
    weight: FloatArray,
    va_radian: FloatArray,
    vm_pu: FloatArray,
) -> Point:
    """What the rows say about a state."""
    residual, downhill = np.empty(len(weight)), np.empty(layout.n_state + 1)
    objective = misfit(rows, layout, measured, weight, va_radian, vm_pu, residual, downhill)
    return Point(va_radian, vm_pu, residual, downhill, objective)


@numba.njit(cache=True)
def moved(
    rows: Rows,
    layout: StateLayout,
    measured: FloatArray,
    weight: FloatArray,
    here: Point,
    step: FloatArray,
    fraction: float,
) -> Point:
    """The point at a fraction of a step."""
    va_radian, vm_pu = np.empty_like(here.va_radian), np.empty_like(here.vm_pu)
    for node in range(len(vm_pu)):
        va_radian[node] = here.va_radian[node] + fraction * step[layout.angle_state[node]]
        vm_pu[node] = here.vm_pu[node] + fraction * step[layout.magnitude_state[node]]
    return look(rows, layout, measured, weight, va_radian, vm_pu)


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
    smaller than it is: there Gauss-Newton, which knows only the one along it, goes too far and back for ever ([3]).
    """
    predicted, jacobian = np.empty(len(weight)), np.empty(2 * len(rows.term_node))
    linearise(rows, here.va_radian, here.vm_pu, predicted, jacobian)
    across, across_weight = jacobian[:0], weight[:0]
    if curved:
        across, across_weight = current_curvature(rows, measured, weight, predicted, here.va_radian, here.vm_pu)
    determined, factor = factor_of_gain(rows, layout, pattern, jacobian, weight, across, across_weight)
    return determined, Linearisation(here.va_radian, here.vm_pu, weight.copy(), jacobian, factor)


@numba.njit(cache=True)
def size_of_step(downhill: FloatArray, step: FloatArray) -> tuple[float, float]:
    """Largest change of a state [rad or pu], and by how much J falls if h is linear."""
    longest = promised = 0.0
    for state in range(len(step)):
        longest = max(longest, abs(step[state]))
        promised += downhill[state] * step[state]
    return longest, promised


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
    v = phasors(here.va_radian, here.vm_pu)
    for row in range(len(weight)):
        if weight[row] == 0.0:
            voltage, current = sums_of(rows, row, v)
            here.residual[row] = measured[row] - prediction(rows, row, voltage, current, v, here.va_radian)
