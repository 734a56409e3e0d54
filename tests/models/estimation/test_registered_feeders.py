"""Every registered feeder's own metering plan observes it, and perfect readings give back the power flow."""

import numpy as np
import pytest

from models.estimation.estimator import StateEstimator
from models.network_model import NetworkModel
from models.plant.power_flow import PowerFlow
from models.telemetry.meters import METERED_VECTORS
from networks.registry import FEEDERS, load_feeder


@pytest.mark.parametrize("name", FEEDERS)
def test_perfect_readings_of_a_feeder_give_back_its_power_flow(name: str) -> None:
    feeder = load_feeder(name)
    # Loads that nobody measures are expected at nominal power, whatever their voltage.
    feeder.net.load[feeder.net.load.filter(like="const_").columns] = 0.0
    plant = PowerFlow(feeder.net)
    state = plant.solve(plant.nominal_inputs())
    order = plant.network.order()
    value = np.array(
        [
            getattr(state, METERED_VECTORS[row.measurement_type, row.element_type, row.side])[
                order[row.element_type].index(row.element)
            ]
            for row in feeder.meters.replace({np.nan: None}).itertuples()
        ]
    )

    found = StateEstimator(NetworkModel(feeder.net), feeder.meters).estimate(value, np.ones(len(value), dtype=bool))

    assert found.converged
    assert found.objective < 1e-3
    # Plants that nobody measures are expected at half their power, which perfect readings of the rest outweigh.
    np.testing.assert_allclose(found.vm_pu, state.vm_pu, rtol=0, atol=1e-8)
    np.testing.assert_allclose(np.radians(found.va_degree), np.radians(state.va_degree), rtol=0, atol=1e-8)
