"""Estimation of a pandapower net in one call: what pandapower's own estimator finds, where that finds anything."""

import logging
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pandapower
import pandapower.estimation
import pandapower.networks
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from models.errors import InvalidMeasurementError, InvalidParameterError, NotObservableError
from models.estimation.measurements.measurement_frame import COLUMNS, MeasurementFrame
from models.estimation.pandapower_net import estimate

# pandapower casts its empty rows.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")

UNITS = {"v": "vm_pu", "p": "p{}_mw", "q": "q{}_mvar", "i": "i{}_ka"}
STD_DEV = {"v": 0.004, "p": 0.01, "q": 0.01, "i": 0.01}
SIDES = {"bus": [""], "line": ["from", "to"], "trafo": ["hv", "lv"]}
AT = {"bus": "vpq", "line": "pq", "trafo": "pq"}


def with_meters(net: Any, rng: np.random.Generator, at: dict[str, str] | None = None) -> Any:
    """A copy of a solved net with noisy measurements in its own table, everywhere; none at joined buses' shunts."""
    net = deepcopy(net)
    bus = net.res_bus.copy()
    for k, shunt in net.shunt.iterrows():
        bus.loc[shunt.bus, ["p_mw", "q_mvar"]] -= net.res_shunt.loc[k, ["p_mw", "q_mvar"]].to_numpy(dtype=float)
    tables = {"bus": bus, "line": net.res_line, "trafo": net.res_trafo}
    rows = []
    for table, quantities in (at or AT).items():
        live = [element for element in net[table].index if np.isfinite(tables[table].iloc[:, 0].at[element])]
        for quantity, side, element in ((q, s, e) for q in quantities for s in SIDES[table] for e in live):
            true = tables[table].at[element, UNITS[quantity].format(f"_{side}" if side else "")]
            value = true + STD_DEV[quantity] * rng.standard_normal()
            rows.append((None, quantity, table, element, value, STD_DEV[quantity], side or None))
    metered = pd.DataFrame(rows, columns=list(COLUMNS))
    net.measurement = pd.concat([net.measurement, metered], ignore_index=True) if len(net.measurement) else metered
    return net


@pytest.fixture
def peer() -> Callable[..., None]:
    """pandapower's estimate, quiet."""

    def run(net: Any, **settings: Any) -> None:
        logging.disable(logging.WARNING)
        answer = pandapower.estimation.estimate(net, tolerance=1e-9, **settings)
        logging.disable(logging.NOTSET)
        assert answer["success"]

    return run


@pytest.mark.parametrize("name", ["case33bw", "cigre_mv", "case14"])
def test_it_fills_in_what_pandapower_would(solved: Callable[[str], Any], peer: Callable[..., None], name: str) -> None:
    ours = with_meters(solved(name), np.random.default_rng(5))
    theirs = deepcopy(ours)
    peer(theirs)
    answer = estimate(ours, "wls", init="flat")
    assert answer
    assert answer["success"]
    for table in ("res_bus_est", "res_line_est", "res_trafo_est", "res_switch_est", "res_shunt_est"):
        assert_frame_equal(ours[table], theirs[table], rtol=1e-6, atol=5e-5, check_dtype=False)
    assert np.abs(ours.res_bus_est.vm_pu - theirs.res_bus_est.vm_pu).max() < 1e-8
    assert_frame_equal(ours.measurement, theirs.measurement)


def test_three_winding_transformers_and_open_ends_have_nodes_that_inject_nothing(
    solve_again: Callable[[Any], Any], peer: Callable[..., None]
) -> None:
    net = pandapower.networks.example_multivoltage()
    for element_type in ("xward", "ward"):
        net[element_type].drop(net[element_type].index, inplace=True)
    ours = with_meters(solve_again(net), np.random.default_rng(6))
    theirs = deepcopy(ours)
    peer(theirs)
    assert estimate(ours)
    # Auxiliary buses' zero injection has a standard deviation of 0.001 pu there.
    assert_frame_equal(ours.res_bus_est, theirs.res_bus_est, rtol=0, atol=1e-4)
    assert_frame_equal(ours.res_trafo3w_est, theirs.res_trafo3w_est, rtol=0, atol=1e-3)


def test_a_second_meter_counts_as_pandapower_counts_it(solved: Callable[[str], Any], peer: Callable[..., None]) -> None:
    rng = np.random.default_rng(7)
    once = with_meters(solved("cigre_mv"), rng)
    ours = with_meters(once, rng)
    theirs = deepcopy(ours)
    peer(theirs)
    estimate(ours)
    np.testing.assert_allclose(ours.res_bus_est.vm_pu, theirs.res_bus_est.vm_pu, atol=1e-8)
    assert not np.allclose(ours.res_bus_est.vm_pu, estimate(once).estimate.vm_pu, atol=1e-5)


def test_nothing_is_assumed_that_is_not_measured_unless_asked_for(solved: Callable[[str], Any]) -> None:
    net = with_meters(solved("case33bw"), np.random.default_rng(8), {"bus": "v", "trafo": "pq"})
    no_power_anywhere = net.measurement.measurement_type == "v"
    assert no_power_anywhere.all()
    with pytest.raises(NotObservableError) as refused:
        estimate(net)
    assert len(refused.value.buses) > 0
    with_forecasts = estimate(net, pseudo_measurements=True)
    assert np.abs(with_forecasts.estimate.vm_pu - net.res_bus.vm_pu).max() < 0.01


def test_buses_with_nothing_connected_are_measured_zero_by_option(solved: Callable[[str], Any]) -> None:
    net = solved("cigre_mv")
    loaded = set(net.load.bus)
    metered = with_meters(net, np.random.default_rng(9), {"bus": "vpq"})
    is_voltage, bus = metered.measurement.measurement_type == "v", metered.measurement.element
    metered.measurement = metered.measurement[(is_voltage & (bus == 0)) | (~is_voltage & bus.isin(loaded - {0}))]
    with pytest.raises(NotObservableError):
        estimate(metered)
    by_name = estimate(metered, zero_injection="no_inj_bus").estimate
    by_bus = estimate(metered, zero_injection=sorted(set(net.bus.index) - loaded - {0})).estimate
    np.testing.assert_allclose(by_name.vm_pu, by_bus.vm_pu, atol=1e-9)
    np.testing.assert_allclose(by_name.vm_pu, net.res_bus.vm_pu, atol=0.01)
    with pytest.raises(InvalidParameterError, match="zero_injection is"):
        estimate(metered, zero_injection="everywhere")


def test_the_tables_tell_readings_from_what_they_should_have_been(solved: Callable[[str], Any]) -> None:
    net = with_meters(solved("cigre_mv"), np.random.default_rng(10), {**AT, "line": "pqi"})
    wrong = int(net.measurement.index[(net.measurement.measurement_type == "p") & (net.measurement.element == 8)][0])
    true = net.measurement.at[wrong, "value"]
    net.measurement.at[wrong, "value"] += 0.5
    found = estimate(net, max_removals=10)
    table = found.measurement_table().set_index(net.measurement.index)
    assert table.index[table.removed].tolist() == [wrong]
    assert table.normalised_residual.idxmax() == wrong
    assert table.residual.at[wrong] == pytest.approx(0.5, abs=0.05)
    assert table.estimated.at[wrong] == pytest.approx(true, abs=0.05)
    others = table[~table.removed]
    assert (others.residual.abs() < 5 * others.std_dev).all()
    assert set(table.name[~table.used]) < set(table.name[table.measurement_type == "i"])  # where hardly any flows
    summary = found.summary()
    assert summary["objective"] > summary["chi_square_threshold"]
    assert summary["objective_after_removal"] < summary["chi_square_threshold"]
    assert (summary["removed"], summary["identifiable"]) == (1, True)
    pd.testing.assert_series_equal(found.bus_table().vm_pu, net.res_bus_est.vm_pu, check_names=False)


@pytest.mark.parametrize("algorithm", ["huber", "shgm", "lp"])
def test_robust_algorithms_have_the_names_pandapower_gives_them(solved: Callable[[str], Any], algorithm: str) -> None:
    net = with_meters(solved("cigre_mv"), np.random.default_rng(11))
    net.measurement.at[0, "value"] += 0.2
    found = estimate(net, algorithm)
    np.testing.assert_allclose(found.estimate.vm_pu, net.res_bus.vm_pu, atol=0.006)
    with pytest.raises(InvalidParameterError, match="algorithm is one of"):
        estimate(net, "irwls")


def test_what_contradicts_the_network_is_refused(solved: Callable[[str], Any]) -> None:
    net = with_meters(solved("case33bw"), np.random.default_rng(12))
    net.line.loc[net.line.index[0], "in_service"] = False
    with pytest.raises(InvalidMeasurementError, match=r"reads 1\.00.*no connection to a supply"):
        estimate(net)
    net.measurement = net.measurement.iloc[:0]
    with pytest.raises(InvalidMeasurementError, match="expected measurements, got none"):
        estimate(net)
    net = with_meters(solved("cigre_mv"), np.random.default_rng(12))
    for closed in (net.switch.closed.iloc[0], not net.switch.closed.iloc[0]):
        told = pd.DataFrame([(None, "closed", "switch", 0, float(closed), 0.0, None)], columns=list(COLUMNS))
        frame = MeasurementFrame(pd.concat([net.measurement, told], ignore_index=True))
        if closed == net.switch.closed.iloc[0]:
            assert estimate(net, measurements=frame)
        else:
            with pytest.raises(InvalidMeasurementError, match=r"closed switch 0. reads 0, but .* is at 1"):
                estimate(net, measurements=frame)


def test_a_line_out_of_service_may_be_metered_as_long_as_it_reads_nothing(solved: Callable[[str], Any]) -> None:
    net = with_meters(solved("case33bw"), np.random.default_rng(13))
    tie = int(net.line.index[~net.line.in_service.to_numpy(dtype=bool)][0])
    pandapower.create_measurement(net, "p", "line", 0.001, 0.01, element=tie, side="to")
    found = estimate(net)
    assert not found.measurement_table()["used"].iloc[-1]


def test_elements_with_states_of_their_own_are_refused(solved: Callable[[str], Any]) -> None:
    net = with_meters(solved("cigre_mv"), np.random.default_rng(14))
    pandapower.create_xward(net, 3, 0.1, 0.0, 0.0, 0.0, r_ohm=0.1, x_ohm=0.1, vm_pu=1.0)
    with pytest.raises(InvalidParameterError, match="xward in service"):
        estimate(net)
