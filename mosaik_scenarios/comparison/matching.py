"""Which of the twin's buses, phases and branches the reference's values belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mosaik_scenarios.comparison.names import BusMatch, NodeName, full_key, match_buses
from mosaik_scenarios.comparison.references.over_time import VOLTAGES
from mosaik_scenarios.comparison.references.reference import Branches, FloatArray, IntArray, Reference, Voltages
from mosaik_scenarios.comparison.twin import WHOLE, Probes
from mosaik_scenarios.errors import ComparisonError
from networks.three_phase.tables import PHASES, STIFF_SOURCE

if TYPE_CHECKING:
    from networks.feeder import Feeder

NAMES_SHOWN = 6
ROTATION = np.exp(2j * np.pi * np.arange(3) / 3)
"""What turns the phases b and c to where a is. [-]"""


@dataclass(frozen=True, eq=False)
class Pair:
    """One voltage of the twin and the columns of the reference that stand for it.

    Attributes
    ----------
    bus
        As the feeder calls it.
    row
        Of the net's bus table.
    phase
        ``a``, ``b`` or ``c``; empty for the bus as a whole.
    labels
        What the reference calls them: several where phases are averaged.
    columns
        Of the reference's voltages.
    phases
        Of these columns, together; empty where the reference has none.
    """

    bus: str
    row: int
    phase: str
    labels: tuple[str, ...]
    columns: IntArray
    phases: str

    @property
    def name(self) -> str:
        """Bus and phase, for people."""
        return f"{self.bus}.{self.phase}" if self.phase else self.bus


@dataclass(frozen=True, eq=False)
class NodeMatch:
    """The voltages that can be compared.

    Attributes
    ----------
    pairs
        In the order of the net's buses.
    how
        How the feeder's buses were found, for people.
    unmatched
        By the reference's label: why it is not compared.
    feeder_only
        Buses of the feeder that the reference does not have.
    """

    pairs: tuple[Pair, ...]
    how: str
    unmatched: dict[str, str]
    feeder_only: tuple[str, ...]

    @property
    def averaged(self) -> bool:
        """Whether a balanced twin is compared with the mean of the reference's phases."""
        return any(pair.phases and not pair.phase for pair in self.pairs)

    @property
    def probes(self) -> Probes:
        """Where the twin's voltages are taken."""
        phases = [PHASES.index(pair.phase) if pair.phase else WHOLE for pair in self.pairs]
        return Probes(np.array([pair.row for pair in self.pairs], dtype=np.int64), np.array(phases, dtype=np.int64))


def match_nodes(feeder: Feeder, reference: Reference, by_phase: bool) -> NodeMatch:
    """Pair the reference's voltages with the twin's.

    Parameters
    ----------
    by_phase
        Whether the twin has phases; one that has none is paired with the mean of the reference's.

    Raises
    ------
    ComparisonError
        Nothing matches, or two labels mean the same voltage.
    """
    voltages = reference.voltages
    assert voltages is not None
    net, names = feeder.net, bus_names(feeder.net)
    nodes = _whole_names_first(voltages.nodes, names) if reference.kind == VOLTAGES else voltages.nodes
    found = match_buses(
        list(dict.fromkeys(node.bus for node in nodes)), names, net.bus.index.tolist(), reference.matpower_numbers
    )
    _require_some(found, nodes, names, reference)
    unmatched = dict(reference.ignored)
    columns: dict[tuple[int, str], list[int]] = {}
    for column, node in enumerate(nodes):
        if node.bus not in found.position:
            unmatched[node.label] = found.unmatched[node.bus]
        elif len(node.phase) == 1 and node.phase not in PHASES:
            unmatched[node.label] = f"node {node.phase} is none of the phases a, b, c"
        else:
            key = (found.position[node.bus], node.phase if by_phase else "")
            columns.setdefault(key, []).append(column)
    pairs = tuple(
        _pair(names[row], row, phase, columns[row, phase], nodes, reference) for row, phase in sorted(columns)
    )
    matched_rows = {pair.row for pair in pairs}
    feeder_only = [
        name for row, name in enumerate(names) if row not in matched_rows and not name.endswith(STIFF_SOURCE)
    ]
    return NodeMatch(pairs, found.how, unmatched, tuple(feeder_only))


def paired(voltages: Voltages, pairs: Sequence[Pair], rows: IntArray) -> tuple[FloatArray, FloatArray | None]:
    """The reference's values for every pair, (n_time, n_pair): the mean of the magnitudes where there are several.

    The angle is then that of the positive sequence, as far as the phases are there.
    """
    vm_pu = np.column_stack([voltages.vm_pu[np.ix_(rows, pair.columns)].mean(axis=1) for pair in pairs])
    if voltages.va_degree is None:
        return vm_pu, None
    va_degree = np.column_stack([_angle(voltages, pair, rows) for pair in pairs])
    return vm_pu, va_degree


def match_branches(net: Any, branches: Branches) -> tuple[dict[tuple[int, int], list[int]], dict[str, str]]:
    """The reference's branches by the rows of their buses (from, to), and why others are not compared.

    Circuits between the same two buses are compared by their sum, which needs no agreement on their order.
    """
    buses = list(dict.fromkeys((*branches.from_bus, *branches.to_bus)))
    found = match_buses(buses, bus_names(net), net.bus.index.tolist(), matpower_numbers=True)
    row = {int(bus): place for place, bus in enumerate(net.bus.index)}
    ends = [(net.line.from_bus, net.line.to_bus), (net.trafo.hv_bus, net.trafo.lv_bus)]
    joined = {frozenset((row[a], row[b])) for start, end in ends for a, b in zip(start, end, strict=True)}
    matched: dict[tuple[int, int], list[int]] = {}
    unmatched: dict[str, str] = {}
    for place, (start_name, end_name) in enumerate(zip(branches.from_bus, branches.to_bus, strict=True)):
        start, end = found.position.get(start_name), found.position.get(end_name)
        if start is None or end is None or frozenset((start, end)) not in joined:
            unmatched[f"branch {start_name}-{end_name}"] = "no line or transformer of the feeder joins these buses"
        else:
            matched.setdefault((start, end), []).append(place)
    return matched, unmatched


def bus_names(net: Any) -> list[str]:
    """What the buses are called: their names, else their numbers."""
    named = zip(net.bus.index, net.bus.name, strict=True)
    return [str(index) if name is None or name != name or name == "" else str(name) for index, name in named]


def _whole_names_first(nodes: Sequence[NodeName], names: Sequence[str]) -> tuple[NodeName, ...]:
    """A label that is a bus's name as it stands is that bus, though it may end as a node does."""
    known = {full_key(name) for name in names}
    return tuple(NodeName(node.label, node.label) if full_key(node.label) in known else node for node in nodes)


def _pair(
    bus: str, row: int, phase: str, columns: Sequence[int], nodes: Sequence[NodeName], reference: Reference
) -> Pair:
    labels = tuple(nodes[column].label for column in columns)
    phases = [nodes[column].phase for column in columns]
    if len(set(phases)) < len(phases) or ("" in phases and len(phases) > 1):
        raise ComparisonError(
            f"{reference.source}: {' and '.join(labels[:2])} mean the same voltage; leave one of them."
        )
    return Pair(bus, row, phase, labels, np.array(columns, dtype=np.int64), "".join(sorted(phases)))


def _angle(voltages: Voltages, pair: Pair, rows: IntArray) -> FloatArray:
    assert voltages.va_degree is not None
    angle = voltages.va_degree[np.ix_(rows, pair.columns)]
    if pair.phase or len(pair.phases) == 0:
        return angle[:, 0]
    magnitude = voltages.vm_pu[np.ix_(rows, pair.columns)]
    # The columns stand in the file's order, the phases of the pair sorted: each column has its own phase.
    turn = ROTATION[[PHASES.index(voltages.nodes[column].phase) for column in pair.columns]]
    return np.degrees(np.angle((magnitude * np.exp(1j * np.radians(angle)) * turn).sum(axis=1)))


def _require_some(found: BusMatch, nodes: Sequence[NodeName], names: Sequence[str], reference: Reference) -> None:
    if found.position:
        return
    theirs = ", ".join([node.label for node in nodes][:NAMES_SHOWN])
    ours = ", ".join(names[:NAMES_SHOWN])
    raise ComparisonError(
        f"{reference.source}: none of its {len(nodes)} columns or rows ({theirs}, ...) is a bus of the feeder, "
        f"which calls them {ours}, ...; is it another network's?"
    )
