"""Heating from losses and masses: IEEE Std C57.91-2011, Annex G."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidParameterError
from models.plant.insulation_ageing import equivalent_ageing
from models.plant.transformer_nameplate import CoolingMode
from models.plant.transformer_test_report import POUND_KG, DetailedThermal, LossTest
from models.plant.transformer_thermal import ColdStart, TransformerTemperatures, TransformerThermal

GALLON_L = 3.785411784
ONE_DAY_S = 86400.0

# The unit of the standard's example.
EXAMPLE = DetailedThermal(
    losses=LossTest(mva=28, temperature_c=75, winding_i2r_w=51_690, stray_w=21_078, core_w=36_986),
    rated_mva=52.267,
    tested_winding_rise_k=63,
    top_oil_rise_k=55,
    bottom_oil_rise_k=25,
    hot_spot_rise_k=80,
    core_and_coils_kg=75_600 * POUND_KG,
    tank_kg=31_400 * POUND_KG,
    oil_l=4_910 * GALLON_L,
    cooling=CoolingMode.ONAF,
)
# Its losses referred to the temperature at which the rises were tested: so rated load gives exactly the rated rises.
CONSISTENT = replace(EXAMPLE, guaranteed_winding_rise_k=63)


def after(
    transformer: DetailedThermal, seconds: float, load_pu: float, ambient_c: float, start: ColdStart | None = None
) -> TransformerTemperatures:
    return TransformerThermal([transformer], start).step(seconds, [load_pu], ambient_c)


@pytest.mark.parametrize(("hot_spot_height_pu", "top_duct_oil_rise_k"), [(1.0, 55), (1.0, 60), (0.8, 60), (1.0, 45)])
def test_rated_load_ends_at_the_rated_rises(hot_spot_height_pu: float, top_duct_oil_rise_k: float) -> None:
    transformer = replace(
        CONSISTENT,
        hot_spot_height_pu=hot_spot_height_pu,
        top_duct_oil_rise_k=top_duct_oil_rise_k,
        hot_spot_eddy_pu=0.2,
    )
    model = TransformerThermal([replace(transformer, cooling=cooling) for cooling in CoolingMode], ColdStart())
    state = model.step(ONE_DAY_S, [1.0] * 4, 30.0)
    np.testing.assert_allclose(state.top_oil_c, 85.0, atol=0.02)
    np.testing.assert_allclose(state.hot_spot_c, 110.0, atol=0.02)


def test_the_steady_start_is_steady() -> None:
    loads_pu = [0.0, 0.05, 0.3, 1.0, 2.0]
    directed = replace(EXAMPLE, cooling=CoolingMode.ODAF)
    model = TransformerThermal([EXAMPLE] * 5 + [directed] * 5)
    start = model.step(0, loads_pu * 2, 10.0)
    later = model.step(ONE_DAY_S / 2, loads_pu * 2, 10.0)
    np.testing.assert_allclose(later.top_oil_c, start.top_oil_c, atol=0.005)
    np.testing.assert_allclose(later.hot_spot_c, start.hot_spot_c, atol=0.005)


def test_the_core_alone_keeps_the_oil_warm_and_a_dead_transformer_is_cold() -> None:
    idle = after(EXAMPLE, 0, 0.0, 20.0)
    assert 20 < idle.top_oil_c < 60
    dead = after(EXAMPLE, 3600, np.nan, 20.0)
    assert dead.top_oil_c == dead.hot_spot_c == 20.0


@given(st.floats(0, 1.5), st.floats(0.02, 0.5), st.floats(-30, 40))
@settings(max_examples=40)
def test_more_load_is_hotter(load_pu: float, more_pu: float, ambient_c: float) -> None:
    light, heavy = (after(EXAMPLE, 0, load, ambient_c) for load in (load_pu, load_pu + more_pu))
    assert heavy.top_oil_c > light.top_oil_c
    assert heavy.hot_spot_c > light.hot_spot_c


@given(st.floats(0, 1.5), st.floats(-30, 35), st.floats(1, 10))
@settings(max_examples=40)
def test_warmer_air_makes_a_hotter_transformer(load_pu: float, ambient_c: float, warmer_k: float) -> None:
    cool, warm = (after(EXAMPLE, 0, load_pu, air_c) for air_c in (ambient_c, ambient_c + warmer_k))
    assert warm.top_oil_c > cool.top_oil_c
    assert warm.hot_spot_c > cool.hot_spot_c


@given(st.floats(0, 1.5), st.floats(0, 1.5), st.lists(st.floats(0.02, 1800), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_an_interval_heats_the_same_however_it_is_divided(
    first_pu: float, load_pu: float, parts_s: list[float]
) -> None:
    whole, divided = TransformerThermal([EXAMPLE]), TransformerThermal([EXAMPLE])
    for model in (whole, divided):
        model.step(0, [first_pu], 20.0)
    at_once = whole.step(sum(parts_s), [load_pu], 20.0)
    for part_s in parts_s:
        in_parts = divided.step(part_s, [load_pu], 20.0)
    np.testing.assert_allclose(in_parts.top_oil_c, at_once.top_oil_c, rtol=0, atol=0.05)
    np.testing.assert_allclose(in_parts.hot_spot_c, at_once.hot_spot_c, rtol=0, atol=0.25)


def test_light_load_settles_without_swinging() -> None:
    model = TransformerThermal([EXAMPLE])
    model.step(0, [0.5], 20.0)
    hot_spot_c = [model.step(60, [0.05], 20.0).hot_spot_c[0] for _ in range(300)]
    assert np.all(np.diff(hot_spot_c) < 0)


def test_heat_enters_a_transformer_colder_than_the_air() -> None:
    model = TransformerThermal([EXAMPLE], ColdStart())
    model.step(0, [np.nan], -20.0)
    warming = model.step(3600, [np.nan], 30.0)
    assert -20 < warming.hot_spot_c < 30
    warmed = model.step(2 * ONE_DAY_S, [np.nan], 30.0)
    assert warmed.hot_spot_c == pytest.approx(30.0, abs=1.0)


@pytest.mark.parametrize("cooling", [CoolingMode.ONAN, CoolingMode.ODAF])
def test_a_fault_that_would_melt_the_winding_leaves_the_model_alive(cooling: CoolingMode) -> None:
    model = TransformerThermal([replace(EXAMPLE, cooling=cooling)])
    before = model.step(0, [0.7], 20.0)
    glowing = model.step(60, [20.0], 20.0)
    assert glowing.hot_spot_c > 1000
    cooled = model.step(ONE_DAY_S, [0.7], 20.0)
    assert cooled.hot_spot_c == pytest.approx(before.hot_spot_c, abs=0.01)


def test_the_published_load_cycle(reference_data: Path) -> None:
    cycle = np.loadtxt(reference_data / "thermal" / "annexG_input_cycle.csv", delimiter=",")
    expected = np.loadtxt(reference_data / "thermal" / "annexG_expected.csv", delimiter=",")
    minutes = np.arange(1, 1441)
    ambient_c = np.interp(minutes / 60, cycle[:, 0], cycle[:, 1])
    load_pu = np.interp(minutes / 60, cycle[:, 0], cycle[:, 2])
    model = TransformerThermal([EXAMPLE])
    # The example starts in the cycle's own steady state: the second day in a row is there.
    for _ in range(2):
        aged_h = model.loss_of_life_h.copy()
        states = [model.step(60, [load], air) for load, air in zip(load_pu, ambient_c, strict=True)]
    every_hour = states[59::60]
    np.testing.assert_allclose([state.top_oil_c[0] for state in every_hour], expected[1:, 1], rtol=0, atol=0.1)
    np.testing.assert_allclose([state.hot_spot_c[0] for state in every_hour], expected[1:, 2], rtol=0, atol=0.1)
    assert equivalent_ageing(model.loss_of_life_h - aged_h, 24) == pytest.approx(1.509, rel=0.005)


def test_aluminium_is_accepted_and_lighter_than_copper() -> None:
    assert replace(EXAMPLE, conductor="aluminium").winding_kg < EXAMPLE.winding_kg


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"core_and_coils_kg": 5000}, "core_and_coils_kg must exceed the windings'"),
        ({"bottom_oil_rise_k": 56}, "over bottom_oil_rise_k must be above 0 K"),
        ({"hot_spot_rise_k": 54}, "hot_spot_rise_k over the oil beside it"),
        ({"tested_winding_rise_k": 30}, "tested_winding_rise_k over the mean duct oil"),
        ({"oil_l": 0}, "oil_l must be above 0"),
        ({"cooling": "OFAF", "top_duct_oil_rise_k": None}, "needed for OFAF"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        replace(EXAMPLE, **wrong)
