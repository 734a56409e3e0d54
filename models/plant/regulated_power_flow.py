"""The plant's power flow with tap changers that regulate by themselves, several times within a step if need be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.control.ganged import ganged
from models.control.regulator_bank import RegulatorBank
from models.control.regulator_sensing import BusSensing
from models.control.voltage_regulator import VoltageRegulatorSettings
from models.phases import PHASES
from models.plant.grid_state import GridInputs, GridState
from models.plant.phase_sensing import PhaseSensing
from models.plant.power_flow import PowerFlow

if TYPE_CHECKING:
    from models.plant.opendss_power_flow import OpenDSSPowerFlow

MOST_POWER_FLOWS_A_STEP = 500


class RegulatedPowerFlow:
    """A power flow whose tap changers follow their own relays, each with its own potential transformer.

    Within a step everything but the taps stands still, so that the grid is a sequence of steady states [1]_: the first
    one is solved as the step begins; whenever a relay's time has come (first its delay, then its inter-tap delay) it
    taps, and the grid is solved anew, until every relay is content, at the end of its range, or waits beyond the end of
    the step. The relays' timers run on from step to step, so that a step shorter than a delay is one of many looks.
    Of regulators in series the one with the shorter delay moves first, as they are coordinated in the field; relays
    whose time comes at the same moment see the same state.

    With the OpenDSS solver each single-phase unit looks at its own phase and moves by itself; a balanced net has one
    tap a transformer, so that there the units are ganged (`models.control.ganged`). During faults and undervoltage the
    regulators block.

    Parameters
    ----------
    power_flow
        What solves the grid.
    settings
        The regulators; none leaves the taps to whoever else commands them.

    Attributes
    ----------
    power_flow
        As given.
    bank
        The regulators with their taps and timers.

    References
    ----------
    .. [1] R. C. Dugan, R. F. Arritt, T. E. McDermott, S. M. Brahma, K. Schneider, "Distribution System Analysis to
       Support the Smart Grid", IEEE PES General Meeting, 2010: quasi-static time series.
    """

    def __init__(
        self, power_flow: PowerFlow | OpenDSSPowerFlow, settings: Sequence[VoltageRegulatorSettings] = ()
    ) -> None:
        self.power_flow = power_flow
        self.bank = _bank(power_flow, settings)

    def solve(self, seconds: float, step_s: float, inputs: GridInputs) -> GridState:
        """The state that the grid has settled to by the end of a step.

        Parameters
        ----------
        seconds
            Beginning of the step, since the scenario's start. [s]
        step_s
            Its length. [s]
        inputs
            What acts on the grid during the step; the taps of regulated transformers are the regulators' own.
        """
        if not self.bank.regulators:
            return self.power_flow.solve(inputs)
        state = self._solve(inputs)
        now_s = seconds
        for _ in range(MOST_POWER_FLOWS_A_STEP):
            if self._operate(now_s):
                state = self._solve(inputs)
            elif self.bank.due_s < seconds + step_s:
                now_s = max(now_s, self.bank.due_s)
            else:
                break
        return state

    def _solve(self, inputs: GridInputs) -> GridState:
        """Solve with the regulators' own taps in place of those given."""
        if isinstance(self.power_flow, PowerFlow):
            return self.power_flow.solve(replace(inputs, tap_pos=self.bank.taps_on(inputs.tap_pos)))
        given = inputs.phase_tap_pos
        taps = np.full((len(self.bank.trafo_order), len(PHASES)), np.nan) if given is None else given
        return self.power_flow.solve(replace(inputs, phase_tap_pos=self.bank.taps_on(taps)))

    def _operate(self, seconds: float) -> bool:
        """Let every relay look; whether one of them tapped."""
        before = self.bank.operations
        self.bank.step(seconds, self._seen())
        return bool((self.bank.operations != before).any())

    def _seen(self) -> Mapping[str, Any]:
        """The last step as the potential and current transformers are offered it."""
        if isinstance(self.power_flow, PowerFlow):
            return vars(self.power_flow.state)
        return self.power_flow.phases.vectors


def _bank(power_flow: PowerFlow | OpenDSSPowerFlow, settings: Sequence[VoltageRegulatorSettings]) -> RegulatorBank:
    """The regulators at the taps at which the power flow starts: ganged, or each unit by itself."""
    order, inputs = power_flow.network.order(), power_flow.nominal_inputs()
    if isinstance(power_flow, PowerFlow):
        merged = ganged(settings)
        return RegulatorBank(merged, BusSensing(merged, order), order["trafo"], inputs.tap_pos)
    taps = power_flow.phase_tap_pos(inputs)
    return RegulatorBank(settings, PhaseSensing(settings, order), order["trafo"], taps)
