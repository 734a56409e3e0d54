"""The swing equation: equilibrium, energy, frequency by droop, and Kundur's machine against an infinite bus."""

import cmath
from collections.abc import Callable
from math import acos, cos, degrees, inf, nan, pi, radians, sin, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from models.errors import InvalidParameterError
from models.plant.rotor import Governor, Machine
from models.plant.swing import AreaStart, HostedMachine, SupplyArea, TerminalStart

# Kundur, "Power System Stability and Control", example 13.1; per unit of 2220 MVA, 60 Hz.
KUNDUR = Machine(rated_mva=2220, inertia_constant_s=3.5, damping_pu=0, nominal_hz=60)
TRANSFORMER, CIRCUIT_1, CIRCUIT_2, TRANSIENT = 0.15j, 0.5j, 0.93j, 0.3
BEFORE = TRANSFORMER + CIRCUIT_1 * CIRCUIT_2 / (CIRCUIT_1 + CIRCUIT_2)
AFTER = TRANSFORMER + CIRCUIT_1
FAULT_TIME_S = 1.0


def kundur_machine() -> tuple[HostedMachine, complex]:
    """The machine at P 0.9, Q 0.436, Vt 1.0, and the infinite bus behind the network, whose angle is zero."""
    infinite_bus = 1 - BEFORE * complex(0.9, -0.436)
    start = TerminalStart(
        transient_reactance_pu=TRANSIENT,
        p_mw=0.9 * 2220,
        q_mvar=0.436 * 2220,
        va_degree=-degrees(cmath.phase(infinite_bus)),
        thevenin_x_pu=BEFORE.imag,
    )
    machine = HostedMachine(KUNDUR, start)
    return machine, abs(infinite_bus)


def network(time_s: float, clearing_s: float, infinite_bus: float) -> dict[str, complex]:
    """Thevenin equivalent: whole, bolted fault at the transformer's high side, circuit 2 opened."""
    if time_s < FAULT_TIME_S - 1e-9:
        return {"v_thevenin": infinite_bus, "z_thevenin": BEFORE}
    if time_s < FAULT_TIME_S + clearing_s - 1e-9:
        return {"v_thevenin": 0, "z_thevenin": TRANSFORMER}
    return {"v_thevenin": infinite_bus, "z_thevenin": AFTER}


def trajectory(clearing_s: float, step_s: float, until_s: float = 5.0) -> pd.Series:
    """Rotor angle against time, the events falling on step boundaries."""
    machine, infinite_bus = kundur_machine()
    times = np.arange(round(until_s / step_s) + 1) * step_s
    angles = [machine.rotor_angle_degree]
    for start in times[:-1]:
        machine.step(step_s, **network(start, clearing_s, infinite_bus))
        angles.append(machine.rotor_angle_degree)
    return pd.Series(angles, index=times)


def hosted(machine: Machine, transient_reactance_pu: float = 0.3, **start: float) -> HostedMachine:
    return HostedMachine(machine, TerminalStart(transient_reactance_pu=transient_reactance_pu, **start))


def area(governor: Governor | None = None, damping_pu: float = 1.0) -> SupplyArea:
    machine = Machine(rated_mva=100, inertia_constant_s=4, damping_pu=damping_pu, nominal_hz=50, governor=governor)
    return SupplyArea(machine, AreaStart(base_load_mw=60))


@pytest.mark.parametrize("seconds", [0.02, 60.0, 3600.0])
def test_an_undisturbed_machine_stays_where_it_is(seconds: float) -> None:
    machine, infinite_bus = kundur_machine()
    start_degree = machine.rotor_angle_degree
    for _ in range(20):
        machine.step(seconds, **network(0.0, 0.0, infinite_bus))
    assert machine.rotor_angle_degree == pytest.approx(start_degree, abs=1e-9)
    assert machine.speed_pu == pytest.approx(1.0, abs=1e-12)
    assert machine.p_electrical_mw == pytest.approx(0.9 * 2220, abs=1e-6)


def test_an_undisturbed_area_stays_at_nominal_frequency() -> None:
    supply = area(Governor())
    for _ in range(100):
        supply.step(60.0, feeder_p_mw=3.7)
    assert supply.frequency_hz == pytest.approx(50.0, abs=1e-12)
    assert supply.p_mechanical_mw == pytest.approx(supply.p_electrical_mw)


def test_a_swing_without_damping_keeps_its_energy() -> None:
    machine, infinite_bus = kundur_machine()
    machine.step(0.05, v_thevenin=0, z_thevenin=TRANSFORMER)

    def energy() -> float:
        """Kinetic energy of the deviation plus potential energy, Kundur section 13.1.2. [pu s]"""
        angle, deviation = machine.state.angle_rad, machine.state.speed_deviation_pu
        kinetic = KUNDUR.inertia_constant_s * deviation**2
        potential = -0.9 * angle - machine.curve.p_swing_pu * cos(angle)
        return kinetic + potential / (2 * pi * 60)

    machine.step(0.0, v_thevenin=infinite_bus, z_thevenin=AFTER)
    start = energy()
    swing = []
    for _ in range(60):
        machine.step(1.0)
        swing.append(energy() - start)
    accelerating = KUNDUR.inertia_constant_s * (0.9 / 7 * 0.05) ** 2
    assert np.max(np.abs(swing)) < 1e-4 * accelerating


def test_damping_brings_the_rotor_to_its_new_equilibrium() -> None:
    constants = Machine(rated_mva=10, inertia_constant_s=3, damping_pu=20)
    damped = hosted(constants, p_mw=8, q_mvar=2, thevenin_x_pu=0.2)
    damped.step(300.0, z_thevenin=0.4j)
    assert damped.speed_pu == pytest.approx(1.0, abs=1e-9)
    assert damped.p_electrical_mw == pytest.approx(8.0, abs=1e-6)


def test_a_machine_on_an_infinite_bus_swings_at_its_natural_frequency() -> None:
    machine = hosted(Machine(damping_pu=0), p_mw=50, q_mvar=0)
    synchronising = machine.emf_vm_pu / 0.3 * cos(machine.state.angle_rad)
    period_s = 2 * pi / sqrt(2 * pi * 50 * synchronising / 8)
    start_degree = machine.rotor_angle_degree
    machine.step(0.01, v_thevenin=0.95)
    machine.step(period_s / 4 - 0.005, v_thevenin=1.0)
    ahead_degree = machine.rotor_angle_degree
    machine.step(period_s / 2)
    assert ahead_degree > start_degree + 0.01
    assert machine.rotor_angle_degree - start_degree == pytest.approx(start_degree - ahead_degree, rel=0.01)


def test_the_network_impedance_is_read_on_the_network_base() -> None:
    at_rating = hosted(Machine(rated_mva=5), p_mw=4, q_mvar=1, thevenin_x_pu=0.2)
    at_network_base = hosted(Machine(rated_mva=5), p_mw=4, q_mvar=1, thevenin_x_pu=0.04, network_mva=1)
    for machine, x_pu in ((at_rating, 0.5), (at_network_base, 0.1)):
        machine.step(0.3, z_thevenin=x_pu * 1j)
    assert at_network_base.rotor_angle_degree == pytest.approx(at_rating.rotor_angle_degree, abs=1e-9)


def test_power_against_angle_is_that_of_the_circuit() -> None:
    machine = hosted(Machine(rated_mva=10), 0.25, p_mw=6, q_mvar=-1, va_degree=12, thevenin_x_pu=0.1)
    v_thevenin, z_thevenin = cmath.rect(0.93, radians(-8)), 0.05 + 0.2j
    machine.step(0.2, v_thevenin, z_thevenin)
    emf = cmath.rect(machine.emf_vm_pu, radians(machine.emf_va_degree))
    current = (emf - v_thevenin) / (z_thevenin + 0.25j)
    assert machine.p_electrical_mw == pytest.approx(10 * (emf * current.conjugate()).real, rel=1e-12)


@pytest.mark.parametrize("event", [{"load_step_mw": 6.0}, {"generation_trip_mw": 6.0}])
def test_frequency_settles_by_droop_and_damping(event: dict[str, float]) -> None:
    supply = area(Governor(droop_pu=0.05, time_constant_s=0.5))
    supply.step(120.0, **event)
    deviation_pu = -0.06 / (1.0 + 1 / 0.05)
    assert supply.frequency_hz == pytest.approx(50 * (1 + deviation_pu), abs=1e-8)


def test_frequency_and_its_nadir_follow_the_matrix_exponential() -> None:
    droop_pu, time_constant_s, momentum_s, step_pu = 0.05, 0.8, 8.0, -0.06
    supply = area(Governor(droop_pu=droop_pu, time_constant_s=time_constant_s))
    system = np.array(
        [
            [-1.0 / momentum_s, 1 / momentum_s, step_pu / momentum_s],
            [-1 / (droop_pu * time_constant_s), -1 / time_constant_s, 0],
            [0, 0, 0],
        ]
    )
    times = np.arange(1, 1001) * 0.02
    exact = np.array([50 * (1 + (expm(system * t) @ [0, 0, 1])[0]) for t in times])
    stepped = []
    for _ in times:
        supply.step(0.02, load_step_mw=6)
        stepped.append(supply.frequency_hz)
    assert np.max(np.abs(stepped - exact)) < 1e-7
    assert np.argmin(stepped) == np.argmin(exact)
    assert np.min(stepped) < stepped[-1] - 0.05


def test_without_droop_only_damping_holds_the_frequency() -> None:
    supply = area(governor=None, damping_pu=2.0)
    supply.step(4.0, load_step_mw=5)
    assert supply.frequency_hz == pytest.approx(50 * (1 - 0.05 / 2 * (1 - np.exp(-2 * 4 / 8))), abs=1e-8)
    assert supply.p_mechanical_mw == 60


def test_a_governor_gives_no_more_than_its_limit() -> None:
    supply = area(Governor(p_max_pu=0.63))
    supply.step(300.0, load_step_mw=10)
    assert supply.p_mechanical_mw == pytest.approx(63, abs=1e-6)
    assert supply.frequency_hz == pytest.approx(50 * (1 - 0.07), abs=1e-6)


def test_the_feeder_counts_by_its_change_since_the_start() -> None:
    feeder, elsewhere = area(Governor()), area(Governor())
    feeder.step(1.0, feeder_p_mw=3.0)
    elsewhere.step(1.0)
    for _ in range(10):
        feeder.step(0.5, feeder_p_mw=5.0)
        elsewhere.step(0.5, load_step_mw=2.0)
    assert feeder.frequency_hz == pytest.approx(elsewhere.frequency_hz, abs=1e-12)
    assert feeder.frequency_hz < 50


def test_an_unsolved_grid_leaves_the_last_network_in_place() -> None:
    told, untold = kundur_machine()[0], kundur_machine()[0]
    told.step(0.1, 0.8, AFTER)
    untold.step(0.1, 0.8, AFTER)
    told.step(0.1, 0.8, AFTER)
    untold.step(0.1, complex(nan, nan), complex(nan, 0))
    assert told.state == untold.state

    supply, reference = area(), area()
    for power in (3.0, 4.0, nan):
        supply.step(1.0, feeder_p_mw=power)
    for power in (3.0, 4.0, 4.0):
        reference.step(1.0, feeder_p_mw=power)
    assert supply.state == reference.state


def test_a_step_of_no_length_changes_nothing() -> None:
    machine = kundur_machine()[0]
    before = machine.state
    machine.step(0.0, v_thevenin=0.0)
    assert machine.state == before


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: Machine(inertia_constant_s=0), "inertia_constant_s must be above 0"),
        (lambda: Machine(damping_pu=-1), "damping_pu must be at least 0"),
        (lambda: Governor(droop_pu=0), "droop_pu must be above 0"),
        (lambda: Governor(p_min_pu=1, p_max_pu=0.5), "p_max_pu must be at least 1"),
        (lambda: area(Governor(p_max_pu=0.5)), "outside the governor's limits"),
        (lambda: AreaStart(base_load_mw=nan), "base_load_mw must be a number"),
        (lambda: hosted(Machine(), 0.0, p_mw=1, q_mvar=0), "transient_reactance_pu must be above 0"),
        (lambda: hosted(Machine(), p_mw=nan, q_mvar=0), "p_mw must be a number"),
        (lambda: hosted(Machine(), p_mw=1, q_mvar=0, network_mva=0), "network_mva must be above 0"),
        (lambda: area().step(-1.0), "seconds must be at least 0"),
        (lambda: area().step(inf), "seconds must be finite"),
        (lambda: area().step(1.0, load_step_mw=nan), "load_step_mw must be a number"),
    ],
)
def test_impossible_machines_and_steps_are_refused(build: Callable[[], object], complaint: str) -> None:
    with pytest.raises(InvalidParameterError, match=complaint):
        build()


@settings(max_examples=40, deadline=None)
@given(
    pieces=st.lists(st.floats(0.001, 5.0), min_size=2, max_size=8),
    v_thevenin=st.floats(0.5, 1.1),
    x_thevenin=st.floats(0.05, 0.6),
    damping_pu=st.floats(0, 5),
)
def test_splitting_a_step_changes_nothing(
    pieces: list[float], v_thevenin: float, x_thevenin: float, damping_pu: float
) -> None:
    def machine() -> HostedMachine:
        governor = Governor(p_max_pu=0.8)
        constants = Machine(damping_pu=damping_pu, governor=governor)
        return hosted(constants, p_mw=40, q_mvar=10, thevenin_x_pu=0.2)

    whole, split = machine(), machine()
    whole.step(sum(pieces), v_thevenin, x_thevenin * 1j)
    for piece in pieces:
        split.step(piece, v_thevenin, x_thevenin * 1j)
    assert split.rotor_angle_degree == pytest.approx(whole.rotor_angle_degree, abs=0.02)
    assert split.frequency_hz == pytest.approx(whole.frequency_hz, abs=1e-3)


def test_kundurs_machine_starts_at_the_published_emf() -> None:
    machine, infinite_bus = kundur_machine()
    assert infinite_bus == pytest.approx(0.90081, abs=1e-5)
    assert machine.emf_vm_pu == pytest.approx(1.16259, abs=1e-5)
    assert machine.emf_va_degree == pytest.approx(41.772, abs=1e-3)


@pytest.mark.parametrize(
    ("clearing_ms", "step_s", "until_s", "tolerance_degree"),
    [
        (70, 0.001, 5.0, 0.02),
        (70, 0.010, 5.0, 0.02),
        # So close to the critical 86.83 ms, one microsecond of clearing time is worth 0.1 degree in the later swings,
        # and the reference spreads each event over 0.1 ms: the first swing is compared closely, the rest loosely.
        (86, 0.001, 2.0, 0.1),
        (86, 0.002, 2.0, 0.1),
        (86, 0.002, 5.0, 0.5),
    ],
)
def test_kundurs_swing_agrees_with_an_independent_simulation(
    reference_data: Path, clearing_ms: int, step_s: float, until_s: float, tolerance_degree: float
) -> None:
    reference = pd.read_csv(reference_data / "swing" / f"kundur131_andes_tc{clearing_ms:03d}ms.csv")
    angles = trajectory(clearing_ms / 1000, step_s, until_s)
    expected = np.interp(angles.index, reference["t"], reference["delta_deg"])
    assert np.max(np.abs(angles - expected)) < tolerance_degree


@pytest.mark.parametrize(("clearing_s", "largest_degree"), [(0.070, 98.13), (0.086, 119.5)])
def test_kundurs_largest_angle_is_the_published_one(clearing_s: float, largest_degree: float) -> None:
    assert trajectory(clearing_s, 0.002).max() == pytest.approx(largest_degree, abs=0.05)


@pytest.mark.parametrize(("step_s", "tolerance_degree"), [(0.002, 1e-6), (0.02, 1e-4), (4.0, 1e-2)])
def test_the_integration_agrees_with_a_tighter_one(step_s: float, tolerance_degree: float) -> None:
    machine, infinite_bus = kundur_machine()
    machine.step(0.086, v_thevenin=0, z_thevenin=TRANSFORMER)
    machine.step(0.0, v_thevenin=infinite_bus, z_thevenin=AFTER)
    p_swing_pu = machine.curve.p_swing_pu

    def slopes(_: float, state: np.ndarray) -> list[float]:
        return [2 * pi * 60 * state[1], (0.9 - p_swing_pu * sin(state[0])) / 7]

    start = [machine.state.angle_rad, machine.state.speed_deviation_pu]
    exact = solve_ivp(slopes, (0, 4), start, method="DOP853", rtol=1e-12, atol=1e-13)
    for _ in range(round(4 / step_s)):
        machine.step(step_s)
    assert machine.rotor_angle_degree == pytest.approx(degrees(exact.y[0, -1]), abs=tolerance_degree)


def test_kundurs_machine_loses_synchronism_when_cleared_after_87_ms() -> None:
    assert trajectory(0.087, 0.001, until_s=4.0).max() > 180
    assert trajectory(0.086, 0.001, until_s=4.0).max() < 180


def test_the_critical_clearing_time_is_that_of_equal_areas() -> None:
    machine, infinite_bus = kundur_machine()
    start = machine.state.angle_rad
    largest_after = machine.emf_vm_pu * infinite_bus / (AFTER.imag + TRANSIENT)
    unstable = pi - np.arcsin(0.9 / largest_after)
    critical = acos(0.9 / largest_after * (unstable - start) + cos(unstable))
    equal_area_s = sqrt(4 * 3.5 * (critical - start) / (2 * pi * 60 * 0.9))
    assert degrees(critical) == pytest.approx(52.242, abs=0.001)

    def is_stable(clearing_s: float) -> bool:
        swinging, _ = kundur_machine()
        swinging.step(clearing_s, v_thevenin=0, z_thevenin=TRANSFORMER)
        for _ in range(30):
            swinging.step(0.1, v_thevenin=infinite_bus, z_thevenin=AFTER)
            if swinging.rotor_angle_degree > 180:
                return False
        return True

    stable_s, unstable_s = 0.05, 0.15
    while unstable_s - stable_s > 1e-7:
        middle_s = (stable_s + unstable_s) / 2
        stable_s, unstable_s = (middle_s, unstable_s) if is_stable(middle_s) else (stable_s, middle_s)
    assert stable_s == pytest.approx(equal_area_s, abs=1e-6)
    assert stable_s == pytest.approx(0.08683, abs=1e-4)
