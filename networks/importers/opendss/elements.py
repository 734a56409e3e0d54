"""From the engine's elements to the tables of a feeder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from networks.errors import InvalidFeederError
from networks.importers.opendss.conductors import Conductors, Element, live_elements
from networks.importers.opendss.lines import line_tables
from networks.importers.opendss.loads import load_rows
from networks.importers.opendss.transformers import regulator_rows, transformer_rows
from networks.three_phase.tables import COLUMNS, ThreePhaseTables

if TYPE_CHECKING:
    from pandas import DataFrame

NUMBERS = {
    "vsource": ("BasekV", "pu", "Angle", "BaseFreq", "R1", "X1", "R0", "X0"),
    "line": ("Length", "RMatrix", "XMatrix", "CMatrix", "NormAmps", "BaseFreq"),
    "load": ("kV", "kW", "kvar", "VMinpu", "VMaxpu", "CVRWatts", "CVRVars", "ZIPV"),
    "transformer": ("kVs", "kVAs", "Taps", "pctRs", "XHL", "MinTap", "MaxTap", "pctNoLoadLoss", "pctIMag"),
    "regcontrol": ("VReg", "Band", "PTRatio", "CTPrim", "R", "X", "LDC_Z", "Delay", "TapDelay", "VLimit"),
    "capacitor": ("kV", "kvar"),
    "reactor": ("R", "X", "NormAmps"),
}


def feeder_tables(
    circuit: Element, coordinates: Mapping[str, tuple[float, float]], name: str, unstated_unit: str
) -> tuple[ThreePhaseTables, list[str]]:
    """The tables of what the engine made of a script, and notes on what they cannot say.

    Raises
    ------
    InvalidFeederError
        If an element has no place in the tables.
    """
    _require_numbers(circuit, name)
    conductors = Conductors(circuit, name)
    notes: list[str] = []
    lines = line_tables(circuit, conductors, unstated_unit, notes)
    rows: dict[str, list[dict[str, Any]]] = {
        "source": [_source_row(circuit, name)],
        "line_configuration": lines.configuration,
        "line": lines.line,
        "switch": lines.switch,
        "transformer": transformer_rows(circuit, conductors, notes),
        "regulator": regulator_rows(circuit, conductors, notes),
        "load": load_rows(circuit, conductors, notes),
        "capacitor": [_capacitor_row(capacitor, conductors) for capacitor in live_elements(circuit["capacitor"])],
    }
    rows["bus"] = _bus_rows(circuit, conductors, coordinates)
    _note_the_rest(circuit, notes)
    _require_voltage_bases(circuit, name)
    return ThreePhaseTables(**{table: _table(table, rows[table]) for table in COLUMNS}), notes


def _require_voltage_bases(circuit: Element, name: str) -> None:
    without = [bus["bus"] for bus in circuit["bus"] if not bus["vn_kv"] > 0.0]
    if without:
        raise InvalidFeederError(f"{name}: bus {', '.join(without[:5])} has no voltage base; is it connected?")


def _table(name: str, rows: list[dict[str, Any]]) -> DataFrame:
    from pandas import DataFrame

    return DataFrame(rows, columns=list(COLUMNS[name]))


def _require_numbers(circuit: Element, name: str) -> None:
    """The engine hands out infinity and no-number as nothing; neither describes equipment."""
    for kind, properties in NUMBERS.items():
        for element in live_elements(circuit[kind]):
            for key in properties:
                if _holds_nothing(element[key]):
                    raise InvalidFeederError(f"{name}: {key} of {kind}.{element['Name']} is no number.")


def _holds_nothing(value: Any) -> bool:
    return any(map(_holds_nothing, value)) if isinstance(value, list) else value is None


def _source_row(circuit: Element, name: str) -> dict[str, Any]:
    sources = live_elements(circuit["vsource"])
    if len(sources) != 1 or any(sources[0]["nodes"][1]):
        raise InvalidFeederError(f"{name}: expected one source from ground, found {len(sources)}; leave others out.")
    (source,) = sources
    return {
        "bus": source["buses"][0],
        "vn_kv": source["BasekV"],
        "vm_pu": source["pu"],
        "va_degree": source["Angle"],
        "f_hz": source["BaseFreq"],
        "r1_ohm": source["R1"],
        "x1_ohm": source["X1"],
        "r0_ohm": source["R0"],
        "x0_ohm": source["X0"],
    }


def _bus_rows(
    circuit: Element, conductors: Conductors, coordinates: Mapping[str, tuple[float, float]]
) -> list[dict[str, Any]]:
    rows = []
    for bus in circuit["bus"]:
        nodes = sorted(node for node in bus["nodes"] if 1 <= node <= 3)
        x, y = coordinates.get(bus["bus"].lower(), (math.nan, math.nan))
        phases = conductors.phases(bus["bus"], nodes, "a bus")
        rows.append({"bus": bus["bus"], "vn_kv": bus["vn_kv"], "phases": phases, "x": x, "y": y})
    return rows


def _capacitor_row(capacitor: Element, conductors: Conductors) -> dict[str, Any]:
    element = f"capacitor.{capacitor['Name']}"
    bus, nodes, connection = capacitor["buses"][0], capacitor["nodes"][0], capacitor["Conn"]
    if len(capacitor["buses"]) == 2:  # a wye, whose neutral is a terminal of its own
        (_, other), (_, neutral) = capacitor["buses"], capacitor["nodes"]
        if any(neutral) and (other != bus or len(nodes) > 1):
            raise InvalidFeederError(
                f"{conductors.name}: {element} stands between {bus} and {other}; expected ground. "
                "Series capacitors are not modelled."
            )
        nodes = [*nodes, neutral[0]]
    phases, connection = conductors.winding(bus, nodes, connection, element)
    return {
        "capacitor": capacitor["Name"],
        "bus": bus,
        "phases": phases,
        "connection": connection,
        "kv": capacitor["kV"],
        "q_kvar": sum(step for step, on in zip(capacitor["kvar"], capacitor["States"], strict=True) if on > 0),
    }


def _note_the_rest(circuit: Element, notes: list[str]) -> None:
    disabled = [
        f"{kind}.{element['Name']}"
        for kind, elements in circuit.items()
        if isinstance(elements, list)
        for element in elements
        if element.get("Enabled") is False
    ]
    if disabled:
        notes.append(f"disabled, left out: {', '.join(disabled)}.")
    if not circuit["voltage_bases_stated"]:
        notes.append("the script states no voltage bases; they were taken from source and transformers.")
