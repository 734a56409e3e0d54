"""Runs the statements of a case file: assignments, arithmetic, indexing, `if`, and a fixed list of functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from lark import Token, Tree

from networks.importers.matpower.matlab import operators
from networks.importers.matpower.matlab.functions import ALL_COLUMNS, COLUMNS, FUNCTIONS
from networks.importers.matpower.matlab.grammar import parse
from networks.importers.matpower.matlab.literals import numbers_in, texts_in
from networks.importers.matpower.matlab.problem import MatlabProblem
from networks.importers.matpower.matlab.values import (
    EVERYTHING,
    Budget,
    Value,
    assigned,
    deleted,
    indexed,
    is_true,
    kind_of,
    matrix_of,
    number_of,
    scalar,
)


def run(text: str) -> tuple[list[str], dict[str, Value]]:
    """Run a case file.

    Returns
    -------
    What its function header returns, by name (none for a script), and all its variables.

    Raises
    ------
    MatlabProblem
        A construct that is not supported, with its line.
    """
    tree = parse(text)
    outputs: list[str] = []
    interpreter = Interpreter()
    for part in tree.children:
        if part.data == "header":
            outputs = [str(name) for part in part.find_data("outputs") for name in part.children]
        else:
            interpreter.execute(part)
    return outputs, interpreter.variables


class Interpreter:
    """The variables of a file, and what its statements do to them."""

    def __init__(self) -> None:
        self.variables: dict[str, Value] = {}
        self._budget = Budget()
        self._ends: list[int] = []  # what `end` means, innermost index last

    def execute(self, statement: Tree) -> None:
        """Run one statement."""
        try:
            with np.errstate(all="ignore"):
                getattr(self, f"_do_{statement.data}")(*statement.children)
        except MatlabProblem as problem:
            if problem.line is None:
                problem.line = _line_of(statement)
            raise
        except (ValueError, TypeError, IndexError) as error:  # shapes that do not fit
            raise MatlabProblem(f"this cannot be computed ({error})", _line_of(statement)) from None
        except RecursionError:
            raise MatlabProblem("this expression is nested too deeply", _line_of(statement)) from None

    # Statements

    def _do_call(self, expression: Tree) -> None:
        """A statement without an effect, but for `define_constants`."""
        if expression.data == "name" and expression.children[0] == "define_constants":
            self.variables |= {name: scalar(column) for name, column in ALL_COLUMNS.items()}
        else:
            self.evaluate(expression)

    def _do_assign(self, target: Tree, expression: Tree) -> None:
        is_empty = expression.data == "numbers" and not str(expression.children[0]).strip()
        if is_empty and target.data == "index":
            holder, arguments = target.children
            matrix = matrix_of(self.evaluate(holder))
            self._set(holder, deleted(matrix, self._indices(matrix.shape, arguments)))
        else:
            self._set(target, self.evaluate(expression))

    def _do_assign_many(self, *children: Tree) -> None:
        """``[A, B] = idx_bus`` and its kin: the only functions here with several results."""
        *targets, expression = children
        source = str(expression.children[0]) if expression.data == "name" else ""
        if source not in COLUMNS:
            raise MatlabProblem(f"several results are supported from {', '.join(COLUMNS)} only")
        columns = list(COLUMNS[source].values())
        if len(targets) > len(columns):
            raise MatlabProblem(f"{source} has {len(columns)} results, not {len(targets)}")
        for target, column in zip(targets, columns, strict=False):
            self._set(target, scalar(column))

    def _do_choose(self, *alternatives: Tree) -> None:
        for alternative in alternatives:
            if alternative.data == "block":
                statements: Iterable[Any] = alternative.children
            else:
                condition, *statements = alternative.children
                if not is_true(self.evaluate(condition)):
                    continue
            for statement in statements:
                self.execute(statement)
            return

    # Places to assign to

    def _set(self, target: Tree, value: Value) -> None:
        """Store a value at a name, a field or an index; containers are copied on the way, as MATLAB's are values."""
        if target.data == "name":
            self.variables[str(target.children[0])] = value
        elif target.data == "field":
            holder, name = target.children
            struct = self._existing(holder, {})
            if not isinstance(struct, dict):
                raise MatlabProblem(f"{kind_of(struct)} has no fields")
            self._set(holder, {**struct, str(name): value})
        elif target.data == "index":
            holder, arguments = target.children
            matrix = matrix_of(self._existing(holder, np.zeros((0, 0))))
            indices = self._indices(matrix.shape, arguments)
            self._set(holder, assigned(matrix, indices, matrix_of(value), self._budget))
        else:
            raise MatlabProblem("this cannot be assigned to")

    def _existing(self, place: Tree, otherwise: Value) -> Value:
        """What stands at a place, or the given value where nothing does yet."""
        if place.data == "name":
            return self.variables.get(str(place.children[0]), otherwise)
        if place.data == "field":
            struct = self._existing(place.children[0], {})
            return struct.get(str(place.children[1]), otherwise) if isinstance(struct, dict) else otherwise
        return self.evaluate(place)

    # Expressions

    def evaluate(self, expression: Tree) -> Value:
        """The value of an expression."""
        return getattr(self, f"_of_{expression.data}")(*expression.children)

    def _of_number(self, token: Token) -> Value:
        return scalar(float(token.replace("d", "e").replace("D", "e")))

    def _of_text(self, token: Token) -> Value:
        return str(token)

    def _of_numbers(self, token: Token) -> Value:
        return numbers_in(token, self._budget)

    def _of_texts(self, token: Token) -> Value:
        return texts_in(token)

    def _of_group(self, expression: Tree) -> Value:
        return self.evaluate(expression)

    def _of_name(self, token: Token) -> Value:
        name = str(token)
        if name in self.variables:
            return self.variables[name]
        if name in FUNCTIONS:
            return FUNCTIONS[name]([], self._budget)
        raise MatlabProblem(f"{name!r} is neither a variable set before nor a supported function")

    def _of_field(self, holder: Tree, name: Token) -> Value:
        struct = self.evaluate(holder)
        if not isinstance(struct, dict):
            raise MatlabProblem(f"{kind_of(struct)} has no field {str(name)!r}")
        if name not in struct:
            raise MatlabProblem(f"there is no field {str(name)!r}; it holds {', '.join(struct) or 'none'}")
        return struct[str(name)]

    def _of_index(self, holder: Tree, arguments: Tree) -> Value:
        """An index into a variable, or a call."""
        name = str(holder.children[0]) if holder.data == "name" else None
        if name is not None and name not in self.variables:
            return self._called(name, arguments)
        value = self.evaluate(holder)
        if not isinstance(value, np.ndarray):
            raise MatlabProblem(f"indexing {kind_of(value)} is not supported")
        return indexed(value, self._indices(value.shape, arguments), self._budget)

    def _called(self, name: str, arguments: Tree) -> Value:
        if name not in FUNCTIONS:
            raise MatlabProblem(f"the function {name!r} is not supported")
        if any(argument.data == "everything" for argument in arguments.children):
            raise MatlabProblem(f"a bare ':' is no argument of {name!r}")
        values = [self.evaluate(argument) for argument in arguments.children]
        try:
            return FUNCTIONS[name](values, self._budget)
        except MatlabProblem as problem:
            raise MatlabProblem(f"{name}: {problem.what}") from None

    def _of_cell_index(self, *_: Tree) -> Value:
        raise MatlabProblem("indexing with braces is not supported")

    def _of_everything(self) -> Value:
        raise MatlabProblem("a bare ':' is only an index")

    def _of_last(self, _: Token) -> Value:
        if not self._ends:
            raise MatlabProblem("'end' stands outside of an index")
        return scalar(self._ends[-1])

    def _indices(self, shape: tuple[int, ...], arguments: Tree) -> list[Value]:
        lengths = [shape[0] * shape[1]] if len(arguments.children) == 1 else list(shape)
        indices = []
        for k, argument in enumerate(arguments.children):
            if argument.data == "everything":
                indices.append(EVERYTHING)
                continue
            self._ends.append(lengths[k] if k < len(lengths) else 1)
            indices.append(self.evaluate(argument))
            self._ends.pop()
        return indices

    def _of_range(self, *parts: Tree) -> Value:
        first, *step, last = (number_of(self.evaluate(part)) for part in parts)
        return operators.counted(first, step[0] if step else 1.0, last, self._budget)

    def _of_binary(self, left: Tree, operator: Token, right: Tree) -> Value:
        return operators.binary(operator.type, self.evaluate(left), self.evaluate(right), self._budget)

    def _of_unary(self, operator: Token, operand: Tree) -> Value:
        return operators.unary(operator.type, self.evaluate(operand), self._budget)

    def _of_or_else(self, left: Tree, right: Tree) -> Value:
        return np.array([[is_true(self.evaluate(left)) or is_true(self.evaluate(right))]])

    def _of_and_also(self, left: Tree, right: Tree) -> Value:
        return np.array([[is_true(self.evaluate(left)) and is_true(self.evaluate(right))]])

    def _of_transpose(self, operand: Tree) -> Value:
        return matrix_of(self.evaluate(operand)).T

    def _of_matrix(self, rows: Tree) -> Value:
        evaluated = [[self.evaluate(element) for element in row.children] for row in rows.children]
        if len(evaluated) == 1 and len(evaluated[0]) == 1 and isinstance(evaluated[0][0], str):
            return evaluated[0][0]
        return operators.stacked([[matrix_of(value) for value in row] for row in evaluated], self._budget)

    def _of_cell(self, rows: Tree) -> Value:
        return [[self.evaluate(element) for element in row.children] for row in rows.children]


def _line_of(tree: Tree | Token) -> int | None:
    """Line of the first word of a statement."""
    pending: list[Any] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Token):
            return node.line
        pending.extend(reversed(node.children))
    return None
