"""CPU time of one tick of the twin, whole and by its parts, beside mosaik-pandapower's power flow on the same feeder.

python -m benchmarks.tick [--feeders NAME ...] [--ticks N] [--install-peer | --peer-python PATH] [--json FILE]

The scenario is `clean` (standard loads, sun, no attack, no fault) at one-minute steps with everything wired: estimator,
regulator, recloser, all detectors, and the recorder writing its tables to disk. The LSTM autoencoder has random
weights, which cost what trained ones do. A simulator's share is the CPU time inside its `step` and `get_data`; what is
left of the tick is mosaik's.
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peer_environment import PEER, chosen_python
from benchmarks.peer_environment import cpu_ms_per_tick as peer_cpu_ms_per_tick
from benchmarks.stopwatch import Stopwatch
from benchmarks.untrained import untrained_lstm
from mosaik_scenarios import manifest
from mosaik_scenarios.catalogue import find
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.training import new_detector
from mosaik_scenarios.twin import Experiment
from mosaik_scenarios.wiring import SIMULATORS
from mosaik_scenarios.world import simulate
from networks.feeder import Feeder
from networks.registry import load_feeder

FEEDERS = ("ieee33", "cigre_mv", "oberrhein")
WARM_UP_TICKS = 10
WHOLE, LEFT, RATIO = "whole loop", "mosaik", "whole loop / peer"
WANTED = {"Grid": "<= 1", RATIO: "<= 0.2"}

Times = dict[str, float]


def measure(feeder: Feeder, ticks: int) -> Times:
    """CPU time of one tick by part, in one run; its first ticks do not count. [ms]"""
    scenario = find("clean").with_overrides({"feeder": feeder.name, "duration": f"{ticks}min"})
    stopwatch = Stopwatch(last="Recorder", warm_up=WARM_UP_TICKS)
    with tempfile.TemporaryDirectory() as temporary:
        folder = manifest.claim(Path(temporary, "run"), scenario.as_mapping())
        experiment = Experiment(scenario, feeder, _detectors(scenario, feeder), folder.path)
        with stopwatch.watching(SIMULATORS):
            simulate(experiment)
            whole_s = stopwatch.total_s
    parts = {name: 1e3 * stopwatch.spent_s[name] / stopwatch.ticks for name in SIMULATORS if name in stopwatch.spent_s}
    whole = 1e3 * whole_s / stopwatch.ticks
    return {**parts, LEFT: whole - sum(parts.values()), WHOLE: whole}


def median_of_runs(feeder: Feeder, ticks: int, repeats: int) -> Times:
    """The middle of several runs, part by part: other processes only ever add to the time."""
    runs = [measure(feeder, ticks) for _ in range(repeats)]
    return {part: median(run[part] for run in runs) for part in runs[0]}


def with_peer(times: Times, python: Path | None, feeder: Feeder, ticks: int, repeats: int) -> Times:
    """The times, with the peer's tick and the ratio where there is a peer."""
    if python is None:
        return times
    try:
        peer = peer_cpu_ms_per_tick(python, feeder.net, ticks, repeats)
    except RuntimeError as error:
        print(f"{feeder.name}: {error}", file=sys.stderr)
        return times
    return {**times, PEER: peer, RATIO: times[WHOLE] / peer}


def as_rows(times_of_feeder: dict[str, Times]) -> list[dict[str, Any]]:
    """One row a part, one column a feeder."""
    parts = dict.fromkeys(part for times in times_of_feeder.values() for part in times)
    return [
        {
            "part": part,
            **{name: times.get(part) for name, times in times_of_feeder.items()},
            "wanted": WANTED.get(part, ""),
        }
        for part in parts
    ]


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--feeders", nargs="+", default=list(FEEDERS), help="registered names")
    parser.add_argument("--ticks", type=int, default=720, help=f"ticks of a run, the first {WARM_UP_TICKS} unmeasured")
    parser.add_argument("--repeats", type=int, default=3, help="runs, of which the median counts")
    parser.add_argument("--peer-ticks", type=int, default=100, help="ticks of a peer's run")
    parser.add_argument("--peer-python", type=Path, help="interpreter with mosaik-pandapower")
    parser.add_argument("--install-peer", action="store_true", help="make an environment for the peer first")
    arguments = parser.parse_args()
    python = chosen_python(arguments.peer_python, arguments.install_peer)
    times_of_feeder = {}
    for name in arguments.feeders:
        feeder = load_feeder(name)
        times = median_of_runs(feeder, arguments.ticks, arguments.repeats)
        times_of_feeder[name] = with_peer(times, python, feeder, arguments.peer_ticks, arguments.repeats)
    columns = {"part": "part", **{name: name for name in times_of_feeder}, "wanted": "wanted"}
    reporting.report("CPU time of one tick in ms", columns, as_rows(times_of_feeder), arguments.json)
    return 0


def _detectors(scenario: Scenario, feeder: Feeder) -> dict[str, Any]:
    channels = Roles(scenario, feeder).judged_channels
    detectors = {name: new_detector(name) for name in scenario.detectors if name != "lstm_autoencoder"}
    return {**detectors, "lstm_autoencoder": untrained_lstm("lstm_autoencoder", channels)}


if __name__ == "__main__":
    sys.exit(main())
