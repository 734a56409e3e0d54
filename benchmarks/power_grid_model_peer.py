"""power-grid-model's state estimator on the same network and measurements as ours.

Its network is built from our compiled admittances, so that both work on the same equations: every node of the compiled
network is a node, every branch a pi-circuit behind an ideal transformer. power-grid-model holds nodes without any
appliance at zero injection exactly and expects nothing of the others: pseudo-measurements are channels like any.
"""

from typing import Any

import numpy as np
from pandas import DataFrame

from models.network_model import Admittances, FloatArray, NetworkModel

METHOD = "newton_raphson"
VA_IN_A_MVA = 1e6
VOLTS_IN_A_KV = 1e3
# A source must have an impedance; no row of the estimate depends on it.
SOURCE_SHORT_CIRCUIT_VA = 1e12


class PowerGridModelPeer:
    """power-grid-model, built once, asked as often as wanted.

    Parameters
    ----------
    network
        Network of both estimators, in the topology it was built in; all of it one island.
    plan
        Metering plan of v, p and q; at any place p and q come together, since power-grid-model measures them together.
    value
        What the channels read. (n_channel,)

    Raises
    ------
    ValueError
        If the plan holds a channel that power-grid-model's Newton-Raphson estimator has no counterpart of.
    """

    def __init__(self, network: NetworkModel, plan: DataFrame, value: FloatArray) -> None:
        from power_grid_model import PowerGridModel

        self._admittances = network.admittances()
        self._tables = _Tables()
        self._voltage_sensors: list[tuple[int, int, float]] = []  # id, channel, unit
        self._power_sensors: dict[tuple[str, int, str], dict[str, int]] = {}  # channels of p and q, and id
        self._add_network()
        self._add_sensors(network, plan, value)
        self._model = PowerGridModel(self._tables.arrays())

    def calculate(self, tolerance: float = 1e-8, max_iterations: int = 200) -> Any:
        """power-grid-model's own answer by node."""
        return self._model.calculate_state_estimation(
            calculation_method=METHOD,
            error_tolerance=tolerance,
            max_iterations=max_iterations,
            output_component_types={"node"},
        )["node"]

    def estimate(self, tolerance: float = 1e-8, max_iterations: int = 200) -> tuple[FloatArray, FloatArray]:
        """Magnitude [pu] and angle [rad] of every bus, NaN where de-energised. (n_bus,)"""
        result = self.calculate(tolerance, max_iterations)
        a = self._admittances
        # Without a phasor among the measurements power-grid-model counts angles from its first source.
        reference = a.reference_nodes[0]
        va_radian = result["u_angle"] - result["u_angle"][reference] + np.angle(a.initial_v[reference])
        dead = a.node_of_bus < 0
        vm_pu, va_radian = (np.where(dead, np.nan, state[a.node_of_bus]) for state in (result["u_pu"], va_radian))
        return vm_pu, va_radian

    def update(self, value: FloatArray) -> dict[str, Any]:
        """What `read` takes, of fresh values of the channels. (n_channel,)"""
        from power_grid_model import initialize_array

        voltage = initialize_array("update", "sym_voltage_sensor", len(self._voltage_sensors))
        ids, channels, units = zip(*self._voltage_sensors, strict=True)
        voltage["id"], voltage["u_measured"] = ids, value[list(channels)] * units
        power = initialize_array("update", "sym_power_sensor", len(self._power_sensors))
        power["id"] = [sensor["id"] for sensor in self._power_sensors.values()]
        sign = np.array([-1.0 if kind == "bus" else 1.0 for kind, _, _ in self._power_sensors])
        for quantity in "pq":
            at = [sensor[quantity] for sensor in self._power_sensors.values()]
            power[f"{quantity}_measured"] = sign * value[at] * VA_IN_A_MVA
        return {"sym_voltage_sensor": voltage, "sym_power_sensor": power}

    def read(self, update: dict[str, Any]) -> None:
        """Let the sensors read what an `update` says."""
        self._model.update(update_data=update)

    def _add_network(self) -> None:
        a = self._admittances
        self._node = [self._tables.add("node", u_rated=kv * VOLTS_IN_A_KV) for kv in a.vn_kv]
        self._branch = [
            self._tables.add(
                "generic_branch",
                from_node=self._node[a.from_node[k]],
                to_node=self._node[a.to_node[k]],
                from_status=1,
                to_status=1,
                **_pi_circuit(a, k),
            )
            for k in range(len(a.from_node))
        ]
        for node, y_pu in enumerate(_shunts(a)):
            if y_pu != 0.0:
                y = y_pu / _base_ohm(a, node)
                self._tables.add("shunt", node=self._node[node], status=1, g1=y.real, b1=y.imag)
        for node in a.slack_nodes:
            self._tables.add(
                "source", node=self._node[node], status=1, u_ref=abs(a.initial_v[node]), sk=SOURCE_SHORT_CIRCUIT_VA
            )

    def _add_sensors(self, network: NetworkModel, plan: DataFrame, value: FloatArray) -> None:
        a = self._admittances
        places = {
            "bus": dict(zip(network.bus_index, a.node_of_bus, strict=True)),
            "line": dict(zip(network.line_index, a.branch_of_line, strict=True)),
            "trafo": dict(zip(network.trafo_index, a.branch_of_trafo, strict=True)),
        }
        powers: dict[tuple[str, int, str], dict[str, float]] = {}
        for number, (channel, reading) in enumerate(zip(plan.itertuples(), value, strict=True)):
            place = int(places[channel.element_type][channel.element])
            if place < 0:
                continue
            if channel.measurement_type == "v":
                volts = a.vn_kv[place] * VOLTS_IN_A_KV
                sensor_id = self._tables.add(
                    "sym_voltage_sensor",
                    measured_object=self._node[place],
                    u_measured=reading * volts,
                    u_sigma=channel.std_dev * volts,
                )
                self._voltage_sensors.append((sensor_id, number, volts))
            elif channel.measurement_type in ("p", "q"):
                at = (channel.element_type, place, str(channel.side))
                sensor = powers.setdefault(at, {})
                sensor[f"{channel.measurement_type}_measured"] = reading * VA_IN_A_MVA
                sensor[f"{channel.measurement_type}_sigma"] = channel.std_dev * VA_IN_A_MVA
                self._power_sensors.setdefault(at, {})[channel.measurement_type] = number
            else:
                raise ValueError(f"power-grid-model's {METHOD} estimator has no channel like {channel.name!r}.")
        for at, sensor in powers.items():
            self._power_sensors[at]["id"] = self._add_power_sensor(*at, sensor)

    def _add_power_sensor(self, element_type: str, place: int, side: str, sensor: dict[str, float]) -> int:
        from power_grid_model import LoadGenType, MeasuredTerminalType

        if len(sensor) < 4:
            raise ValueError(f"power-grid-model measures p and q together, {element_type} {place} has one of them.")
        if element_type == "bus":
            # Whatever is connected there: the load only says that this is no node without consumption.
            terminal, measured = MeasuredTerminalType.node, self._node[place]
            self._tables.add("sym_load", node=measured, status=1, type=LoadGenType.const_power)
            sensor |= {quantity: -sensor[quantity] for quantity in ("p_measured", "q_measured")}
        else:
            at_from_end = side in ("from", "hv")
            terminal = MeasuredTerminalType.branch_from if at_from_end else MeasuredTerminalType.branch_to
            measured = self._branch[place]
        return self._tables.add(
            "sym_power_sensor", measured_object=measured, measured_terminal_type=terminal, power_sigma=np.nan, **sensor
        )


class _Tables:
    """Rows of power-grid-model's input, with ids that run through all components."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._n_component = 0

    def add(self, component: str, **attributes: Any) -> int:
        """Add a row; its id."""
        self._rows.setdefault(component, []).append({"id": self._n_component, **attributes})
        self._n_component += 1
        return self._n_component - 1

    def arrays(self) -> dict[str, Any]:
        """What power-grid-model takes; the id of node k is k."""
        from power_grid_model import initialize_array

        tables: dict[str, Any] = {}
        for component, rows in self._rows.items():
            tables[component] = initialize_array("input", component, len(rows))
            for attribute in rows[0]:
                tables[component][attribute] = [row[attribute] for row in rows]
        return tables


def _pi_circuit(a: Admittances, branch: int) -> dict[str, float]:
    """A two-port as power-grid-model writes it, in ohm and siemens of the to side: a pi-circuit behind ratio k, theta.

    With t = k exp(j theta): y_ff = (y + y_sh / 2) / k^2, y_tt = y + y_sh / 2, y_ft = -y / conj(t), y_tf = -y / t.
    """
    k = float(np.sqrt((a.y_tt[branch] / a.y_ff[branch]).real))
    theta = -0.5 * np.angle(a.y_tf[branch] / a.y_ft[branch])
    y = -a.y_tf[branch] * k * np.exp(1j * theta)
    if y.real - y.imag < 0.0:  # half a turn off: the series element would be a source
        theta, y = theta + np.pi, -y
    y_shunt = 2.0 * (a.y_tt[branch] - y)
    ohm = _base_ohm(a, int(a.to_node[branch]))
    z = ohm / y
    return {
        "r1": z.real,
        "x1": z.imag,
        "g1": y_shunt.real / ohm,
        "b1": y_shunt.imag / ohm,
        "k": k,
        "theta": float(theta),
        "sn": a.base_mva * VA_IN_A_MVA,
    }


def _shunts(a: Admittances) -> Any:
    """What the nodal admittance matrix has on its diagonal beside the branches. (n_node,) [pu]"""
    of_branches = np.zeros(a.n_node, dtype=complex)
    np.add.at(of_branches, a.from_node, a.y_ff)
    np.add.at(of_branches, a.to_node, a.y_tt)
    shunt = a.ybus.diagonal() - of_branches
    return np.where(np.abs(shunt) > 1e-9 * np.abs(a.ybus.diagonal()), shunt, 0.0)


def _base_ohm(a: Admittances, node: int) -> float:
    return float(a.vn_kv[node] ** 2 / a.base_mva)
