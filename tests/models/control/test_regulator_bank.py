"""Regulators of a feeder: which voltage each looks at and which tap it moves."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.control.regulator_bank import RegulatorBank
from models.control.regulator_sensing import BusSensing, MeasuredSensing
from models.control.voltage_regulator import VoltageRegulatorSettings
from models.errors import InvalidParameterError

ORDER = {"bus": [0, 4, 9], "trafo": [3, 5, 8]}
PLAN = pd.DataFrame(
    [
        ("v", "bus", 9, None),
        ("p", "trafo", 5, "hv"),
        ("q", "trafo", 5, "hv"),
        ("p", "trafo", 8, "lv"),
        ("q", "trafo", 8, "lv"),
        ("v", "bus", 4, None),
    ],
    columns=["measurement_type", "element_type", "element", "side"],
)
LINE_DROP = {"line_drop_r_pu": 0.05, "line_drop_x_pu": 0.0, "line_drop_base_mva": 1.0}


def regulator(trafo: int, bus: int, **settings: Any) -> VoltageRegulatorSettings:
    return VoltageRegulatorSettings(
        trafo=trafo, controlled_bus=bus, tap_min=-5, tap_max=5, raise_direction=1, delay_s=0.0, **settings
    )


def estimated(*settings: VoltageRegulatorSettings, tap_pos: Any = (0, 0, 0)) -> RegulatorBank:
    return RegulatorBank(settings, BusSensing(settings, ORDER), ORDER["trafo"], tap_pos)


def measured(*settings: VoltageRegulatorSettings) -> RegulatorBank:
    return RegulatorBank(settings, MeasuredSensing(settings, PLAN), ORDER["trafo"], [0, 0, 0])


def test_each_regulator_moves_its_own_tap_by_its_own_bus() -> None:
    bank = estimated(regulator(8, 4), regulator(3, 9), tap_pos=[1, 2, 0])
    taps = bank.step(0.0, {"vm_pu": np.array([0.5, 0.9, 1.1])})
    assert taps.tolist() == [0, 2, 1]
    assert bank.operations.tolist() == [1, 1]


def test_no_regulator_leaves_the_taps_as_they_are() -> None:
    bank = estimated(tap_pos=[1, np.nan, -3])
    taps = bank.step(0.0, {"vm_pu": np.full(3, 0.9)})
    assert taps.tolist() == [1, 0, -3]
    assert taps.dtype == np.int64
    assert bank.operations.shape == (0,)


def test_taps_are_a_fresh_array_at_every_step() -> None:
    bank = estimated(regulator(3, 4))
    first = bank.step(0.0, {"vm_pu": np.ones(3)})
    bank.step(60.0, {"vm_pu": np.full(3, 0.9)})
    assert first.tolist() == [0, 0, 0]


def test_measured_regulators_pick_the_voltage_channel_of_their_bus() -> None:
    bank = measured(regulator(3, 4), regulator(5, 9))
    taps = bank.step(0.0, {"value_received": np.array([1.1, 9.0, 9.0, 9.0, 9.0, 0.9])})
    assert taps.tolist() == [1, -1, 0]


@pytest.mark.parametrize("bank", [estimated(regulator(3, 4)), measured(regulator(3, 4))])
def test_regulators_that_nobody_feeds_block(bank: RegulatorBank) -> None:
    for seconds in (0.0, 60.0):
        assert bank.step(seconds, {}).tolist() == [0, 0, 0]
    assert bank.regulators[0].blocked


def test_line_drop_sees_the_flow_into_the_feeder_whichever_side_is_metered() -> None:
    """A load of 1 MW drops 0.05 pu: 1.0 pu at the busbar is 0.95 pu at the load, so every regulator raises."""
    by_flow_vectors = estimated(regulator(5, 9, **LINE_DROP))
    flows = {"trafo_p_lv_mw": np.array([0, -1.0, 0]), "trafo_q_lv_mvar": np.zeros(3)}
    assert by_flow_vectors.step(0.0, {"vm_pu": np.ones(3), **flows}).tolist() == [0, 1, 0]
    by_meters = measured(regulator(5, 9, **LINE_DROP), regulator(8, 9, **LINE_DROP))
    received = np.array([1.0, 1.0, 0.0, -1.0, 0.0, 1.0])
    assert by_meters.step(0.0, {"value_received": received}).tolist() == [0, 1, 1]


def test_a_controlled_bus_without_a_voltage_meter_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match=r"voltage of bus 0, which no channel measures \(only buses 9, 4\)"):
        measured(regulator(3, 0))


def test_line_drop_without_its_flows_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="trafo 3 needs its measured p and q"):
        measured(regulator(3, 4, **LINE_DROP))
    with pytest.raises(InvalidParameterError, match="needs trafo_p_lv_mw; connect it"):
        estimated(regulator(3, 4, **LINE_DROP)).step(0.0, {"vm_pu": np.ones(3)})


def test_elements_that_the_network_does_not_have_are_refused() -> None:
    with pytest.raises(InvalidParameterError, match="names trafo 7, which is none of the network's 3"):
        estimated(regulator(7, 4))
    with pytest.raises(InvalidParameterError, match="names bus 1, which is none of the network's 3"):
        estimated(regulator(3, 1))


def test_two_regulators_on_one_transformer_are_refused() -> None:
    with pytest.raises(InvalidParameterError, match="one regulator"):
        estimated(regulator(3, 4), regulator(3, 9))


def test_vectors_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(InvalidParameterError, match=r"tap_pos must have one entry \(or one a phase\) for each of 3"):
        estimated(tap_pos=[0])
    with pytest.raises(InvalidParameterError, match="vm_pu must have 3 elements, got 2"):
        estimated(regulator(3, 4)).step(0.0, {"vm_pu": np.ones(2)})
