"""What frozen parameter classes ask of their fields, said in one way."""

import math
from enum import StrEnum
from typing import TypeVar

from models.errors import InvalidParameterError

Member = TypeVar("Member", bound=StrEnum)


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
        value = getattr(parameters, name)
        if not (value > 0 and math.isfinite(value)):
            raise InvalidParameterError(f"{type(parameters).__name__}.{name} must be above 0, got {value!r}.")


def require_not_negative(parameters: object, *names: str) -> None:
    """Refuse the fields of `parameters` that are not finite and at least 0.

    Raises
    ------
    InvalidParameterError
    """
    for name in names:
        value = getattr(parameters, name)
        if not (value >= 0 and math.isfinite(value)):
            raise InvalidParameterError(f"{type(parameters).__name__}.{name} must be at least 0, got {value!r}.")
