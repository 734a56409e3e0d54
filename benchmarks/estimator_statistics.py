"""Whether the estimator's statistics hold, and what its identification of bad data finds.

python -m benchmarks.estimator_statistics [--feeders NAME ...] [--metering PLAN] [--estimates N] [--trials N]

The truth is one power flow, at nominal loads and what is expected of generators. Meters add Gaussian noise of their
stated standard deviation, without steps; forecasts are off by what the estimator takes them to be off. Then

- J(x) is to follow the chi-square distribution of its degrees of freedom, and its test at 1 % to alarm as often;
- normalised residuals are to be standard normal (their sizes, half normal), and errors of the estimated magnitudes over
  their computed standard deviations too. Those of one estimate are correlated, so that one of each estimate, picked at
  random, goes into the Kolmogorov-Smirnov test;
- one gross error of 20 standard deviations on a redundant channel is to have the largest normalised residual and to be
  removed. Redundant is a channel of which an error of 12 standard deviations is identified without noise;
- where channels are critical, errors are never to be removed.

Reported are what happens with gross errors elsewhere, with two at neighbouring places, and with a group of channels
that all follow a false load and so agree with each other.
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import logging
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from pandas import DataFrame
from scipy.stats import halfnorm, kstest, norm

from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.estimation.measurements.pseudo_measurements import PSEUDO_STD_DEV_FRACTION, InjectionForecast
from models.network_model import NetworkModel
from models.plant.grid_state import GridState
from models.plant.power_flow import PowerFlow
from models.random_streams import stream
from models.telemetry.instrument_errors import MeterSettings
from models.telemetry.meters import Meters
from networks.metering import STATUS_TYPES, plan_of
from networks.metering_points import POINTS
from networks.registry import load_feeder

FEEDERS = ("ieee33", "cigre_mv", "ieee118", "oberrhein", "iowa240")
GROSS, IDENTIFIED_WITHOUT_NOISE = 20.0, 12.0
SIGNIFICANCE = 0.01


@dataclass(frozen=True, eq=False)
class Experiment:
    """A feeder with its true state, and an estimator that is told noisy readings and noisy forecasts."""

    net: Any
    plan: DataFrame
    truth: GridState
    meters: Meters
    estimator: StateEstimator
    forecast_std_dev: np.ndarray
    """Of P, then Q of every load, (2, n_load). [MW], [Mvar]"""
    random: np.random.Generator

    @property
    def true_values(self) -> np.ndarray:
        """What perfect meters read, (n_channel,)."""
        return self.readings_of(self.truth)

    def readings_of(self, state: GridState) -> np.ndarray:
        """What perfect meters would read in a state, (n_channel,)."""
        return self.meters.true_values({vector: getattr(state, vector) for vector in self.meters.vectors})

    def estimate(self, error: np.ndarray | float = 0.0, *, noise: float = 1.0) -> Estimate:
        """One estimate from fresh noise and `error`, in the channels' units."""
        reading = noise * self.meters.std_dev * self.random.standard_normal(len(self.plan))
        forecast = noise * self.forecast_std_dev * self.random.standard_normal(self.forecast_std_dev.shape)
        load = self.net.load[["p_mw", "q_mvar"]].to_numpy().T + forecast
        # Forecasts stray about what is drawn here, not customers about their forecast: the truth's is the variance.
        at_truth = self.estimator.expected_consumption()
        expected = self.estimator.expected_consumption(*load)._replace(variance=at_truth.variance)
        return self.estimator.estimate_given(
            self.true_values + reading + error, np.ones(len(self.plan), bool), expected
        )

    def gross_error(self, channels: Sequence[int], size: float = GROSS) -> np.ndarray:
        """Errors of so many standard deviations, with random signs. (n_channel,)"""
        error = np.zeros(len(self.plan))
        error[channels] = size * self.meters.std_dev[channels] * self.random.choice([-1.0, 1.0], len(channels))
        return error


def build(name: str, plan: Callable[[Any], DataFrame]) -> Experiment:
    """The experiment of one feeder."""
    net = load_feeder(name).net
    net.load[net.load.filter(like="const_").columns] = 0.0  # forecasts are of powers, whatever the voltage
    network, channels = NetworkModel(net), plan(net)
    channels = channels[~channels.measurement_type.isin(STATUS_TYPES)].reset_index(drop=True)
    expected = deepcopy(net)
    expected.sgen[["p_mw", "q_mvar"]] *= 0.5
    plant = PowerFlow(expected)
    return Experiment(
        net=expected,
        plan=channels,
        truth=plant.solve(plant.nominal_inputs()),
        meters=Meters(channels, network.order(), MeterSettings.ideal(), stream(0, "scada"), stream(0, "scada")),
        estimator=StateEstimator(network, channels, significance=SIGNIFICANCE),
        forecast_std_dev=_forecast_std_dev(network),
        random=np.random.default_rng(1),
    )


def _forecast_std_dev(network: NetworkModel) -> np.ndarray:
    """What a bus is uncertain by, laid on its first load. (2, n_load)"""
    forecast = InjectionForecast(network, PSEUDO_STD_DEV_FRACTION)
    variance = forecast.consumption(None, None).variance + forecast.other_consumption(network.admittances()).variance
    variance = np.where(np.isfinite(variance), variance, 0.0).reshape(2, network.n_bus)
    std_dev = np.zeros((2, len(network.load_bus)))
    in_service = np.flatnonzero(network.load_weight)
    _, first = np.unique(network.load_bus[in_service], return_index=True)
    load = in_service[first]
    std_dev[:, load] = np.sqrt(variance[:, network.load_bus[load]]) / network.load_weight[load]
    return std_dev


def clean(experiment: Experiment, estimates: int) -> dict[str, Any]:
    """J, normalised residuals and errors of the state without bad data."""
    found = [experiment.estimate() for _ in range(estimates)]
    p_value = np.array([e.p_value for e in found])
    residual = np.array([e.normalised_residual for e in found])
    error = np.array([(e.vm_pu - experiment.truth.vm_pu) / e.vm_pu_std_dev for e in found])
    return {
        "degrees_of_freedom": found[0].degrees_of_freedom,
        "objective_ks": kstest(p_value, "uniform").pvalue,
        "false_alarms": float(np.mean(p_value < SIGNIFICANCE)),
        "removals": float(np.mean([e.removed.any() for e in found])),
        "accused": float(np.mean([e.suspects.any() for e in found])),
        "residual_mean_square": float(np.nanmean(residual**2)),
        "residual_ks": kstest(_one_of_each(residual, experiment.random), halfnorm.cdf).pvalue,
        "state_mean_square": float(np.nanmean(error**2)),
        "state_ks": kstest(_one_of_each(error, experiment.random), norm.cdf).pvalue,
    }


def _one_of_each(table: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A random finite entry of every row."""
    return np.array([random.choice(row[np.isfinite(row)]) for row in table])


def redundant_channels(experiment: Experiment) -> np.ndarray:
    """Channels whose moderate error is identified where there is no noise. (n_channel,)"""
    result = np.zeros(len(experiment.plan), dtype=bool)
    for channel in range(len(result)):
        error = experiment.gross_error([channel], IDENTIFIED_WITHOUT_NOISE)
        result[channel] = experiment.estimate(error, noise=0.0).removed[channel]
    return result


def single_errors(experiment: Experiment, redundant: np.ndarray, trials: int) -> dict[str, Any]:
    """One gross error, on redundant channels and on the others."""
    first = removed = alone = wrong = suspected = 0
    for channel in experiment.random.choice(np.flatnonzero(redundant), trials):
        found = experiment.estimate(experiment.gross_error([channel]))
        largest = found.converged and np.nanargmax(found.normalised_residual) == channel
        first += largest and found.removed[channel]
        removed += found.removed[channel]
        alone += found.removed[channel] and found.removed.sum() == 1
    others = np.flatnonzero(~redundant)
    for channel in experiment.random.choice(others, trials) if len(others) else ():
        found = experiment.estimate(experiment.gross_error([channel]))
        wrong += np.delete(found.removed, channel).any()
        suspected += found.suspects[channel]
    return {
        "redundant": float(redundant.mean()),
        "identified_first": first / trials,
        "identified": removed / trials,
        "nothing_else": alone / trials,
        "others_wrong": wrong / trials if len(others) else None,
        "others_suspected": suspected / trials if len(others) else None,
    }


def interacting_errors(experiment: Experiment, redundant: np.ndarray, trials: int) -> dict[str, Any]:
    """Two gross errors of the same quantity at the same bus or next to it."""
    near = _neighbours(experiment)
    same = experiment.plan.measurement_type.to_numpy()
    near &= (same[:, np.newaxis] == same) & redundant & redundant[:, np.newaxis]
    pairs = np.argwhere(np.triu(near, 1))
    both = exactly = wrong = unresolved = 0
    for pair in experiment.random.choice(pairs, trials):
        found = experiment.estimate(experiment.gross_error(pair))
        both += found.removed[pair].all()
        exactly += found.removed[pair].all() and found.removed.sum() == 2
        wrong += np.delete(found.removed, pair).any()
        unresolved += not found.identifiable
    rates = {"pair_both": both, "pair_exactly": exactly, "pair_wrong": wrong, "pair_unresolved": unresolved}
    return {name: count / trials for name, count in rates.items()}


def conforming_errors(experiment: Experiment, trials: int) -> dict[str, Any]:
    """Every channel at a load's bus and next to it reads what it would if that load were larger."""
    near, loads = _neighbours(experiment), experiment.net.load
    at_load = np.flatnonzero((experiment.plan.measurement_type == "p") & (experiment.plan.element_type == "bus"))
    at_load = at_load[np.isin(experiment.plan.element.to_numpy()[at_load], loads.bus[loads.in_service])]
    alarms = all_out = healthy = unresolved = 0
    for channel in experiment.random.choice(at_load, trials):
        forged = near[channel] | (np.arange(len(near)) == channel)
        false_values = experiment.readings_of(_with_larger_load(experiment, channel))
        found = experiment.estimate(np.where(forged, false_values - experiment.true_values, 0.0))
        alarms += found.p_value < SIGNIFICANCE
        all_out += found.removed[channel]
        healthy += found.removed[~forged].any()
        unresolved += not found.identifiable
    counts = {"alarms": alarms, "load_out": all_out, "healthy_out": healthy, "unresolved": unresolved}
    return {f"conforming_{name}": count / trials for name, count in counts.items()}


def _with_larger_load(experiment: Experiment, channel: int) -> GridState:
    """The state if the load behind an injection channel drew more by a gross error of the channel."""
    net = deepcopy(experiment.net)
    load = net.load.index[(net.load.bus == experiment.plan.element[channel]) & net.load.in_service][0]
    net.load.loc[load, "p_mw"] += GROSS * experiment.meters.std_dev[channel] / net.load.scaling[load]
    plant = PowerFlow(net)
    return plant.solve(plant.nominal_inputs())


def _neighbours(experiment: Experiment) -> np.ndarray:
    """Whether two channels are at the same bus or at buses that a branch joins. (n_channel, n_channel)"""
    net, network = experiment.net, experiment.estimator.network
    ends = {
        "bus": lambda element: [element],
        "line": lambda element: net.line.loc[element, ["from_bus", "to_bus"]].tolist(),
        "trafo": lambda element: net.trafo.loc[element, ["hv_bus", "lv_bus"]].tolist(),
    }
    at = np.zeros((len(experiment.plan), network.n_bus), dtype=bool)
    for channel, row in enumerate(experiment.plan.itertuples()):
        at[channel, network.bus_position(ends[row.element_type](row.element))] = True
    joined = np.eye(network.n_bus, dtype=bool)
    for table, (first, second) in (("line", ("from_bus", "to_bus")), ("trafo", ("hv_bus", "lv_bus"))):
        pairs = network.bus_position(net[table][first]), network.bus_position(net[table][second])
        joined[pairs] = joined[pairs[::-1]] = True
    return np.asarray(at.astype(int) @ joined.astype(int) @ at.T.astype(int) > 0)


def critical_errors(name: str, trials: int) -> dict[str, Any]:
    """Gross errors on the critical channels of a plan that has next to no other."""
    experiment = build(name, _sparse_plan)
    critical = experiment.estimator.observability_report().critical_channels
    channels = np.flatnonzero(experiment.plan.name.isin(critical))
    reported = removed = 0
    for channel in experiment.random.choice(channels, trials):
        found = experiment.estimate(experiment.gross_error([channel]))
        reported += found.critical[channel]
        removed += found.removed[channel]
    return {"critical_reported": reported / trials, "critical_removed": removed / trials}


def _sparse_plan(net: Any) -> DataFrame:
    """The voltages of external grids, and P and Q at every generator and at half of the other buses."""
    plan = plan_of(net, "full")
    at_bus, is_voltage = plan.element_type == "bus", plan.measurement_type == "v"
    at_slack = plan.element.isin(net.ext_grid.bus)
    injections = ~is_voltage & ~at_slack & (plan.element.isin(net.gen.bus) | (plan.element % 2 == 0))
    return plan[at_bus & (is_voltage & at_slack | injections)].reset_index(drop=True)


def measure(name: str, metering: str, estimates: int, trials: int) -> dict[str, Any]:
    """All figures of one feeder."""
    experiment = build(name, lambda net: plan_of(net, metering))
    redundant = redundant_channels(experiment)
    return {
        "feeder": name,
        "channels": len(experiment.plan),
        **clean(experiment, estimates),
        **single_errors(experiment, redundant, trials),
        **interacting_errors(experiment, redundant, trials),
        **conforming_errors(experiment, trials),
        **critical_errors(name, trials),
    }


TABLES: dict[str, dict[str, str]] = {
    "Clean measurements": {
        "channels": "channels",
        "degrees_of_freedom": "dof",
        "objective_ks": "J KS p",
        "false_alarms": "alarms at 1 %",
        "removals": "removals",
        "accused": "suspects",
        "residual_mean_square": "residual^2",
        "residual_ks": "residual KS p",
        "state_mean_square": "state error^2",
        "state_ks": "state KS p",
    },
    "One error of 20 standard deviations": {
        "redundant": "redundant channels",
        "identified_first": "first and removed",
        "identified": "removed",
        "nothing_else": "nothing else removed",
        "others_wrong": "others: wrong removal",
        "others_suspected": "others: suspected",
        "critical_reported": "critical: reported",
        "critical_removed": "critical: removed",
    },
    "Two neighbouring errors, and errors that conform with a false load": {
        "pair_both": "pair: both removed",
        "pair_exactly": "and nothing else",
        "pair_wrong": "healthy removed",
        "pair_unresolved": "not identifiable",
        "conforming_alarms": "conforming: alarm",
        "conforming_load_out": "load meter removed",
        "conforming_healthy_out": "healthy removed",
        "conforming_unresolved": "not identifiable",
    },
}


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--feeders", nargs="+", default=list(FEEDERS), help="registered names")
    parser.add_argument("--metering", choices=list(POINTS), default="full", help="metering plan")
    parser.add_argument("--estimates", type=int, default=2000, help="of clean measurements")
    parser.add_argument("--trials", type=int, default=300, help="of each kind of bad data")
    arguments = parser.parse_args()
    logging.getLogger("pandapower").setLevel(logging.ERROR)
    rows = [measure(name, arguments.metering, arguments.estimates, arguments.trials) for name in arguments.feeders]
    for title, columns in TABLES.items():
        reporting.report(title, {"feeder": "feeder", **columns}, rows, None)
    if arguments.json:
        reporting.report("Statistics of the estimator", {"feeder": "feeder"}, rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
