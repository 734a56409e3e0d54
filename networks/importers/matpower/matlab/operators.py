"""MATLAB's operators on matrices."""

from __future__ import annotations

from collections.abc import Callable
from math import floor

import numpy as np

from networks.importers.matpower.matlab.problem import MatlabProblem
from networks.importers.matpower.matlab.values import Budget, Matrix, Value, matrix_of, shape_of

ELEMENTWISE: dict[str, Callable[[Matrix, Matrix], Matrix]] = {
    "PLUS": np.add,
    "MINUS": np.subtract,
    "TIMES_EACH": np.multiply,
    "OVER_EACH": np.divide,
    "UNDER_EACH": lambda left, right: np.divide(right, left),
    "POWER_EACH": np.power,
    "EQUAL": np.equal,
    "UNEQUAL": np.not_equal,
    "LESS": np.less,
    "AT_MOST": np.less_equal,
    "MORE": np.greater,
    "AT_LEAST": np.greater_equal,
    "AND": np.logical_and,
    "OR": np.logical_or,
}
# With a single number on one side, these are the same.
MATRIX_OPERATORS = {"TIMES": "TIMES_EACH", "OVER": "OVER_EACH", "UNDER": "UNDER_EACH", "POWER": "POWER_EACH"}
SINGLE_SIDES = {"TIMES": (0, 1), "OVER": (1,), "UNDER": (0,)}
UNARY: dict[str, Callable[[Matrix], Matrix]] = {"PLUS": np.positive, "MINUS": np.negative, "NOT": np.logical_not}


def binary(operator: str, left: Value, right: Value, budget: Budget) -> Matrix:
    """Two operands; `operator` is the token's name.

    Raises
    ------
    MatlabProblem
        Texts, shapes that do not fit, or a product, quotient or power of whole matrices that no case file needs.
    """
    matrices = (_numeric(left), _numeric(right))
    if operator in MATRIX_OPERATORS:
        if operator == "TIMES" and all(matrix.size != 1 for matrix in matrices):
            return _product(*matrices, budget)
        _require_single(operator, matrices)
        operator = MATRIX_OPERATORS[operator]
    return _elementwise(operator, *matrices, budget)


def unary(operator: str, operand: Value, budget: Budget) -> Matrix:
    """A sign or a logical not."""
    matrix = matrix_of(operand)
    budget.charge(matrix.size)
    return UNARY[operator](matrix if operator == "NOT" else matrix.astype(float))


def counted(first: float, step: float, last: float, budget: Budget) -> Matrix:
    """``first:step:last`` as a row."""
    span = (last - first) / step if step else -1.0
    if not np.isfinite(span):
        raise MatlabProblem("a range has no end")
    count = max(0, floor(span * (1 + 1e-15) + 1e-10) + 1)
    budget.charge(count)
    return first + step * np.arange(count, dtype=float)[np.newaxis]


def stacked(rows: list[list[Matrix]], budget: Budget) -> Matrix:
    """Matrices side by side, and rows of them one below the other; empty ones do not count."""
    logical = all(matrix.dtype == bool for row in rows for matrix in row if matrix.size)
    beside = []
    for row in rows:
        filled = [matrix for matrix in row if matrix.size]
        budget.charge(sum(matrix.size for matrix in filled))
        if filled:
            beside.append(np.concatenate([matrix if logical else matrix.astype(float) for matrix in filled], axis=1))
    budget.charge(sum(matrix.size for matrix in beside))
    return np.concatenate(beside, axis=0) if beside else np.zeros((0, 0))


def _numeric(value: Value) -> Matrix:
    matrix = matrix_of(value)
    return matrix.astype(float) if matrix.dtype == bool else matrix


def _require_single(operator: str, matrices: tuple[Matrix, Matrix]) -> None:
    sides = SINGLE_SIDES.get(operator)
    single = [matrix.size == 1 for matrix in matrices]
    if not (any(single[side] for side in sides) if sides else all(single)):
        shapes = " and ".join(shape_of(matrix) for matrix in matrices)
        words = {"OVER": "dividing by", "UNDER": "dividing by", "POWER": "powers of"}
        raise MatlabProblem(f"{words[operator]} matrices ({shapes}) is not supported; element by element has a dot")


def _elementwise(operator: str, left: Matrix, right: Matrix, budget: Budget) -> Matrix:
    try:
        shape = np.broadcast_shapes(left.shape, right.shape)
    except ValueError:
        raise MatlabProblem(f"{shape_of(left)} and {shape_of(right)} do not fit") from None
    budget.charge(shape[0] * shape[1])
    return ELEMENTWISE[operator](left, right)


def _product(left: Matrix, right: Matrix, budget: Budget) -> Matrix:
    if left.shape[1] != right.shape[0]:
        raise MatlabProblem(f"{shape_of(left)} times {shape_of(right)} does not fit")
    budget.charge(left.shape[0] * left.shape[1] * right.shape[1])
    return left @ right
