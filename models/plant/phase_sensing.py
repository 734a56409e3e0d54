"""What regulators see through potential and current transformers of their own, phase by phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.control.regulator_sensing import Sensed, position_of
from models.control.voltage_regulator import VoltageRegulatorSettings
from models.network_model import FloatArray
from models.phases import PHASES


class PhaseSensing:
    """The voltage at each regulator's potential transformer, and the load that its current transformer sees.

    The current is that of the transformer's low-voltage conductor of the regulator's (first) phase. It comes as the
    power it would carry in all three phases, at the voltage that the regulator looks at: the angle between this voltage
    and the current is what line-drop compensation works with, and between two phases it is not the load's. The
    controlled bus is taken to be the transformer's low-voltage bus where line-drop compensation is on.

    A regulator without phases of its own looks at phase a, as a ganged three-phase unit's control does.

    Parameters
    ----------
    settings
        The regulators.
    order
        pandapower indices in vector order: ``{"bus": [...], "trafo": [...]}``.

    Raises
    ------
    InvalidParameterError
        If a controlled bus or a transformer is not in the order.
    """

    def __init__(self, settings: Sequence[VoltageRegulatorSettings], order: Mapping[str, Sequence[int]]) -> None:
        self._phases = [regulator.phases or PHASES[0] for regulator in settings]
        self._bus = [position_of(order, "bus", regulator.controlled_bus) for regulator in settings]
        self._trafo = [position_of(order, "trafo", regulator.trafo) for regulator in settings]

    def look(self, inputs: Mapping[str, FloatArray]) -> list[Sensed]:
        """What each regulator sees in the vectors of a `PhaseState`."""
        return [_sensed(inputs, *unit) for unit in zip(self._phases, self._bus, self._trafo, strict=True)]


def _sensed(state: Mapping[str, FloatArray], phases: str, bus: int, trafo: int) -> Sensed:
    own_pu = _voltage(state, phases[0], bus)
    seen_pu = own_pu if len(phases) == 1 else (own_pu - _voltage(state, phases[1], bus)) / np.sqrt(3)
    # pandapower counts flows into the transformer; the feeder gets the opposite.
    into_feeder_mva = -complex(state[f"trafo_p_lv_{phases[0]}_mw"][trafo], state[f"trafo_q_lv_{phases[0]}_mvar"][trafo])
    seen_mva = len(PHASES) * into_feeder_mva * (seen_pu / own_pu if abs(own_pu) > 0 else np.nan)
    return Sensed(abs(seen_pu), seen_mva.real, seen_mva.imag)


def _voltage(state: Mapping[str, FloatArray], phase: str, bus: int) -> complex:
    angle = np.radians(state[f"va_{phase}_degree"][bus])
    return complex(state[f"vm_{phase}_pu"][bus] * np.exp(1j * angle))
