"""LDL' factor of a sparse symmetric matrix whose pattern never changes: analysed once, then only numbers move.

The factor is stored in place of the matrix: one array of values in column order, each column its diagonal first and
then the rows below in ascending order, fill included. Every position that elimination, substitution and the sparse
inverse touch is worked out beforehand, so that the kernels search for nothing.

References
----------
.. [1] T. A. Davis, Direct Methods for Sparse Linear Systems, SIAM 2006, chapter 4.
.. [2] K. Takahashi, J. Fagan, M.-S. Chen, Formation of a sparse bus impedance matrix and its application to short
   circuit study, PICA 1973: the entries of the inverse on the factor's pattern, from the last column to the first.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from models.network_model import BoolArray, FloatArray, IntArray


class FactorPattern(NamedTuple):
    """Where the numbers of a factor lie.

    Attributes
    ----------
    column_start
        First entry of each column, which is its diagonal; one more for the end. (n + 1,)
    row_index
        Row of each entry. (n_entry,)
    update_start
        First update of each column; one more for the end. (n + 1,)
    update_position
        For each pair of entries (a, b), a <= b, below the diagonal of a column: where the entry in row b and column a
        lies. Elimination writes there, the sparse inverse reads there. (n_update,)
    """

    column_start: IntArray
    row_index: IntArray
    update_start: IntArray
    update_position: NDArray[np.uint32]


def analyse(row: IntArray, column: IntArray, size: int) -> FactorPattern:
    """Pattern of the factor of a symmetric matrix with entries at (`row`, `column`), eliminated in the order given.

    Either triangle or both may be named; the diagonal is always part of the pattern.
    """
    below = fill_in(np.maximum(row, column), np.minimum(row, column), size)
    column_start = np.concatenate(([0], np.cumsum([1 + len(rows) for rows in below]))).astype(np.int64)
    row_index = np.concatenate([[j, *rows] for j, rows in enumerate(below)]).astype(np.int64)
    pattern = FactorPattern(column_start, row_index, column_start, np.empty(0, dtype=np.uint32))

    off_diagonal = np.delete(row_index, column_start[:-1])
    off_diagonal_start = column_start - np.arange(size + 1)
    first, second = pairs_within(off_diagonal_start)
    pairs_before = np.concatenate(([0], np.cumsum(np.bincount(first, minlength=len(off_diagonal)))))
    return pattern._replace(
        update_start=pairs_before[off_diagonal_start].astype(np.int64),
        # Unsigned and short: read far more often than anything else.
        update_position=positions(pattern, off_diagonal[second], off_diagonal[first]).astype(np.uint32),
    )


def fill_in(row: IntArray, column: IntArray, size: int) -> list[list[int]]:
    """Rows below the diagonal of each column of the factor: the matrix's own and its children's ([1])."""
    below: list[set[int]] = [set() for _ in range(size)]
    for i, j in zip(row.tolist(), column.tolist(), strict=True):
        if i > j:
            below[j].add(i)
    for j in range(size):
        if below[j]:
            parent = min(below[j])
            below[parent] |= below[j] - {parent}
    return [sorted(rows) for rows in below]


def pairs_within(group_start: IntArray) -> tuple[IntArray, IntArray]:
    """All pairs of entries (a, b), a <= b, of the same group; group k is group_start[k]:group_start[k + 1]."""
    entry = np.arange(group_start[-1])
    partners = np.repeat(group_start[1:], np.diff(group_start)) - entry
    first = np.repeat(entry, partners)
    second = first + np.arange(partners.sum()) - np.repeat(np.cumsum(partners) - partners, partners)
    return first, second


def positions(pattern: FactorPattern, row: IntArray, column: IntArray) -> IntArray:
    """Where the entries (`row`, `column`) of the symmetric matrix lie among the factor's values; all must exist."""
    size = len(pattern.column_start) - 1
    column_of_entry = np.repeat(np.arange(size), np.diff(pattern.column_start))
    sorted_keys = column_of_entry * size + pattern.row_index
    return np.searchsorted(sorted_keys, np.minimum(row, column) * size + np.maximum(row, column)).astype(np.int64)


@numba.njit(cache=True)
def factorise(values: FloatArray, pattern: FactorPattern, relative_pivot: float, deficient: BoolArray) -> int:
    """Replace the matrix in `values` by its factor: D on the diagonal, L below it (right-looking, no pivoting).

    A pivot at most `relative_pivot` times the diagonal it began as is a dependent column: it is marked in `deficient`,
    its pivot becomes one and its column of L zero. Returns the number of such columns.
    """
    column_start, update_position = pattern.column_start, pattern.update_position
    size = len(column_start) - 1
    original_diagonal = np.empty(size)
    for j in range(size):
        original_diagonal[j] = values[column_start[j]]
    column = np.empty(len(values))  # apart from the factor, so that the compiler knows that updates do not change it
    n_deficient = 0
    for j in range(size):
        first, below = column_start[j] + 1, column_start[j + 1] - column_start[j] - 1
        pivot = values[first - 1]
        deficient[j] = not pivot > relative_pivot * original_diagonal[j]
        if deficient[j]:
            n_deficient += 1
            values[first - 1] = 1.0
            for a in range(below):
                values[first + a] = 0.0
            continue
        for a in range(below):
            column[a] = values[first + a]
        update = pattern.update_start[j]
        for a in range(below):
            multiplier = column[a] / pivot
            values[first + a] = multiplier
            for b in range(a, below):
                values[update_position[update]] -= multiplier * column[b]
                update += 1
    return n_deficient


@numba.njit(cache=True)
def solve(factor: FloatArray, pattern: FactorPattern, right_hand_side: FloatArray) -> None:
    """Replace `right_hand_side` by the solution of LDL'x = right_hand_side."""
    column_start, row_index = pattern.column_start, pattern.row_index
    for j in range(len(column_start) - 1):
        for a in range(column_start[j] + 1, column_start[j + 1]):
            right_hand_side[row_index[a]] -= factor[a] * right_hand_side[j]
        right_hand_side[j] /= factor[column_start[j]]
    solve_transposed(factor, pattern, right_hand_side)


@numba.njit(cache=True)
def solve_transposed(factor: FloatArray, pattern: FactorPattern, right_hand_side: FloatArray) -> None:
    """Replace `right_hand_side` by the solution of L'x = right_hand_side."""
    column_start, row_index = pattern.column_start, pattern.row_index
    for j in range(len(column_start) - 2, -1, -1):
        total = right_hand_side[j]
        for a in range(column_start[j] + 1, column_start[j + 1]):
            total -= factor[a] * right_hand_side[row_index[a]]
        right_hand_side[j] = total


@numba.njit(cache=True)
def sparse_inverse(factor: FloatArray, pattern: FactorPattern) -> FloatArray:
    """Entries of the inverse matrix on the factor's pattern, laid out like the factor ([2])."""
    column_start, update_position = pattern.column_start, pattern.update_position
    inverse = np.zeros(len(factor))
    column, product = np.empty(len(factor)), np.empty(len(factor))
    for j in range(len(column_start) - 2, -1, -1):
        first, below = column_start[j] + 1, column_start[j + 1] - column_start[j] - 1
        for a in range(below):
            column[a], product[a] = factor[first + a], 0.0
        update = pattern.update_start[j]
        for a in range(below):
            total = column[a] * inverse[update_position[update]]
            update += 1
            for b in range(a + 1, below):
                entry = inverse[update_position[update]]
                total += column[b] * entry
                product[b] += column[a] * entry
                update += 1
            product[a] += total
        inverse[first - 1] = 1.0 / factor[first - 1]
        for a in range(below):
            inverse[first + a] = -product[a]
            inverse[first - 1] += column[a] * product[a]
    return inverse
