"""The plant's power flow with tap changers that regulate by themselves, several times within a step if need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from models.control.ganged import ganged
from models.control.regulator_bank import RegulatorBank
from models.control.regulator_sensing import BusSensing
from models.control.voltage_regulator import VoltageRegulatorSettings
from models.plant.grid_state import GridInputs, GridState
from models.plant.power_flow import PowerFlow

MOST_POWER_FLOWS_A_STEP = 500


class RegulatedPowerFlow:
    """A power flow whose tap changers follow their own relays, each with its own potential transformer.

    Within a step everything but the taps stands still, so that the grid is a sequence of steady states [1]_: the first
    one is solved as the step begins; whenever a relay's time has come (first its delay, then its inter-tap delay) it
    taps, and the grid is solved anew, until every relay is content, at the end of its range, or waits beyond the end of
    the step. The relays' timers run on from step to step, so that a step shorter than a delay is one of many looks.
    Of regulators in series the one with the shorter delay moves first, as they are coordinated in the field; relays
    whose time comes at the same moment see the same state.

    The units of one transformer are ganged (`models.control.ganged`), since a balanced network has one tap a
    transformer. During faults and undervoltage the regulators block.

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

    def __init__(self, power_flow: PowerFlow, settings: Sequence[VoltageRegulatorSettings] = ()) -> None:
        self.power_flow = power_flow
        merged, order = ganged(settings), power_flow.network.order()
        tap_pos = power_flow.nominal_inputs().tap_pos
        self.bank = RegulatorBank(merged, BusSensing(merged, order), order["trafo"], tap_pos)

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
        state = self._solve(inputs)
        now_s = seconds
        for _ in range(MOST_POWER_FLOWS_A_STEP):
            if self._operate(now_s, state):
                state = self._solve(inputs)
            elif self.bank.due_s < seconds + step_s:
                now_s = max(now_s, self.bank.due_s)
            else:
                break
        return state

    def _solve(self, inputs: GridInputs) -> GridState:
        return self.power_flow.solve(replace(inputs, tap_pos=self.bank.taps_on(inputs.tap_pos)))

    def _operate(self, seconds: float, state: GridState) -> bool:
        """Let every relay look; whether one of them tapped."""
        before = self.bank.operations
        self.bank.step(seconds, vars(state))
        return bool((self.bank.operations != before).any())
