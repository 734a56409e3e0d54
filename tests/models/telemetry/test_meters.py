"""Meters: their noise, their steps, the end of their range, and what they do when the voltage is gone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidParameterError
from models.telemetry.instrument_errors import MeterSettings
from models.telemetry.meters import METERED_VECTORS, Meters, metered_vectors

ORDER = {"bus": [0, 3, 7], "line": [2, 5], "trafo": [0], "switch": [4, 6]}
NOISE_ONLY = MeterSettings(bias_share=0.0, drift_share=0.0, resolution_bits=None, range_percent=None)
GRID = {
    vector: 10.0 * number + np.arange(len(ORDER[kind]))
    for number, ((_, kind, _), vector) in enumerate(METERED_VECTORS.items())
}


def plan_of(*rows: tuple[str, str, int, str | None], full_scale: float = 1.0, std_dev: float = 0.01) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["measurement_type", "element_type", "element", "side"])
    table["name"] = [f"{m} {kind} {element} {side or ''}".strip() for m, kind, element, side in rows]
    return table.assign(accuracy_class=0.5, full_scale=full_scale, std_dev=std_dev)


def meters_of(plan: pd.DataFrame, settings: MeterSettings | None = None, seed: int = 1) -> Meters:
    return Meters(plan, ORDER, settings or MeterSettings.ideal(), *np.random.default_rng(seed).spawn(2))


def test_ideal_meters_read_the_truth_of_the_right_element() -> None:
    plan = plan_of(("v", "bus", 7, None), ("p", "line", 5, "to"), ("i", "line", 2, "from"), ("q", "trafo", 0, "lv"))
    reading = meters_of(plan).read(0.0, GRID).value
    expected = [
        GRID["vm_pu"][2],
        GRID["line_p_to_mw"][1],
        GRID["line_i_from_ka"][0],
        GRID["trafo_q_lv_mvar"][0],
    ]
    np.testing.assert_array_equal(reading, expected)


@pytest.mark.parametrize("quantity", METERED_VECTORS)
def test_every_quantity_is_read_from_the_vector_of_its_name(quantity: tuple[str, str, str | None]) -> None:
    measurement_type, kind, side = quantity
    element = ORDER[kind][-1]
    meters = meters_of(plan_of((measurement_type, kind, element, side)))
    assert meters.vectors == [METERED_VECTORS[quantity]]
    assert meters.read(0.0, GRID).value == GRID[METERED_VECTORS[quantity]][-1]


def test_a_meter_in_one_phase_reads_that_phase() -> None:
    plan = plan_of(("v", "bus", 7, None), ("p", "line", 5, "to"), ("tap", "trafo", 0, None))
    plan["phase"] = ["b", "c", "a"]
    assert metered_vectors(plan) == ["vm_b_pu", "line_p_to_c_mw", "tap_a_pos_in_effect"]
    grid = {
        "vm_b_pu": np.array([1.0, 1.1, 1.2]),
        "line_p_to_c_mw": np.arange(2.0),
        "tap_a_pos_in_effect": np.array([7]),
    }
    reading = meters_of(plan).read(0.0, grid).value
    np.testing.assert_array_equal(reading, [grid["vm_b_pu"][2], grid["line_p_to_c_mw"][1], 7])


@pytest.mark.parametrize(("place", "phase"), [(("v", "bus", 7, None), "d"), (("closed", "switch", 0, None), "a")])
def test_a_phase_that_there_is_not_is_refused(place: tuple[Any, ...], phase: str) -> None:
    with pytest.raises(InvalidParameterError, match=f"in phase '{phase}'; expected a, b or c"):
        metered_vectors(plan_of(place).assign(phase=phase))


def test_noise_has_no_mean_and_the_stated_standard_deviation() -> None:
    plan = plan_of(("v", "bus", 0, None), ("p", "bus", 3, None))
    plan["std_dev"] = [0.01, 0.5]
    meters = meters_of(plan, NOISE_ONLY)
    readings = np.array([meters.read(0.0, GRID).value for _ in range(4000)])
    error = (readings - meters.true_values(GRID)) / plan["std_dev"].to_numpy()
    np.testing.assert_allclose(error.mean(axis=0), 0.0, atol=5 / np.sqrt(4000))
    np.testing.assert_allclose(error.std(axis=0), 1.0, atol=5 / np.sqrt(2 * 4000))
    assert abs(np.corrcoef(error.T)[0, 1]) < 5 / np.sqrt(4000)
    assert abs(np.corrcoef(error[1:, 0], error[:-1, 0])[0, 1]) < 5 / np.sqrt(4000)


@given(st.floats(-20, 20), st.integers(4, 16), st.floats(0.1, 50))
def test_quantisation_errs_by_half_a_step_at_most(truth: float, bits: int, full_scale: float) -> None:
    plan = plan_of(("p", "bus", 0, None), full_scale=full_scale)
    meters = meters_of(plan, replace(MeterSettings.ideal(), resolution_bits=bits))
    (reading,) = meters.read(0.0, {"p_mw": np.full(3, truth)}).value
    step = full_scale / 2**bits
    assert abs(reading - truth) <= step / 2 * (1 + 1e-9)
    assert reading / step == pytest.approx(round(reading / step), abs=1e-6)


def test_a_meter_on_a_dead_bus_reads_nothing_but_zero() -> None:
    meters = meters_of(plan_of(("v", "bus", 0, None), ("v", "bus", 3, None)), MeterSettings())
    reading = meters.read(0.0, {"vm_pu": np.array([np.nan, 1.0, np.nan])}).value
    assert reading[0] == 0.0
    assert reading[1] == pytest.approx(1.0, abs=0.1)


def test_a_dead_bus_does_not_shift_the_noise_of_the_others() -> None:
    plan = plan_of(("v", "bus", 0, None), ("v", "bus", 3, None))
    alive, dead = meters_of(plan, MeterSettings()), meters_of(plan, MeterSettings())
    for seconds in range(3):
        healthy = alive.read(seconds, {"vm_pu": np.ones(3)}).value
        outage = dead.read(seconds, {"vm_pu": np.array([np.nan, 1.0, 1.0])}).value
        assert healthy[1] == outage[1]


def test_readings_are_fresh_arrays_and_leave_the_grid_alone() -> None:
    meters = meters_of(plan_of(("v", "bus", 0, None), ("v", "bus", 3, None), ("v", "bus", 7, None)))
    grid = {"vm_pu": np.array([1.0, np.nan, 1.0])}
    assert not np.shares_memory(meters.read(0.0, grid).value, meters.read(0.0, grid).value)
    assert np.isnan(grid["vm_pu"][1])


def test_a_plan_without_rows_reads_nothing() -> None:
    assert meters_of(plan_of(), MeterSettings()).read(0.0, {}).value.shape == (0,)


def changed(**columns: Any) -> pd.DataFrame:
    return plan_of(("v", "bus", 0, None), ("p", "bus", 3, None)).assign(**columns)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (plan_of(("v", "bus", 99, None)), "'v bus 99' meters bus 99, which the network does not have"),
        (plan_of(("p", "line", 0, "from")), "'p line 0 from' meters line 0"),
        (plan_of(("v", "line", 2, "from")), "asks for 'v' at 'line' side 'from'; there are v bus"),
        (plan_of(("p", "line", 2, None)), "asks for 'p' at 'line' side None"),
        (changed(name="twin"), "'twin' appears more than once"),
        (changed(std_dev=[0.1, -0.1]), "'p bus 3' needs a std_dev of 0 or more, got -0.1"),
        (changed(full_scale=[np.nan, 1.0]), "'v bus 0' needs a full_scale above 0, got nan"),
        (changed().drop(columns="std_dev"), "lacks the columns std_dev"),
    ],
)
def test_a_plan_that_cannot_be_metered_is_refused_by_row_and_element(plan: pd.DataFrame, message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        meters_of(plan)


def test_a_vector_that_is_not_connected_or_too_short_is_named() -> None:
    meters = meters_of(plan_of(("v", "bus", 0, None)))
    with pytest.raises(InvalidParameterError, match="reads 'vm_pu', which is not connected"):
        meters.read(0.0, {})
    with pytest.raises(InvalidParameterError, match="vm_pu must have 3 elements, got 2"):
        meters.read(0.0, {"vm_pu": np.ones(2)})


def test_beyond_the_range_a_reading_stays_at_its_end_and_is_marked() -> None:
    plan = plan_of(("p", "bus", 0, None), ("p", "bus", 3, None), ("p", "bus", 7, None), full_scale=1.5)
    meters = meters_of(plan, replace(MeterSettings.ideal(), range_percent=200.0))
    reading = meters.read(0.0, {"p_mw": np.array([2.9, 3.1, -20.0])})
    assert reading.value.tolist() == [2.9, 3.0, -3.0]
    assert reading.over_range.tolist() == [False, True, True]


def test_positions_and_angles_have_no_range_and_positions_no_error() -> None:
    plan = plan_of(("tap", "trafo", 0, None), ("closed", "switch", 6, None), ("va", "bus", 0, None), std_dev=0.1)
    grid = {
        "tap_pos_in_effect": np.array([-7.5]),
        "switch_closed_in_effect": np.array([False, True]),
        "va_degree": np.array([-150.0, 0.0, 0.0]),
    }
    reading = meters_of(plan, MeterSettings(resolution_bits=4)).read(0.0, grid)
    assert reading.value[:2].tolist() == [-7.5, 1.0]
    assert reading.value[2] == pytest.approx(-150.0, abs=1.0)
    assert not reading.over_range.any()


@pytest.mark.parametrize(
    "settings",
    [{"resolution_bits": bits} for bits in (0, 64, "many")]
    + [{"range_percent": 50.0}, {"bias_share": -0.1}, {"drift_share": 2.0}, {"drift_time_constant_s": 0.0}],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError, match=next(iter(settings))):
        MeterSettings(**settings)
