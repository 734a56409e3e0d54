"""Bad data: the chi-square test of J(x) and the largest normalised residual.

J follows a chi-square distribution with as many degrees of freedom as there are active rows more than states, if the
rows' errors are independent, Gaussian and of the stated variance. Zero injections count among the rows although nothing
disturbs them: in the limit of their small variance each is a constraint that takes one state away, which leaves the
same difference, and adds nothing to J.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 5: chi-square
   test, normalised residuals, largest normalised residual test.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import nan

import numba
import numpy as np
from scipy.special import chdtrc, chdtri, ndtri

from models.estimation.solution.wls import GaussNewton, Solution
from models.network_model import FloatArray

# Share of its meter's variance below which a residual's variance cannot be told from rounding, and an error of fifty
# standard deviations from noise: the row is critical, it determines a state almost alone.
CRITICAL = 1e-4


@dataclass(frozen=True)
class ChiSquareTest:
    """J(x) against the quantile of its distribution; without redundancy there is nothing to test (NaN)."""

    objective: float
    degrees_of_freedom: int
    threshold: float
    p_value: float

    @property
    def passed(self) -> bool:
        """Whether J is within what noise does."""
        return not self.objective > self.threshold


def chi_square_test(objective: float, degrees_of_freedom: int, significance: float) -> ChiSquareTest:
    """Test J(x) at a level of significance, the rate of false alarms."""
    if degrees_of_freedom <= 0:
        return ChiSquareTest(objective, degrees_of_freedom, nan, nan)
    return ChiSquareTest(
        objective,
        degrees_of_freedom,
        threshold=chi_square_threshold(degrees_of_freedom, significance),
        p_value=float(chdtrc(degrees_of_freedom, objective)),
    )


@lru_cache(maxsize=256)
def chi_square_threshold(degrees_of_freedom: int, significance: float) -> float:
    """What J of good data exceeds at the rate `significance`."""
    return float(chdtri(degrees_of_freedom, significance))


def residual_threshold(significance: float, n_channel: int) -> float:
    """Largest normalised residual that `n_channel` good channels exceed at the rate `significance` (Bonferroni)."""
    return float(-ndtri(significance / (2 * max(n_channel, 1))))


def normalised_residuals(problem: GaussNewton, solution: Solution, weight: FloatArray, n_metered: int) -> FloatArray:
    """|r_i| / sqrt(Omega_ii) of the metered rows ([1]), NaN for inactive and critical rows. (n_metered,)"""
    return residuals_over_deviation(problem.row_variance(solution), solution.residual, weight, n_metered)


@numba.njit(cache=True)
def residuals_over_deviation(
    variance: FloatArray, residual: FloatArray, weight: FloatArray, n_metered: int
) -> FloatArray:
    """The same from the `variance` of what the rows read in the estimated state: Omega = R - H G^-1 H'."""
    result = np.full(n_metered, np.nan)
    for row in range(n_metered):
        share_of_variance = 1.0 - weight[row] * variance[row]
        if weight[row] != 0.0 and share_of_variance > CRITICAL:
            result[row] = abs(residual[row]) * np.sqrt(weight[row] / share_of_variance)
    return result
