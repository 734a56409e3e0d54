"""The functions a case file may call, and MATPOWER's named columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from networks.importers.matpower.matlab.problem import MatlabProblem
from networks.importers.matpower.matlab.values import (
    Budget,
    Matrix,
    Value,
    matrix_of,
    number_of,
    scalar,
)


def _named(first: int, names: str) -> dict[str, int]:
    return {name: first + k for k, name in enumerate(names.split())}


# User's Manual, version 8, tables B-1 to B-4, in the order in which idx_bus and its kin return them.
COLUMNS: dict[str, dict[str, int]] = {
    "idx_bus": _named(1, "PQ PV REF NONE")
    | _named(1, "BUS_I BUS_TYPE PD QD GS BS BUS_AREA VM VA BASE_KV ZONE VMAX VMIN LAM_P LAM_Q MU_VMAX MU_VMIN"),
    "idx_brch": _named(1, "F_BUS T_BUS BR_R BR_X BR_B RATE_A RATE_B RATE_C TAP SHIFT BR_STATUS")
    | _named(14, "PF QF PT QT MU_SF MU_ST")
    | _named(12, "ANGMIN ANGMAX")
    | _named(20, "MU_ANGMIN MU_ANGMAX"),
    "idx_gen": _named(1, "GEN_BUS PG QG QMAX QMIN VG MBASE GEN_STATUS PMAX PMIN")
    | _named(22, "MU_PMAX MU_PMIN MU_QMAX MU_QMIN")
    | _named(11, "PC1 PC2 QC1MIN QC1MAX QC2MIN QC2MAX RAMP_AGC RAMP_10 RAMP_30 RAMP_Q APF"),
    "idx_cost": _named(1, "PW_LINEAR POLYNOMIAL") | _named(1, "MODEL STARTUP SHUTDOWN NCOST COST"),
}
ALL_COLUMNS = {name: column for columns in COLUMNS.values() for name, column in columns.items()}
NUMPY_NAMES = (
    *("sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "log10"),
    *("abs", "floor", "ceil", "sign", "isnan", "isinf", "isfinite"),
)
CONSTANTS = {"pi": np.pi, "Inf": np.inf, "inf": np.inf, "NaN": np.nan, "nan": np.nan, "eps": 2.0**-52}

Function = Callable[[list[Value], Budget], Value]


def _elementwise(function: Callable[..., Matrix], arity: int = 1) -> Function:
    def call(arguments: list[Value], budget: Budget) -> Value:
        matrices = [matrix_of(value) for value in _arity(arguments, arity, arity)]
        budget.charge(max(matrix.size for matrix in matrices))
        return np.asarray(function(*matrices))

    return call


def _reduction(function: Callable[..., Matrix]) -> Function:
    """Over the first dimension longer than one, or the one that is named."""

    def call(arguments: list[Value], budget: Budget) -> Value:
        matrix = matrix_of(_arity(arguments, 1, 2)[0])
        budget.charge(matrix.size)
        axis = int(number_of(arguments[1])) - 1 if len(arguments) == 2 else int(matrix.shape[0] == 1)
        if axis not in (0, 1):
            raise MatlabProblem("a matrix has the dimensions 1 and 2")
        return np.asarray(function(matrix, axis=axis, keepdims=True))

    return call


def _extreme(function: Callable[..., Matrix], among: Callable[..., Matrix]) -> Function:
    """`max` and `min`: of one matrix along a dimension, or of two element by element."""

    def call(arguments: list[Value], budget: Budget) -> Value:
        kind = _elementwise(among, 2) if len(_arity(arguments, 1, 2)) == 2 else _reduction(function)
        if len(arguments) == 1 and not matrix_of(arguments[0]).size:
            return np.zeros((0, 0))
        return kind(arguments, budget)

    return call


def _filled(number: float) -> Function:
    def call(arguments: list[Value], budget: Budget) -> Value:
        lengths = [number_of(value) for value in _arity(arguments, 0, 2)] or [1.0]
        if not all(length >= 0 and length == round(length) for length in lengths):
            raise MatlabProblem("lengths are whole numbers from 0 on")
        rows, columns = lengths[0], lengths[-1]
        budget.charge(rows * columns)
        return np.full((int(rows), int(columns)), number)

    return call


def _find(arguments: list[Value], budget: Budget) -> Value:
    matrix = matrix_of(_arity(arguments, 1, 1)[0])
    budget.charge(matrix.size)
    found = np.flatnonzero(matrix.ravel(order="F")) + 1.0
    return found[np.newaxis] if matrix.shape[0] == 1 else found[:, np.newaxis]


def _size(arguments: list[Value], budget: Budget) -> Value:
    shape = _shape(_arity(arguments, 1, 2)[0])
    if len(arguments) == 1:
        return np.array([shape], dtype=float)
    dimension = number_of(arguments[1])
    if dimension not in (1, 2):
        raise MatlabProblem("a matrix has the dimensions 1 and 2")
    return scalar(shape[int(dimension) - 1])


def _of_shape(function: Callable[[int, int], float]) -> Function:
    return lambda arguments, budget: scalar(function(*_shape(_arity(arguments, 1, 1)[0])))


def _shape(value: Value) -> tuple[int, int]:
    if isinstance(value, np.ndarray):
        return value.shape[0], value.shape[1]
    if isinstance(value, list):
        return len(value), max((len(row) for row in value), default=0)
    return 1, len(value) if isinstance(value, str) else 1


def _is_field(arguments: list[Value], budget: Budget) -> Value:
    struct, name = _arity(arguments, 2, 2)
    return np.array([[isinstance(struct, dict) and isinstance(name, str) and name in struct]])


def _is_member(arguments: list[Value], budget: Budget) -> Value:
    elements, among = (matrix_of(value) for value in _arity(arguments, 2, 2))
    budget.charge(elements.size + among.size)
    return np.isin(elements, among)


def _constant(value: float | bool) -> Function:
    """`pi` and its kin take no arguments."""

    def call(arguments: list[Value], budget: Budget) -> Value:
        _arity(arguments, 0, 0)
        return np.array([[value]])

    return call


def _arity(arguments: list[Value], fewest: int, most: int) -> list[Value]:
    if not fewest <= len(arguments) <= most:
        raise MatlabProblem(f"{len(arguments)} arguments are given; expected {fewest} to {most}")
    return arguments


def _round(matrix: Matrix) -> Matrix:
    """Halves away from zero, as in MATLAB."""
    return np.copysign(np.floor(np.abs(matrix) + 0.5), matrix)


FUNCTIONS: dict[str, Function] = {
    **{name: _elementwise(getattr(np, name)) for name in NUMPY_NAMES},
    "asin": _elementwise(np.arcsin),
    "acos": _elementwise(np.arccos),
    "atan": _elementwise(np.arctan),
    "atan2": _elementwise(np.arctan2, 2),
    "deg2rad": _elementwise(np.deg2rad),
    "rad2deg": _elementwise(np.rad2deg),
    "round": _elementwise(_round),
    "fix": _elementwise(np.trunc),
    "mod": _elementwise(np.mod, 2),
    "sum": _reduction(np.sum),
    "mean": _reduction(np.mean),
    "any": _reduction(np.any),
    "all": _reduction(np.all),
    "max": _extreme(np.max, np.maximum),
    "min": _extreme(np.min, np.minimum),
    "zeros": _filled(0.0),
    "ones": _filled(1.0),
    "find": _find,
    "size": _size,
    "length": _of_shape(lambda rows, columns: max(rows, columns) if rows and columns else 0),
    "numel": _of_shape(lambda rows, columns: rows * columns),
    "isempty": _of_shape(lambda rows, columns: rows * columns == 0),
    "isfield": _is_field,
    "ismember": _is_member,
    "true": _constant(True),
    "false": _constant(False),
    **{name: _constant(value) for name, value in CONSTANTS.items()},
}
