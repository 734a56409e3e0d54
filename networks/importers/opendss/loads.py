"""Loads and how they depend on voltage."""

from __future__ import annotations

from typing import Any

from networks.errors import InvalidFeederError
from networks.importers.opendss.conductors import Conductors, Element, live_elements

Row = dict[str, Any]

CONSTANT_POWER = (0.0, 0.0)
CONSTANT_CURRENT = (0.0, 100.0)
CONSTANT_IMPEDANCE = (100.0, 0.0)
# OpenDSS's load models (New Load ... Model=): shares of constant impedance and current of P, then of Q [percent].
SHARES = {
    1: (CONSTANT_POWER, CONSTANT_POWER),
    2: (CONSTANT_IMPEDANCE, CONSTANT_IMPEDANCE),
    3: (CONSTANT_POWER, CONSTANT_IMPEDANCE),
    5: (CONSTANT_CURRENT, CONSTANT_CURRENT),
    6: (CONSTANT_POWER, CONSTANT_POWER),
    7: (CONSTANT_POWER, CONSTANT_IMPEDANCE),
}
CVR, ZIP = 4, 8


def load_rows(circuit: Element, conductors: Conductors, notes: list[str]) -> list[Row]:
    """Rows of the table `load`."""
    inexact: list[str] = []
    rows = [_load_row(load, circuit["load_multiplier"], conductors, inexact) for load in live_elements(circuit["load"])]
    if inexact:
        notes.append(f"their dependence on voltage is right near rated voltage only: load {', '.join(inexact)}.")
    return rows


def _load_row(load: Element, multiplier: float, conductors: Conductors, inexact: list[str]) -> Row:
    element = f"load.{load['Name']}"
    (bus,), (nodes,) = load["buses"], load["nodes"]
    phases, connection = conductors.winding(bus, nodes, load["Conn"], element)
    if connection == "delta" and load["Phases"] == 2:
        raise InvalidFeederError(f"{conductors.name}: {element} is a two-phase delta; write it as single-phase loads.")
    of_p, of_q = _shares(load, conductors.name, inexact)
    return {
        "load": load["Name"],
        "bus": bus,
        "phases": phases,
        "connection": connection,
        "kv": load["kV"],
        "p_kw": load["kW"] * multiplier,
        "q_kvar": load["kvar"] * multiplier,
        "const_z_p_percent": of_p[0],
        "const_i_p_percent": of_p[1],
        "const_z_q_percent": of_q[0],
        "const_i_q_percent": of_q[1],
        "vmin_pu": load["VMinpu"],
        "vmax_pu": load["VMaxpu"],
    }


def _shares(load: Element, name: str, inexact: list[str]) -> tuple[tuple[float, float], tuple[float, float]]:
    model = load["Model"]
    if model == CVR:
        exponents = load["CVRWatts"], load["CVRVars"]
        if not all(exponent in (0.0, 1.0, 2.0) for exponent in exponents):
            inexact.append(load["Name"])
        return _shares_of_exponent(exponents[0]), _shares_of_exponent(exponents[1])
    if model == ZIP:
        z_p, i_p, p_p, z_q, i_q, p_q, cutoff = load["ZIPV"]
        if max(abs(z_p + i_p + p_p - 1.0), abs(z_q + i_q + p_q - 1.0)) > 1e-3:
            raise InvalidFeederError(f"{name}: the ZIPV shares of load.{load['Name']} do not sum to 1.")
        if cutoff > 0.0:
            inexact.append(load["Name"])
        return (100.0 * z_p, 100.0 * i_p), (100.0 * z_q, 100.0 * i_q)
    if model not in SHARES:
        raise InvalidFeederError(f"{name}: load.{load['Name']} has model {model}; expected one of 1 to 8.")
    return SHARES[model]


def _shares_of_exponent(exponent: float) -> tuple[float, float]:
    """Shares of impedance and current with the same slope at rated voltage: 2 z + i = exponent."""
    if exponent <= 1.0:
        return 0.0, 100.0 * exponent
    return 100.0 * (exponent - 1.0), 100.0 * (2.0 - exponent)
