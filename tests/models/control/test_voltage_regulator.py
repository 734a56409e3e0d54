"""The voltage regulator against a plant whose voltage follows its tap."""

from typing import Any

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.control.voltage_regulator import (
    VoltageRegulator,
    VoltageRegulatorSettings,
    compensated_voltage,
    raise_direction,
)
from models.errors import InvalidParameterError


def settings_of(**settings: Any) -> VoltageRegulatorSettings:
    # The band is as wide as one and a half taps of 0.01 pu.
    defaults = {"trafo": 0, "controlled_bus": 1, "tap_min": -8, "tap_max": 8, "bandwidth_pu": 0.015, "delay_s": 30.0}
    return VoltageRegulatorSettings(**{**defaults, **settings})


def drive(regulator: VoltageRegulator, voltage_of: Any, seconds: range) -> list[int]:
    """The taps over time; `voltage_of(time, tap)` is the plant."""
    return [regulator.step(float(now), voltage_of(now, regulator.tap_pos)) for now in seconds]


def taps_at(taps: list[int], seconds: range) -> list[int]:
    """The times at which the tap moved."""
    return [now for now, before, after in zip(seconds[1:], taps, taps[1:], strict=False) if before != after]


@given(
    st.floats(0.93, 1.07),
    st.floats(0.004, 0.02),
    st.floats(1.01, 3.0),
    st.sampled_from([1, -1]),
    st.floats(0.0, 60.0),
    st.floats(0.0, 20.0),
)
def test_the_voltage_comes_into_its_band_in_the_fewest_taps_and_stays(
    untapped_pu: float, tap_pu: float, band_in_taps: float, direction: int, delay_s: float, inter_tap_delay_s: float
) -> None:
    settings = settings_of(
        tap_min=-40,
        tap_max=40,
        raise_direction=direction,
        bandwidth_pu=band_in_taps * tap_pu,
        delay_s=delay_s,
        inter_tap_delay_s=inter_tap_delay_s,
    )
    regulator = VoltageRegulator(settings, 0)
    drive(regulator, lambda now, tap: untapped_pu + direction * tap_pu * tap, range(0, 1000, 10))
    distance_pu = max(abs(untapped_pu - 1.0) - settings.bandwidth_pu / 2, 0.0)
    final_pu = untapped_pu + direction * tap_pu * regulator.tap_pos
    assert abs(final_pu - 1.0) <= settings.bandwidth_pu / 2
    assert regulator.operations == pytest.approx(distance_pu / tap_pu, abs=1.0 + 1e-6)
    assert regulator.operations == abs(regulator.tap_pos)


@given(st.lists(st.floats(0.5, 1.5) | st.just(float("nan")), min_size=5, max_size=60), st.sampled_from([1, -1]))
def test_the_tap_never_leaves_its_range_and_moves_by_one(voltages: list[float], direction: int) -> None:
    regulator = VoltageRegulator(settings_of(tap_min=-2, tap_max=1, raise_direction=direction, delay_s=0.0), 0)
    taps = [0, *(regulator.step(60.0 * k, vm_pu) for k, vm_pu in enumerate(voltages))]
    assert min(taps) >= -2
    assert max(taps) <= 1
    assert np.abs(np.diff(taps)).max() <= 1
    assert regulator.operations == np.count_nonzero(np.diff(taps))


def test_the_first_tap_waits_for_the_delay_and_the_next_for_the_inter_tap_delay() -> None:
    regulator = VoltageRegulator(settings_of(delay_s=30.0, inter_tap_delay_s=7.0, raise_direction=1), 0)
    seconds = range(0, 120)
    taps = drive(regulator, lambda now, tap: 1.0 if now < 10 else 0.96 + 0.01 * tap, seconds)
    assert taps_at(taps, seconds) == [40, 47, 54, 61]
    assert regulator.operations == 4


def test_a_dip_shorter_than_the_delay_moves_nothing() -> None:
    regulator = VoltageRegulator(settings_of(delay_s=30.0), 0)
    taps = drive(regulator, lambda now, tap: 0.95 if 10 <= now < 40 else 1.0, range(0, 100))
    assert set(taps) == {0}


def test_the_delay_starts_anew_after_a_return_into_the_band() -> None:
    regulator = VoltageRegulator(settings_of(delay_s=30.0), 0)
    seconds = range(0, 100)
    taps = drive(regulator, lambda now, tap: 1.0 if now == 25 or tap else 0.95, seconds)
    assert taps_at(taps, seconds) == [26 + 30]


def test_the_delay_starts_anew_when_the_voltage_changes_sides() -> None:
    regulator = VoltageRegulator(settings_of(delay_s=30.0), 0)
    seconds = range(0, 100)
    taps = drive(regulator, lambda now, tap: 1.0 if tap else (0.95 if now < 20 else 1.05), seconds)
    assert taps_at(taps, seconds) == [20 + 30]


def test_a_band_narrower_than_a_tap_hunts() -> None:
    regulator = VoltageRegulator(settings_of(bandwidth_pu=0.008, raise_direction=1), 0)
    drive(regulator, lambda now, tap: 0.995 + 0.01 * tap, range(0, 1000, 10))
    assert regulator.operations > 10


@pytest.mark.parametrize("lost_pu", [float("nan"), 0.0, 0.75])
def test_without_a_credible_voltage_it_blocks_and_starts_its_delay_anew(lost_pu: float) -> None:
    regulator = VoltageRegulator(settings_of(delay_s=30.0), 0)
    seconds = range(0, 100)
    taps = drive(regulator, lambda now, tap: lost_pu if 20 <= now < 60 else (1.0 if tap else 0.95), seconds)
    assert taps_at(taps, seconds) == [60 + 30]
    regulator.step(100.0, lost_pu)
    assert regulator.blocked
    regulator.step(101.0, 1.0)
    assert not regulator.blocked


def test_at_the_end_of_its_range_it_neither_moves_nor_counts() -> None:
    regulator = VoltageRegulator(settings_of(raise_direction=-1, tap_min=-3), -3)
    drive(regulator, lambda now, tap: 0.9, range(0, 300, 10))
    assert (regulator.tap_pos, regulator.operations) == (-3, 0)
    drive(regulator, lambda now, tap: 1.1, range(300, 400, 10))
    assert regulator.tap_pos > -3


def test_steps_longer_than_the_delays_take_one_tap_each() -> None:
    regulator = VoltageRegulator(settings_of(delay_s=30.0, inter_tap_delay_s=5.0, raise_direction=1), 0)
    assert drive(regulator, lambda now, tap: 0.9, range(0, 300, 60)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("deviation_in_taps", "most", "taps"),
    [(1.1, 16, 1), (2.4, 16, 1), (3.0, 16, 2), (9.6, 16, 7), (9.6, 4, 4), (30.0, 16, 16), (9.6, 1, 1)],
)
def test_an_operation_of_several_taps_goes_most_of_the_way(deviation_in_taps: float, most: int, taps: int) -> None:
    """Seven tenths of the taps that the deviation is worth, at least one, at most as many as allowed."""
    settings = settings_of(delay_s=0.0, tap_min=-16, tap_max=16, tap_step_percent=1.0, max_taps_per_operation=most)
    for sign in (1, -1):
        regulator = VoltageRegulator(settings, 0)
        assert abs(regulator.step(0.0, 1.0 + sign * 0.01 * deviation_in_taps)) == (
            taps if 1.0 + sign * 0.01 * deviation_in_taps >= settings.undervoltage_block_pu else 0
        )
        assert regulator.operations == abs(regulator.tap_pos)


def test_an_operation_of_several_taps_stops_at_the_end_of_the_range() -> None:
    settings = settings_of(delay_s=0.0, tap_min=-2, tap_max=2, tap_step_percent=1.0, max_taps_per_operation=16)
    regulator = VoltageRegulator(settings, 0)
    assert regulator.step(0.0, 1.1) == 2
    assert regulator.operations == 2
    regulator.step(10.0, 1.1)
    assert regulator.due_s is None


def test_it_says_when_it_will_tap() -> None:
    regulator = VoltageRegulator(settings_of(delay_s=30.0, inter_tap_delay_s=7.0), 0)
    for seconds, vm_pu, due_s in (
        (0.0, 1.0, None),
        (10.0, 0.9, 40.0),
        (20.0, 1.0, None),
        (30.0, 0.9, 60.0),
        (60.0, 0.9, 67.0),
    ):
        regulator.step(seconds, vm_pu)
        assert regulator.due_s == due_s


def test_line_drop_compensation_is_the_voltage_behind_the_impedance() -> None:
    # Solved the other way round: from the load centre's voltage to the sending end's.
    load_pu, impedance_pu, current_pu = 0.97 + 0j, 0.03 + 0.06j, 0.8 - 0.3j
    sending_pu = load_pu + impedance_pu * current_pu
    power_mva = sending_pu * np.conj(current_pu) * 25.0
    regulated_pu = compensated_voltage(abs(sending_pu), power_mva.real, power_mva.imag, 0.03, 0.06, 25.0)
    assert regulated_pu == pytest.approx(0.97, abs=1e-12)


def test_line_drop_compensation_raises_the_busbar_under_load_and_not_without() -> None:
    compensating = settings_of(line_drop_r_pu=0.03, line_drop_x_pu=0.03, line_drop_base_mva=10.0, raise_direction=1)
    idle, loaded = VoltageRegulator(compensating, 0), VoltageRegulator(compensating, 0)
    for now in range(0, 600, 10):
        idle.step(now, 1.0 + 0.01 * idle.tap_pos, p_mw=0.0, q_mvar=0.0)
        loaded.step(now, 1.0 + 0.01 * loaded.tap_pos, p_mw=10.0, q_mvar=3.0)
    assert idle.tap_pos == 0
    assert loaded.tap_pos == 4


def test_line_drop_compensation_blocks_without_a_flow() -> None:
    regulator = VoltageRegulator(settings_of(line_drop_r_pu=0.03, line_drop_base_mva=10.0, delay_s=0.0), 0)
    assert regulator.step(0.0, 0.9, p_mw=float("nan"), q_mvar=0.0) == 0
    assert regulator.blocked


@pytest.mark.parametrize("tap_side", ["hv", "lv"])
@pytest.mark.parametrize("tap_step_percent", [1.5, -1.5])
def test_the_raising_direction_is_pandapowers(tap_side: str, tap_step_percent: float) -> None:
    net = pp.create_empty_network()
    high, low = pp.create_bus(net, 110.0), pp.create_bus(net, 20.0)
    pp.create_ext_grid(net, high)
    pp.create_transformer(net, high, low, "25 MVA 110/20 kV")
    net.trafo["tap_side"] = tap_side
    net.trafo["tap_step_percent"] = tap_step_percent
    net.trafo["tap_changer_type"] = "Ratio"
    voltage_pu = []
    for tap_pos in (0, 1):
        net.trafo["tap_pos"] = tap_pos
        pp.runpp(net)
        voltage_pu.append(net.res_bus.vm_pu[low])
    assert np.sign(voltage_pu[1] - voltage_pu[0]) == raise_direction(tap_side, tap_step_percent)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bandwidth_pu": 0.0}, "bandwidth_pu must be above 0"),
        ({"tap_step_percent": 2.5}, "narrower than one tap of 2.5 %"),
        ({"raise_direction": 0}, "raise_direction must be 1 or -1, got 0"),
        ({"tap_min": 9}, "tap_min 9 must not exceed tap_max 8"),
        ({"delay_s": -1.0}, "delay_s must be at least 0"),
        ({"line_drop_r_pu": 0.1}, "needs line_drop_base_mva"),
        ({"undervoltage_block_pu": 1.2}, "undervoltage_block_pu"),
        ({"phases": "abc"}, "phases must be one of '', 'a', .*, got 'abc'"),
        ({"max_taps_per_operation": 0}, "max_taps_per_operation must be at least 1"),
        ({"max_taps_per_operation": 16}, "max_taps_per_operation 16 needs tap_step_percent"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        settings_of(**settings)


def test_a_start_outside_of_the_range_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="starts at tap 9, outside of its range -8 to 8"):
        VoltageRegulator(settings_of(), 9)


def test_a_winding_without_taps_has_no_direction() -> None:
    with pytest.raises(InvalidParameterError, match="tap_side must be 'hv' or 'lv'"):
        raise_direction("mv")
