"""The control room from scan to scan."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest

from models.errors import InvalidParameterError
from models.estimation.control_room import ControlRoom
from models.estimation.measurements.staleness import Reporting
from models.network_model import NetworkModel
from models.plant.grid_state import GridInputs
from models.plant.power_flow import PowerFlow
from models.telemetry.instrument_errors import MeterSettings
from models.telemetry.meters import Meters
from models.telemetry.quality import Quality, Telemetry

SCANS = 120
LOSS = 0.3
SIGMA = {"v": 0.002, "p": 0.01, "q": 0.01}


@pytest.fixture(scope="module")
def net() -> Any:
    """A feeder of three loads and a switchable end, everything metered at its buses and twice at its head."""
    net = pandapower.create_empty_network(sn_mva=10.0)
    pandapower.create_buses(net, 4, 20.0)
    pandapower.create_ext_grid(net, 0)
    for k in range(3):
        pandapower.create_line(net, k, k + 1, 2.0, "NA2XS2Y 1x240 RM/25 12/20 kV")
        pandapower.create_load(net, k + 1, 1.0, 0.3)
    pandapower.create_switch(net, 3, 2, et="l", closed=True)
    return net


@pytest.fixture(scope="module")
def plan(net: Any) -> pd.DataFrame:
    rows = [(kind, "bus", bus, None) for bus in net.bus.index for kind in "vpq"]
    rows += [(kind, "line", 0, side) for side in ("from", "to") for kind in "pq"]
    plan = pd.DataFrame(rows, columns=["measurement_type", "element_type", "element", "side"])
    status = {"measurement_type": "closed", "element_type": "switch", "element": 0, "side": None}
    plan = pd.concat([plan, pd.DataFrame([status])], ignore_index=True)
    plan["name"] = [f"channel {k}" for k in plan.index]
    return plan.assign(std_dev=plan.measurement_type.map(SIGMA).fillna(0.0), full_scale=1.2)


def truth(net: Any, plan: pd.DataFrame, **inputs: Any) -> np.ndarray:
    """What perfect meters read, with `inputs` in place of the net's nominal ones."""
    plant = PowerFlow(net)
    given = replace(plant.nominal_inputs(), **inputs)
    return readings(plan, plant, given)


def readings(plan: pd.DataFrame, plant: PowerFlow, inputs: GridInputs) -> np.ndarray:
    """The same, with a plant that is there already."""
    random = np.random.default_rng(0)
    meters = Meters(plan, plant.network.order(), MeterSettings.ideal(), random, random)
    vectors = {**vars(plant.solve(inputs)), "switch_closed_in_effect": inputs.switch_closed}
    return np.nan_to_num(meters.true_values(vectors))


@pytest.fixture(scope="module")
def walking(net: Any, plan: pd.DataFrame) -> list[Telemetry]:
    """Loads wander by five standard deviations of a meter a minute, and every third message gets lost."""
    random = np.random.default_rng(3)
    value, timestamp_s = np.full(len(plan), np.nan), np.full(len(plan), np.nan)
    received = []
    plant = PowerFlow(net)
    inputs = plant.nominal_inputs()
    for scan in range(SCANS):
        inputs = replace(inputs, load=inputs.load + 5 * SIGMA["p"] * random.standard_normal(3))
        reading = readings(plan, plant, inputs) + plan.std_dev.to_numpy() * random.standard_normal(len(plan))
        heard = (random.random(len(plan)) > LOSS) | (scan == 0)
        value, timestamp_s = np.where(heard, reading, value), np.where(heard, 60.0 * scan, timestamp_s)
        received.append(Telemetry(value, timestamp_s, np.full(len(plan), Quality.VALID)))
    return received


def alarms(room: ControlRoom, received: list[Telemetry], told: Callable[[Telemetry, float], Telemetry]) -> float:
    """Share of the scans whose J(x) is above its 1 % threshold."""
    estimates = [
        room.scan(60.0 * scan, told(telemetry, 60.0 * scan)).estimate for scan, telemetry in enumerate(received)
    ]
    return float(np.mean([estimate.objective > estimate.chi_square_threshold for estimate in estimates]))


def test_old_values_taken_for_fresh_alarm_and_weighed_by_their_age_do_not(
    net: Any, plan: pd.DataFrame, walking: list[Telemetry]
) -> None:
    rooms = [ControlRoom(NetworkModel(net), plan, Reporting(60.0, loss_probability=LOSS)) for _ in range(2)]
    as_fresh = alarms(rooms[0], walking, lambda t, now: Telemetry(t.value, np.full(len(plan), now), t.quality))
    by_age = alarms(rooms[1], walking, lambda t, now: t)
    assert as_fresh > 0.3
    assert by_age < 0.05


def test_it_estimates_the_network_that_its_channels_tell_of(net: Any, plan: pd.DataFrame) -> None:
    opened = truth(net, plan, switch_closed=np.array([False]))
    room = ControlRoom(NetworkModel(net), plan)
    estimate = room.scan(0.0, Telemetry(opened, np.zeros(len(plan)), np.full(len(plan), Quality.VALID))).estimate
    assert np.isnan(estimate.vm_pu[3])
    assert estimate.objective < 0.01


def test_suspect_and_missing_values_do_not_count(net: Any, plan: pd.DataFrame) -> None:
    value, quality = truth(net, plan), np.full(len(plan), Quality.VALID)
    value[[1, 4]], quality[[1, 4]] = [99.0, np.nan], [Quality.SUSPECT, Quality.MISSING]
    estimate = ControlRoom(NetworkModel(net), plan).scan(0.0, Telemetry(value, np.zeros(len(plan)), quality)).estimate
    assert np.isnan(estimate.normalised_residual[[1, 4]]).all()
    assert estimate.objective < 0.01


def test_a_deadband_needs_the_full_scale_it_is_a_share_of(net: Any, plan: pd.DataFrame) -> None:
    with pytest.raises(InvalidParameterError, match="add the column full_scale"):
        ControlRoom(NetworkModel(net), plan.drop(columns="full_scale"), Reporting(60.0, deadband_percent=0.1))
