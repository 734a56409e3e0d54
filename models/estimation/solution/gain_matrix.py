"""How states are numbered, and the gain matrix G = H' W H of any choice of rows, factorised on one fixed pattern.

Where the matrix is well conditioned it is formed and factorised. Feeders with very short cables and sharp zero
injections are not: next to their weights the voltage level drowns in rounding. There the weighted Jacobian itself is
rotated into the factor row by row, which never squares the numbers and ends in the same factor on the same pattern.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 3: weaknesses of the
   normal equations, orthogonal factorisation.
.. [2] A. George, M. T. Heath, Solution of sparse linear least squares problems using Givens rotations, Linear Algebra
   and its Applications 34, 1980: the factor of the normal equations holds the one of the rotated rows.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numba
import numpy as np
from scipy.sparse import coo_matrix, csc_matrix, identity
from scipy.sparse.linalg import splu

from models.estimation.solution.measurement_model import Rows
from models.estimation.solution.sparse_ldl import FactorPattern, analyse, factorise, pairs_within, positions
from models.network_model import BoolArray, FloatArray, IntArray

# Smallest pivot of the gain matrix over its diagonal at which the factor still has four good digits.
WELL_CONDITIONED = 1e-12
# The same for a factor by rotations, whose pivots are squares of numbers good to machine precision.
FULL_RANK = 1e-26


class StateLayout(NamedTuple):
    """How nodes, rows and the gain matrix share one numbering of states.

    States are numbered in elimination order, angle and magnitude of a node next to each other. The angle of a reference
    node is no state: it gets the number ``n_state``, one past the end, where every kernel has a place to write to that
    nobody reads.

    Attributes
    ----------
    n_state
        Number of states.
    angle_state, magnitude_state
        State numbers of every node. (n_node,)
    entry_state
        State number of every entry of the Jacobian. (2 n_term,)
    pair_start
        First pair of each row; one more for the end. (n_row + 1,)
    pair_position
        For each pair of entries (a, b), a <= b, of a row: where the gain matrix holds their product. (n_pair,)
    """

    n_state: int
    angle_state: IntArray
    magnitude_state: IntArray
    entry_state: IntArray
    pair_start: IntArray
    pair_position: IntArray


def elimination_order(rows: Rows, n_node: int) -> IntArray:
    """Nodes in an order that keeps the factor of the gain matrix sparse: minimum degree, as SuperLU finds it."""
    n_row = len(rows.quantity)
    row_of_term = np.repeat(np.arange(n_row), np.diff(rows.term_start))
    incidence = coo_matrix((np.ones(len(row_of_term)), (row_of_term, rows.term_node)), shape=(n_row, n_node)).tocsr()
    # Diagonally dominant, so that the factorisation that delivers the order cannot fail.
    neighbours = csc_matrix(incidence.T @ incidence)
    dominant = neighbours + (1.0 + neighbours.sum()) * identity(n_node, format="csc")
    place = splu(dominant, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}).perm_c
    return np.argsort(place)


def lay_out(
    rows: Rows, order: IntArray, references: IntArray, besides: Iterable[Rows] = ()
) -> tuple[StateLayout, FactorPattern]:
    """Number the states in elimination order and find every place of the gain matrix that a row adds to.

    The pattern has a place for every pair of states in a row of `besides` as well (see `layout_of`).
    """
    n_node = len(order)
    has_angle = np.ones(n_node, dtype=bool)
    has_angle[references] = False
    n_state = 2 * n_node - len(references)
    magnitude_state = np.empty(n_node, dtype=np.int64)
    magnitude_state[order] = np.cumsum(1 + has_angle[order]) - 1
    angle_state = np.where(has_angle, magnitude_state - 1, n_state)

    pairs = [_pairs(some, angle_state, magnitude_state, n_state) for some in (rows, *besides)]
    stored_rows = np.concatenate([p.row_state[p.stored] for p in pairs])
    stored_columns = np.concatenate([p.column_state[p.stored] for p in pairs])
    pattern = analyse(stored_rows, stored_columns, n_state)
    return _layout(pairs[0], pattern, angle_state, magnitude_state), pattern


def layout_of(rows: Rows, layout: StateLayout, pattern: FactorPattern) -> StateLayout:
    """The layout of other rows with the same states, whose pairs are all in the pattern."""
    pairs = _pairs(rows, layout.angle_state, layout.magnitude_state, layout.n_state)
    return _layout(pairs, pattern, layout.angle_state, layout.magnitude_state)


class _Pairs(NamedTuple):
    """All pairs of entries of the same row, as states; those with a reference's angle are not stored."""

    entry_state: IntArray
    row_state: IntArray
    column_state: IntArray
    stored: BoolArray
    pair_start: IntArray


def _pairs(rows: Rows, angle_state: IntArray, magnitude_state: IntArray, n_state: int) -> _Pairs:
    entry_state = np.column_stack((angle_state[rows.term_node], magnitude_state[rows.term_node])).ravel()
    first, second = pairs_within(2 * rows.term_start)
    pairs_before = np.concatenate(([0], np.cumsum(np.bincount(first, minlength=len(entry_state)))))
    row_state, column_state = entry_state[first], entry_state[second]
    stored = (row_state < n_state) & (column_state < n_state)
    return _Pairs(entry_state, row_state, column_state, stored, pairs_before[2 * rows.term_start].astype(np.int64))


def _layout(pairs: _Pairs, pattern: FactorPattern, angle_state: IntArray, magnitude_state: IntArray) -> StateLayout:
    n_state = len(pattern.column_start) - 1
    pair_position = np.full(len(pairs.stored), len(pattern.row_index), dtype=np.int64)
    pair_position[pairs.stored] = positions(pattern, pairs.row_state[pairs.stored], pairs.column_state[pairs.stored])
    return StateLayout(n_state, angle_state, magnitude_state, pairs.entry_state, pairs.pair_start, pair_position)


@numba.njit(cache=True)
def gain_matrix(
    rows: Rows, layout: StateLayout, pattern: FactorPattern, jacobian: FloatArray, weight: FloatArray
) -> FloatArray:
    """G = H' W H on the factor's pattern; the entry past the end collects what belongs to reference angles."""
    gain = np.zeros(len(pattern.row_index) + 1)
    for row in range(len(weight)):
        if weight[row] == 0.0:
            continue
        pair = layout.pair_start[row]
        end = 2 * rows.term_start[row + 1]
        for a in range(2 * rows.term_start[row], end):
            weighted = weight[row] * jacobian[a]
            for b in range(a, end):
                gain[layout.pair_position[pair]] += weighted * jacobian[b]
                pair += 1
    return gain


@numba.njit(cache=True)
def factor_of_gain(
    rows: Rows,
    layout: StateLayout,
    pattern: FactorPattern,
    jacobian: FloatArray,
    weight: FloatArray,
    more_jacobian: FloatArray,
    more_weight: FloatArray,
) -> tuple[bool, FloatArray]:
    """Factor of the gain matrix, and whether it exists: formed and factorised if that is accurate, else rotated.

    Where there are any, the same rows count once more with `more_jacobian` and `more_weight`, unless rotated.
    """
    deficient = np.empty(layout.n_state, dtype=np.bool_)
    factor = gain_matrix(rows, layout, pattern, jacobian, weight)
    if len(more_weight):
        factor += gain_matrix(rows, layout, pattern, more_jacobian, more_weight)
    if factorise(factor, pattern, WELL_CONDITIONED, deficient) == 0:
        return True, factor
    return rotated_factor(rows, layout, pattern, jacobian, weight)


@numba.njit(cache=True)
def rotated_factor(
    rows: Rows, layout: StateLayout, pattern: FactorPattern, jacobian: FloatArray, weight: FloatArray
) -> tuple[bool, FloatArray]:
    """The same factor by Givens rotations of the weighted Jacobian; row j of R lies where column j of L will ([2])."""
    column_start, row_index = pattern.column_start, pattern.row_index
    n_state = layout.n_state
    factor = np.zeros(len(row_index) + 1)
    largest_entry = np.zeros(n_state + 1)
    pending = np.zeros(n_state + 1)
    # Heavy rows go first into the factor: a light row rotated in later leaves them as they are, the other way round the
    # light one drowns in their rounding.
    for row in np.argsort(-weight):
        if weight[row] == 0.0:
            break
        state = n_state
        for a in range(2 * rows.term_start[row], 2 * rows.term_start[row + 1]):
            entry = layout.entry_state[a]
            pending[entry] = np.sqrt(weight[row]) * jacobian[a]
            largest_entry[entry] = max(largest_entry[entry], abs(pending[entry]))
            state = min(state, entry)
        pending[n_state] = 0.0
        while state < n_state:
            diagonal, end = column_start[state], column_start[state + 1]
            if pending[state] != 0.0:
                length = np.hypot(factor[diagonal], pending[state])
                cosine, sine = factor[diagonal] / length, pending[state] / length
                for a in range(diagonal, end):
                    kept, rotated = factor[a], pending[row_index[a]]
                    factor[a] = cosine * kept + sine * rotated
                    pending[row_index[a]] = cosine * rotated - sine * kept
                pending[state] = 0.0
            # Whatever is left of the row lies on the way up the elimination tree.
            state = row_index[diagonal + 1] if diagonal + 1 < end else n_state

    for state in range(n_state):
        diagonal, end = column_start[state], column_start[state + 1]
        pivot = factor[diagonal]
        if not pivot**2 > FULL_RANK * largest_entry[state] ** 2:
            return False, factor
        factor[diagonal] = pivot**2
        for a in range(diagonal + 1, end):
            factor[a] /= pivot
    return True, factor


@numba.njit(cache=True)
def variance_of_rows(
    rows: Rows, layout: StateLayout, jacobian: FloatArray, weight: FloatArray, inverse: FloatArray
) -> FloatArray:
    """Diagonal of H G^-1 H', the variance of what rows read in the estimated state ([1], chapter 5). (n_row,) [pu^2]

    It needs the `inverse` of the gain matrix on that matrix's own pattern only. Rows without weight are left out (NaN).
    """
    variance = np.full(len(weight), np.nan)
    for row in range(len(variance)):
        if weight[row] == 0.0:
            continue
        total = 0.0
        pair = layout.pair_start[row]
        end = 2 * rows.term_start[row + 1]
        for a in range(2 * rows.term_start[row], end):
            total += jacobian[a] ** 2 * inverse[layout.pair_position[pair]]
            pair += 1
            for b in range(a + 1, end):
                total += 2.0 * jacobian[a] * jacobian[b] * inverse[layout.pair_position[pair]]
                pair += 1
        variance[row] = total
    return variance
