"""Names of buses and nodes as files write them: ``Bus1003``, ``bus1003.1``, ``1003``, ``BUS 1003``, ``1003.0``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mosaik_scenarios.errors import ComparisonError
from networks.three_phase.tables import PHASES

_NODES = re.compile(r"(?P<bus>.*?\w)(?P<nodes>(?:\.\d)+|\.[abc])", re.IGNORECASE)
_NUMBER = re.compile(r"(?:bus|node|n|b)?[\s_-]*0*(?P<number>\d\w*?)(?:\.0+)?", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s_-]+")


@dataclass(frozen=True)
class NodeName:
    """A bus, or one phase of it, as a file calls it.

    Attributes
    ----------
    label
        What stands in the file.
    bus
        The part of it that names the bus.
    phase
        ``a``, ``b`` or ``c``; the digit of a node beyond the third; empty for the bus as a whole.
    """

    label: str
    bus: str
    phase: str = ""


def node_of(label: str) -> NodeName:
    """Bus and phase of a label as OpenDSS writes them: the nodes 1, 2, 3 after a dot are the phases a, b, c.

    Several nodes, as in ``650.1.2.3``, are the bus as a whole; node 0 is the ground and what a spreadsheet makes of a
    whole number.
    """
    text = label.strip()
    match = _NODES.fullmatch(text)
    if match is None:
        return NodeName(label, text)
    nodes = match["nodes"].strip(".").split(".")
    phase = phase_of(nodes[0]) if len(nodes) == 1 and nodes[0] != "0" else ""
    return NodeName(label, match["bus"], phase)


def phase_of(node: str) -> str:
    """The phase of a node: ``a`` for ``1``, ``1.0`` or ``A``; a node beyond the third stays a digit."""
    text = node.strip().lower().removesuffix(".0")
    return PHASES[int(text) - 1] if text in ("1", "2", "3") else text


def full_key(name: str) -> str:
    """A name without case, and with one kind of separator: ``"Bus 1003"`` and ``"BUS_1003"`` are the same."""
    return _SEPARATORS.sub("_", name.strip().casefold())


def number_key(name: str) -> str:
    """What is left of a bus's name without the word before it and leading zeros; empty where it does not so end.

    ``Bus1003``, ``BUS 1003`` and ``1003.0`` are 1003, ``n650r`` is 650r; ``t_bus1003_l`` is no bus 1003.
    """
    match = _NUMBER.fullmatch(name.strip())
    return match["number"].casefold() if match else ""


@dataclass(frozen=True)
class BusMatch:
    """Which bus of the feeder each bus of a reference is.

    Attributes
    ----------
    position
        By the reference's name: position of the bus in the net's table.
    how
        The reading of the feeder's names that fits, for people.
    unmatched
        By the reference's name: why it means no bus.
    """

    position: Mapping[str, int]
    how: str
    unmatched: Mapping[str, str]


def match_buses(
    reference: Sequence[str], names: Sequence[str], index: Sequence[int], matpower_numbers: bool = False
) -> BusMatch:
    """Find the reference's buses in a feeder.

    The feeder's buses go by their names, or, where those say no other numbers, by their numbers as they are or counted
    from one, as MATPOWER counts; the reading that finds most of the reference's buses holds for all of them.

    Parameters
    ----------
    reference
        Names of buses, each once.
    names, index
        Name (empty for none) and pandapower index of every bus of the feeder.
    matpower_numbers
        Whether the reference counts as MATPOWER does. Bus 0 does not exist there: where the feeder has one, its
        numbers are not the reference's.

    Raises
    ------
    ComparisonError
        Two names mean the same bus.
    """
    readings = [_Reading.of("by name", names)]
    if _names_agree_with_numbers(names, index):
        readings += [
            _Reading.of("by number", [str(number) for number in index]),
            _Reading.of("by number, the feeder counting from 0 and the reference from 1", [str(n + 1) for n in index]),
        ]
    if matpower_numbers:
        readings = [reading for reading in readings if "0" not in reading.by_number] or readings
    found = [{name: reading.find(name) for name in reference} for reading in readings]
    counts = [sum(position is not None for position in by_name.values()) for by_name in found]
    best = counts.index(max(counts))
    position = {name: place for name, place in found[best].items() if place is not None}
    _refuse_doubles(position, names)
    unmatched = {name: readings[best].why_not(name) for name in reference if name not in position}
    return BusMatch(position, readings[best].how, unmatched)


@dataclass(frozen=True)
class _Reading:
    """One way of calling the feeder's buses; names that several buses share mean none."""

    how: str
    by_name: Mapping[str, int]
    by_number: Mapping[str, int]
    shared: frozenset[str]

    @classmethod
    def of(cls, how: str, names: Sequence[str]) -> _Reading:
        full, number = [full_key(name) for name in names], [number_key(name) for name in names]
        shared = {key for keys in (full, number) for key, count in Counter(keys).items() if key and count > 1}
        return cls(how, _once(full), _once(number), frozenset(shared))

    def find(self, name: str) -> int | None:
        """Position of the bus: by its full name, else by what is left of it."""
        place = self.by_name.get(full_key(name))
        return self.by_number.get(number_key(name)) if place is None else place

    def why_not(self, name: str) -> str:
        """Why a name means no bus."""
        several = full_key(name) in self.shared or number_key(name) in self.shared
        return "several buses of the feeder are called so" if several else "no bus of the feeder is called so"


def _names_agree_with_numbers(names: Sequence[str], index: Sequence[int]) -> bool:
    """Whether the numbers in the names, if any, are the buses' own, or those and one.

    The buses of a feeder that calls its first ones 650 and 632 are not those that somebody else numbers 1 and 2.
    """
    keys = [number_key(name) for name in names]
    offsets = {int(key) - number if key.isdecimal() else None for key, number in zip(keys, index, strict=True) if key}
    return offsets in (set(), {0}, {1})


def _once(keys: Sequence[str]) -> dict[str, int]:
    """Position of every key that is there exactly once."""
    counts = Counter(keys)
    return {key: place for place, key in enumerate(keys) if key and counts[key] == 1}


def _refuse_doubles(position: Mapping[str, int], names: Sequence[str]) -> None:
    first: dict[int, str] = {}
    for name, place in position.items():
        if place in first:
            raise ComparisonError(
                f"the reference's {first[place]!r} and {name!r} both mean bus {names[place] or place} of the feeder; "
                "leave one of them."
            )
        first[place] = name
