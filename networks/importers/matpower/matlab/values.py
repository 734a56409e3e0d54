"""Values of the interpreter, how they are indexed, and what one file may cost.

Numbers are NumPy matrices (MATLAB knows no scalars), texts are `str`, cell arrays are lists of rows, structs are dicts.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from networks.importers.matpower.matlab.problem import MatlabProblem

Matrix: TypeAlias = NDArray[Any]
Value: TypeAlias = Any  # Matrix, str, list, dict

EVERYTHING = object()  # a bare colon as index
MOST_NUMBERS = 20_000_000
MOST_WORK = 400_000_000


class Budget:
    """Counts the numbers a file computes, so that a short text cannot fill memory or take forever."""

    def __init__(self) -> None:
        self._spent = 0

    def charge(self, numbers: float) -> None:
        """Pay before a value of that many numbers is made.

        Raises
        ------
        MatlabProblem
            Too large a value, or too many of them.
        """
        if numbers > MOST_NUMBERS:
            raise MatlabProblem(f"a matrix of more than {MOST_NUMBERS:,} numbers is not supported")
        self._spent += int(numbers) + 1
        if self._spent > MOST_WORK:
            raise MatlabProblem(f"more than {MOST_WORK:,} numbers are computed, which no case needs")


def scalar(number: float) -> Matrix:
    """A number as a matrix."""
    return np.array([[number]], dtype=float)


def matrix_of(value: Value) -> Matrix:
    """The value, if it is numbers."""
    if not isinstance(value, np.ndarray):
        raise MatlabProblem(f"numbers are expected here, not {kind_of(value)}")
    return value


def number_of(value: Value) -> float:
    """The value, if it is one number."""
    matrix = matrix_of(value)
    if matrix.size != 1:
        raise MatlabProblem(f"one number is expected here, not a {shape_of(matrix)} matrix")
    return float(matrix.flat[0])


def is_true(value: Value) -> bool:
    """MATLAB's truth: not empty and nowhere zero."""
    if isinstance(value, str):
        return bool(value)
    matrix = matrix_of(value)
    return bool(matrix.size and np.all(matrix != 0))


def kind_of(value: Value) -> str:
    """A value's kind in words."""
    kinds: dict[type, str] = {str: "a text", list: "a cell array", dict: "a struct"}
    return kinds.get(type(value), "a matrix")


def shape_of(matrix: Matrix) -> str:
    """For example ``3 x 4``."""
    return " x ".join(str(length) for length in matrix.shape)


def positions(index: Value, length: int, may_grow: bool = False) -> NDArray[np.int64]:
    """An index along a dimension of this length as positions counted from zero.

    Raises
    ------
    MatlabProblem
        If it is no index, or reaches beyond the end where nothing may grow.
    """
    if index is EVERYTHING:
        return np.arange(length)
    matrix = matrix_of(index)
    if matrix.dtype == bool:
        found = np.flatnonzero(matrix.ravel(order="F"))
    else:
        counted = matrix.ravel(order="F")
        if not np.all((counted >= 1) & (counted == np.round(counted)) & (counted <= MOST_NUMBERS)):
            raise MatlabProblem("an index is no positive integer")
        found = counted.astype(np.int64) - 1
    if len(found) and found.max() >= length and not may_grow:
        raise MatlabProblem(f"index {found.max() + 1} is beyond the end, {length}")
    return found


def indexed(matrix: Matrix, indices: list[Value], budget: Budget) -> Matrix:
    """``matrix(i)`` or ``matrix(i, j)``."""
    if len(indices) == 1:
        return _linearly_indexed(matrix, indices[0], budget)
    rows, columns = (positions(index, length) for index, length in zip(_two(indices), matrix.shape, strict=True))
    budget.charge(len(rows) * len(columns))
    return matrix[np.ix_(rows, columns)]


def _linearly_indexed(matrix: Matrix, index: Value, budget: Budget) -> Matrix:
    """Column by column; the result has the index's shape, but a vector by a vector keeps the vector's direction."""
    found = positions(index, matrix.size)
    budget.charge(len(found))
    values = matrix.ravel(order="F")[found]
    if index is EVERYTHING:
        return values[:, np.newaxis]
    index_is_vector, matrix_is_vector = 1 in index.shape, 1 in matrix.shape and matrix.size != 1
    if matrix_is_vector and (index_is_vector or index.dtype == bool):
        return values[np.newaxis] if matrix.shape[0] == 1 else values[:, np.newaxis]
    if index.dtype == bool:
        return values[:, np.newaxis]
    return values.reshape(index.shape, order="F")


def assigned(matrix: Matrix, indices: list[Value], value: Matrix, budget: Budget) -> Matrix:
    """``matrix(i, j) = value``, grown with zeros where the indices reach beyond; a fresh matrix."""
    if len(indices) == 1:
        return _linearly_assigned(matrix, indices[0], value, budget)
    rows, columns = (positions(index, length, True) for index, length in zip(_two(indices), matrix.shape, strict=True))
    if indices[0] is EVERYTHING and not matrix.size:
        rows = np.arange(value.shape[0])
    if indices[1] is EVERYTHING and not matrix.size:
        columns = np.arange(value.shape[1])
    grown = _grown(matrix, _reach(rows, matrix.shape[0]), _reach(columns, matrix.shape[1]), budget)
    budget.charge(len(rows) * len(columns))
    if value.size != 1 and value.shape != (len(rows), len(columns)):
        raise MatlabProblem(f"a {shape_of(value)} matrix is assigned to {len(rows)} x {len(columns)} places")
    grown[np.ix_(rows, columns)] = value
    return grown


def _linearly_assigned(matrix: Matrix, index: Value, value: Matrix, budget: Budget) -> Matrix:
    found = positions(index, matrix.size, may_grow=True)
    reach = _reach(found, matrix.size)
    if reach > matrix.size:
        if matrix.size and matrix.shape[0] != 1:
            raise MatlabProblem(f"index {reach} is beyond the end, {matrix.size}")
        matrix = matrix if matrix.size else np.zeros((1, 0))
    grown = _grown(matrix, matrix.shape[0], max(matrix.shape[1], reach if reach > matrix.size else 0), budget)
    if value.size not in (1, len(found)):
        raise MatlabProblem(f"{value.size} numbers are assigned to {len(found)} places")
    by_column = grown.ravel(order="F")
    by_column[found] = value.ravel(order="F") if value.size > 1 else value.flat[0] if value.size else 0
    return by_column.reshape(grown.shape, order="F")


def deleted(matrix: Matrix, indices: list[Value]) -> Matrix:
    """``matrix(i, :) = []`` or ``matrix(:, j) = []``."""
    if len(indices) == 1 and 1 in matrix.shape:
        indices = [EVERYTHING, indices[0]] if matrix.shape[0] == 1 else [indices[0], EVERYTHING]
    whole = [index is EVERYTHING for index in indices]
    if len(indices) != 2 or not any(whole):
        raise MatlabProblem("only whole rows or columns can be deleted")
    axis = 1 if whole[0] else 0
    return np.delete(matrix, positions(indices[axis], matrix.shape[axis]), axis=axis)


def _two(indices: list[Value]) -> list[Value]:
    if len(indices) != 2:
        raise MatlabProblem(f"{len(indices)} indices are not supported; expected one or two")
    return indices


def _reach(found: NDArray[np.int64], length: int) -> int:
    return max(length, int(found.max()) + 1 if len(found) else 0)


def _grown(matrix: Matrix, rows: int, columns: int, budget: Budget) -> Matrix:
    budget.charge(rows * columns)
    grown = np.zeros((rows, columns))
    grown[: matrix.shape[0], : matrix.shape[1]] = matrix
    return grown
