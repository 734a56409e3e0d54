"""What an attacker can reach and knows, and how the targets among it are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError, UnknownNameError
from models.telemetry.status import STATUS_TYPES

if TYPE_CHECKING:
    from pandapower import pandapowerNet
    from pandas import DataFrame

Place = tuple[str, int, str | None, str | None]


@dataclass(frozen=True, eq=False)
class AttackSurface:
    """All telemetry channels, in the row order of the metering plan, and the network behind them.

    Attributes
    ----------
    names
        Channel names.
    std_dev
        (n_channel,) Standard deviations of the meters; empty if unknown. [pu, MW, Mvar or kA]
    measurement_type
        "v", "va", "p", "q", "i", "tap" or "closed" of every channel; empty if unknown.
    bus
        pandapower index of the bus at which every channel measures; empty if unknown.
    place
        Element type, element, side and phase of every channel; empty if unknown.
    plan
        The metering plan, None if unknown.
    net
        The network as its owner describes it, None if unknown.
    start_time_of_day_s
        Time since midnight at the scenario's start. [s]
    """

    names: tuple[str, ...]
    std_dev: NDArray[np.float64]
    measurement_type: tuple[str, ...] = ()
    bus: tuple[int, ...] = ()
    place: tuple[Place, ...] = ()
    plan: DataFrame | None = None
    net: pandapowerNet | None = None
    start_time_of_day_s: float = 0.0

    def __post_init__(self) -> None:
        for column in ("std_dev", "measurement_type", "bus", "place"):
            length = len(getattr(self, column))
            if length not in (0, len(self.names)):
                raise InvalidParameterError(f"{column} needs one entry for each of {len(self.names)}, got {length}.")

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        std_dev: Sequence[float] | None = None,
        measurement_type: Sequence[str] | None = None,
        **known: Any,
    ) -> AttackSurface:
        """The surface out of plain sequences; `known` are further fields."""
        return cls(
            tuple(names), np.asarray([] if std_dev is None else std_dev, float), tuple(measurement_type or ()), **known
        )

    @classmethod
    def of_plan(cls, plan: DataFrame, channel_buses: Sequence[int] = (), **known: Any) -> AttackSurface:
        """The surface of a metering plan; `known` are further fields."""
        sides = (side if isinstance(side, str) else None for side in plan["side"])
        stated = plan["phase"].tolist() if "phase" in plan else [None] * len(plan)
        phases = (phase if isinstance(phase, str) else None for phase in stated)
        elements = (int(element) for element in plan["element"])
        return cls.of(
            [str(name) for name in plan["name"]],
            plan["std_dev"].to_numpy(dtype=float).tolist(),
            [str(kind) for kind in plan["measurement_type"]],
            bus=tuple(int(bus) for bus in channel_buses),
            place=tuple(zip((str(kind) for kind in plan["element_type"]), elements, sides, phases, strict=True)),
            plan=plan,
            **known,
        )

    def choose(
        self,
        channels: Sequence[str],
        buses: Sequence[int],
        count: int,
        measurement_type: str | None,
        random: np.random.Generator,
    ) -> NDArray[np.int64]:
        """The targets: the `channels` named, those at `buses`, or `count` by lot."""
        if channels:
            return self.positions(channels)
        if buses:
            return self.at_buses(buses, measurement_type)
        return self.draw(count, measurement_type, random)

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

    def at_buses(self, buses: Sequence[int], measurement_type: str | None) -> NDArray[np.int64]:
        """All channels at some buses, of one measurement type or (None) of any, in row order.

        Raises
        ------
        InvalidParameterError
            If a bus has none, or the channels' buses are unknown.
        """
        if not self.bus:
            raise InvalidParameterError(
                "cannot find channels by their bus: the attacker was not told; "
                "give channel_buses, one entry a channel, or name the channels."
            )
        candidates = self._candidates(measurement_type)
        for bus in buses:
            if not any(self.bus[position] == bus for position in candidates):
                of_type = f" of type {measurement_type!r}" if measurement_type else ""
                metered = ", ".join(map(str, sorted({self.bus[position] for position in candidates})))
                raise InvalidParameterError(f"bus {bus} has no channel{of_type}; there are some at {metered}.")
        return np.array([position for position in candidates if self.bus[position] in buses], dtype=np.int64)

    def draw(self, count: int, measurement_type: str | None, random: np.random.Generator) -> NDArray[np.int64]:
        """`count` different channels by lot, in row order: of one measurement type, or (None) of all that measure.

        Who falsifies where a tap changer or a switch stands does not do so by chance: name those channels, or the type.

        Raises
        ------
        InvalidParameterError
            If there are fewer, or the measurement types are unknown.
        """
        candidates = self._candidates(measurement_type)
        if len(candidates) < count:
            of_type = f" of type {measurement_type!r}" if measurement_type else ""
            raise InvalidParameterError(f"an attack on {count} channels{of_type} has only {len(candidates)} to choose.")
        return np.sort(random.choice(candidates, size=count, replace=False))

    def table(self, name: str) -> DataFrame:
        """A table of the network, as pandapower calls it.

        Raises
        ------
        InvalidParameterError
            If the attacker does not know the network.
        """
        if self.net is None:
            raise InvalidParameterError(f"this attack acts on the network's {name}: give net, the pandapower net.")
        return self.net[name]

    def elements(self, table: str) -> list[int]:
        """pandapower indices of a table, in vector order."""
        return [int(index) for index in self.table(table).index]

    def element_positions(self, table: str, elements: Sequence[int]) -> list[int]:
        """Where elements of a table are in the vectors.

        Raises
        ------
        InvalidParameterError
            If there is no such element.
        """
        known = self.elements(table)
        for element in elements:
            if element not in known:
                raise InvalidParameterError(
                    f"the network has no {table} {element}; it has {', '.join(map(str, known[:10])) or 'none'}."
                )
        return [known.index(element) for element in elements]

    def of_type(self, position: int) -> str | None:
        """A channel's measurement type, None if unknown."""
        return self.measurement_type[position] if self.measurement_type else None

    def largest_change(
        self, before: NDArray[np.float64], after: NDArray[np.float64], positions: NDArray[np.int64]
    ) -> float:
        """Largest difference at `positions`; in standard deviations of the meters where these are known."""
        change = np.abs(after[positions] - before[positions])
        if self.std_dev.size:
            change = np.divide(change, self.std_dev[positions], out=change, where=self.std_dev[positions] > 0.0)
        return float(np.nanmax(change, initial=0.0)) if len(change) else 0.0

    def _candidates(self, measurement_type: str | None) -> NDArray[np.int64]:
        """Channels of one measurement type; None are all that measure."""
        if measurement_type is None:
            chosen = [kind not in STATUS_TYPES for kind in self.measurement_type] or [True] * len(self.names)
        elif self.measurement_type:
            chosen = [kind == measurement_type for kind in self.measurement_type]
        else:
            raise InvalidParameterError(
                f"cannot choose channels of type {measurement_type!r}: the attacker was not told the measurement "
                "types; give measurement_type, one entry a channel, or name the channels."
            )
        return np.flatnonzero(np.array(chosen, dtype=bool)).astype(np.int64)
