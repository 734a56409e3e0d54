"""Arrays that come back from a file, held against what they must look like."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from models.errors import InvalidParameterError

Shape = tuple[int | None, ...]


def of_shapes(arrays: Mapping[str, NDArray[Any]], shapes: Mapping[str, Shape]) -> dict[str, NDArray[Any]]:
    """The arrays that `shapes` names.

    Parameters
    ----------
    arrays
        By name.
    shapes
        What each must look like; None is any length.

    Raises
    ------
    InvalidParameterError
        If one is missing or has another shape.
    """
    for name, shape in shapes.items():
        came = arrays[name].shape if name in arrays else None
        if (
            came is None
            or len(came) != len(shape)
            or any(wanted not in (None, got) for wanted, got in zip(shape, came, strict=True))
        ):
            raise InvalidParameterError(
                f"expected {name} of shape {shape}, got {'nothing' if came is None else came}; fit the model anew."
            )
    return {name: arrays[name] for name in shapes}
