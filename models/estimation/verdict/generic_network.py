"""Which rows depend on which, without rounding: the measurements on a network of random integers modulo a prime.

Observability is a property of where is measured, not of readings or of how long a line is. It is therefore examined
on a network of the same graph, at flat voltage and without shunts, whose admittances mean nothing. Taken as random
integers modulo a prime, in arithmetic without rounding, a pivot, a residual or a determinant is zero if and only if
it is zero for (nearly) every network of that graph: one that is not is zero by chance with a probability of about its
degree over the prime, here below 1e-6 ([1]). No tolerance has to tell a long feeder from an unobservable one.

Line charging, which pretends to tell voltage from reactive power alone, has no say here.

References
----------
.. [1] J. T. Schwartz, Fast probabilistic algorithms for verification of polynomial identities, Journal of the ACM 27
   (4), 1980.
.. [2] A. Monticelli, F. F. Wu, Network observability: theory, IEEE Trans. PAS 104 (5), 1985: observability on a network
   of unit admittances, dependent columns as zero pivots.
"""

import numba
import numpy as np

from models.estimation.solution.gain_matrix import StateLayout, elimination_order, lay_out
from models.estimation.solution.measurement_model import ACTIVE_POWER, ANGLE, CURRENT, REACTIVE_POWER, VOLTAGE, Rows
from models.estimation.solution.sparse_ldl import FactorPattern
from models.network_model import BoolArray, IntArray

# 2^31 - 1: products of two remainders fit into 64 bits.
PRIME = 2_147_483_647
# Answers must not differ from run to run.
SEED = 1985


class GenericNetwork:
    """The rows of one topology state on a network of random integers.

    Parameters
    ----------
    rows
        Which nodes each row looks at; the admittances are not used.
    n_node
        Number of nodes.
    references
        Nodes whose angle is known.
    """

    def __init__(self, rows: Rows, n_node: int, references: IntArray) -> None:
        self._rows = rows
        self._layout, self._pattern = lay_out(rows, elimination_order(rows, n_node), references)
        self._random = np.random.default_rng(SEED)
        self._jacobian = self._derivatives()
        self._weight = self._integers(len(rows.quantity))

    def unnoticed_change(self, active: BoolArray) -> IntArray:
        """A random change of angles and magnitudes that no active row notices. (n_node, 2)

        All zero if the rows determine the state. Two nodes change alike in this one if and only if they do in every
        change that no row notices.
        """
        factor, deficient = self._factor(active)
        vector = np.where(deficient, self._integers(len(deficient)), 0)
        if deficient.any():
            solve_transposed(factor, self._pattern, vector)
        change = np.append(vector, 0)  # the last is for the reference angles
        return np.column_stack((change[self._layout.angle_state], change[self._layout.magnitude_state]))

    def residuals(self, active: BoolArray, n_reading: int) -> IntArray:
        """Residuals of the active rows when they read random integers, as often as asked. (n_row, n_reading)"""
        factor, _ = self._factor(active)
        weight = np.where(active, self._weight, 0)
        readings = [self._integers(len(active)) for _ in range(n_reading)]
        columns = [
            residual(self._rows, self._layout, self._pattern, self._jacobian, factor, weight, reading)
            for reading in readings
        ]
        return np.where(active[:, np.newaxis], np.column_stack(columns), 0)

    def _factor(self, active: BoolArray) -> tuple[IntArray, BoolArray]:
        """Factor of the gain matrix, and its dependent columns."""
        weight = np.where(active, self._weight, 0)
        factor = gain_matrix(self._rows, self._layout, self._pattern, self._jacobian, weight)
        deficient = np.zeros(self._layout.n_state, dtype=bool)
        factorise(factor, self._pattern, deficient)
        return factor, deficient

    def _integers(self, size: int) -> IntArray:
        return self._random.integers(1, PRIME, size)

    def _derivatives(self) -> IntArray:
        """The Jacobian at flat voltage, by angle and magnitude in turn; rows of flows add up to zero. (2 n_term,)

        Both ends of a branch, and the injections there, see one and the same admittance between their nodes.
        """
        rows = self._rows
        row_of_term = np.repeat(np.arange(len(rows.quantity)), np.diff(rows.term_start))
        own, other, quantity = rows.own_node[row_of_term], rows.term_node, rows.quantity[row_of_term]
        n_node = len(self._layout.angle_state)
        pairs, pair_of_term = np.unique(np.minimum(own, other) * n_node + np.maximum(own, other), return_inverse=True)
        conductance, susceptance, along, across = (self._integers(len(pairs))[pair_of_term] for _ in range(4))
        is_own = own == other
        by_angle = np.select(
            [is_own, quantity == ACTIVE_POWER, quantity == REACTIVE_POWER, quantity == CURRENT],
            [0, susceptance, conductance, along],
        )
        by_magnitude = np.select(
            [is_own, quantity == ACTIVE_POWER, quantity == REACTIVE_POWER, quantity == CURRENT],
            [0, PRIME - conductance, susceptance, across],
        )
        for derivative, itself in ((by_angle, ANGLE), (by_magnitude, VOLTAGE)):
            to_others = np.zeros(len(rows.quantity), dtype=np.int64)
            np.add.at(to_others, row_of_term, derivative)
            derivative[is_own] = (-to_others[row_of_term[is_own]]) % PRIME
            derivative[quantity == itself] = 1
        return np.column_stack((by_angle, by_magnitude)).ravel()


def ratios(numerator: IntArray, denominator: IntArray) -> IntArray:
    """numerator / denominator modulo the prime; zero where the denominator is."""
    return numerator * inverses(denominator) % PRIME


@numba.njit(cache=True)
def inverse(number: int) -> int:
    """1 / number modulo the prime, number^(prime - 2) (Fermat); zero of zero."""
    result, power, exponent = 1, number, PRIME - 2
    while exponent > 0:
        if exponent & 1:
            result = result * power % PRIME
        power = power * power % PRIME
        exponent >>= 1
    return result


@numba.njit(cache=True)
def inverses(numbers: IntArray) -> IntArray:
    """`inverse` of each."""
    result = np.empty_like(numbers)
    for k in range(len(numbers)):
        result[k] = inverse(numbers[k])
    return result


@numba.njit(cache=True)
def gain_matrix(
    rows: Rows, layout: StateLayout, pattern: FactorPattern, jacobian: IntArray, weight: IntArray
) -> IntArray:
    """H' W H on the factor's pattern; the entry past the end collects what belongs to reference angles."""
    gain = np.zeros(len(pattern.row_index) + 1, dtype=np.int64)
    for row in range(len(weight)):
        if weight[row] == 0:
            continue
        pair = layout.pair_start[row]
        end = 2 * rows.term_start[row + 1]
        for a in range(2 * rows.term_start[row], end):
            weighted = weight[row] * jacobian[a] % PRIME
            for b in range(a, end):
                position = layout.pair_position[pair]
                gain[position] = (gain[position] + weighted * jacobian[b]) % PRIME
                pair += 1
    return gain


@numba.njit(cache=True)
def factorise(values: IntArray, pattern: FactorPattern, deficient: BoolArray) -> None:
    """Replace the matrix by its factor LDL'; dependent columns are marked, their pivot is one, the rest zero."""
    column_start, update_position = pattern.column_start, pattern.update_position
    update = 0
    for j in range(len(column_start) - 1):
        diagonal, end = column_start[j], column_start[j + 1]
        pivot = values[diagonal]
        deficient[j] = pivot == 0
        if deficient[j]:
            values[diagonal] = 1
            values[diagonal + 1 : end] = 0
            update = pattern.update_start[j + 1]
            continue
        reciprocal = inverse(pivot)
        for a in range(diagonal + 1, end):
            multiplier = values[a] * reciprocal % PRIME
            for b in range(a, end):
                position = update_position[update]
                values[position] = (values[position] + (PRIME - multiplier) * values[b]) % PRIME
                update += 1
            values[a] = multiplier


@numba.njit(cache=True)
def solve_transposed(factor: IntArray, pattern: FactorPattern, right_hand_side: IntArray) -> None:
    """Replace `right_hand_side` by the solution of L'x = right_hand_side."""
    column_start, row_index = pattern.column_start, pattern.row_index
    for j in range(len(column_start) - 2, -1, -1):
        total = right_hand_side[j]
        for a in range(column_start[j] + 1, column_start[j + 1]):
            total = (total + (PRIME - factor[a]) * right_hand_side[row_index[a]]) % PRIME
        right_hand_side[j] = total


@numba.njit(cache=True)
def residual(
    rows: Rows,
    layout: StateLayout,
    pattern: FactorPattern,
    jacobian: IntArray,
    factor: IntArray,
    weight: IntArray,
    reading: IntArray,
) -> IntArray:
    """z - H G^-1 H' W z of every row."""
    column_start, row_index, n_state = pattern.column_start, pattern.row_index, layout.n_state
    state = np.zeros(n_state + 1, dtype=np.int64)
    for row in range(len(weight)):
        weighted = weight[row] * reading[row] % PRIME
        for a in range(2 * rows.term_start[row], 2 * rows.term_start[row + 1]):
            entry = layout.entry_state[a]
            state[entry] = (state[entry] + jacobian[a] * weighted) % PRIME
    for j in range(n_state):
        for a in range(column_start[j] + 1, column_start[j + 1]):
            state[row_index[a]] = (state[row_index[a]] + (PRIME - factor[a]) * state[j]) % PRIME
        state[j] = state[j] * inverse(factor[column_start[j]]) % PRIME
    solve_transposed(factor, pattern, state)
    state[n_state] = 0
    result = np.empty_like(reading)
    for row in range(len(weight)):
        estimated = 0
        for a in range(2 * rows.term_start[row], 2 * rows.term_start[row + 1]):
            estimated = (estimated + jacobian[a] * state[layout.entry_state[a]]) % PRIME
        result[row] = (reading[row] + PRIME - estimated) % PRIME
    return result
