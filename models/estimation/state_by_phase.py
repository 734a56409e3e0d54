"""An estimate phase by phase, and what it is as a whole for those who look at a balanced network."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from models.estimation.estimate import Estimate
from models.network_model import FloatArray
from models.phase_network import PhaseNetworkModel
from models.phases import PHASES, of_phase

BUS_VECTORS = ("vm_pu", "va_degree")
"""What is estimated of every phase of a bus."""


class StateByPhase:
    """The state in an estimate of a network phase by phase.

    Parameters
    ----------
    estimate
        Its vectors are by phase.
    network
        What was estimated.
    """

    def __init__(self, estimate: Estimate, network: PhaseNetworkModel) -> None:
        self._estimate, self._rotation = estimate, network.rotation
        self._vm_pu = estimate.vm_pu.reshape(-1, len(PHASES))
        self._va_degree = estimate.va_degree.reshape(-1, len(PHASES))

    @property
    def vectors(self) -> Mapping[str, FloatArray]:
        """`BUS_VECTORS` phase by phase, as ``vm_a_pu``; NaN where a phase is absent or de-energised. (n_bus,) each"""
        values = dict(zip(BUS_VECTORS, (self._vm_pu, self._va_degree), strict=True))
        return {
            of_phase(vector, phase): values[vector][:, place].copy()
            for vector in BUS_VECTORS
            for place, phase in enumerate(PHASES)
        }

    @property
    def vm_pu(self) -> FloatArray:
        """Mean magnitude of the phases of every bus, NaN where it has none with voltage. (n_bus,) [pu]"""
        live = np.isfinite(self._vm_pu)
        count = live.sum(axis=1)
        total = np.where(live, self._vm_pu, 0.0).sum(axis=1)
        return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)

    @property
    def va_degree(self) -> FloatArray:
        """Angle of phase a in the balanced system that the phases of every bus are nearest to. (n_bus,) [degree]"""
        phasors = self._vm_pu * np.exp(1j * np.radians(self._va_degree)) * self._rotation
        in_step = np.where(np.isfinite(self._vm_pu), phasors, 0.0).sum(axis=1)
        return np.where(np.isfinite(self._vm_pu).any(axis=1), np.degrees(np.angle(in_step)), np.nan)

    @property
    def trafo_p_lv_mw(self) -> FloatArray:
        """Active power into every transformer at its low-voltage side, of all phases. (n_trafo,) [MW]"""
        return self._into_low_voltage_sides.real.copy()

    @property
    def trafo_q_lv_mvar(self) -> FloatArray:
        """Reactive power into every transformer at its low-voltage side, of all phases. (n_trafo,) [Mvar]"""
        return self._into_low_voltage_sides.imag.copy()

    @cached_property
    def _into_low_voltage_sides(self) -> np.ndarray:
        by_phase = self._estimate.trafo_p_lv_mw + 1j * self._estimate.trafo_q_lv_mvar
        return by_phase.reshape(-1, len(PHASES)).sum(axis=1)
