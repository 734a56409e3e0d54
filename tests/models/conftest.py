"""Feeders solved by OpenDSS far more tightly than the twin needs, and their network as the control room knows it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.phase_network import PhaseNetworkModel
from models.plant.opendss_power_flow import OpenDSSPowerFlow
from models.telemetry.instrument_errors import MeterSettings
from models.telemetry.meters import Meters
from networks.checks import check_solves
from networks.metering import plan_of
from networks.three_phase.balanced import balanced_net
from networks.three_phase.opendss_circuit import OpenDSSCircuit, opendss_circuit
from networks.three_phase.phase_metering import plan_by_phase
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

    def plan(self, name: str) -> pd.DataFrame:
        """A metering plan in every phase."""
        return plan_by_phase(plan_of(self.net, name), self.circuit)

    def read(self, plan: pd.DataFrame) -> np.ndarray:
        """What perfect meters read in the plant's last step."""
        grid = {**self.plant.phases.vectors, "switch_closed_in_effect": self.plant.inputs.switch_closed}
        for phase, taps in zip("abc", self.plant.inputs.phase_tap_pos.T, strict=True):
            grid[f"tap_{phase}_pos_in_effect"] = taps
        streams = np.random.default_rng(0).spawn(2)
        return Meters(plan, self.network.order(), MeterSettings.ideal(), *streams).read(0.0, grid).value


@pytest.fixture(scope="session")
def feeder_by_phase() -> Callable[[str], FeederByPhase]:
    @cache
    def feeder(name: str) -> FeederByPhase:
        tables = read_tables(DATA / name)
        net = balanced_net(tables)[0]
        check_solves(net)
        circuit = opendss_circuit(tables, net)
        tight = replace(circuit, commands=(*circuit.commands, "Set Tolerance=1e-13"))
        plant = OpenDSSPowerFlow(net, tight)
        plant.solve(plant.nominal_inputs())
        return FeederByPhase(tables, net, circuit, plant, PhaseNetworkModel(net, circuit))

    return feeder
