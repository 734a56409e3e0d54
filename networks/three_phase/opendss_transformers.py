"""Where the transformers of a balanced net are in the OpenDSS circuit: windings, and the units that have taps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from networks.errors import InvalidFeederError
from networks.three_phase.opendss_commands import windings
from networks.three_phase.tables import LEGS, PHASES, ThreePhaseTables

if TYPE_CHECKING:
    from pandas import DataFrame

SECONDARY = 2


def winding_table(tables: ThreePhaseTables, net: Any, element_of: Mapping[str, str]) -> DataFrame:
    """One row a winding of a unit: `trafo`, `element`, `winding` (from 1), `side` (hv or lv), `phases`, `rated_ka`.

    Each leg of a centre-tapped secondary is rated for half the power.
    """
    from pandas import DataFrame

    rows = []
    for trafo, unit in _units(tables, net):
        hv_bus = net.bus.name.at[net.trafo.hv_bus.at[trafo]]
        for number, winding in enumerate(windings(unit), start=1):
            rated_ka = unit.rated_kva / winding["kv"] / 1000.0
            rated_ka /= np.sqrt(3) if len(winding["phases"]) == 3 else 1.0
            rated_ka /= 2.0 if winding["phases"] in tuple(LEGS) else 1.0
            rows.append(
                {
                    "trafo": trafo,
                    "element": element_of[unit.transformer],
                    "winding": number,
                    "side": "hv" if winding["bus"] == hv_bus else "lv",
                    "phases": winding["phases"],
                    "rated_ka": rated_ka,
                }
            )
    return DataFrame(rows, columns=["trafo", "element", "winding", "side", "phases", "rated_ka"])


def tap_changer_table(tables: ThreePhaseTables, net: Any, element_of: Mapping[str, str]) -> DataFrame:
    """One row a unit with taps: regulated ones as published, others whose transformer has taps in the net, as there.

    Columns are `trafo`, `element`, `winding`, `phases` (those it moves, first the one it is told by), `tap_pos`,
    `tap_neutral`, `tap_min`, `tap_max`, `tap_step_percent`. A unit between two phases moves the first of them.

    Raises
    ------
    InvalidFeederError
        If a regulator has no transformer, or a transformer two.
    """
    from pandas import DataFrame

    regulated = _regulator_of_unit(tables)
    rows = []
    for trafo, unit in _units(tables, net):
        regulator, of_net = regulated.get(unit.transformer), net.trafo.loc[trafo]
        place = {"trafo": trafo, "element": element_of[unit.transformer]}
        if regulator is not None:
            phases = _moved(unit.secondary_phases, regulator.phases)
            rows.append(place | {"winding": SECONDARY, "phases": phases, "tap_neutral": 0} | _taps(regulator))
        elif of_net.tap_step_percent > 0:
            buses = [winding["bus"] for winding in windings(unit)]
            number = 1 + buses.index(net.bus.name.at[of_net[f"{of_net.tap_side}_bus"]])
            phases = _moved(unit.primary_phases, PHASES)
            rows.append(
                place | {"winding": number, "phases": phases, "tap_neutral": of_net.tap_neutral} | _taps(of_net)
            )
    names = ["tap_pos", "tap_neutral", "tap_min", "tap_max", "tap_step_percent"]
    return DataFrame(rows, columns=["trafo", "element", "winding", "phases", *names])


def _units(tables: ThreePhaseTables, net: Any) -> Iterator[tuple[int, Any]]:
    """Every unit with the net's transformer that stands for its bank."""
    trafo_of_bank = {name: int(index) for index, name in net.trafo.name.items()}
    for unit in tables.transformer.itertuples(index=False):
        if unit.bank in trafo_of_bank:
            yield trafo_of_bank[unit.bank], unit


def _regulator_of_unit(tables: ThreePhaseTables) -> dict[str, Any]:
    known = set(tables.transformer.transformer)
    regulators: dict[str, Any] = {}
    for row in tables.regulator.itertuples(index=False):
        name = str(row.transformer)
        if name not in known or name in regulators:
            problem = "two regulators" if name in known else "a regulator, but is none of the feeder's"
            raise InvalidFeederError(f"transformer {name!r} has {problem}; give each unit its own.")
        regulators[name] = row
    return regulators


def _moved(phases: str, told_by: str) -> str:
    if len(phases) < len(PHASES):
        return phases[0]
    return told_by[0] + "".join(phase for phase in PHASES if phase != told_by[0])


def _taps(row: Any) -> dict[str, float]:
    return {name: float(getattr(row, name)) for name in ("tap_pos", "tap_min", "tap_max", "tap_step_percent")}
