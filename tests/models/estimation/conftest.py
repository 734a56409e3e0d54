"""Nets solved by pandapower itself, metering plans for them, and what perfect meters would read."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pandapower
import pandapower.networks
import pandas as pd
import pytest

BUILDERS: dict[str, Callable[[], Any]] = {
    "case33bw": pandapower.networks.case33bw,
    "cigre_mv": pandapower.networks.create_cigre_network_mv,
    "oberrhein": pandapower.networks.mv_oberrhein,
    "case14": pandapower.networks.case14,
    "case118": pandapower.networks.case118,
}
SIDES = {"line": "from", "trafo": "hv"}
UNITS = {"v": "vm_pu", "p": "p{}_mw", "q": "q{}_mvar", "i": "i{}_ka"}


@pytest.fixture(scope="session")
def solved() -> Callable[[str], Any]:
    """A copy of a published net with its power flow solved by `pandapower.runpp` to 1e-10 MVA."""
    nets: dict[str, Any] = {}

    def net(name: str) -> Any:
        if name not in nets:
            nets[name] = solve(BUILDERS[name]())
        return deepcopy(nets[name])

    return net


def solve(net: Any) -> Any:
    """Solve `net` in place."""
    pandapower.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10)
    return net


@pytest.fixture(scope="session")
def solve_again() -> Callable[[Any], Any]:
    return solve


@pytest.fixture(scope="session")
def metering_plan() -> Callable[..., pd.DataFrame]:
    """A plan with the given quantities at the given elements (None is all of them), meters of about `accuracy`."""

    def plan(
        net: Any,
        *,
        v: Any = None,
        injections: Any = None,
        lines: Any = None,
        trafos: Any = None,
        flows: str = "pq",
        accuracy: float = 0.01,
    ) -> pd.DataFrame:
        def chosen(elements: Any, table: str) -> Any:
            return net[table].index if elements is None else elements

        places = [("v", "bus", bus, None) for bus in chosen(v, "bus")]
        places += [(kind, "bus", bus, None) for bus in chosen(injections, "bus") for kind in "pq"]
        for table, elements in (("line", lines), ("trafo", trafos)):
            places += [(kind, table, element, SIDES[table]) for element in chosen(elements, table) for kind in flows]
        table = pd.DataFrame(places, columns=["measurement_type", "element_type", "element", "side"])
        table["name"] = [f"{kind} {where} {element} {side or ''}".strip() for kind, where, element, side in places]
        value = np.abs(read(net, table))
        table["std_dev"] = np.where(
            table.measurement_type == "v", 0.003, accuracy * np.where(value > 0.01, value, 0.01)
        )
        return table

    return plan


def read(net: Any, plan: pd.DataFrame) -> np.ndarray:
    """What perfect meters read: pandapower's result tables, shunts (part of the network) taken out of injections."""
    bus = net.res_bus.copy()
    for k, shunt in net.shunt.iterrows():
        bus.loc[shunt.bus, "p_mw"] -= net.res_shunt.p_mw.at[k]
        bus.loc[shunt.bus, "q_mvar"] -= net.res_shunt.q_mvar.at[k]
    tables = {"bus": bus, "line": net.res_line, "trafo": net.res_trafo}
    value = np.empty(len(plan))
    for (kind, where), rows in plan.groupby(["measurement_type", "element_type"]).indices.items():
        column = UNITS[kind].format(f"_{SIDES[where]}" if where in SIDES else "")
        value[rows] = tables[where][column].loc[plan.element.iloc[rows]]
    return value


@pytest.fixture(scope="session")
def perfect_readings() -> Callable[[Any, pd.DataFrame], np.ndarray]:
    return read
