"""CPU time of one state estimate, beside pandapower's own estimator on the same measurements.

python -m benchmarks.estimator [--feeders NAME ...] [--estimates N] [--json FILE]

Measured are V, P and Q at every bus and P and Q at both ends of every branch, with noise. The estimates differ a
little, since ours also knows that nothing is drawn where nothing is connected. Timed is what a control room asks for at
each scan: the state, its objective J(x) and every normalised residual. pandapower builds its internal case anew for
each estimate, which is part of its time; its residuals come from `perform_rn_max_test` with a threshold that nothing
exceeds, so that it estimates once and removes nothing.
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import logging
import sys
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandapower
from pandapower.estimation.state_estimation import StateEstimation
from pandas import DataFrame

from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel
from models.plant.power_flow import PowerFlow
from models.random_streams import stream
from models.telemetry.meters import Meters, MeterSettings
from networks.metering import plan_of
from networks.registry import load_feeder

FEEDERS = ("ieee33", "cigre_mv", "oberrhein", "ieee118")
NO_REMOVAL = 1e9
TOLERANCE_PU = 1e-8


def readings(net: Any, plan: DataFrame) -> np.ndarray:
    """What noisy meters read of the nominal power flow."""
    plant = PowerFlow(net)
    state = plant.solve(plant.nominal_inputs())
    meters = Meters(plan, plant.network.order(), MeterSettings(), stream(0, "scada"))
    return meters.read({vector: getattr(state, vector) for vector in meters.vectors})


def ours(net: Any, plan: DataFrame, value: np.ndarray) -> Callable[[], np.ndarray]:
    """An estimate by the twin's estimator; returns the voltage magnitudes."""
    estimator = StateEstimator(NetworkModel(net), plan, identification_threshold=NO_REMOVAL)
    usable = np.ones(len(value), dtype=bool)
    return lambda: estimator.estimate(value, usable).vm_pu


def pandapowers(net: Any, plan: DataFrame, value: np.ndarray) -> Callable[[], np.ndarray]:
    """An estimate by pandapower's estimator; returns the voltage magnitudes."""
    for meter, reading in zip(plan.itertuples(), value, strict=True):
        pandapower.create_measurement(
            net, meter.measurement_type, meter.element_type, reading, meter.std_dev, meter.element, side=meter.side
        )
    estimation = StateEstimation(net, tolerance=TOLERANCE_PU)

    def estimate() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandapower warns of its own code at every estimate
            estimation.perform_rn_max_test(rn_max_threshold=NO_REMOVAL)
        return net.res_bus_est.vm_pu.to_numpy()

    return estimate


def cpu_ms(estimate: Callable[[], Any], estimates: int) -> float:
    """Median CPU time of an estimate, after one that compiles. [ms]"""
    estimate()
    spent = []
    for _ in range(estimates):
        start_s = time.process_time()
        estimate()
        spent.append(time.process_time() - start_s)
    return 1e3 * median(spent)


def measure(name: str, estimates: int) -> dict[str, Any]:
    """One row of the table."""
    net = load_feeder(name).net
    plan = plan_of(net, "full")
    # pandapower's estimator does not start from a flat voltage with current magnitudes, whose derivative is none there.
    plan = plan[plan.measurement_type != "i"].reset_index(drop=True)
    value = readings(net, plan)
    own, peer = ours(net, plan, value), pandapowers(net, plan, value)
    own_ms, peer_ms = cpu_ms(own, estimates), cpu_ms(peer, max(1, estimates // 10))
    return {
        "feeder": name,
        "channels": len(plan),
        "own_ms": own_ms,
        "peer_ms": peer_ms,
        "ratio": own_ms / peer_ms,
        "largest_difference_pu": float(np.nanmax(np.abs(own() - peer()))),
    }


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--feeders", nargs="+", default=list(FEEDERS), help="registered names")
    parser.add_argument("--estimates", type=int, default=200, help="estimates of ours; pandapower makes a tenth")
    arguments = parser.parse_args()
    logging.getLogger("pandapower").setLevel(logging.ERROR)
    rows = [measure(name, arguments.estimates) for name in arguments.feeders]
    columns = {
        "feeder": "feeder",
        "channels": "channels",
        "own_ms": "gridtwin ms",
        "peer_ms": "pandapower ms",
        "ratio": "ratio",
        "largest_difference_pu": "largest difference pu",
    }
    reporting.report("State estimate, J and normalised residuals, CPU time of one", columns, rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
