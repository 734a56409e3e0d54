"""The channels an attacker can reach, and how the targets among them are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError, UnknownNameError
from models.telemetry.status import STATUS_TYPES


@dataclass(frozen=True, eq=False)
class AttackSurface:
    """All telemetry channels, in the row order of the metering plan.

    Attributes
    ----------
    names
        Channel names.
    std_dev
        (n_channel,) Standard deviations of the meters; empty if unknown. [pu, MW, Mvar or kA]
    measurement_type
        "v", "va", "p", "q", "i", "tap" or "closed" of every channel; empty if unknown.
    """

    names: tuple[str, ...]
    std_dev: NDArray[np.float64]
    measurement_type: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for column in ("std_dev", "measurement_type"):
            length = len(getattr(self, column))
            if length not in (0, len(self.names)):
                raise InvalidParameterError(f"{column} needs one entry for each of {len(self.names)}, got {length}.")

    @classmethod
    def of(
        cls, names: Sequence[str], std_dev: Sequence[float] | None = None, measurement_type: Sequence[str] | None = None
    ) -> AttackSurface:
        """The surface out of plain sequences."""
        return cls(tuple(names), np.asarray([] if std_dev is None else std_dev, float), tuple(measurement_type or ()))

    def positions(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Where the channels of these names are.

        Raises
        ------
        UnknownNameError
            For a name that no channel bears, with the close ones.
        """
        position_of = {name: position for position, name in enumerate(self.names)}
        for name in names:
            if name not in position_of:
                close = get_close_matches(name, self.names, n=3) or list(self.names[:3])
                raise UnknownNameError(f"no channel is called {name!r}; did you mean {', '.join(map(repr, close))}?")
        return np.array([position_of[name] for name in names], dtype=np.int64)

    def draw(self, count: int, measurement_type: str | None, random: np.random.Generator) -> NDArray[np.int64]:
        """`count` different channels by lot, in row order: of one measurement type, or (None) of all that measure.

        Who falsifies where a tap changer or a switch stands does not do so by chance: name those channels, or the type.

        Raises
        ------
        InvalidParameterError
            If there are fewer, or the measurement types are unknown.
        """
        if measurement_type is not None and not self.measurement_type:
            raise InvalidParameterError(
                f"cannot draw channels of type {measurement_type!r}: the attacker was not told the measurement types; "
                "give measurement_type, one entry a channel, or name the channels."
            )
        types = np.array(self.measurement_type or ("",) * len(self.names))
        measures = ~np.isin(types, STATUS_TYPES)
        candidates = np.flatnonzero(measures if measurement_type is None else types == measurement_type)
        if len(candidates) < count:
            of_type = f" of type {measurement_type!r}" if measurement_type else ""
            raise InvalidParameterError(f"an attack on {count} channels{of_type} has only {len(candidates)} to choose.")
        return np.sort(random.choice(candidates, size=count, replace=False))
