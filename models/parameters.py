"""Parameters that come as mappings, from a scenario file or a simulator's arguments, become checked dataclasses."""

from collections.abc import Mapping, Sized
from dataclasses import MISSING, fields
from difflib import get_close_matches
from enum import StrEnum
from math import inf
from typing import Any, TypeVar

from models.errors import InvalidParameterError

P = TypeVar("P")
Member = TypeVar("Member", bound=StrEnum)


def from_mapping(parameters: type[P], values: P | Mapping[str, Any] | None) -> P:
    """An instance of the dataclass `parameters` out of a mapping; an instance passes through, None takes the defaults.

    Raises
    ------
    InvalidParameterError
        For unknown names, with the close ones, and for missing ones.
    """
    if isinstance(values, parameters):
        return values
    if not isinstance(values, Mapping | None):
        raise InvalidParameterError(f"{parameters.__name__} expects a mapping of its parameters, got {values!r}.")
    given = dict(values or {})
    known = {field.name: field for field in fields(parameters) if field.init}  # type: ignore[arg-type]
    for name in given:
        if name not in known:
            close = get_close_matches(str(name), known, n=3) or sorted(known)
            raise InvalidParameterError(
                f"{parameters.__name__} has no parameter {name!r}; did you mean {', '.join(close)}?"
            )
    required = [name for name, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in required if name not in given]
    if missing:
        raise InvalidParameterError(f"{parameters.__name__} needs {', '.join(missing)}; got {', '.join(given) or '-'}.")
    return parameters(**given)


def member(kind: type[Member], name: str) -> Member:
    """`name` as a member of the enumeration `kind`.

    Raises
    ------
    InvalidParameterError
    """
    try:
        return kind(name)
    except ValueError:
        raise InvalidParameterError(f"unknown {kind.__name__} {name!r}; there are {', '.join(kind)}.") from None


def require_positive(parameters: object, *names: str) -> None:
    """Refuse the fields of `parameters` that are not finite and above 0.

    Raises
    ------
    InvalidParameterError
    """
    for name in names:
        require_number(f"{type(parameters).__name__}.{name}", getattr(parameters, name), above=0.0)


def require_not_negative(parameters: object, *names: str) -> None:
    """Refuse the fields of `parameters` that are not finite and at least 0.

    Raises
    ------
    InvalidParameterError
    """
    for name in names:
        require_number(f"{type(parameters).__name__}.{name}", getattr(parameters, name), at_least=0.0)


def require_length(name: str, vector: Sized | None, length: int) -> None:
    """Refuse a vector that does not fit what it is meant for; None is one that was left out.

    Raises
    ------
    InvalidParameterError
    """
    if vector is not None and len(vector) != length:
        raise InvalidParameterError(f"{name} must have {length} elements, got {len(vector)}; check what is connected.")


def require_number(
    name: str, value: Any, at_least: float = -inf, at_most: float = inf, above: float = -inf, finite: bool = True
) -> None:
    """Refuse what is no number, is NaN, is infinite (unless allowed) or lies outside its range.

    Raises
    ------
    InvalidParameterError
    """
    is_number = isinstance(value, (int, float)) or hasattr(value, "__float__")
    if not is_number or isinstance(value, bool) or value != value:
        raise InvalidParameterError(f"{name} must be a number, got {value!r}.")
    if finite and abs(value) == inf:
        raise InvalidParameterError(f"{name} must be finite, got {value!r}.")
    if value < at_least or value > at_most or (value <= above and above > -inf):
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("at least", at_least), ("above", above), ("at most", at_most))
            if abs(bound) != inf
        ]
        raise InvalidParameterError(f"{name} must be {' and '.join(bounds)}, got {value!r}.")
