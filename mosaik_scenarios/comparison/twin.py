"""The twin's side: the feeder's power flow at its nominal loads or hour by hour, without mosaik."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mosaik_scenarios.comparison.hours import HOUR_S
from mosaik_scenarios.comparison.references.reference import FloatArray, IntArray
from mosaik_scenarios.comparison.taps import ImposedTaps
from mosaik_scenarios.errors import ComparisonError
from networks.three_phase.tables import PHASES, SOURCE_IMPEDANCE

if TYPE_CHECKING:
    from models.plant.grid_state import GridInputs, GridState
    from networks.feeder import Feeder, RecordedLoads

WHOLE = -1
"""In place of a phase: the bus, or the ganged tap, as a whole."""


@dataclass(frozen=True, eq=False)
class Probes:
    """Where the twin's voltages are taken.

    Attributes
    ----------
    bus
        Rows of the net's bus table. (n_probe,)
    phase
        0 to 2 for the phases a to c, `WHOLE` for the bus as a whole. (n_probe,)
    """

    bus: IntArray
    phase: IntArray


@dataclass(frozen=True, eq=False)
class TapProbes:
    """Whose taps are taken.

    Attributes
    ----------
    trafo
        Rows of the net's transformer table. (n_probe,)
    phase
        As of `Probes`. (n_probe,)
    """

    trafo: IntArray
    phase: IntArray


@dataclass(frozen=True, eq=False)
class TwinResult:
    """What the twin says.

    Attributes
    ----------
    vm_pu, va_degree
        At the probes, NaN where de-energised, or the phase is not there. (n_time, n_probe) [pu, degree]
    tap_pos
        At the probes of taps. (n_time, n_tap_probe) [-]
    p_mw, q_mvar
        What the feeder draws at its source. (n_time,) [MW, Mvar]
    solved
        Whether the power flow has a solution. (n_time,)
    state
        The last step as a whole.
    """

    vm_pu: FloatArray
    va_degree: FloatArray
    tap_pos: FloatArray
    p_mw: FloatArray
    q_mvar: FloatArray
    solved: NDArray[np.bool_]
    state: GridState


NOWHERE = Probes(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
NO_TAPS = TapProbes(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def solve_nominal(feeder: Feeder, solver: str, probes: Probes = NOWHERE, taps: ImposedTaps | None = None) -> TwinResult:
    """The power flow at nominal loads, with the feeder's own taps unless others are imposed."""
    flow = power_flow_of(feeder, solver)
    inputs = flow.nominal_inputs()
    if taps is not None:
        inputs = _with_taps(inputs, taps, 0)
    return _collect(feeder, flow, iter([flow.solve(inputs)]), 1, probes, NO_TAPS)


def solve_hours(
    feeder: Feeder,
    solver: str,
    hours: IntArray,
    begin: int,
    probes: Probes = NOWHERE,
    taps: ImposedTaps | None = None,
    tap_probes: TapProbes = NO_TAPS,
) -> TwinResult:
    """The power flow with the loads recorded at the given hours.

    Without imposed taps the twin's own tap changers regulate, so that every hour from `begin` on is stepped: a tap
    stands where the hour before has left it.

    Parameters
    ----------
    hours
        Ascending. (n_time,)
    begin
        The hour to begin with, at the feeder's own taps.
    """
    flow = power_flow_of(feeder, solver)
    loads = hourly_loads(feeder)
    if taps is not None or not len(feeder.regulators):
        states = _each_for_itself(flow, loads, hours, taps)
    else:
        states = _regulated(feeder, flow, loads, hours, begin)
    return _collect(feeder, flow, states, len(hours), probes, tap_probes)


def power_flow_of(feeder: Feeder, solver: str) -> Any:
    """The power flow of that name, on the feeder as it is.

    Raises
    ------
    ComparisonError
        The feeder has no such solver.
    """
    if solver not in feeder.solvers:
        raise ComparisonError(f"feeder {feeder.name} is solved by {' or '.join(feeder.solvers)}, got {solver!r}.")
    if solver == "pandapower":
        from models.plant.power_flow import PowerFlow

        return PowerFlow(feeder.net)
    from models.plant.opendss_power_flow import OpenDSSPowerFlow
    from networks.three_phase.opendss_circuit import opendss_circuit

    assert feeder.three_phase is not None
    return OpenDSSPowerFlow(feeder.net, opendss_circuit(feeder.three_phase, feeder.net))


def recorded_hours(loads: RecordedLoads) -> int:
    """How many whole hours the loads are recorded."""
    return int(len(loads.p_mw) * loads.step_s // HOUR_S)


def hourly_loads(feeder: Feeder) -> NDArray[np.complex128]:
    """What every load draws as each hour begins, in table order, (n_hour, n_load). [MVA]

    Raises
    ------
    ComparisonError
        A load of the feeder has no record.
    """
    recorded = feeder.recorded_loads
    assert recorded is not None
    order = feeder.net.load.index
    missing = [load for load in order if load not in recorded.p_mw or load not in recorded.q_mvar]
    if missing:
        raise ComparisonError(f"the recorded loads of feeder {feeder.name} lack load {missing[0]}; record all of them.")
    rows = (np.arange(recorded_hours(recorded)) * HOUR_S / recorded.step_s).astype(np.int64)
    p_mw, q_mvar = (power[order].to_numpy(dtype=float)[rows] for power in (recorded.p_mw, recorded.q_mvar))
    return np.asarray(p_mw + 1j * q_mvar)


def _each_for_itself(
    flow: Any, loads: NDArray[np.complex128], hours: IntArray, taps: ImposedTaps | None
) -> Iterator[GridState]:
    nominal = flow.nominal_inputs()
    for place, hour in enumerate(hours):
        inputs = replace(nominal, load=loads[hour])
        yield flow.solve(inputs if taps is None else _with_taps(inputs, taps, place))


def _regulated(
    feeder: Feeder, flow: Any, loads: NDArray[np.complex128], hours: IntArray, begin: int
) -> Iterator[GridState]:
    """Every hour in turn, the feeder's own tap changers following their relays; only the wanted hours come out."""
    from models.control.voltage_regulator import VoltageRegulatorSettings
    from models.plant.regulated_power_flow import RegulatedPowerFlow

    settings = [VoltageRegulatorSettings(**row) for row in feeder.regulator_settings()]
    regulated = RegulatedPowerFlow(flow, settings)
    nominal, wanted = flow.nominal_inputs(), set(hours.tolist())
    for hour in range(begin, int(hours[-1]) + 1):
        state = regulated.solve(hour * HOUR_S, HOUR_S, replace(nominal, load=loads[hour]))
        if hour in wanted:
            yield state


def _with_taps(inputs: GridInputs, taps: ImposedTaps, row: int) -> GridInputs:
    return replace(inputs, tap_pos=taps.tap_pos[row], phase_tap_pos=taps.phase_tap_pos[row])


def _collect(
    feeder: Feeder, flow: Any, states: Iterator[GridState], length: int, probes: Probes, tap_probes: TapProbes
) -> TwinResult:
    """Of every state, what is compared; the rest would not fit in memory over a year."""
    shape = (length, len(probes.bus))
    vm_pu, va_degree = np.empty(shape), np.empty(shape)
    tap_pos = np.empty((length, len(tap_probes.trafo)))
    total, solved = np.empty(length, dtype=complex), np.empty(length, dtype=bool)
    source_line = _source_line(feeder)
    by_phase = bool((probes.phase != WHOLE).any())
    for row, state in enumerate(states):
        vm_pu[row], va_degree[row] = state.vm_pu[probes.bus], state.va_degree[probes.bus]
        if by_phase:
            _take_phases(flow.phases, probes, vm_pu[row], va_degree[row])
        tap_pos[row] = _taps_in_effect(flow.inputs, tap_probes)
        total[row], solved[row] = _drawn(state, source_line), state.converged
    return TwinResult(vm_pu, va_degree, tap_pos, total.real, total.imag, solved, state)


def _take_phases(phases: Any, probes: Probes, vm_pu: FloatArray, va_degree: FloatArray) -> None:
    for place in range(len(PHASES)):
        at = probes.phase == place
        vm_pu[at] = phases.vm_pu[probes.bus[at], place]
        va_degree[at] = phases.va_degree[probes.bus[at], place]


def _taps_in_effect(inputs: GridInputs, probes: TapProbes) -> FloatArray:
    if (probes.phase == WHOLE).all():
        return np.asarray(inputs.tap_pos, dtype=float)[probes.trafo]
    assert inputs.phase_tap_pos is not None
    return inputs.phase_tap_pos[probes.trafo, probes.phase]


def _source_line(feeder: Feeder) -> int | None:
    names = feeder.net.line.name.tolist()
    return names.index(SOURCE_IMPEDANCE) if SOURCE_IMPEDANCE in names else None


def _drawn(state: GridState, source_line: int | None) -> complex:
    """What the feeder draws at its source, behind the impedance of the supplying network. [MVA]"""
    if source_line is None:
        return complex(state.slack_p_mw.sum(), state.slack_q_mvar.sum())
    return complex(-state.line_p_to_mw[source_line], -state.line_q_to_mvar[source_line])
