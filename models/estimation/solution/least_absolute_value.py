"""Least absolute value: the state with the smallest sum of |residual| over standard deviation.

The estimate fits as many rows exactly as there are states and ignores by how much the rest is off, so that gross errors
among the rest do not move it at all. h(x) is linearised at the last state and the change that minimises the sum found
as a linear program,

    minimise  sum_i (u_i + v_i) / sigma_i   subject to   H dx + u - v = z - h(x),  u, v >= 0,

until it is small. Zero injections are exact: their u and v are zero. A gross error on a row with leverage, on which
the estimate insists, is the method's weakness.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 6: LAV estimation by a
   sequence of linear programs, leverage points.
.. [2] Q. Huangfu, J. A. J. Hall, Parallelizing the dual revised simplex method, Mathematical Programming Computation
   10 (1), 2018: HiGHS, which solves them.
"""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, diags, hstack, identity

from models.estimation.measurements.measurement_set import Readings
from models.estimation.solution.topology import Fit, TopologyEstimation
from models.network_model import BoolArray, FloatArray

# The last step changes no angle [rad] or magnitude [pu] by more than this: far below any meter, near what HiGHS keeps.
TOLERANCE = 1e-7
MAX_STEPS = 25
# A longer step leaves the region in which the linearisation means anything. [rad, pu]
LONGEST_STEP = 0.35
# Vertices that fit equally well are jumped between for ever: from here on every step may be half as long as the last.
SHORTEN_AFTER = 8
FEASIBILITY = 1e-9
# A row that no state moves by more, such as P into a line whose other end is open, is left at its size. [pu]
FLATTEST = 1e-6


def least_absolute_value(topology: TopologyEstimation, readings: Readings, fit: Fit) -> Fit | None:
    """The least-absolute-value state, from the state of a least-squares fit; None if the steps do not end."""
    counts = fit.weight > 0.0
    may_miss = ~topology.measurements.is_zero_injection[counts]
    precision = np.sqrt(fit.weight[counts])
    longest = LONGEST_STEP
    for step_number in range(MAX_STEPS):
        jacobian, residual = topology.linear_model(readings, fit)
        step = _best_step(jacobian[counts], residual[counts], precision, may_miss, longest)
        if step is None:
            return None
        fit = topology.moved(fit, step)
        size = np.abs(step).max(initial=0.0)
        if size < TOLERANCE:
            return fit
        if step_number >= SHORTEN_AFTER:
            longest = 0.5 * size
    return None


def _best_step(
    jacobian: csr_matrix, residual: FloatArray, precision: FloatArray, may_miss: BoolArray, longest: float
) -> FloatArray | None:
    """The change of the state that minimises the linearised sum; `precision` is 1 / sigma. (n_state,)

    Every row is divided by its largest derivative, and the sum by its largest cost, so that HiGHS, which knows absolute
    tolerances only, sees numbers up to one.
    """
    n_state = jacobian.shape[1]
    scale = abs(jacobian).max(axis=1).toarray().ravel().clip(min=FLATTEST)
    miss = identity(len(residual), format="csc")[:, may_miss]
    cost = (precision * scale)[may_miss]
    cost /= cost.max(initial=1.0)
    found = linprog(
        np.concatenate((np.zeros(n_state), cost, cost)),
        A_eq=hstack((diags(1.0 / scale) @ jacobian, miss, -miss), format="csc"),
        b_eq=residual / scale,
        bounds=[(-longest, longest)] * n_state + [(0.0, None)] * (2 * len(cost)),
        method="highs",
        options={"primal_feasibility_tolerance": FEASIBILITY, "dual_feasibility_tolerance": FEASIBILITY},
    )
    return found.x[:n_state] if found.status == 0 else None
