"""Heating from the nameplate: IEEE Std C57.91-2011, clause 7."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidParameterError
from models.plant.transformer_nameplate import CoolingMode, NameplateThermal, nameplates
from models.plant.transformer_thermal import ColdStart, TransformerTemperatures, TransformerThermal

LOADS_PU = st.floats(0, 2)
AMBIENTS_C = st.floats(-30, 45)
ONE_DAY_S = 86400.0


def after(
    nameplate: NameplateThermal, seconds: float, load_pu: float, ambient_c: float, start: ColdStart | None = None
) -> TransformerTemperatures:
    return TransformerThermal([nameplate], start).step(seconds, [load_pu], ambient_c)


def test_rated_load_ends_at_the_rated_rises() -> None:
    nameplate = NameplateThermal(top_oil_rise_k=50, hot_spot_over_top_oil_k=28)
    state = after(nameplate, 3 * ONE_DAY_S, 1.0, 30.0, start=ColdStart())
    assert state.top_oil_c == pytest.approx(80.0, abs=1e-3)
    assert state.hot_spot_c == pytest.approx(108.0, abs=1e-3)


def test_oil_covers_63_percent_of_its_rise_in_one_time_constant() -> None:
    state = after(NameplateThermal(top_oil_tau_min=120), 120 * 60, 1.0, 0.0, start=ColdStart())
    assert state.top_oil_c == pytest.approx(55 * (1 - np.exp(-1)))


def test_the_core_alone_keeps_the_oil_warm_and_a_dead_transformer_is_cold() -> None:
    idle = after(NameplateThermal(loss_ratio=5), 0, 0.0, 20.0)
    assert idle.top_oil_c == pytest.approx(20 + 55 * (1 / 6) ** 0.8)
    assert idle.hot_spot_c == idle.top_oil_c
    dead = after(NameplateThermal(loss_ratio=5), 0, np.nan, 20.0)
    assert dead.top_oil_c == dead.hot_spot_c == 20.0


@given(LOADS_PU, st.floats(0.01, 1), AMBIENTS_C, st.sampled_from(CoolingMode))
def test_more_load_is_hotter(load_pu: float, more_pu: float, ambient_c: float, cooling: str) -> None:
    nameplate = NameplateThermal(cooling)
    light, heavy = after(nameplate, 600, load_pu, ambient_c), after(nameplate, 600, load_pu + more_pu, ambient_c)
    assert heavy.top_oil_c > light.top_oil_c
    assert heavy.hot_spot_c > light.hot_spot_c


@given(LOADS_PU, AMBIENTS_C, st.floats(0.1, 20))
def test_every_degree_of_air_is_a_degree_of_oil(load_pu: float, ambient_c: float, warmer_k: float) -> None:
    cool, warm = (after(NameplateThermal(), 60, load_pu, air_c) for air_c in (ambient_c, ambient_c + warmer_k))
    assert warm.top_oil_c - cool.top_oil_c == pytest.approx(warmer_k)
    assert warm.hot_spot_c - cool.hot_spot_c == pytest.approx(warmer_k)


@given(LOADS_PU, LOADS_PU, AMBIENTS_C, st.lists(st.floats(0.02, 3600), min_size=1, max_size=5))
@settings(max_examples=50)
def test_an_interval_heats_the_same_however_it_is_divided(
    first_pu: float, load_pu: float, ambient_c: float, parts_s: list[float]
) -> None:
    whole, divided = TransformerThermal([NameplateThermal()]), TransformerThermal([NameplateThermal()])
    for model in (whole, divided):
        model.step(0, [first_pu], ambient_c)
    at_once = whole.step(sum(parts_s), [load_pu], ambient_c)
    for part_s in parts_s:
        in_parts = divided.step(part_s, [load_pu], ambient_c)
    np.testing.assert_allclose(in_parts.top_oil_c, at_once.top_oil_c, rtol=0, atol=1e-9)
    np.testing.assert_allclose(in_parts.hot_spot_c, at_once.hot_spot_c, rtol=0, atol=1e-9)
    np.testing.assert_allclose(in_parts.loss_of_life_h, at_once.loss_of_life_h, rtol=0.05, atol=1e-9)


def test_steps_of_20_ms_add_up_to_a_minute() -> None:
    model = TransformerThermal([NameplateThermal()])
    model.step(0, [0.3], 20.0)
    for _ in range(3000):
        state = model.step(0.02, [1.5], 20.0)
    reference = TransformerThermal([NameplateThermal()])
    reference.step(0, [0.3], 20.0)
    expected = reference.step(60, [1.5], 20.0)
    np.testing.assert_allclose(state.hot_spot_c, expected.hot_spot_c, rtol=0, atol=1e-8)
    np.testing.assert_allclose(state.loss_of_life_h, expected.loss_of_life_h, rtol=0.05)


@pytest.mark.parametrize(
    ("cooling", "oil", "winding"), [("ONAN", 0.8, 0.8), ("ONAF", 0.9, 0.8), ("OFAF", 0.9, 0.8), ("ODAF", 1.0, 1.0)]
)
def test_exponents_follow_the_cooling_mode(cooling: str, oil: float, winding: float) -> None:
    state = after(NameplateThermal(cooling, loss_ratio=5), 0, 2.0, 0.0)
    assert state.top_oil_c == pytest.approx(55 * (21 / 6) ** oil)
    assert state.hot_spot_c - state.top_oil_c == pytest.approx(25 * 4**winding)


def test_the_published_load_cycle_by_clause_7(reference_data: Path) -> None:
    cycle = np.loadtxt(reference_data / "thermal" / "annexG_input_cycle.csv", delimiter=",")
    expected = np.loadtxt(reference_data / "thermal" / "annexG_clause7.csv", delimiter=",", skiprows=1)[1:]
    minutes = np.arange(1, 1441)
    ambient_c = np.interp(minutes / 60, cycle[:, 0], cycle[:, 1])
    load_pu = np.interp(minutes / 60, cycle[:, 0], cycle[:, 2])
    model = TransformerThermal([NameplateThermal("ONAF", loss_ratio=7.05, top_oil_tau_min=136.6)])
    for _ in range(2):
        states = [model.step(60, [load], air) for load, air in zip(load_pu, ambient_c, strict=True)]
    top_oil_c, hot_spot_c = (np.array([getattr(s, name)[0] for s in states]) for name in ("top_oil_c", "hot_spot_c"))
    np.testing.assert_allclose(top_oil_c[: len(expected)], expected[:, 1], rtol=0, atol=0.01)
    np.testing.assert_allclose(hot_spot_c[: len(expected)], expected[:, 2], rtol=0, atol=0.01)


def test_nameplates_take_the_loss_ratio_from_a_pandapower_table() -> None:
    trafo = pd.DataFrame({"sn_mva": [0.4, 0.4], "vkr_percent": [1.425, 1.425], "pfe_kw": [1.35, 0.0]})
    with_core_loss, without = nameplates(trafo, cooling=["ONAF", "ONAN"])
    assert with_core_loss.cooling is CoolingMode.ONAF
    assert with_core_loss.loss_ratio == pytest.approx(5.7 / 1.35)
    assert without == NameplateThermal()


@pytest.mark.parametrize("field", ["top_oil_rise_k", "hot_spot_over_top_oil_k", "loss_ratio", "winding_tau_min"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_nameplate_refuses_what_no_transformer_has(field: str, value: float) -> None:
    with pytest.raises(InvalidParameterError, match=field):
        replace(NameplateThermal(), **{field: value})


def test_an_unknown_cooling_mode_lists_the_known_ones() -> None:
    with pytest.raises(InvalidParameterError, match=r"'OA'.*ONAN, ONAF, OFAF, ODAF"):
        NameplateThermal("OA")
