"""Whether J(x) means what it says on clean days of the twin.

python -m benchmarks.clean_days [--feeders NAME ...] [--seeds N] [--loss SHARE ...] [--deadband PERCENT ...]

Simulates summer and winter days without an attack, each seed with customers, meters and luck of its own, and lays J(x)
beside the chi-square distribution of its degrees of freedom: its mean, the largest distance between both distribution
functions (Kolmogorov-Smirnov), and how often it exceeds the 1 % and the 5 % quantile. Unlike in `estimator_statistics`
nothing is as the estimator assumes it: customers stray from their profile in the same direction all day, meters have
biases, values arrive old or not at all.
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split

import sys
from itertools import product

import numpy as np
from scipy.stats import chi2, kstest

from models.detection.history import History
from mosaik_scenarios.histories import history_of
from mosaik_scenarios.scenario import Scenario

FEEDERS = ("ieee33", "cigre_mv")
DAYS = ("2026-06-17T00:00:00+02:00", "2026-01-14T00:00:00+01:00")
COLUMNS = {
    "feeder": "feeder",
    "loss": "loss",
    "deadband_percent": "deadband [%]",
    "degrees_of_freedom": "degrees of freedom",
    "ratio": "J / degrees of freedom",
    "least": "least of a day",
    "largest": "largest",
    "ks": "KS distance",
    "above_1": "above 1 % [%]",
    "above_5": "above 5 % [%]",
}


def days(feeder: str, seeds: int, loss: float, deadband_percent: float) -> list[History]:
    """One summer and one winter day a seed."""
    telemetry = {"loss_probability": loss, "deadband_percent": deadband_percent}
    return [
        history_of(Scenario(feeder=feeder, start=start, seed=seed, detectors=(), telemetry=telemetry))
        for start in DAYS
        for seed in range(1, seeds + 1)
    ]


def measure(feeder: str, seeds: int, loss: float, deadband_percent: float) -> reporting.Row:
    """J(x) on all days of one feeder."""
    found = [(day.objective, day.degrees_of_freedom) for day in days(feeder, seeds, loss, deadband_percent)]
    estimated = [(j[d > 0], d[d > 0]) for j, d in found]
    objective, degrees_of_freedom = (np.concatenate(series) for series in zip(*estimated, strict=True))
    probability = chi2.cdf(objective, degrees_of_freedom)
    by_day = [float(np.mean(j / d)) for j, d in estimated]
    return {
        "feeder": feeder,
        "loss": loss,
        "deadband_percent": deadband_percent,
        "degrees_of_freedom": int(np.median(degrees_of_freedom)),
        "ratio": float(np.mean(objective / degrees_of_freedom)),
        "least": min(by_day),
        "largest": max(by_day),
        "ks": float(kstest(probability, "uniform").statistic),
        "above_1": 100 * float(np.mean(probability > 0.99)),
        "above_5": 100 * float(np.mean(probability > 0.95)),
    }


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--feeders", nargs="+", default=list(FEEDERS), help="registered names")
    parser.add_argument("--seeds", type=int, default=6, help="days of each season")
    parser.add_argument("--loss", type=float, nargs="+", default=[0.001, 0.2], help="shares of messages lost")
    parser.add_argument("--deadband", type=float, nargs="+", default=[0.1], help="in percent of full scale")
    arguments = parser.parse_args()
    kinds = product(arguments.feeders, arguments.loss, arguments.deadband)
    rows = [measure(feeder, arguments.seeds, loss, deadband) for feeder, loss, deadband in kinds]
    reporting.report("J(x) on clean days", COLUMNS, rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
