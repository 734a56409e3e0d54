"""Every registered feeder under every metering plan: perfect readings give back its power flow."""

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from models.estimation.estimator import StateEstimator
from models.estimation.measurements.metering_plan import QUANTITIES, STATUS
from models.network_model import NetworkModel
from models.plant.power_flow import PowerFlow
from models.telemetry.meters import METERED_VECTORS
from networks.metering import plan_of
from networks.metering_points import POINTS
from networks.registry import FEEDERS, load_feeder

DECLARED = "declared"


class SolvedFeeder(NamedTuple):
    """A feeder, its compiled network and its power flow."""

    feeder: Any
    network: NetworkModel
    state: Any


@lru_cache(maxsize=1)  # the plans of a feeder follow one another
def solved(name: str) -> SolvedFeeder:
    feeder = load_feeder(name)
    # Loads that nobody measures are expected at nominal power, whatever their voltage.
    feeder.net.load[feeder.net.load.filter(like="const_").columns] = 0.0
    plant = PowerFlow(feeder.net)
    nominal = plant.nominal_inputs()
    # Of plants that nobody measures half their power is expected: let that be the truth.
    return SolvedFeeder(feeder, plant.network, plant.solve(replace(nominal, sgen=0.5 * nominal.sgen)))


def perfect_readings(plan: pd.DataFrame, network: NetworkModel, state: Any) -> np.ndarray:
    """What ideal meters read of a power flow; NaN from channels that tell a tap or a breaker's state."""
    order = network.order()
    value = np.full(len(plan), np.nan)
    for channel, row in enumerate(plan.replace({np.nan: None}).itertuples()):
        if QUANTITIES[row.measurement_type] != STATUS:
            vector = METERED_VECTORS[row.measurement_type, row.element_type, row.side]
            value[channel] = getattr(state, vector)[order[row.element_type].index(row.element)]
    return value


@pytest.mark.parametrize("plan_name", [DECLARED, *POINTS])
@pytest.mark.parametrize("name", FEEDERS)
def test_perfect_readings_of_a_feeder_give_back_its_power_flow(name: str, plan_name: str) -> None:
    feeder, network, state = solved(name)
    plan = feeder.meters if plan_name == DECLARED else plan_of(feeder.net, plan_name)

    found = StateEstimator(network, plan).estimate(
        perfect_readings(plan, network, state), np.ones(len(plan), dtype=bool)
    )

    assert found.converged
    assert found.objective < 1e-6
    assert not found.removed.any()
    np.testing.assert_allclose(found.vm_pu, state.vm_pu, rtol=0, atol=1e-8)
    np.testing.assert_allclose(np.radians(found.va_degree), np.radians(state.va_degree), rtol=0, atol=1e-8)
