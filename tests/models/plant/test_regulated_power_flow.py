"""Tap changers with relays of their own on the balanced network: what a long step settles to, when, and what never."""

from typing import Any

import numpy as np
import pandapower
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.control.voltage_regulator import VoltageRegulatorSettings
from models.plant.faults import Fault
from models.plant.grid_state import GridInputs
from models.plant.power_flow import PowerFlow
from models.plant.regulated_power_flow import RegulatedPowerFlow

HOUR_S = 3600.0
STEP_PU = 0.00625


def feeder() -> Any:
    """Two regulators in series on a 12.47 kV feeder, each with a load behind it; 0 to 1 and 2 to 3 are regulated."""
    net = pandapower.create_empty_network()
    buses = [pandapower.create_bus(net, 12.47) for _ in range(5)]
    pandapower.create_ext_grid(net, buses[0])
    for start, end in ((0, 1), (2, 3)):
        pandapower.create_transformer_from_parameters(
            net, start, end, sn_mva=10.0, vn_hv_kv=12.47, vn_lv_kv=12.47, vkr_percent=0.05, vk_percent=0.1,
            pfe_kw=0.0, i0_percent=0.0, tap_side="lv", tap_neutral=0, tap_min=-16, tap_max=16, tap_pos=0,
            tap_step_percent=100 * STEP_PU, tap_changer_type="Ratio",
        )  # fmt: skip
    for start, end, length_km in ((1, 2, 5.0), (3, 4, 3.0)):
        pandapower.create_line_from_parameters(
            net, start, end, length_km, r_ohm_per_km=0.3, x_ohm_per_km=0.4, c_nf_per_km=0.0, max_i_ka=0.4
        )
    pandapower.create_load(net, 2, p_mw=2.0, q_mvar=0.8)
    pandapower.create_load(net, 4, p_mw=2.0, q_mvar=0.8)
    return net


def relay(trafo: int, **changed: Any) -> VoltageRegulatorSettings:
    defaults = {
        "trafo": trafo,
        "controlled_bus": (1, 3)[trafo],
        "tap_min": -16,
        "tap_max": 16,
        "raise_direction": 1,
        "vm_set_pu": 1.02,
        "bandwidth_pu": 1.6 * STEP_PU,
        "delay_s": (30.0, 45.0)[trafo],
        "inter_tap_delay_s": 5.0,
        "tap_step_percent": 100 * STEP_PU,
    }
    return VoltageRegulatorSettings(**{**defaults, **changed})


@pytest.fixture(scope="module")
def power_flow() -> PowerFlow:
    return PowerFlow(feeder())


def loaded(power_flow: PowerFlow, loading: float, **changed: Any) -> GridInputs:
    nominal = power_flow.nominal_inputs()
    return GridInputs(**{**vars(nominal), "load": loading * nominal.load, **changed})


def taps(regulated: RegulatedPowerFlow) -> list[int]:
    return [regulator.tap_pos for regulator in regulated.bank.regulators]


def test_an_hourly_step_ends_where_steps_of_ten_seconds_end(power_flow: PowerFlow) -> None:
    both = (relay(0), relay(1))
    hourly, fine = RegulatedPowerFlow(power_flow, both), RegulatedPowerFlow(power_flow, both)
    for hour, loading in enumerate((0.2, 1.0, 0.1)):
        inputs = loaded(power_flow, loading)
        settled = hourly.solve(hour * HOUR_S, HOUR_S, inputs)
        for seconds in np.arange(hour * HOUR_S, (hour + 1) * HOUR_S, 10.0):
            state = fine.solve(float(seconds), 10.0, inputs)
        assert taps(hourly) == taps(fine)
        assert hourly.bank.operations.tolist() == fine.bank.operations.tolist()
        np.testing.assert_allclose(settled.vm_pu, state.vm_pu, rtol=0, atol=1e-9)


@given(st.floats(0.0, 1.4), st.floats(0.98, 1.05), st.integers(1, 16), st.floats(1.01, 3.0))
@settings(max_examples=15)
def test_after_an_hour_every_relay_is_content_or_at_its_end(
    power_flow: PowerFlow, loading: float, vm_set_pu: float, taps_per_operation: int, band_in_taps: float
) -> None:
    chosen: dict[str, Any] = {"vm_set_pu": vm_set_pu, "max_taps_per_operation": taps_per_operation}
    band_pu = band_in_taps * 1.06 * STEP_PU  # what a tap is worth at the highest voltage
    both = [relay(trafo, bandwidth_pu=band_pu, tap_min=-9, tap_max=6, **chosen) for trafo in (0, 1)]
    regulated = RegulatedPowerFlow(power_flow, both)
    state = regulated.solve(0.0, HOUR_S, loaded(power_flow, loading))
    for regulator in regulated.bank.regulators:
        deviation_pu = state.vm_pu[regulator.settings.controlled_bus] - vm_set_pu
        assert -9 <= regulator.tap_pos <= 6
        content = abs(deviation_pu) <= band_pu / 2 + 1e-12
        assert content or regulator.tap_pos == (6 if deviation_pu < 0 else -9)
    # Nobody hunts: the same again moves nothing.
    before = regulated.bank.operations.tolist()
    regulated.solve(HOUR_S, HOUR_S, loaded(power_flow, loading))
    assert regulated.bank.operations.tolist() == before


def test_the_upstream_regulator_moves_first(power_flow: PowerFlow) -> None:
    """Behind the first one's delay, before the second one's: only the first has moved."""
    regulated = RegulatedPowerFlow(power_flow, (relay(0), relay(1)))
    regulated.solve(0.0, 40.0, loaded(power_flow, 1.5))
    assert taps(regulated)[0] > 0
    assert taps(regulated)[1] == 0


def test_of_two_in_series_a_patient_one_is_spared_operations(power_flow: PowerFlow) -> None:
    """With the same delays both correct the same voltage at once and the one downstream has to go back."""

    def operations(delay_s: float) -> int:
        regulated = RegulatedPowerFlow(power_flow, (relay(0), relay(1, delay_s=delay_s)))
        regulated.solve(0.0, HOUR_S, loaded(power_flow, 0.1, slack=np.array([0.97 + 0j])))
        return int(regulated.bank.operations[1])

    assert operations(delay_s=120.0) < operations(delay_s=30.0)


def test_a_step_shorter_than_the_delay_is_one_of_many_looks(power_flow: PowerFlow) -> None:
    regulated = RegulatedPowerFlow(power_flow, (relay(0, delay_s=30.0, inter_tap_delay_s=5.0),))
    moved = []
    for seconds in range(45):
        regulated.solve(float(seconds), 1.0, loaded(power_flow, 1.0))
        moved.append(taps(regulated)[0])
    assert [second for second in range(1, 45) if moved[second] != moved[second - 1]] == [30, 35, 40]


def test_a_tap_shows_in_the_step_in_which_it_is_made(power_flow: PowerFlow) -> None:
    regulated = RegulatedPowerFlow(power_flow, (relay(0, delay_s=0.0),))
    before = power_flow.solve(loaded(power_flow, 1.0)).vm_pu[1]
    after = regulated.solve(0.0, 1.0, loaded(power_flow, 1.0)).vm_pu[1]
    assert after - before == pytest.approx(STEP_PU, rel=0.05)
    assert power_flow.inputs.tap_pos.tolist() == [1, 0]


def test_a_dip_between_two_steps_starts_the_delay_anew(power_flow: PowerFlow) -> None:
    regulated = RegulatedPowerFlow(power_flow, (relay(0, vm_set_pu=1.0, inter_tap_delay_s=30.0),))
    sagging, normal = loaded(power_flow, 1.0, slack=np.array([0.98 + 0j])), loaded(power_flow, 0.0)
    for seconds, inputs in enumerate((sagging, normal, sagging, sagging)):
        regulated.solve(15.0 * seconds, 15.0, inputs)
    assert taps(regulated) == [0]
    regulated.solve(60.0, 15.0, sagging)
    assert taps(regulated) == [1]


def test_a_fault_blocks_the_relays_it_blinds(power_flow: PowerFlow) -> None:
    regulated = RegulatedPowerFlow(power_flow, (relay(0, delay_s=0.0), relay(1, delay_s=0.0)))
    # The plant remembers what it was before the fault.
    power_flow.solve(loaded(power_flow, 1.0))
    fault = Fault(line=1, position=0.1, resistance_ohm=0.0)
    state = regulated.solve(0.0, 10.0, loaded(power_flow, 1.0, faults=(fault,)))
    assert state.vm_pu[3] < 0.8
    assert taps(regulated)[1] == 0
    assert regulated.bank.regulators[1].blocked


def test_regulated_transformers_heed_no_command_and_others_do(power_flow: PowerFlow) -> None:
    regulated = RegulatedPowerFlow(power_flow, (relay(0, vm_set_pu=1.0, bandwidth_pu=0.1),))
    regulated.solve(0.0, 60.0, loaded(power_flow, 0.1, tap_pos=np.array([5, 3])))
    assert power_flow.inputs.tap_pos.tolist() == [0, 3]
    nobody = RegulatedPowerFlow(power_flow)
    nobody.solve(0.0, 60.0, loaded(power_flow, 0.1, tap_pos=np.array([5, 3])))
    assert power_flow.inputs.tap_pos.tolist() == [5, 3]


def test_line_drop_compensation_holds_the_voltage_at_the_load_centre(power_flow: PowerFlow) -> None:
    """The compensator's impedance is that of the line to bus 4, so bus 4 keeps the set point whatever the load."""
    base_mva = 10.0
    impedance_pu = 3.0 * (0.3 + 0.4j) / (12.47**2 / base_mva)
    line_drop = {
        "line_drop_r_pu": impedance_pu.real,
        "line_drop_x_pu": impedance_pu.imag,
        "line_drop_base_mva": base_mva,
    }
    regulated = RegulatedPowerFlow(power_flow, (relay(1, vm_set_pu=0.98, **line_drop),))
    for hour, loading in enumerate((0.1, 0.6, 1.0)):
        state = regulated.solve(hour * HOUR_S, HOUR_S, loaded(power_flow, loading))
        assert state.vm_pu[4] == pytest.approx(0.98, abs=0.8 * STEP_PU + 1e-4)


def test_regulators_that_hunt_end_with_the_step(power_flow: PowerFlow) -> None:
    """A band narrower than a tap is refused where the tap's size is known; where it is not, the step still ends."""
    hunting = relay(0, bandwidth_pu=0.2 * STEP_PU, delay_s=0.0, inter_tap_delay_s=0.0, tap_step_percent=None)
    regulated = RegulatedPowerFlow(power_flow, (hunting,))
    assert regulated.solve(0.0, HOUR_S, loaded(power_flow, 1.0)).converged
