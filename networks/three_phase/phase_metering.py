"""A metering plan phase by phase: every instrument of the balanced plan becomes one in each phase that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from networks.three_phase.opendss_commands import NODE_OF_PHASE
from networks.three_phase.tables import PHASES

if TYPE_CHECKING:
    from pandas import DataFrame

    from networks.three_phase.opendss_circuit import OpenDSSCircuit

# Instruments of several phases are alike: each must show the most heavily loaded one, here against their mean.
UNBALANCE = 1.5
# Of a balanced plan's range, what one of n phases needs: power is divided among them; current is that of three phases
# which carry the same power.
SHARE_OF_RANGE: Mapping[str, float] = {"p": 1.0, "q": 1.0, "i": 3.0}


def plan_by_phase(plan: DataFrame, circuit: OpenDSSCircuit) -> DataFrame:
    """The channels of a plan in each phase of what they measure, with a column `phase` (a, b, c or None).

    Legs 1 and 2 of a centre-tapped secondary are a and b. A tap changer has one channel a unit, in the first phase that
    it moves; the state of a switch has no phase. Rows that have a phase already stay as they are.

    Parameters
    ----------
    plan
        With the columns of `networks.feeder.METER_COLUMNS`, and maybe `phase`.
    circuit
        What phases there are.
    """
    from pandas import DataFrame

    known = _Phases.of(circuit)
    records: list[dict[Any, Any]] = plan.to_dict("records")
    rows: list[dict[Any, Any]] = []
    for row in records:
        if isinstance(row.get("phase"), str) or row["element_type"] == "switch":
            rows.append({"phase": None} | row)
        else:
            phases = known.at(row)
            rows += [_in_phase(row, phase, len(phases)) for phase in phases]
    return DataFrame(rows, columns=list(dict.fromkeys([*plan.columns, "phase"])))


@dataclass(frozen=True)
class _Phases:
    """Phases by element type, element and side; the source and its impedance, which no table names, have all."""

    of_place: Mapping[tuple[str, int, str | None], str]

    @classmethod
    def of(cls, circuit: OpenDSSCircuit) -> _Phases:
        found: dict[tuple[str, int, str | None], set[str]] = {}

        def add(element_type: str, element: int, side: str | None, phases: str) -> None:
            found.setdefault((element_type, int(element), side), set()).update(phases)

        for bus, phase in zip(circuit.node.bus, circuit.node.phase, strict=True):
            add("bus", bus, None, PHASES[phase])
        for line, phases in zip(circuit.line.line, circuit.line.phases, strict=True):
            for side in ("from", "to"):
                add("line", line, side, _places(phases))
        winding = circuit.winding
        for trafo, side, phases in zip(winding.trafo, winding.side, winding.phases, strict=True):
            add("trafo", trafo, side, _places(phases))
        for trafo, phases in zip(circuit.tap_changer.trafo, circuit.tap_changer.phases, strict=True):
            add("trafo", trafo, None, phases[0])
        return cls({place: "".join(sorted(phases)) for place, phases in found.items()})

    def at(self, row: Mapping[Any, Any]) -> str:
        """The phases of what a channel measures; of a transformer without side those that tell its taps."""
        side = row["side"] if isinstance(row["side"], str) else None
        otherwise = "" if row["element_type"] == "trafo" else PHASES
        return self.of_place.get((row["element_type"], int(row["element"]), side), otherwise)


def _places(phases: str) -> str:
    return "".join(PHASES[NODE_OF_PHASE[phase] - 1] for phase in phases)


def _in_phase(row: Mapping[Any, Any], phase: str, n_phase: int) -> dict[Any, Any]:
    share = SHARE_OF_RANGE.get(row["measurement_type"], float(n_phase)) / n_phase
    if n_phase > 1 and row["measurement_type"] in SHARE_OF_RANGE:
        share *= UNBALANCE
    ranges = {column: share * row[column] for column in ("full_scale", "std_dev")}
    return {**row, **ranges, "name": f"{row['name']} {phase}", "phase": phase}
