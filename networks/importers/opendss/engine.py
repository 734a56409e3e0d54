"""Lets the OpenDSS engine interpret a feeder's description, in a process of its own.

``python -m networks.importers.opendss.engine`` reads statements from its standard input and writes the elements they
make to its standard output, both as JSON. A damaged file can then neither stop the caller nor leave the engine's
settings (frequency, working directory) behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from math import sqrt
from typing import Any

from networks.errors import FeederError, InvalidFeederError
from networks.importers.opendss.script import Statement

CLASSES = ("vsource", "line", "load", "transformer", "regcontrol", "capacitor", "reactor", "swtcontrol")
SECONDS_ALLOWED = 30.0
BYTES_ALLOWED = 4 * 2**30
FULL = 1  # DSSJSONFlags.Full: every property, also those left at their default


def interpret(statements: Sequence[Statement], name: str) -> dict[str, Any]:
    """The elements that statements make: properties as OpenDSS understands them, buses, and where they connect.

    Raises
    ------
    FeederError
        If the optional OpenDSS engine is not installed.
    InvalidFeederError
        If the engine refuses a statement, fails, or needs too long.
    """
    if find_spec("opendssdirect") is None:
        raise FeederError('an OpenDSS file needs the extra "opendss"; install it with: pip install -e ".[opendss]"')
    if not statements:
        raise InvalidFeederError(f"{name} describes no circuit; give the master .dss file of a feeder (New Circuit).")
    answer = _ask_engine([(statement.text, statement.place) for statement in statements], name)
    if "refused" in answer:
        raise InvalidFeederError(answer["refused"])
    return answer


def _ask_engine(statements: list[tuple[str, str]], name: str) -> dict[str, Any]:
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    with tempfile.TemporaryDirectory() as nowhere:
        try:
            done = subprocess.run(
                [sys.executable, "-m", __name__],
                input=json.dumps(statements),
                capture_output=True,
                text=True,
                timeout=SECONDS_ALLOWED,
                cwd=nowhere,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired:
            raise InvalidFeederError(f"{name}: OpenDSS took longer than {SECONDS_ALLOWED:g} s to read it.") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise InvalidFeederError(f"{name}: the OpenDSS engine stopped on it ({last[:150]}); is the file damaged?")
    return json.loads(done.stdout.splitlines()[-1])


def _limit_memory() -> None:
    """A damaged number of phases asks for any amount of memory; where the system can, it gets so much and no more."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    allowed = BYTES_ALLOWED if most == resource.RLIM_INFINITY else min(BYTES_ALLOWED, most)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, most))


def describe(statements: list[tuple[str, str]]) -> dict[str, Any]:
    """Runs in the engine's process: make the circuit, then say what is in it."""
    import opendssdirect

    engine = opendssdirect.dss.NewContext()
    for permission in ("AllowForms", "AllowEditor", "AllowChangeDir", "AllowDOScmd"):
        getattr(engine.Basic, permission)(False)
    engine.Text.Command("clear")
    engine.Text.Command("set DefaultBaseFrequency=60")  # the engine would keep the last circuit's
    for text, place in statements:
        try:
            engine.Text.Command(text)
        except opendssdirect.DSSException as error:
            return {"refused": f"{place}: {_one_line(error)}"}
    try:
        if not engine.Basic.NumCircuits():
            return {"refused": f"{statements[0][1]}: expected New Circuit, found none."}
        return _circuit(engine, [text for text, _ in statements])
    except opendssdirect.DSSException as error:
        return {"refused": f"{statements[-1][1]}: {_one_line(error)}"}


def _circuit(engine: Any, statements: list[str]) -> dict[str, Any]:
    engine.Text.Command("makebuslist")
    elements = {kind: _elements(engine, kind) for kind in CLASSES}
    stated = any(text.startswith("set voltagebases") for text in statements)
    if not stated:
        bases = sorted(_voltages(elements), reverse=True)
        engine.Text.Command(f"set VoltageBases=[{' '.join(f'{base:.6g}' for base in bases)}]")
    if not stated or not any(text.startswith(("calcvoltagebases", "setkvbase")) for text in statements):
        engine.Text.Command("calcvoltagebases")
    return {
        "bus": [_bus(engine, name) for name in engine.Circuit.AllBusNames()],
        "load_multiplier": engine.Solution.LoadMult(),
        "f_hz": engine.Solution.Frequency(),
        "voltage_bases_stated": stated,
        **elements,
    }


def _elements(engine: Any, kind: str) -> list[dict[str, Any]]:
    engine.Basic.SetActiveClass(kind)
    found = []
    for name in engine.ActiveClass.AllNames():
        engine.Circuit.SetActiveElement(f"{kind}.{name}")
        active = engine.CktElement
        if not active.Enabled():
            found.append({"Name": name, "Enabled": False})
            continue
        terminals = active.NumTerminals()
        nodes, conductors = active.NodeOrder(), active.NumConductors()
        found.append(
            {
                **json.loads(engine.Element.ToJSON(FULL)),
                "buses": [bus.partition(".")[0] for bus in active.BusNames()],
                "nodes": [list(nodes[i * conductors : (i + 1) * conductors]) for i in range(terminals)],
                "open": any(active.IsOpen(terminal + 1, 0) for terminal in range(terminals)),
            }
        )
    return found


def _bus(engine: Any, name: str) -> dict[str, Any]:
    engine.Circuit.SetActiveBus(name)
    return {"bus": name, "vn_kv": engine.Bus.kVBase() * sqrt(3.0), "nodes": engine.Bus.Nodes()}


def _voltages(elements: dict[str, list[dict[str, Any]]]) -> set[float]:
    """Line-to-line ratings of source and windings [kV], for a file that states no voltage bases."""
    voltages = {source["BasekV"] for source in elements["vsource"] if source["Enabled"]}
    for transformer in elements["transformer"]:
        if transformer["Enabled"]:
            single = transformer["Phases"] == 1
            for kv, connection in zip(transformer["kVs"], transformer["Conns"], strict=True):
                voltages.add(float(f"{kv * sqrt(3.0) if single and connection == 'wye' else kv:.4g}"))
    return voltages


def _one_line(error: Exception) -> str:
    """What the engine said, without the frame it puts around it."""
    text = " ".join(str(error.args[-1]).split())
    _, framed, description = text.partition("Error Description: ")
    if framed:
        text = description.partition(" Probable Cause")[0]
    return text.rstrip(" .")[:200] + "."


if __name__ == "__main__":
    _limit_memory()
    print(json.dumps(describe(json.loads(sys.stdin.read()))))
