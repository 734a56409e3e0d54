"""The estimators that are compared, each told the measurements of a `Case` in its own words."""

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy

import numpy as np

from benchmarks.estimation_case import Case
from benchmarks.power_grid_model_peer import PowerGridModelPeer

NO_REMOVAL = 1e9
TOLERANCE_PU = 1e-8
MAX_ITERATIONS = 50


class Peer(ABC):
    """One estimator with all it needs worked out beforehand; only `estimate` is timed."""

    @abstractmethod
    def prepare(self, value: np.ndarray) -> None:
        """Take fresh values of all measurements of the case."""

    @abstractmethod
    def estimate(self) -> None:
        """Estimate from the values taken last."""

    @abstractmethod
    def vm_pu(self) -> np.ndarray:
        """Voltages of the last estimate by bus, NaN where de-energised. (n_bus,)"""


class Gridtwin(Peer):
    """State, J and every normalised residual; zero injections it knows by itself.

    With `new_weights` every scan has other variances, as when values age: no factor outlives a scan then.
    """

    def __init__(self, case: Case, new_weights: bool = False) -> None:
        from models.estimation.estimator import StateEstimator

        self._metered = ~case.measurements.zero.to_numpy(dtype=bool)
        plan = case.measurements[self._metered].reset_index(drop=True)
        self.estimator = StateEstimator(case.network, plan, identification_threshold=NO_REMOVAL)
        self._usable = np.ones(len(plan), dtype=bool)
        self._variance = plan.std_dev.to_numpy() ** 2
        self._rng = np.random.default_rng(0) if new_weights else None
        self._extra: np.ndarray | None = None

    def prepare(self, value: np.ndarray) -> None:
        self._value = value[self._metered]
        if self._rng is not None:
            self._extra = self._variance * self._rng.random(len(self._variance))

    def estimate(self) -> None:
        self.last = self.estimator.estimate(self._value, self._usable, extra_variance=self._extra)

    def vm_pu(self) -> np.ndarray:
        return self.last.vm_pu


class Pandapower(Peer):
    """State, J and every normalised residual; told zero injections as sharp measurements.

    The residuals come from `perform_rn_max_test` with a threshold that nothing exceeds, so that it estimates once and
    removes nothing. pandapower builds its internal case anew for each estimate, which is part of its time.
    """

    def __init__(self, case: Case) -> None:
        import pandapower
        from pandapower.estimation.state_estimation import StateEstimation

        self._net = deepcopy(case.net)
        for meter in case.measurements.itertuples():
            place = (meter.element_type, meter.true, meter.std_dev, meter.element)
            pandapower.create_measurement(self._net, meter.measurement_type, *place, side=meter.side)
        self._estimation = StateEstimation(self._net, tolerance=TOLERANCE_PU, maximum_iterations=MAX_ITERATIONS)

    def prepare(self, value: np.ndarray) -> None:
        self._net.measurement["value"] = value

    def estimate(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandapower warns of its own code at every estimate
            self._estimation.perform_rn_max_test(rn_max_threshold=NO_REMOVAL)

    def vm_pu(self) -> np.ndarray:
        return np.asarray(self._net.res_bus_est.vm_pu, dtype=float)


class PowerGridModel(Peer):
    """power-grid-model's Newton: the bare state, no test of J and no normalised residuals.

    That nothing is drawn at a node without loads it knows by itself. What it answers are arrays by node.
    """

    def __init__(self, case: Case) -> None:
        metered = ~case.measurements.zero.to_numpy(dtype=bool)
        plan = case.measurements[metered].reset_index(drop=True)
        self._metered = metered
        self._node_of_bus = case.admittances.node_of_bus
        self._peer = PowerGridModelPeer(case.network, plan, plan.true.to_numpy())

    def prepare(self, value: np.ndarray) -> None:
        self._update = self._peer.update(value[self._metered])

    def estimate(self) -> None:
        self._peer.read(self._update)
        self._result = self._peer.calculate(TOLERANCE_PU, MAX_ITERATIONS)

    def vm_pu(self) -> np.ndarray:
        return np.where(self._node_of_bus >= 0, self._result["u_pu"][self._node_of_bus], np.nan)
