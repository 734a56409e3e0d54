"""From the engine's nodes to phases, and what of the circuit is connected at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from networks.errors import InvalidFeederError
from networks.three_phase.tables import LEGS, PHASES

Element = dict[str, Any]


class Conductors:
    """Names the conductors of a circuit: nodes 1, 2, 3 are phases, on a centre-tapped secondary 1, 2 are its legs.

    Parameters
    ----------
    circuit
        What the engine made of the script.
    name
        The file, for messages.
    """

    def __init__(self, circuit: Element, name: str) -> None:
        self.name = name
        self.leg_buses = _downstream(_centre_tapped_secondaries(circuit["transformer"]), circuit["line"])

    def phases(self, bus: str, nodes: Iterable[int], element: str) -> str:
        """The phases of nodes of a bus, in their order.

        Raises
        ------
        InvalidFeederError
            If a node is no phase: a neutral or a fourth conductor has no place in the tables.
        """
        names = LEGS if bus in self.leg_buses else PHASES
        nodes = list(nodes)
        if not nodes or any(not 1 <= node <= len(names) for node in nodes) or len(set(nodes)) < len(nodes):
            raise InvalidFeederError(
                f"{self.name}: {element} connects to {'.'.join(map(str, [bus, *nodes]))}; expected different nodes of "
                f"1 to {len(names)}. Neutral conductors are not modelled: reduce them (Kron) and ground their node."
            )
        return "".join(names[node - 1] for node in nodes)

    def winding(self, bus: str, nodes: Sequence[int], connection: str, element: str) -> tuple[str, str]:
        """Phases and connection of the conductors of a winding, load or capacitor.

        A single phase between two live nodes is a delta, whatever it is called, and one that ends at ground a wye.
        """
        live = [node for node in nodes if node]
        if connection == "wye" and len(nodes) > 2 and nodes[-1]:
            live = list(nodes[:-1]) if nodes[-1] > len(PHASES) else list(nodes)
            raise InvalidFeederError(
                f"{self.name}: the neutral of {element} is node {nodes[-1]} of {bus}; expected ground. "
                "Neutral conductors are not modelled."
            )
        phases = self.phases(bus, live, element)
        if len(nodes) == 2:
            connection = "wye" if len(live) == 1 else "delta"
        return phases, connection


def live_elements(elements: Iterable[Element]) -> list[Element]:
    """Those that are not disabled."""
    return [element for element in elements if element["Enabled"]]


def hanging(lines: Iterable[Element], circuit: Element) -> list[Element]:
    """Lines with an end at nodes beyond the three phases that nothing else connects to: open breakers, drawn so."""
    used: dict[tuple[str, int], int] = {}
    for kind in ("line", "load", "transformer", "capacitor", "reactor"):
        for element in live_elements(circuit[kind]):
            for bus, nodes in zip(element["buses"], element["nodes"], strict=True):
                for node in nodes:
                    used[bus, node] = used.get((bus, node), 0) + 1
    return [
        line
        for line in lines
        if any(
            all(node > len(PHASES) and used[bus, node] == 1 for node in nodes)
            for bus, nodes in zip(line["buses"], line["nodes"], strict=True)
        )
    ]


def _centre_tapped_secondaries(transformers: Iterable[Element]) -> set[str]:
    """Buses whose nodes 1 and 2 are the two halves of a single-phase transformer's secondary."""
    return {
        transformer["buses"][1]
        for transformer in live_elements(transformers)
        if transformer["Phases"] == 1
        and len(transformer["buses"]) == 3
        and transformer["buses"][1] == transformer["buses"][2]
    }


def _downstream(buses: set[str], lines: Iterable[Element]) -> set[str]:
    """`buses` and all that lines connect to them."""
    neighbours: dict[str, set[str]] = {}
    for line in live_elements(lines):
        one, other = line["buses"]
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    reached, ahead = set(buses), list(buses)
    while ahead:
        for bus in neighbours.get(ahead.pop(), set()) - reached:
            reached.add(bus)
            ahead.append(bus)
    return reached
