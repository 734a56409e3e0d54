"""Single-phase units by themselves: their taps are those of OpenDSS's own RegControl, hour after hour."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.control.voltage_regulator import VoltageRegulatorSettings
from models.plant.opendss_power_flow import OpenDSSPowerFlow
from models.plant.power_flow import PowerFlow
from models.plant.regulated_power_flow import RegulatedPowerFlow
from networks.registry import load_feeder
from networks.three_phase.balanced import balanced_net
from networks.three_phase.opendss_circuit import opendss_circuit
from networks.three_phase.regulation import regulators_of
from networks.three_phase.tables import ThreePhaseTables, read_tables

DATA = Path(__file__).parents[3] / "networks" / "data"
FEEDERS = ("ieee13", "ieee34", "ieee37", "ieee123")
HOUR_S = 3600.0

opendssdirect = pytest.importorskip("opendssdirect")


class OpenDSSControls:
    """The same circuit with OpenDSS's own regulator controls, in static mode."""

    def __init__(self, tables: ThreePhaseTables, circuit: Any) -> None:
        self._context = opendssdirect.OpenDSSDirect.NewContext()
        self._loads = list(circuit.load.itertuples(index=False))
        self._units = [name.lower() for name in tables.regulator.transformer]
        self._step = tables.regulator.tap_step_percent / 100.0
        controls = [
            f"New RegControl.{unit.regulator} transformer={element} winding=2 vreg={unit.v_set_v} "
            f"band={unit.bandwidth_v} ptratio={unit.pt_ratio} ctprim={unit.ct_primary_a} R={unit.line_drop_r_v} "
            f"X={unit.line_drop_x_v} delay={unit.delay_s} maxtapchange=16"
            for unit, element in zip(tables.regulator.itertuples(index=False), self._units, strict=True)
        ]
        for command in (*circuit.commands, *controls, "Set ControlMode=STATIC", "Set MaxControlIter=100"):
            self._context.Text.Command(command)

    def settle(self, load_mva: np.ndarray) -> list[int]:
        """Taps of the units once every control is content."""
        for load, mva in zip(self._loads, load_mva, strict=True):
            self._context.Loads.Name(load.element)
            self._context.Loads.kW(1000.0 * load.p_at_rated * mva.real)
            self._context.Loads.kvar(1000.0 * load.q_at_rated * mva.imag)
        self._context.Solution.Solve()
        return [self._tap(unit, step) for unit, step in zip(self._units, self._step, strict=True)]

    def _tap(self, unit: str, step: float) -> int:
        self._context.Transformers.Name(unit)
        self._context.Transformers.Wdg(2)
        return round((self._context.Transformers.Tap() - 1.0) / step)


def units_of(tables: ThreePhaseTables, net: Any, **changed: Any) -> list[VoltageRegulatorSettings]:
    rows = regulators_of(tables, net).to_dict("records")
    stated: list[dict[str, Any]] = [{str(name): value for name, value in row.items() if value == value} for row in rows]
    return [
        VoltageRegulatorSettings(
            **{**row, "tap_step_percent": float(net.trafo.tap_step_percent.at[row["trafo"]]), **changed}
        )
        for row in stated
    ]


def in_turns(unit: VoltageRegulatorSettings) -> VoltageRegulatorSettings:
    """In static mode time stands still: who has the shorter delay is done before the others begin."""
    delay_s = {15.0: 1.0, 30.0: 100.0}[unit.delay_s]
    return replace(unit, delay_s=delay_s, inter_tap_delay_s=delay_s)


def taps(regulated: RegulatedPowerFlow) -> list[int]:
    return [regulator.tap_pos for regulator in regulated.bank.regulators]


def two_days(feeder: str, order: Any) -> tuple[np.ndarray, np.ndarray]:
    """Taps of every unit at every hour, ours and those of OpenDSS's own controls. (48, n_unit)"""
    tables = read_tables(DATA / feeder)
    net = balanced_net(tables)[0]
    circuit = opendss_circuit(tables, net)
    power_flow = OpenDSSPowerFlow(net, circuit)
    regulated = RegulatedPowerFlow(power_flow, [order(u) for u in units_of(tables, net, max_taps_per_operation=16)])
    opendss, nominal = OpenDSSControls(tables, circuit), power_flow.nominal_inputs()
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for hour in range(48):
        loading = 0.7 + 0.35 * np.sin(2 * np.pi * (hour - 9) / 24) + 0.05 * rng.standard_normal(len(nominal.load))
        inputs = replace(nominal, load=nominal.load * loading)
        assert regulated.solve(hour * HOUR_S, HOUR_S, inputs).converged
        ours.append(taps(regulated))
        theirs.append(opendss.settle(inputs.load))
    return np.array(ours), np.array(theirs)


@pytest.mark.parametrize("feeder", FEEDERS)
def test_every_unit_taps_as_opendss_does_over_two_days(feeder: str) -> None:
    ours, theirs = two_days(feeder, in_turns)
    np.testing.assert_array_equal(ours, theirs)
    assert len(np.unique(ours, axis=0)) > 2


@pytest.mark.parametrize("feeder", FEEDERS)
def test_with_time_going_on_between_operations_a_tap_may_differ_by_one(feeder: str) -> None:
    """Regulators in series then act on one another in another order than where time stands still."""
    ours, theirs = two_days(feeder, lambda unit: unit)
    assert np.abs(ours - theirs).max() <= 1
    assert (ours == theirs).all(axis=1).mean() > 0.85


@pytest.mark.parametrize("feeder", FEEDERS)
def test_from_their_published_taps_the_relays_move_one_at_most(feeder: str) -> None:
    tables = read_tables(DATA / feeder)
    net = balanced_net(tables)[0]
    power_flow = OpenDSSPowerFlow(net, opendss_circuit(tables, net))
    regulated = RegulatedPowerFlow(power_flow, units_of(tables, net))
    regulated.solve(0.0, HOUR_S, power_flow.nominal_inputs())
    np.testing.assert_allclose(taps(regulated), tables.regulator.tap_pos, rtol=0, atol=1)


@pytest.mark.parametrize("feeder", ["ieee13", "ieee37"])
def test_the_ganged_tap_of_the_balanced_net_is_within_one_of_the_units_median(feeder: str) -> None:
    tables = read_tables(DATA / feeder)
    net = balanced_net(tables)[0]
    settings = units_of(tables, net)
    by_phase = RegulatedPowerFlow(OpenDSSPowerFlow(net, opendss_circuit(tables, net)), settings)
    ganged = RegulatedPowerFlow(PowerFlow(net), settings)
    nominal = ganged.power_flow.nominal_inputs()
    for hour, loading in enumerate((0.3, 0.8, 1.1, 0.6)):
        for regulated in (by_phase, ganged):
            regulated.solve(hour * HOUR_S, HOUR_S, replace(nominal, load=loading * nominal.load))
        (tap,) = taps(ganged)
        assert abs(tap - np.median(taps(by_phase))) <= 1


def test_six_weeks_of_the_iowa_feeder_tap_as_the_matlab_study_did(reference_data: Path) -> None:
    """Each phase by itself as the study's OpenDSS, and the balanced net's ganged tap beside the phases' median."""
    feeder = load_feeder(reference_data / "iowa240")
    net, recorded, hours = feeder.net, feeder.recorded_loads, range(1000)
    assert feeder.three_phase is not None
    assert recorded is not None
    load_mva = (recorded.p_mw + 1j * recorded.q_mvar)[net.load.index].to_numpy()
    matlab = pd.read_csv(reference_data / "iowa240" / "Tap_Changing_Data.csv").to_numpy()[: len(hours)]
    settings = units_of(feeder.three_phase, net)
    found = []
    for power_flow in (OpenDSSPowerFlow(net, opendss_circuit(feeder.three_phase, net)), PowerFlow(net)):
        regulated, nominal = RegulatedPowerFlow(power_flow, settings), power_flow.nominal_inputs()
        for hour in hours:
            regulated.solve(hour * HOUR_S, HOUR_S, replace(nominal, load=load_mva[hour]))
            found.append(taps(regulated))
    by_phase, ganged = np.array(found[: len(hours)]), np.array(found[len(hours) :])
    assert (by_phase == matlab).all(axis=1).mean() >= 0.97
    assert (np.abs(ganged[:, 0] - np.median(matlab, axis=1)) <= 1).mean() >= 0.97


def test_each_unit_moves_the_tap_of_its_own_phase() -> None:
    tables = read_tables(DATA / "ieee13")
    net = balanced_net(tables)[0]
    power_flow = OpenDSSPowerFlow(net, opendss_circuit(tables, net))
    of_phase_b = units_of(tables, net, vm_set_pu=1.03)[1:2]
    regulated = RegulatedPowerFlow(power_flow, of_phase_b)
    start = power_flow.phase_tap_pos(power_flow.nominal_inputs())
    regulated.solve(0.0, HOUR_S, power_flow.nominal_inputs())
    moved = power_flow.inputs.phase_tap_pos - start
    row = list(power_flow.network.trafo_index).index(of_phase_b[0].trafo)
    assert regulated.bank.names == [f"{of_phase_b[0].trafo} b"]
    assert moved[row, 1] != 0
    assert moved[row, [0, 2]].tolist() == [0, 0]
    assert regulated.bank.operations.tolist() == [abs(moved[row, 1])]
