"""Feeders solved by OpenDSS far more tightly than the twin needs, and their network as the control room knows it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.phase_network import PhaseNetworkModel
from models.plant.opendss_power_flow import OpenDSSPowerFlow
from networks.three_phase.balanced import balanced_net
from networks.three_phase.opendss_circuit import OpenDSSCircuit, opendss_circuit
from networks.three_phase.tables import ThreePhaseTables, read_tables

DATA = Path(__file__).parents[2] / "networks" / "data"


@dataclass(frozen=True)
class FeederByPhase:
    """One feeder: plant and control room."""

    tables: ThreePhaseTables
    net: Any
    circuit: OpenDSSCircuit
    plant: OpenDSSPowerFlow
    network: PhaseNetworkModel

    def vector(self, pattern: str) -> np.ndarray:
        """A vector of the plant's last step by element and phase, such as ``"vm_{}_pu"``, (3 n,)."""
        phases = self.plant.phases.vectors
        return np.column_stack([phases[pattern.format(phase)] for phase in "abc"]).ravel()

    def voltages(self) -> np.ndarray:
        """Of every bus and phase, NaN where there is none, (3 n_bus,). [pu]"""
        return self.vector("vm_{}_pu") * np.exp(1j * np.radians(self.vector("va_{}_degree")))


@pytest.fixture(scope="session")
def feeder_by_phase() -> Callable[[str], FeederByPhase]:
    @cache
    def feeder(name: str) -> FeederByPhase:
        tables = read_tables(DATA / name)
        net = balanced_net(tables)[0]
        circuit = opendss_circuit(tables, net)
        tight = replace(circuit, commands=(*circuit.commands, "Set Tolerance=1e-13"))
        plant = OpenDSSPowerFlow(net, tight)
        plant.solve(plant.nominal_inputs())
        return FeederByPhase(tables, net, circuit, plant, PhaseNetworkModel(net, circuit))

    return feeder
