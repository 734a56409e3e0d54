"""mosaik-pandapower in an environment of its own: made on request, asked to step a feeder's net."""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DEFAULT_FOLDER = HERE / ".peers" / "mosaik-pandapower"
PEER = "mosaik-pandapower 0.2.2"
REQUIREMENTS = ("mosaik-pandapower==0.2.2", "mosaik==3.6.0", "numba", "lightsim2grid")
NAMED_TABLES = ("bus", "load", "line", "trafo", "sgen", "switch", "ext_grid")


def default_python() -> Path:
    """The interpreter of the environment that `install` makes."""
    return DEFAULT_FOLDER / "bin" / "python"


def install(folder: Path = DEFAULT_FOLDER) -> None:
    """Make the peer's environment; needs the network."""
    venv.create(folder, with_pip=True, clear=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)


def cpu_ms_per_tick(python: Path, net: Any, ticks: int, repeats: int) -> float:
    """CPU time of the peer's tick on `net`, median of the repeats: profiles, power flow and a collector. [ms]

    Raises
    ------
    RuntimeError
        If the peer does not come to its end; with the last line it said.
    """
    import pandapower

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "net.json")
        pandapower.to_json(as_the_peer_needs_it(net), file)
        command = [str(python), str(HERE / "peer_tick.py"), str(file), str(ticks), str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        raise RuntimeError(f"{PEER} ended with code {done.returncode}: {(done.stderr.splitlines() or [''])[-1]}")
    return float(json.loads(done.stdout.splitlines()[-1])["ms"])


def as_the_peer_needs_it(net: Any) -> Any:
    """A copy of the net with unique element names, and a static generator of zero power where there is none.

    The peer finds its elements by name and does not start without a row in each of its tables.
    """
    import copy

    import pandapower

    net = copy.deepcopy(net)
    if not len(net.sgen):
        pandapower.create_sgen(net, net.bus.index[-1], p_mw=0.0)
    for table in NAMED_TABLES:
        net[table]["name"] = [f"{table}_{index}" for index in net[table].index]
    return net


def chosen_python(given: Path | None, install_peer: bool) -> Path | None:
    """The interpreter to measure the peer with; None where there is none, which is said."""
    if install_peer:
        install()
    python = given or default_python()
    if python.exists():
        return python
    print(f"{PEER} is not installed, going on without it; install it with --install-peer.", file=sys.stderr)
    return None
