"""Single-phase units of one bank as one ganged regulator."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.control.ganged import ganged
from models.control.voltage_regulator import VoltageRegulatorSettings
from models.errors import InvalidParameterError


def unit(phases: str, **settings: Any) -> VoltageRegulatorSettings:
    defaults = {"trafo": 3, "controlled_bus": 7, "tap_min": -16, "tap_max": 16, "raise_direction": 1, "phases": phases}
    return VoltageRegulatorSettings(**{**defaults, **settings})


def test_a_ganged_regulator_stays_as_it_is() -> None:
    one = unit("", line_drop_r_pu=0.1, line_drop_base_mva=5.0, tap_step_percent=0.625)
    assert ganged([one]) == [replace(one, line_drop_x_pu=0.0)]


def test_units_become_one_at_the_mean_of_their_dials() -> None:
    (bank,) = ganged(
        [
            unit("a", vm_set_pu=1.00, bandwidth_pu=0.02, delay_s=15.0, tap_min=-8, max_taps_per_operation=1),
            unit("b", vm_set_pu=1.02, bandwidth_pu=0.03, delay_s=30.0, tap_max=10, undervoltage_block_pu=0.7),
        ]
    )
    assert bank.vm_set_pu == pytest.approx(1.01)
    assert bank.bandwidth_pu == pytest.approx(0.025)
    assert bank.delay_s == pytest.approx(22.5)
    assert (bank.tap_min, bank.tap_max, bank.undervoltage_block_pu, bank.phases) == (-8, 10, 0.8, "")
    assert not bank.compensates_line_drop


def test_transformers_stay_apart_and_in_order() -> None:
    banks = ganged([unit("a", trafo=5), unit("a", trafo=2), unit("b", trafo=5)])
    assert [bank.trafo for bank in banks] == [5, 2]


def test_open_delta_dials_are_those_of_the_line_turned_by_thirty_degree() -> None:
    """The two units of the IEEE 37-node feeder stand for the same line of 1.5 + j3 V."""
    dials = {"ab": -0.201 + 3.348j, "cb": 2.799 + 1.848j}
    units = [
        unit(phases, line_drop_r_pu=volt.real / 120, line_drop_x_pu=volt.imag / 120, line_drop_base_mva=2.9)
        for phases, volt in dials.items()
    ]
    for chosen in ([units[0]], [units[1]], units):
        (bank,) = ganged(chosen)
        assert bank.line_drop_r_pu * 120 == pytest.approx(1.5, abs=1e-3)
        assert bank.line_drop_x_pu * 120 == pytest.approx(3.0, abs=1e-3)


@given(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(1.0, 50.0))
def test_the_same_impedance_on_another_base_is_the_same(r_pu: float, x_pu: float, base_mva: float) -> None:
    one = unit("a", line_drop_r_pu=r_pu, line_drop_x_pu=x_pu, line_drop_base_mva=10.0)
    other = unit(
        "b",
        line_drop_r_pu=r_pu * base_mva / 10.0,
        line_drop_x_pu=x_pu * base_mva / 10.0,
        line_drop_base_mva=base_mva,
    )
    (bank,) = ganged([one, other])
    assert bank.line_drop_base_mva == 10.0
    np.testing.assert_allclose([bank.line_drop_r_pu, bank.line_drop_x_pu], [r_pu, x_pu], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (unit("b", controlled_bus=8), "same controlled_bus to be ganged, got 7, 8"),
        (unit("b", raise_direction=-1), "same raise_direction to be ganged, got -1, 1"),
        (unit(""), "a ganged regulator and another one"),
    ],
)
def test_units_that_do_not_go_together_are_refused(other: VoltageRegulatorSettings, message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        ganged([unit("a"), other])
