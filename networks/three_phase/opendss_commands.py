"""Rows of the three-phase tables in the words of OpenDSS, one command an element."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from networks.three_phase.tables import LEGS, LOWER_TRIANGLE, WINDINGS

NODE_OF_PHASE = {"a": 1, "b": 2, "c": 3, "1": 1, "2": 2}

# Small against any line (1 mV at 1 kA), large enough for its current to be computed from its voltage drop.
SWITCH_OHM = 1e-6
TOLERANCE_PU = 1e-8
MAX_ITERATIONS = 100
GENERATOR_VMIN_PU, GENERATOR_VMAX_PU = 0.5, 1.5


def unique_names(names: Sequence[str]) -> list[str]:
    """Names that OpenDSS tells apart (it knows no case), without what its parser would take for its own."""
    taken: set[str] = set()
    result = []
    for name in names:
        plain = candidate = re.sub(r"[^a-z0-9_]", "_", str(name).lower())
        number = 1
        while candidate in taken:
            number += 1
            candidate = f"{plain}__{number}"
        taken.add(candidate)
        result.append(candidate)
    return result


def nodes(phases: str) -> str:
    """``"ca"`` as ``".3.1"``."""
    return "".join(f".{NODE_OF_PHASE[phase]}" for phase in phases)


def circuit(source: Any, bus: str) -> list[str]:
    """An empty circuit with its source."""
    impedance = " ".join(f"{name.upper()}={_number(source[f'{name}_ohm'])}" for name in ("r1", "x1", "r0", "x0"))
    return [
        "Clear",
        f"Set DefaultBaseFrequency={_number(source.f_hz)}",
        f"New Circuit.feeder bus1={bus}.1.2.3 phases=3 basekv={_number(source.vn_kv)} pu={_number(source.vm_pu)} "
        f"angle={_number(source.va_degree)} {impedance}",
    ]


def line_code(row: Any, name: str, f_hz: float) -> str:
    """A line configuration with its full matrices; OpenDSS takes capacitance for susceptance."""
    conductors = sum(np.isfinite(getattr(row, f"x{k}{k}_ohm_per_km")) for k in (1, 2, 3))
    entries = [entry for entry in LOWER_TRIANGLE if int(entry[0]) <= conductors]

    def matrix(quantity: str, unit: str, factor: float = 1.0) -> str:
        values = {entry: float(getattr(row, f"{quantity}{entry}_{unit}_per_km")) for entry in entries}
        triangle = (
            " ".join(_number(np.nan_to_num(value) * factor) for entry, value in values.items() if int(entry[0]) == k)
            for k in range(1, conductors + 1)
        )
        return f"({' | '.join(triangle)})"

    nanofarad_per_microsiemens = 1e3 / (2 * np.pi * f_hz)
    return (
        f"New LineCode.{name} nphases={conductors} basefreq={_number(f_hz)} units=km rmatrix={matrix('r', 'ohm')} "
        f"xmatrix={matrix('x', 'ohm')} cmatrix={matrix('b', 'us', nanofarad_per_microsiemens)}"
    )


def line(row: Any, name: str, bus: Mapping[str, str], configuration: Mapping[str, str]) -> str:
    """A line; all of its conductors run from the same phases to the same phases."""
    at = nodes(row.phases)
    return (
        f"New Line.{name} phases={len(row.phases)} bus1={bus[row.from_bus]}{at} bus2={bus[row.to_bus]}{at} "
        f"linecode={configuration[row.configuration]} units=km length={_number(row.length_km)}"
    )


def switch(row: Any, name: str, bus: Mapping[str, str]) -> str:
    """A switch, closed: whoever steps the circuit opens it."""
    at = nodes(row.phases)
    resistance = f"r1={_number(SWITCH_OHM)} r0={_number(SWITCH_OHM)} x1=0 x0=0 c1=0 c0=0"
    return (
        f"New Line.{name} phases={len(row.phases)} bus1={bus[row.from_bus]}{at} bus2={bus[row.to_bus]}{at} switch=yes "
        f"{resistance} units=none length=1"
    )


def windings(unit: Any) -> list[dict[str, Any]]:
    """The windings that a transformer has, in their order."""
    quantities = ("bus", "phases", "connection", "kv", "r_percent", "tap_pu")
    described = [{name: getattr(unit, f"{winding}_{name}") for name in quantities} for winding in WINDINGS]
    return [winding for winding in described if isinstance(winding["bus"], str)]


def transformer(unit: Any, name: str, bus: Mapping[str, str], taps: Mapping[str, Mapping[str, Any]]) -> str:
    """A transformer unit, at its tap where it has a tap changer."""
    described = windings(unit)
    text = (
        f"New Transformer.{name} phases={_phases(unit.primary_phases, unit.primary_connection)} "
        f"windings={len(described)} XHL={_number(unit.xhl_percent)}"
    )
    if len(described) == 3:
        text += f" XHT={_number(unit.xht_percent)} XLT={_number(unit.xlt_percent)}"
    text += f" %noloadloss={_number(unit.no_load_loss_percent)} %imag={_number(unit.magnetising_percent)}"
    for number, winding in enumerate(described, start=1):
        text += (
            f" wdg={number} bus={bus[winding['bus']]}{_winding_nodes(winding['phases'])} conn={winding['connection']} "
            f"kV={_number(winding['kv'])} kVA={_number(unit.rated_kva)} %R={_number(winding['r_percent'])}"
        )
        has_taps = name in taps and taps[name]["winding"] == number
        text += _tap_range(taps[name]) if has_taps else f" tap={_number(winding['tap_pu'])}"
    return text


def capacitor(row: Any, name: str, bus: Mapping[str, str]) -> str:
    """A shunt capacitor bank."""
    phases = _phases(row.phases, row.connection)
    ends = f"bus1={bus[row.bus]}{nodes(row.phases)}"
    if row.connection == "delta" and phases == 1:
        first, second = row.phases
        ends = f"bus1={bus[row.bus]}{nodes(first)} bus2={bus[row.bus]}{nodes(second)}"
    connection = "" if phases == 1 else f" conn={row.connection}"
    return f"New Capacitor.{name} phases={phases} {ends}{connection} kV={_number(row.kv)} kvar={_number(row.q_kvar)}"


def load(row: Any, name: str, bus: Mapping[str, str]) -> str:
    """A load with its voltage dependence."""
    shares = [row.const_z_p_percent, row.const_i_p_percent, row.const_z_q_percent, row.const_i_q_percent]
    return (
        f"New Load.{name} phases={_phases(row.phases, row.connection)} bus1={bus[row.bus]}{nodes(row.phases)} "
        f"conn={row.connection} kV={_number(row.kv)} kW={_number(row.p_kw)} kvar={_number(row.q_kvar)} "
        f"{_load_model(*(float(share) / 100.0 for share in shares))} "
        f"vminpu={_number(row.vmin_pu)} vmaxpu={_number(row.vmax_pu)}"
    )


def static_generator(name: str, bus: str, phases: str, vn_kv: float, p_mw: float, has_neutral: bool) -> str:
    """A static generator as a negative load of constant power in all phases of its bus."""
    connection = connection_of_generator(phases, has_neutral)
    line_to_neutral_kv = vn_kv / np.sqrt(3)
    kv = 2 * line_to_neutral_kv if phases == LEGS else line_to_neutral_kv if len(phases) == 1 else vn_kv
    return (
        f"New Load.{name} phases={_phases(phases, connection)} bus1={bus}{nodes(phases)} conn={connection} "
        f"kV={_number(kv)} kW={_number(-1000.0 * p_mw)} kvar=0 model=1 "
        f"vminpu={GENERATOR_VMIN_PU} vmaxpu={GENERATOR_VMAX_PU}"
    )


def connection_of_generator(phases: str, has_neutral: bool) -> str:
    """Wye to a neutral, delta where the feeder has none and between the legs of a centre-tapped secondary."""
    return "wye" if len(phases) == 1 or (has_neutral and phases != LEGS) else "delta"


def solution(voltage_bases_kv: Sequence[float]) -> list[str]:
    """Voltage bases, and how it is to be solved: fixed taps, tightly."""
    bases = ", ".join(_number(base) for base in voltage_bases_kv)
    return [
        f"Set VoltageBases=[{bases}]",
        "CalcVoltageBases",
        "Set ControlMode=OFF",
        f"Set Tolerance={TOLERANCE_PU}",
        f"Set MaxIterations={MAX_ITERATIONS}",
    ]


def _phases(phases: str, connection: str) -> int:
    """Number of phases as OpenDSS counts them: one between two conductors."""
    return 1 if connection == "delta" and len(phases) == 2 else len(phases)


def _winding_nodes(phases: str) -> str:
    """The second leg of a centre-tapped secondary points the other way."""
    return {LEGS[0]: ".1.0", LEGS[1]: ".0.2"}.get(phases, nodes(phases))


def _tap_range(changer: Mapping[str, Any]) -> str:
    step = changer["tap_step_percent"] / 100.0
    low, high, at = (
        1.0 + step * (changer[name] - changer["tap_neutral"]) for name in ("tap_min", "tap_max", "tap_pos")
    )
    steps = round(changer["tap_max"] - changer["tap_min"])
    return f" MinTap={_number(low)} MaxTap={_number(high)} NumTaps={steps} tap={_number(at)}"


def _load_model(z_p: float, i_p: float, z_q: float, i_q: float) -> str:
    pure = {(0.0, 0.0, 0.0, 0.0): 1, (1.0, 0.0, 1.0, 0.0): 2, (0.0, 1.0, 0.0, 1.0): 5}
    if (z_p, i_p, z_q, i_q) in pure:
        return f"model={pure[z_p, i_p, z_q, i_q]}"
    shares = (z_p, i_p, 1.0 - z_p - i_p, z_q, i_q, 1.0 - z_q - i_q)
    # The last entry is the voltage below which the load would vanish.
    return f"model=8 zipv=({' '.join(_number(share) for share in shares)} 0)"


def _number(value: float) -> str:
    return f"{float(value):.12g}"
