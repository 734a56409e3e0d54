"""Lines, switches and series reactors, and their configurations."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from networks.errors import InvalidFeederError
from networks.importers.opendss.conductors import Conductors, Element, hanging, live_elements
from networks.three_phase.tables import LOWER_TRIANGLE

Row = dict[str, Any]

KM_OF_UNIT = {
    **{"mi": 1.609344, "kft": 0.3048, "km": 1.0, "m": 1e-3, "ft": 0.3048e-3, "in": 0.0254e-3},
    **{"cm": 1e-5, "mm": 1e-6},
}
BASE_MVA = 1.0
# An impedance that Newton's method cannot tell from none; and one without a reactance, as scripts write jumpers.
NO_IMPEDANCE_PU = 1e-6
JUMPER_PU = 1e-4


@dataclass
class LineTables:
    """Rows of the tables `line`, `switch` and `line_configuration`."""

    line: list[Row] = field(default_factory=list)
    switch: list[Row] = field(default_factory=list)
    configuration: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """What a line and a series reactor have in common: matrices of the whole length [ohm], [uS]."""

    name: str
    configuration: str
    length_km: float
    resistance: NDArray[np.float64]
    reactance: NDArray[np.float64]
    susceptance: NDArray[np.float64]
    max_i_ka: float
    is_switch: bool


def line_tables(circuit: Element, conductors: Conductors, unstated_unit: str, notes: list[str]) -> LineTables:
    """Rows of all lines and series reactors.

    A line that is a switch, or without an impedance worth a name, becomes a switch.
    """
    tables = LineTables()
    base_kv = {bus["bus"]: bus["vn_kv"] for bus in circuit["bus"]}
    lines = live_elements(circuit["line"])
    open_ended = {line["Name"] for line in hanging(lines, circuit)}
    opened = {line["Name"] for line in lines if line["open"]} | _opened_by_controls(circuit)
    for line in lines:
        if line["Name"] in open_ended:
            continue
        section = _line_section(line, circuit["f_hz"], unstated_unit)
        row = _ends(line, f"line.{section.name}", conductors)
        if section.is_switch or _is_jumper(section, base_kv[row["from_bus"]]):
            tables.switch.append({"switch": section.name, **row, "closed": section.name not in opened})
        elif section.name in opened:
            raise InvalidFeederError(
                f"{conductors.name}: line.{section.name} is open; put a switch (Switch=y) at its end and open that."
            )
        else:
            _add(tables, section, row)
    for reactor in live_elements(circuit["reactor"]):
        section = _reactor_section(reactor, conductors.name)
        _add(tables, section, _ends(reactor, f"reactor.{section.name}", conductors))
    notes += _doubts([line for line in lines if line["Name"] not in open_ended], circuit["f_hz"], unstated_unit)
    if open_ended:
        notes.append(f"open, the other end connects to nothing, left out: line {', '.join(sorted(open_ended))}.")
    return tables


def _doubts(lines: list[Element], f_hz: float, unstated_unit: str) -> list[str]:
    """What the tables say of lines that the script does not say."""
    notes = []
    without_unit = sum(line["Units"] == "none" and not line["Switch"] for line in lines)
    if without_unit:
        notes.append(
            f"{without_unit} lines state no unit of length, taken as {unstated_unit}; impedances are right anyway."
        )
    elsewhere = [line["Name"] for line in lines if line["BaseFreq"] != f_hz]
    if elsewhere:
        names = ", ".join(elsewhere)
        notes.append(f"stated for another frequency, X scaled without the earth return's correction: line {names}.")
    return notes


def _opened_by_controls(circuit: Element) -> set[str]:
    return {
        control["SwitchedObj"].lower().removeprefix("line.")
        for control in live_elements(circuit["swtcontrol"])
        if "open" in str(control["State"]).lower()
    }


def _ends(element: Element, what: str, conductors: Conductors) -> Row:
    one, other = (
        conductors.phases(bus, nodes, what) for bus, nodes in zip(element["buses"], element["nodes"], strict=True)
    )
    if one != other:
        raise InvalidFeederError(
            f"{conductors.name}: {what} connects phases {one} to {other}; expected the same phases at both ends."
        )
    return {"from_bus": element["buses"][0], "to_bus": element["buses"][1], "phases": one}


def _line_section(line: Element, f_hz: float, unstated_unit: str) -> Section:
    length = line["Length"]
    unit = unstated_unit if line["Units"] == "none" else line["Units"]
    return Section(
        name=line["Name"],
        configuration=line["LineCode"] or line["Geometry"] or line["Name"],
        length_km=length * KM_OF_UNIT[unit],
        resistance=np.array(line["RMatrix"]) * length,
        reactance=np.array(line["XMatrix"]) * length * f_hz / line["BaseFreq"],
        susceptance=np.array(line["CMatrix"]) * length * 2.0 * pi * f_hz * 1e-3,  # nF -> uS
        max_i_ka=line["NormAmps"] / 1000.0,
        is_switch=line["Switch"],
    )


def _reactor_section(reactor: Element, name: str) -> Section:
    phases = reactor["Phases"]
    if not any(reactor["nodes"][1]):
        raise InvalidFeederError(
            f"{name}: reactor.{reactor['Name']} stands between {reactor['buses'][0]} and ground; expected one in "
            "series. Write a shunt reactor as a capacitor of negative kvar."
        )
    if reactor["Parallel"] or reactor["Rp"]:
        raise InvalidFeederError(f"{name}: reactor.{reactor['Name']} has a parallel resistance; write it as a line.")
    resistance, reactance = np.eye(phases) * reactor["R"], np.eye(phases) * reactor["X"]
    if reactor["RMatrix"] and reactor["XMatrix"]:
        resistance, reactance = np.array(reactor["RMatrix"]), np.array(reactor["XMatrix"])
    return Section(
        name=reactor["Name"],
        configuration=reactor["Name"],
        length_km=1.0,
        resistance=resistance,
        reactance=reactance,
        susceptance=np.zeros((phases, phases)),
        max_i_ka=reactor["NormAmps"] / 1000.0,
        is_switch=False,
    )


def _is_jumper(section: Section, base_kv: float) -> bool:
    impedance_ohm = np.abs(np.diag(section.resistance + 1j * section.reactance)).max()
    limit_pu = NO_IMPEDANCE_PU if np.diag(section.reactance).any() else JUMPER_PU
    return bool(impedance_ohm < limit_pu * base_kv**2 / BASE_MVA)


def _add(tables: LineTables, section: Section, row: Row) -> None:
    length_km = section.length_km
    if length_km <= 0.0:
        raise InvalidFeederError(f"line.{section.name} is {length_km:g} km long; expected more than 0.")
    matrices = (section.resistance / length_km, section.reactance / length_km, section.susceptance / length_km)
    configuration = _configuration(tables.configuration, section.configuration, matrices)
    tables.line.append(
        {
            "line": section.name,
            **row,
            "length_km": length_km,
            "configuration": configuration,
            "max_i_ka": section.max_i_ka,
        }
    )


def _configuration(rows: list[Row], name: str, matrices: tuple[NDArray[np.float64], ...]) -> str:
    """The name of the configuration with these matrices, which is added if there is none yet."""
    values = {}
    for quantity, unit, matrix in zip("rxb", ("ohm", "ohm", "us"), matrices, strict=True):
        for entry in LOWER_TRIANGLE:
            one, other = int(entry[0]) - 1, int(entry[1]) - 1
            known = one < len(matrix)
            values[f"{quantity}{entry}_{unit}_per_km"] = float(f"{matrix[one, other]:.9g}") if known else None
    alike = [row for row in rows if row["configuration"].partition("~")[0] == name]
    for row in alike:
        if all(row[column] == value for column, value in values.items()):
            return str(row["configuration"])
    unique = f"{name}~{len(alike) + 1}" if alike else name
    rows.append({"configuration": unique, **values})
    return unique
