"""The estimators that are compared, each told the measurements of a `Case` in its own words."""

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy

import numpy as np

from benchmarks.estimation_case import Case
from models.network_model import Admittances

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
    """State, J and every normalised residual; zero injections it knows by itself."""

    def __init__(self, case: Case) -> None:
        from models.estimation.estimator import StateEstimator

        self._metered = ~case.measurements.zero.to_numpy(dtype=bool)
        plan = case.measurements[self._metered].reset_index(drop=True)
        self.estimator = StateEstimator(case.network, plan, identification_threshold=NO_REMOVAL)
        self._usable = np.ones(len(plan), dtype=bool)

    def prepare(self, value: np.ndarray) -> None:
        self._value = value[self._metered]

    def estimate(self) -> None:
        self.last = self.estimator.estimate(self._value, self._usable)

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
    """power-grid-model's Newton: the state alone, no test of J and no normalised residuals.

    It gets the admittances that pandapower works out, branch by branch, so that the networks are equal. That nothing is
    drawn at a node without loads it knows by itself. What it answers are arrays by node.
    """

    def __init__(self, case: Case) -> None:
        from power_grid_model import CalculationMethod, PowerGridModel

        a = case.admittances
        self._node_of_bus = a.node_of_bus
        self._sensors = _Sensors(a, case)
        self._model = PowerGridModel(_network(a) | self._sensors.components())
        self._newton = CalculationMethod.newton_raphson

    def prepare(self, value: np.ndarray) -> None:
        self._update = self._sensors.readings(value)

    def estimate(self) -> None:
        self._model.update(update_data=self._update)
        self._result = self._model.calculate_state_estimation(
            calculation_method=self._newton,
            error_tolerance=TOLERANCE_PU,
            max_iterations=MAX_ITERATIONS,
            output_component_types={"node"},
        )

    def vm_pu(self) -> np.ndarray:
        return np.where(self._node_of_bus >= 0, self._result["node"]["u_pu"][self._node_of_bus], np.nan)


def _array(component: str, **columns: object) -> np.ndarray:
    """Components of power-grid-model; numbers that are not given stay unknown."""
    from power_grid_model import DatasetType, initialize_array

    length = max(len(np.atleast_1d(np.asarray(column))) for column in columns.values())
    array = initialize_array(DatasetType.input, component, length)
    for name, column in columns.items():
        array[name] = column
    return array


def _network(a: Admittances) -> dict[str, np.ndarray]:
    """Nodes, branches, shunts and sources; a branch's number is its own plus that of nodes, and so on."""
    n, m = a.n_node, len(a.from_node)
    u_rated = a.vn_kv * 1e3
    ohm = u_rated**2 / (a.base_mva * 1e6)
    # MATPOWER's branch: an ideal transformer at the from side of a series admittance between two equal shunts.
    tap = np.sqrt(np.abs(a.y_tt / a.y_ff)) * np.exp(0.5j * np.angle(a.y_ft / a.y_tf))
    tap = np.where(np.abs(a.y_tt + a.y_tf * tap) > np.abs(a.y_tt - a.y_tf * tap), -tap, tap)
    series, charging = -a.y_tf * tap, a.y_tt + a.y_tf * tap
    by_branch = np.zeros(n, dtype=complex)
    np.add.at(by_branch, a.from_node, a.y_ff)
    np.add.at(by_branch, a.to_node, a.y_tt)
    shunt = a.ybus.diagonal() - by_branch
    shunted = np.flatnonzero(np.abs(shunt) > 1e-12)
    to_ohm = ohm[a.to_node]
    return {
        "node": _array("node", id=np.arange(n), u_rated=u_rated),
        "generic_branch": _array(
            "generic_branch",
            id=n + np.arange(m),
            from_node=a.from_node,
            to_node=a.to_node,
            from_status=np.ones(m),
            to_status=np.ones(m),
            r1=(1.0 / series).real * to_ohm,
            x1=(1.0 / series).imag * to_ohm,
            g1=2.0 * charging.real / to_ohm,
            b1=2.0 * charging.imag / to_ohm,
            k=np.abs(tap),
            theta=np.angle(tap),
            sn=np.full(m, a.base_mva * 1e6),
        ),
        "shunt": _array(
            "shunt",
            id=n + m + np.arange(len(shunted)),
            node=shunted,
            status=np.ones(len(shunted)),
            g1=shunt[shunted].real / ohm[shunted],
            b1=shunt[shunted].imag / ohm[shunted],
        ),
        "source": _array(
            "source",
            id=2 * n + m + np.arange(len(a.slack_nodes)),
            node=a.slack_nodes,
            status=np.ones(len(a.slack_nodes)),
            u_ref=np.ones(len(a.slack_nodes)),
        ),
    }


class _Sensors:
    """Where each measurement is among the sensors of power-grid-model; P and Q share one, as they share a load."""

    def __init__(self, a: Admittances, case: Case) -> None:
        from power_grid_model import MeasuredTerminalType

        table = case.measurements[~case.measurements.zero.to_numpy(dtype=bool)]
        order = case.network.order()
        position = [order[r.element_type].index(r.element) for r in table.itertuples()]
        of = {"bus": a.node_of_bus, "line": a.branch_of_line, "trafo": a.branch_of_trafo}
        place = np.array([of[kind][k] for kind, k in zip(table.element_type, position, strict=True)])
        rows = table.index.to_numpy()
        kind, at_bus = table.measurement_type.to_numpy(), (table.element_type == "bus").to_numpy()
        v, p, q = kind == "v", kind == "p", kind == "q"
        self._first_id = 4 * a.n_node + len(a.from_node)
        self._v_rows, self._p_rows, self._q_rows = rows[v], rows[p], rows[q]
        self._v_node, self._p_place, self._p_at_bus = place[v], place[p], at_bus[p]
        self._v_scale = a.vn_kv[self._v_node] * 1e3
        starts = table.side.isin(("from", "hv")).to_numpy()[p]
        self._load_id = self._first_id + np.arange(int(self._p_at_bus.sum()))
        self._measured = a.n_node + self._p_place
        self._measured[self._p_at_bus] = self._load_id
        ends = np.where(starts, MeasuredTerminalType.branch_from, MeasuredTerminalType.branch_to)
        self._terminal = np.where(self._p_at_bus, MeasuredTerminalType.load, ends)
        self._std_dev = case.measurements.std_dev.to_numpy()
        self._v_id = self._load_id[-1] + 1 + np.arange(len(self._v_rows))
        self._p_id = self._v_id[-1] + 1 + np.arange(len(self._p_rows))

    def components(self) -> dict[str, np.ndarray]:
        """Loads and sensors."""
        n_load = len(self._load_id)
        return {
            "sym_load": _array(
                "sym_load",
                id=self._load_id,
                node=self._p_place[self._p_at_bus],
                status=np.ones(n_load),
                type=np.zeros(n_load),
                p_specified=np.zeros(n_load),
                q_specified=np.zeros(n_load),
            ),
            "sym_voltage_sensor": _array(
                "sym_voltage_sensor",
                id=self._v_id,
                measured_object=self._v_node,
                u_sigma=self._std_dev[self._v_rows] * self._v_scale,
                u_measured=self._v_scale,
            ),
            "sym_power_sensor": _array(
                "sym_power_sensor",
                id=self._p_id,
                measured_object=self._measured,
                measured_terminal_type=self._terminal,
                p_sigma=self._std_dev[self._p_rows] * 1e6,
                q_sigma=self._std_dev[self._q_rows] * 1e6,
                power_sigma=self._std_dev[self._p_rows] * 1e6,
                p_measured=np.zeros(len(self._p_id)),
                q_measured=np.zeros(len(self._p_id)),
            ),
        }

    def readings(self, value: np.ndarray) -> dict[str, np.ndarray]:
        """An update of all sensors."""
        from power_grid_model import DatasetType, initialize_array

        voltage = initialize_array(DatasetType.update, "sym_voltage_sensor", len(self._v_id))
        voltage["id"], voltage["u_measured"] = self._v_id, value[self._v_rows] * self._v_scale
        power = initialize_array(DatasetType.update, "sym_power_sensor", len(self._p_id))
        power["id"] = self._p_id
        power["p_measured"], power["q_measured"] = value[self._p_rows] * 1e6, value[self._q_rows] * 1e6
        return {"sym_voltage_sensor": voltage, "sym_power_sensor": power}
