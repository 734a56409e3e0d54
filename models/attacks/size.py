"""Sizes that are given either in the unit of the channel or in multiples of its meter's standard deviation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number


def require_one_size(parameters: Any, name: str, **bounds: Any) -> None:
    """Refuse parameters that do not give exactly one of `name` and `name`_sigma, as a number within the bounds.

    Raises
    ------
    InvalidParameterError
    """
    given = [field for field in (name, f"{name}_sigma") if getattr(parameters, field) is not None]
    if len(given) != 1:
        raise InvalidParameterError(
            f"a {name} is given as {name} or as {name}_sigma: one of the two, "
            f"got {getattr(parameters, name)} and {getattr(parameters, f'{name}_sigma')}."
        )
    require_number(given[0], getattr(parameters, given[0]), **bounds)


def size_of(parameters: Any, name: str, surface: AttackSurface, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """The size at every target, in the unit of the channel. (n_target,)

    Raises
    ------
    InvalidParameterError
        If it is given in standard deviations and the attacker was not told them.
    """
    size, multiple = getattr(parameters, name), getattr(parameters, f"{name}_sigma")
    if multiple is None:
        return np.full(len(targets), float(size))
    if not surface.std_dev.size:
        raise InvalidParameterError(
            f"{name}_sigma needs the meters' standard deviations; give std_dev, one entry a channel, or use {name}."
        )
    return multiple * surface.std_dev[targets]


def size_text(parameters: Any, name: str) -> str:
    """The size in words."""
    size = getattr(parameters, name)
    return f"{size:+g}" if size is not None else f"{getattr(parameters, f'{name}_sigma'):+g} standard deviations"
