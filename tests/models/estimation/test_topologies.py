"""Any topology the grid can be in: what perfect meters read of a power flow gives back its state, or a refusal."""

from copy import deepcopy
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from models.errors import NotObservableError
from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel

CABLE = "NA2XS2Y 1x240 RM/25 12/20 kV"
LINES = ((1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 1), (3, 6), (7, 8), (8, 4), (9, 10))
LOADS = {2: 2.0, 3: 1.5, 5: 3.0, 6: -1.0, 8: 2.5, 9: 0.1, 10: 0.05}
TO_SIDE = {"line": "to", "trafo": "lv"}
FROM_SIDE = {"line": "from", "trafo": "hv"}


def two_substations() -> Any:
    """A meshed 20 kV network between two substations, their transformers turning by 150 degrees, and a low-voltage end.

    Switches at line ends, between busbars, one with an impedance; a capacitor, a loss-making shunt and a short line.
    """
    net = pandapower.create_empty_network(sn_mva=10.0)
    for vn_kv in (110.0, *[20.0] * 8, 0.4, 0.4, 110.0):
        pandapower.create_bus(net, vn_kv)
    pandapower.create_ext_grid(net, 0, vm_pu=1.01)
    pandapower.create_ext_grid(net, 11, vm_pu=1.0, va_degree=0.5)
    for hv_bus, lv_bus in ((0, 1), (11, 7)):
        pandapower.create_transformer(net, hv_bus, lv_bus, "25 MVA 110/20 kV")
    pandapower.create_transformer(net, 5, 9, "0.4 MVA 20/0.4 kV")
    for k, (a, b) in enumerate(LINES):
        kind = CABLE if a < 9 else "NAYY 4x150 SE"
        pandapower.create_line(net, a, b, 0.001 if k == 3 else 0.2 + 0.5 * (k % 4), kind)
    for bus, p_mw in LOADS.items():
        pandapower.create_load(net, bus, p_mw, 0.3 * abs(p_mw))
    pandapower.create_shunt(net, 3, q_mvar=-0.5, p_mw=0.01)
    pandapower.create_shunt(net, 8, q_mvar=0.4)
    for line, bus in ((1, 3), (5, 1), (6, 6), (8, 4)):
        pandapower.create_switch(net, bus, line, et="l")
    pandapower.create_switch(net, 4, 8, et="b", closed=False)
    pandapower.create_switch(net, 2, 6, et="b", closed=False, z_ohm=0.01)
    return net


NET = two_substations()
N_SWITCH, N_LINE, N_TRAFO = len(NET.switch), len(NET.line), len(NET.trafo)


def every_place(net: Any) -> pd.DataFrame:
    """V, P, Q at every bus, P and Q at both ends and |I| at one end of every branch, meters of about 1 %."""
    places = [(kind, "bus", bus, None) for bus in net.bus.index for kind in "vpq"]
    for table in ("line", "trafo"):
        for element in net[table].index:
            places += [(kind, table, element, side[table]) for side in (FROM_SIDE, TO_SIDE) for kind in "pq"]
            places += [("i", table, element, FROM_SIDE[table])]
    plan = pd.DataFrame(places, columns=["measurement_type", "element_type", "element", "side"])
    plan["name"] = [" ".join(str(word) for word in place if word is not None) for place in places]
    plan["std_dev"] = plan.measurement_type.map({"v": 0.003, "p": 0.02, "q": 0.02, "i": 0.001})
    return plan


def readings(net: Any, plan: pd.DataFrame) -> np.ndarray:
    """What perfect meters read, from pandapower's own result tables; NaN where nothing is energised."""
    unit = {"v": "vm{}_pu", "p": "p{}_mw", "q": "q{}_mvar", "i": "i{}_ka"}
    bus = net.res_bus.copy()
    for k, shunt in net.shunt.iterrows():  # part of the network, not of what is injected into it
        bus.loc[shunt.bus, ["p_mw", "q_mvar"]] -= net.res_shunt.loc[k, ["p_mw", "q_mvar"]]
    tables = {"bus": bus, "line": net.res_line, "trafo": net.res_trafo}
    value = [
        tables[row.element_type].at[row.element, unit[row.measurement_type].format(f"_{row.side}" if row.side else "")]
        for row in plan.itertuples()
    ]
    supplied = net.res_bus.vm_pu.notna()
    alive = {"bus": supplied}
    for table, end in (("line", "from_bus"), ("trafo", "hv_bus")):
        alive[table] = net[table].in_service & supplied[net[table][end]].to_numpy()
    dead = [not alive[row.element_type].at[row.element] for row in plan.itertuples()]
    return np.where(dead, np.nan, np.array(value, dtype=float))


PLAN = every_place(NET)


@settings(max_examples=15)
@example([True] * N_SWITCH, set(), (-3, 4, 1), 1.0, True, 1.0, 0)
@example([False, True, True, False, True, True], {0}, (0, 0, 0), 0.0, False, 1.0, 1)
@given(
    switch_closed=st.lists(st.booleans(), min_size=N_SWITCH, max_size=N_SWITCH),
    lines_out=st.sets(st.integers(0, N_LINE - 1), max_size=3),
    taps=st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(-2, 2)),
    second_infeed_degree=st.floats(-3.0, 3.0),
    second_infeed=st.booleans(),
    metered=st.floats(0.05, 1.0),
    seed=st.integers(0, 2**31),
)
def test_the_state_of_any_topology_is_found_or_refused(
    switch_closed: list[bool],
    lines_out: set[int],
    taps: tuple[int, ...],
    second_infeed_degree: float,
    second_infeed: bool,
    metered: float,
    seed: int,
) -> None:
    net = deepcopy(NET)
    net.switch["closed"] = switch_closed
    net.line.loc[sorted(lines_out), "in_service"] = False
    net.trafo["tap_pos"] = taps
    net.ext_grid.loc[1, ["va_degree", "in_service"]] = second_infeed_degree, second_infeed
    try:
        pandapower.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-9)
    except pandapower.LoadflowNotConverged:
        assume(False)
    rng = np.random.default_rng(seed)
    plan = PLAN[rng.random(len(PLAN)) < metered].reset_index(drop=True)
    value = readings(net, plan)
    meaningless = np.where(np.isnan(value), rng.uniform(-5.0, 5.0, len(value)), value)

    try:
        estimator = StateEstimator(NetworkModel(net), plan)
    except NotObservableError:
        assert metered < 1.0  # what everything is measured in can be observed
        return
    found = estimator.estimate(meaningless, np.ones(len(plan), dtype=bool))
    assert found.converged
    assert found.objective < 1e-6
    np.testing.assert_allclose(found.vm_pu, net.res_bus.vm_pu, rtol=0, atol=1e-8)
    np.testing.assert_allclose(np.radians(found.va_degree), np.radians(net.res_bus.va_degree), rtol=0, atol=1e-8)
    assert np.isnan(found.normalised_residual[np.isnan(value)]).all()


def test_a_topology_that_is_believed_later_gives_the_estimate_of_one_that_was_built() -> None:
    closed = np.array([True, False, True, True, True, False])
    built = deepcopy(NET)
    built.switch["closed"], built.trafo["tap_pos"] = closed, [-3, 5, 1]
    pandapower.runpp(built, calculate_voltage_angles=True, tolerance_mva=1e-9)
    value, usable = readings(built, PLAN), np.ones(len(PLAN), dtype=bool)

    known = StateEstimator(NetworkModel(built), PLAN).estimate(value, usable)
    told = StateEstimator(NetworkModel(NET), PLAN).estimate(value, usable, tap_pos=[-3, 5, 1], switch_closed=closed)

    np.testing.assert_array_equal(told.vm_pu, known.vm_pu)
    assert told.objective == pytest.approx(known.objective, abs=1e-9)


def test_everything_switched_off_leaves_the_infeeds() -> None:
    net = deepcopy(NET)
    pandapower.runpp(net, calculate_voltage_angles=True)
    value, usable = readings(net, PLAN), np.ones(len(PLAN), dtype=bool)
    off = deepcopy(NET)
    off.line["in_service"] = False
    off.trafo["in_service"] = False

    found = StateEstimator(NetworkModel(off), PLAN).estimate(value, usable)

    at_infeeds = off.bus.index.isin(off.ext_grid.bus)
    np.testing.assert_array_equal(np.isfinite(found.vm_pu), at_infeeds)
    # The powers read there have nowhere to go in a network believed to be off.
    assert found.objective > found.chi_square_threshold
