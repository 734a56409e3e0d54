"""CPU time of one state estimate, beside pandapower's and power-grid-model's estimators on the same measurements.

python -m benchmarks.estimator [--feeders NAME ...] [--estimates N] [--json FILE]

What is measured is said in `benchmarks.estimation_case`; every estimate gets fresh noise, made outside of the timed
region, and starts from the one before where the estimator can. Timed is what a control room asks for at each scan: the
state, its objective J(x) and every normalised residual (gridtwin, pandapower), or the bare state (power-grid-model or
PGM, which has no more; it is left out where it is not installed). "New weights" is gridtwin with other variances at
every scan, "compile" what a topology state costs once. Feeders whose data is not on this machine are left out.
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import importlib.util
import logging
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

from benchmarks.estimation_case import FEEDERS, Case, build
from benchmarks.estimation_peers import Gridtwin, Pandapower, Peer, PowerGridModel
from networks.errors import FeederError

COLUMNS = {
    "feeder": "feeder",
    "buses": "buses",
    "measurements": "rows",
    "compile_ms": "compile ms",
    "own_ms": "gridtwin ms",
    "new_weights_ms": "new weights ms",
    "iterations": "steps",
    "pandapower_ms": "pandapower ms",
    "pandapower_ratio": "ratio",
    "pandapower_difference_pu": "ΔV pu",
    "power_grid_model_ms": "PGM ms",
    "power_grid_model_ratio": "ratio",
    "power_grid_model_difference_pu": "ΔV pu",
    "power_grid_model_failed": "failed",
}
# pandapower's share of the estimates, on nets below this number of buses: it takes hundreds of times as long, and
# seconds on larger ones.
PANDAPOWER_SHARE, SMALL = 40, 500


def cpu_ms(peer: Peer, readings: Iterator[np.ndarray]) -> tuple[float, int]:
    """Median CPU time of an estimate, after two that compile and find a start [ms], and how many failed."""
    spent, failed = [], 0
    for value in readings:
        peer.prepare(value)
        start_s = time.process_time()
        try:
            peer.estimate()
        except Exception:  # each peer fails with types of its own
            failed += 1
        else:
            spent.append(time.process_time() - start_s)
    return (1e3 * median(spent[2:]) if len(spent) > 2 else float("nan")), failed


def largest_difference(own: Peer, peer: Peer, case: Case) -> float:
    """Of the voltages of both, for three scans; they are told zero injections with unlike sharpness. [pu]"""
    differences = []
    for value in case.readings(3, seed=2):
        for estimator in (own, peer):
            estimator.prepare(value)
            estimator.estimate()
        differences.append(np.nanmax(np.abs(own.vm_pu() - peer.vm_pu())))
    return float(max(differences))


def beside(name: str, kind: type[Peer], case: Case, own: Peer, own_ms: float, estimates: int) -> dict[str, Any]:
    """The columns of one peer; those of one that never finds an estimate stay empty."""
    peer = kind(case)
    peer_ms, failed = cpu_ms(peer, case.readings(estimates))
    row: dict[str, Any] = {f"{name}_failed": f"{failed / estimates:.0%}" if failed else ""}
    if failed < estimates:
        row |= {f"{name}_ms": peer_ms, f"{name}_ratio": peer_ms / own_ms}
    if not failed:
        row[f"{name}_difference_pu"] = largest_difference(own, peer, case)
    return row


def measure(case: Case, name: str, estimates: int) -> dict[str, Any]:
    """One row of the table."""
    start_s = time.process_time()
    own = Gridtwin(case)
    compile_ms = 1e3 * (time.process_time() - start_s)
    own_ms, _ = cpu_ms(own, case.readings(estimates))
    new_weights_ms, _ = cpu_ms(Gridtwin(case, new_weights=True), case.readings(estimates))
    row: dict[str, Any] = {
        "feeder": name,
        "buses": case.network.n_bus,
        "measurements": len(case.measurements),
        "compile_ms": compile_ms,
        "own_ms": own_ms,
        "new_weights_ms": new_weights_ms,
        "iterations": own.last.iterations,
    }
    few = max(3, estimates // PANDAPOWER_SHARE if case.network.n_bus < SMALL else 0)
    row |= beside("pandapower", Pandapower, case, own, own_ms, few)
    if importlib.util.find_spec("power_grid_model"):
        row |= beside("power_grid_model", PowerGridModel, case, own, own_ms, estimates)
    return row


def growth(rows: list[dict[str, Any]]) -> float:
    """Exponent of the CPU time over the number of buses, fitted to all feeders."""
    logarithms = np.log([[row["buses"], row["own_ms"]] for row in rows])
    return float(np.polyfit(logarithms[:, 0], logarithms[:, 1], 1)[0])


def rows(feeders: list[str], estimates: int) -> Iterator[dict[str, Any]]:
    """One row a feeder that is there."""
    for name in feeders:
        try:
            case = build(name)
        except FeederError as reason:
            print(f"{name} is left out: {reason}", file=sys.stderr)
            continue
        yield measure(case, name, estimates)


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--feeders", nargs="+", default=list(FEEDERS), help="registered names, or MATPOWER cases")
    parser.add_argument("--estimates", type=int, default=400, help="estimates of ours; pandapower makes a fortieth")
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)
    Gridtwin(build("ieee33"))  # what is compiled once for all feeders
    table = list(rows(arguments.feeders, arguments.estimates))
    reporting.report("State estimate, J and normalised residuals, CPU time of one", COLUMNS, table, arguments.json)
    if len(table) > 1:
        print(f"CPU time grows with the number of buses to the power of {growth(table):.2f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
