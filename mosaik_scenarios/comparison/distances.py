"""How far every bus is from the substation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mosaik_scenarios.comparison.references.reference import FloatArray, IntArray
from mosaik_scenarios.comparison.twin import SOURCE_IMPEDANCE


@dataclass(frozen=True, eq=False)
class Distances:
    """Along the shortest way from the source.

    Attributes
    ----------
    values
        By row of the net's bus table; NaN for buses that nothing connects to the source. (n_bus,)
    unit
        ``km``, or ``branches`` where the lengths of the net's lines say nothing.
    parent
        Row of the bus before it on that way, -1 for none. (n_bus,)
    """

    values: FloatArray
    unit: str
    parent: IntArray


def distances_from_source(net: Any) -> Distances:
    """Distances over closed switches, lines and transformers; the latter have no length, but count as branches.

    Lengths say something where they differ: networks given in per unit have lines of one kilometre each.
    """
    import networkx
    import pandapower.topology as topology

    in_km = lengths_differ(net)
    graph = topology.create_nxgraph(net, respect_switches=True, multi=False)
    source_line = set(net.line.index[net.line.name == SOURCE_IMPEDANCE])
    sources = _sources(net, source_line)
    reached, paths = networkx.multi_source_dijkstra(
        graph, sources & set(graph), weight="weight" if in_km else lambda *_: 1.0
    )
    row = {int(bus): place for place, bus in enumerate(net.bus.index)}
    values, parent = np.full(len(row), np.nan), np.full(len(row), -1, dtype=np.int64)
    for bus, distance in reached.items():
        values[row[bus]] = distance
        if len(paths[bus]) > 1:
            parent[row[bus]] = row[paths[bus][-2]]
    for stiff in set(net.ext_grid.bus) - sources:
        values[row[stiff]], parent[row[stiff]] = np.nan, -1
    return Distances(values, "km" if in_km else "branches", parent)


def lengths_differ(net: Any) -> bool:
    """Whether the lines of a net have lengths of their own."""
    lengths = net.line.length_km[net.line.name != SOURCE_IMPEDANCE]
    return lengths[lengths > 0].nunique() > 1


def _sources(net: Any, source_line: set[int]) -> set[int]:
    """Where the feeder begins: at the external grids, or behind the impedance of the supplying network."""
    sources = set(net.ext_grid.bus[net.ext_grid.in_service].astype(int))
    for line in source_line:
        ends = {int(net.line.from_bus.at[line]), int(net.line.to_bus.at[line])}
        if ends & sources:
            sources = (sources - ends) | (ends - sources)
    return sources
