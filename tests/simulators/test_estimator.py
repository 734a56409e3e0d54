"""The estimator under real mosaik, between a control room's inbox and a logbook."""

from typing import Any

import mosaik
import mosaik_api_v3
import numpy as np
import pandapower
import pandapower.networks
import pandas as pd
import pytest

from models.telemetry.quality import Quality
from simulators.estimator import EstimatorSimulator

TELEMETRY = ("value_received", "timestamp_s", "quality")
STEPS = 6


@pytest.fixture(scope="module")
def net() -> Any:
    net = pandapower.networks.case33bw()
    pandapower.runpp(net, tolerance_mva=1e-10)
    return net


@pytest.fixture(scope="module")
def plan(net: Any) -> pd.DataFrame:
    """Voltages of every fourth bus, both powers of every bus; `value` is what perfect meters read."""
    v = [("v", bus, 0.003, net.res_bus.vm_pu.at[bus]) for bus in net.bus.index[::4]]
    p = [("p", bus, 0.005, net.res_bus.p_mw.at[bus]) for bus in net.bus.index]
    q = [("q", bus, 0.005, net.res_bus.q_mvar.at[bus]) for bus in net.bus.index]
    plan = pd.DataFrame(v + p + q, columns=["measurement_type", "element", "std_dev", "value"])
    return plan.assign(name=plan.measurement_type + " bus " + plan.element.astype(str), element_type="bus", side=None)


class Inbox(mosaik_api_v3.Simulator):
    """Perfect readings; at step 1 one channel is forged, at 2 suspect, at 3 stale, from 4 on all are missing."""

    def __init__(self) -> None:
        model = {"public": True, "params": ["value"], "attrs": list(TELEMETRY)}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Inbox": model}})

    def create(self, num: int, model: str, value: np.ndarray) -> list[dict[str, Any]]:
        self.value = value
        return [{"eid": "Inbox", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        value, quality = self.value.copy(), np.full(len(self.value), Quality.VALID)
        if 1 <= time <= 3:
            value[2] += 0.1
        quality[2] = {2: Quality.SUSPECT, 3: Quality.STALE}.get(time, Quality.VALID)
        if time >= 4:
            value[:], quality[:] = np.nan, Quality.MISSING
        self.data = dict(zip(TELEMETRY, (value, np.full(len(value), float(time)), quality), strict=True))
        return time + 1

    def get_data(self, outputs: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
        return {"Inbox": {attr: self.data[attr] for attr in outputs["Inbox"]}}


class Logbook(mosaik_api_v3.Simulator):
    """Keeps what it is given, by attribute."""

    kept: dict[str, list[Any]]

    def __init__(self) -> None:
        model = {"public": True, "params": [], "attrs": [], "any_inputs": True}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Logbook": model}})
        Logbook.kept = {}

    def create(self, num: int, model: str) -> list[dict[str, Any]]:
        return [{"eid": "Logbook", "type": model}]

    def step(self, time: int, inputs: dict, max_advance: int) -> int:
        for attr, sources in inputs["Logbook"].items():
            (value,) = sources.values()
            Logbook.kept.setdefault(attr, []).append(value)
        return time + 1


@pytest.fixture(scope="module")
def kept(net: Any, plan: pd.DataFrame) -> dict[str, list[Any]]:
    """Everything the estimator said in six steps."""
    simulators: dict[str, Any] = {
        "Inbox": {"python": f"{__name__}:Inbox"},
        "Estimator": {"python": "simulators.estimator:EstimatorSimulator"},
        "Logbook": {"python": f"{__name__}:Logbook"},
    }
    with mosaik.World(simulators, skip_greetings=True) as world:
        inbox = world.start("Inbox").Inbox(value=plan.value.to_numpy())
        estimator = world.start("Estimator").Estimator(network=net, plan=plan.to_dict("records"))
        logbook = world.start("Logbook").Logbook()
        world.connect(inbox, estimator, *TELEMETRY)
        world.connect(estimator, logbook, *EstimatorSimulator.OUTPUTS)
        world.run(until=STEPS, print_progress=False)
    return Logbook.kept


def test_every_output_is_said_at_every_step(kept: dict[str, list[Any]], net: Any, plan: pd.DataFrame) -> None:
    assert set(kept) == set(EstimatorSimulator.OUTPUTS)
    assert all(len(values) == STEPS for values in kept.values())
    assert all(v.shape == (len(net.bus),) for v in kept["vm_pu_estimated"] + kept["va_degree_estimated"])
    assert all(r.shape == (len(plan),) for r in kept["normalised_residual"] + kept["removed"])


def test_estimates_the_state(kept: dict[str, list[Any]], net: Any) -> None:
    np.testing.assert_allclose(kept["vm_pu_estimated"][0], net.res_bus.vm_pu, atol=1e-8)
    np.testing.assert_allclose(kept["va_degree_estimated"][0], net.res_bus.va_degree, atol=1e-6)


def test_only_valid_and_stale_values_count(kept: dict[str, list[Any]]) -> None:
    forged, suspect, stale = 1, 2, 3
    assert kept["removed"][forged][2]
    assert kept["objective"][forged] > kept["chi_square_threshold"][forged]
    assert np.isnan(kept["normalised_residual"][suspect][2])
    assert kept["objective"][suspect] < 1.0
    assert kept["objective"][stale] == pytest.approx(kept["objective"][forged], rel=1e-6)


def test_says_so_when_nothing_arrives(kept: dict[str, list[Any]]) -> None:
    assert kept["observable"][:4] == [True] * 4
    assert kept["observable"][4:] == [False] * 2
    assert not any(kept["converged"][4:])
    assert np.isnan(kept["vm_pu_estimated"][-1]).all()


def test_works_before_anything_is_connected(net: Any, plan: pd.DataFrame) -> None:
    simulator = EstimatorSimulator()
    simulator.init("Estimator-0")
    simulator.create(1, "Estimator", network=net, plan=plan)
    simulator.step(0, {}, 1)
    data = simulator.get_data({"Estimator": ["observable", "p_value"]})
    assert data["Estimator"]["observable"] is False
    assert np.isnan(data["Estimator"]["p_value"])


def test_announces_the_order_of_its_vectors(net: Any, plan: pd.DataFrame) -> None:
    simulator = EstimatorSimulator()
    simulator.init("Estimator-0")
    (entity,) = simulator.create(1, "Estimator", network=net, plan=plan, significance=0.05)
    assert entity["extra_info"] == {
        "bus": net.bus.index.tolist(),
        "trafo": net.trafo.index.tolist(),
        "channel": plan.name.tolist(),
    }
    assert simulator.entities["Estimator"].room.estimator.significance == 0.05
