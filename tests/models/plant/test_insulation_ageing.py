"""Ageing of paper: IEEE Std C57.91-2011, clause 5."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plant.insulation_ageing import ageing_acceleration, equivalent_ageing

HOT_SPOTS_C = st.floats(-40, 250)


def test_paper_ages_at_its_normal_rate_at_110_degrees() -> None:
    assert ageing_acceleration(110.0) == pytest.approx(1.0, abs=1e-12)


@given(HOT_SPOTS_C, st.floats(0.1, 50))
def test_a_hotter_spot_ages_faster(hot_spot_c: float, more_k: float) -> None:
    assert ageing_acceleration(hot_spot_c + more_k) > ageing_acceleration(hot_spot_c)


@pytest.mark.parametrize(("hot_spot_c", "factor"), [(90, 0.1156), (100, 0.3499), (120, 2.7089), (140, 17.1995)])
def test_factors_of_the_standards_table(hot_spot_c: float, factor: float) -> None:
    assert ageing_acceleration(hot_spot_c) == pytest.approx(factor, rel=5e-4)


def test_equivalent_ageing_of_a_constant_hot_spot_is_its_acceleration() -> None:
    hot_spots_c = np.array([80.0, 110.0, 130.0])
    loss_of_life_h = ageing_acceleration(hot_spots_c) * 24
    np.testing.assert_allclose(equivalent_ageing(loss_of_life_h, 24), ageing_acceleration(hot_spots_c))
