"""All transformers of a feeder at once."""

import numpy as np
import pytest

from models.errors import InvalidParameterError, UnknownNameError
from models.plant.insulation_ageing import ageing_acceleration
from models.plant.transformer_nameplate import NameplateThermal
from models.plant.transformer_parameters import thermal_parameters
from models.plant.transformer_test_report import DetailedThermal
from models.plant.transformer_thermal import TransformerThermal

DETAILED = {
    "model": "detailed",
    "losses": {"mva": 0.63, "temperature_c": 75, "winding_i2r_w": 5600, "stray_w": 700, "core_w": 900},
    "rated_mva": 0.63,
    "tested_winding_rise_k": 62,
    "top_oil_rise_k": 55,
    "bottom_oil_rise_k": 30,
    "hot_spot_rise_k": 78,
    "core_and_coils_kg": 1200,
    "tank_kg": 350,
    "oil_l": 420,
}
DESCRIPTIONS = [
    {"loss_ratio": 5.0},
    DETAILED,
    {"model": "nameplate", "cooling": "ONAF", "loss_ratio": 8.0},
    {**DETAILED, "oil_l": 600},
]
LOADS_PU = [0.4, 0.9, np.nan, 1.2]


def test_a_vector_of_transformers_equals_each_alone() -> None:
    parameters = [thermal_parameters(description) for description in DESCRIPTIONS]
    together = TransformerThermal(parameters)
    alone = [TransformerThermal([transformer]) for transformer in parameters]
    for seconds in (0, 0.02, 60, 3600):
        loads_pu = np.array(LOADS_PU) * (1 + seconds / 7200)
        state = together.step(seconds, loads_pu, 25.0)
        states = [model.step(seconds, [load], 25.0) for model, load in zip(alone, loads_pu, strict=True)]
        for quantity in ("top_oil_c", "hot_spot_c", "ageing_acceleration", "loss_of_life_h"):
            one_by_one = np.concatenate([getattr(single, quantity) for single in states])
            np.testing.assert_allclose(getattr(state, quantity), one_by_one, rtol=1e-9)


def test_life_is_lost_at_the_rate_of_the_hot_spot() -> None:
    model = TransformerThermal([NameplateThermal(), NameplateThermal()])
    state = model.step(7200, [1.0, 0.5], 30.0)
    np.testing.assert_allclose(state.ageing_acceleration, ageing_acceleration(state.hot_spot_c))
    np.testing.assert_allclose(state.loss_of_life_h, 2 * state.ageing_acceleration)
    assert state.loss_of_life_h[0] == pytest.approx(2.0)


def test_results_are_not_touched_by_later_steps() -> None:
    model = TransformerThermal([thermal_parameters(description) for description in DESCRIPTIONS])
    first = model.step(60, LOADS_PU, 20.0)
    kept = first.hot_spot_c.copy(), first.loss_of_life_h.copy()
    model.step(3600, [2.0] * 4, 40.0)
    np.testing.assert_array_equal(first.hot_spot_c, kept[0])
    np.testing.assert_array_equal(first.loss_of_life_h, kept[1])


def test_a_feeder_without_transformers_has_empty_vectors() -> None:
    state = TransformerThermal([]).step(60, [], 20.0)
    assert state.top_oil_c.shape == state.hot_spot_c.shape == state.loss_of_life_h.shape == (0,)


@pytest.mark.parametrize(
    ("seconds", "load_pu", "ambient_c", "message"),
    [
        (-1, [1.0], 20.0, "cannot go back"),
        (60, [1.0, 1.0], 20.0, r"shape \(1,\), got shape \(2,\)"),
        (60, [1.0], np.nan, "ambient_c must be a temperature"),
    ],
)
def test_impossible_inputs_are_refused(seconds: float, load_pu: list[float], ambient_c: float, message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        TransformerThermal([NameplateThermal()]).step(seconds, load_pu, ambient_c)


def test_descriptions_are_mappings_or_objects() -> None:
    assert thermal_parameters({}) == NameplateThermal()
    assert isinstance(thermal_parameters(DETAILED), DetailedThermal)
    nameplate = NameplateThermal(loss_ratio=3)
    assert thermal_parameters(nameplate) is nameplate


def test_a_wrong_description_names_what_is_wrong() -> None:
    with pytest.raises(UnknownNameError, match=r"'dry'.*detailed, nameplate"):
        thermal_parameters({"model": "dry"})
    with pytest.raises(InvalidParameterError, match="mass"):
        thermal_parameters({"mass": 3})
    with pytest.raises(InvalidParameterError, match=r"LossTest.*megawatt"):
        thermal_parameters({**DETAILED, "losses": {"megawatt": 1}})
