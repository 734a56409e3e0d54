"""What a model refuses, as types one can catch; every message names what was expected, what came and the way on."""

from collections.abc import Mapping
from typing import TypeVar

Entry = TypeVar("Entry")


class ModelError(ValueError):
    """Base of every refusal of the `models` package."""


class InvalidParameterError(ModelError):
    """A model parameter is missing, unknown or out of its range."""


class InvalidProfileError(ModelError):
    """Load or weather data that cannot drive a simulation: missing, negative, NaN, short or unsorted."""


class UnknownNameError(ModelError):
    """A name that no registry holds (an attack family, a detector, a curve)."""


class MissingExtraError(ModelError):
    """An optional part of the project is asked for and what it needs is not installed."""


class InvalidMeasurementError(ModelError):
    """A measurement that no meter could have made, or a table or file of them that cannot be read."""


class NotFittedError(ModelError):
    """A detector was asked for a verdict before it was fitted and calibrated."""


class ChannelMismatchError(ModelError):
    """Measurements of other channels than those the model was trained on."""


class ModelMismatchError(ModelError):
    """A stored detector that was trained for another feeder, metering plan or scenario than the one asked for."""


class NotObservableError(ModelError):
    """The measurements do not determine the state of every bus.

    Attributes
    ----------
    buses
        The pandapower bus indices that no combination of measurements reaches.
    """

    def __init__(self, message: str, buses: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.buses = buses


def choose(registry: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """The entry of `registry` called `name`; a wrong name lists the right ones.

    Raises
    ------
    UnknownNameError
    """
    if name not in registry:
        raise UnknownNameError(f"unknown {kind} {name!r}; there are {', '.join(sorted(registry))}.")
    return registry[name]
