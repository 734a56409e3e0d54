"""The factor on a fixed pattern against SciPy and NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix, csc_matrix, identity, random
from scipy.sparse.linalg import spsolve

from models.estimation.solution.sparse_ldl import (
    FactorPattern,
    analyse,
    factorise,
    pairs_within,
    positions,
    solve,
    sparse_inverse,
)


def positive_definite(size: int, density: float, seed: int) -> coo_matrix:
    """A random sparse symmetric positive definite matrix."""
    rng = np.random.default_rng(seed)
    half = random(size, size, density, random_state=rng, data_rvs=rng.standard_normal)
    return coo_matrix(half @ half.T + 0.1 * identity(size))


def stored(matrix: coo_matrix) -> tuple[np.ndarray, FactorPattern]:
    """The matrix on the pattern of its factor."""
    pattern = analyse(matrix.row, matrix.col, matrix.shape[0])
    lower = matrix.row >= matrix.col
    values = np.zeros(len(pattern.row_index))
    values[positions(pattern, matrix.row[lower], matrix.col[lower])] = matrix.data[lower]
    return values, pattern


matrices = st.builds(
    positive_definite,
    size=st.integers(1, 40),
    density=st.floats(0.0, 0.3),
    seed=st.integers(0, 2**31),
)


@settings(max_examples=40, deadline=None)
@given(matrix=matrices, seed=st.integers(0, 1000))
def test_solves_like_scipy(matrix: coo_matrix, seed: int) -> None:
    values, pattern = stored(matrix)
    right_hand_side = np.random.default_rng(seed).standard_normal(matrix.shape[0])
    solution = right_hand_side.copy()

    assert factorise(values, pattern, 0.0, np.empty(len(solution), dtype=bool)) == 0
    solve(values, pattern, solution)

    expected = np.atleast_1d(spsolve(csc_matrix(matrix), right_hand_side))
    np.testing.assert_allclose(solution, expected, rtol=1e-8, atol=1e-10 * np.abs(expected).max())


@settings(max_examples=40, deadline=None)
@given(matrix=matrices)
def test_inverse_on_the_pattern_equals_the_dense_inverse(matrix: coo_matrix) -> None:
    values, pattern = stored(matrix)
    factorise(values, pattern, 0.0, np.empty(matrix.shape[0], dtype=bool))

    inverse = sparse_inverse(values, pattern)

    dense = np.linalg.inv(matrix.toarray())
    column = np.repeat(np.arange(matrix.shape[0]), np.diff(pattern.column_start))
    np.testing.assert_allclose(inverse, dense[pattern.row_index, column], rtol=1e-8, atol=1e-9 * np.abs(dense).max())


def test_dependent_columns_are_counted_and_named() -> None:
    # The Laplacian of two separate chains: either may be lifted as a whole.
    chain = np.array([[1.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 1.0]])
    values, pattern = stored(coo_matrix(np.kron(np.eye(2), chain)))
    deficient = np.empty(6, dtype=bool)

    assert factorise(values, pattern, 1e-12, deficient) == 2
    assert deficient.tolist() == [False, False, True, False, False, True]


def test_a_chain_fills_nothing_in_and_a_hub_eliminated_first_fills_everything() -> None:
    size = 6
    below = np.arange(1, size)
    assert len(analyse(below, below - 1, size).row_index) == 2 * size - 1
    assert len(analyse(below, np.zeros(size - 1, dtype=int), size).row_index) == size * (size + 1) // 2


def test_pairs_stay_within_their_group() -> None:
    first, second = pairs_within(np.array([0, 2, 2, 3]))
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 1), (2, 2)]


@pytest.mark.parametrize("size", [1, 5])
def test_a_diagonal_matrix_is_its_own_factor(size: int) -> None:
    values, pattern = stored(coo_matrix(3.0 * np.eye(size)))
    assert factorise(values, pattern, 0.0, np.empty(size, dtype=bool)) == 0
    assert values.tolist() == [3.0] * size
