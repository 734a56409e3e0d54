"""Lines cut where faults may come: OpenDSS has short circuits at buses only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.errors import InvalidParameterError
from models.plant.faults import Fault

# A fault at a terminal leaves a stub that must still have a finite admittance.
SHORTEST_SECTION = 1e-4
# Small against any line, large enough to keep the matrix well conditioned.
BOLTED_OHM = 1e-4
NO_FAULT_OHM = 1e12


@dataclass
class FaultPlaces:
    """Where faults may come, and what that makes of the lines.

    Parameters
    ----------
    line
        The circuit's lines, by their index in the net: `element`, `to_bus`, `nodes`, `phases`, `configuration`,
        `length_km`.
    """

    line: Mapping[int, Mapping[str, Any]]
    positions: dict[int, list[float]] = field(default_factory=dict)

    def add(self, faults: Iterable[Fault]) -> bool:
        """Take note of the faults' places; whether any is new.

        Raises
        ------
        InvalidParameterError
            If the circuit has no such line.
        """
        new = False
        for fault in faults:
            if fault.line not in self.line:
                raise InvalidParameterError(
                    f"fault on line {fault.line}, which the circuit does not have; name another line."
                )
            known = self.positions.setdefault(fault.line, [])
            if fault.position not in known:
                known.append(fault.position)
                known.sort()
                new = True
        return new

    def element(self, fault: Fault) -> str:
        """The fault's own element, which is always there; its resistance says whether it burns."""
        return _fault(self.line[fault.line]["element"], self.positions[fault.line].index(fault.position))

    def elements(self) -> list[str]:
        """Those of all places."""
        return [
            _fault(self.line[line]["element"], k) for line, known in self.positions.items() for k in range(len(known))
        ]

    def last_section(self, element: str) -> str:
        """The part of a line that ends at its "to" bus."""
        cuts = next((len(known) for line, known in self.positions.items() if self.line[line]["element"] == element), 0)
        return _section(element, cuts)

    def commands(self) -> list[str]:
        """Cut the lines of a circuit that has them whole."""
        cuts = [command for line, known in self.positions.items() for command in _cut(self.line[line], known)]
        # The new buses are numbered when voltages are next worked out.
        return [*cuts, "CalcVoltageBases"] if cuts else []


def _cut(line: Mapping[str, Any], positions: list[float]) -> list[str]:
    element, nodes, phases = line["element"], line["nodes"], line["phases"]
    shares = np.clip(positions, SHORTEST_SECTION, 1.0 - SHORTEST_SECTION)
    lengths_km = np.diff([0.0, *shares, 1.0]) * line["length_km"]
    buses = [f"{element}__fault_{k}{nodes}" for k in range(len(positions))]
    commands = [f"Edit Line.{element} bus2={buses[0]} length={float(lengths_km[0])!r}"]
    for k, far_end in enumerate([*buses[1:], f"{line['to_bus']}{nodes}"]):
        commands.append(
            f"New Line.{_section(element, k + 1)} phases={len(phases)} bus1={buses[k]} bus2={far_end} "
            f"linecode={line['configuration']} units=km length={float(lengths_km[k + 1])!r}"
        )
    commands += [
        f"New Fault.{_fault(element, k)} phases={len(phases)} bus1={bus} r={NO_FAULT_OHM}"
        for k, bus in enumerate(buses)
    ]
    return commands


def _section(element: str, number: int) -> str:
    return f"{element}__section_{number}" if number else element


def _fault(element: str, number: int) -> str:
    return f"{element}__fault_{number}"
