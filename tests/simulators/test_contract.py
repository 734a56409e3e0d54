"""The contract of every simulator: what mosaik and a stranger's scenario may expect of each of them."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import mosaik
import mosaik.exceptions
import numpy as np
import pandas as pd
import pytest

from models.detection import DETECTORS
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.wiring import SIMULATORS
from networks.registry import load_feeder
from simulators.adapter import ModelAdapter

ROOT = Path(__file__).parents[2]
ROLES = list(SIMULATORS)
# These live on objects of the process they run in.
IN_PROCESS_ONLY = ("Estimator", "Detector", "Clock")
# What a simulator cannot do without, as (from, attributes); all others run with nothing connected.
NEEDS = {"Scada": "Grid", "Detector": "Scada"}
REMOTE = [role for role in ROLES if role not in IN_PROCESS_ONLY]


def class_of(role: str) -> type[ModelAdapter]:
    module, name = SIMULATORS[role]["python"].split(":")
    return getattr(import_module(module), name)


@pytest.fixture(scope="module")
def roles() -> Roles:
    scenario = Scenario(
        feeder="ieee33",
        duration="1h",
        start="2026-06-17T12:00:00+02:00",
        attacks=[{"family": "bias", "start": "0s", "duration": "1h", "channels": ["v bus 0"], "bias": 0.1}],
        faults=[{"start": "30min"}],
        detectors=(),
    )
    return Roles(scenario, load_feeder(scenario.feeder))


@pytest.fixture
def parameters(roles: Roles, tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """What the twin itself tells each simulator at its start."""
    told: dict[str, Callable[[], dict[str, Any]]] = {
        "Profiles": roles.profiles,
        "Photovoltaic": roles.photovoltaic,
        "Disturbances": roles.disturbances,
        "Generator": roles.generator,
        "Grid": lambda: {"feeder": "ieee33"},
        "Transformer": roles.transformer,
        "Scada": roles.scada,
        # A net is no JSON; only attacks that know the network need it.
        **dict.fromkeys(("Attacker", "FieldAttacker"), lambda: {**roles.attacker(), "net": None}),
        "Estimator": roles.estimator,
        "Detector": lambda: {"detector": DETECTORS["chi_square"]()},
        "VoltageRegulator": roles.voltage_regulator,
        "Recloser": roles.recloser,
        "Recorder": lambda: {"folder": str(tmp_path), "start": roles.scenario.start.isoformat()},
        "Clock": lambda: {"on_step": lambda seconds: None},
    }
    return lambda role: told[role]()


@pytest.fixture
def world() -> Iterator[mosaik.World]:
    with mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False, time_resolution=60.0) as world:
        yield world


def start(world: mosaik.World, role: str, parameters: Callable[[str], dict[str, Any]], **params: Any) -> Any:
    return getattr(world.start(role), role)(**parameters(role), **params)


def test_every_simulator_of_the_folder_is_registered() -> None:
    files = {file.stem for file in (ROOT / "simulators").glob("*.py")} - {"__init__", "adapter"}
    assert {class_of(role).__module__.split(".")[1] for role in ROLES} == files


@pytest.mark.parametrize("role", ROLES)
def test_meta_is_complete(role: str) -> None:
    meta = class_of(role)().init("Sid-0")
    assert meta["api_version"].split(".")[0] == "3"
    assert meta["type"] == "time-based"
    assert meta["models"][role]["public"] is True
    for model in meta["models"].values():
        assert model.keys() >= {"public", "params", "attrs"}
        assert len(set(model["attrs"])) == len(model["attrs"])
        assert all(isinstance(name, str) for name in (*model["params"], *model["attrs"]))


@pytest.mark.parametrize("role", ROLES)
def test_docstring_names_every_attribute_and_parameter(role: str) -> None:
    simulator = class_of(role)
    documented = simulator.__doc__ or ""
    models = simulator().meta["models"]
    # What is said of phase a holds for b and c.
    attrs = {re.sub("_[bc]_", "_a_", attr) for model in models.values() for attr in model["attrs"]}
    assert not {attr for attr in attrs if attr not in documented}
    assert not {name for name in models[role]["params"] if name not in documented}


@pytest.mark.parametrize("role", [role for role in ROLES if role not in NEEDS])
def test_it_runs_alone_in_a_strangers_world(world: mosaik.World, parameters: Callable, role: str) -> None:
    entity = start(world, role, parameters)
    assert entity.type == role
    world.run(until=3, print_progress=False)


@pytest.mark.parametrize(("role", "needed"), NEEDS.items())
def test_it_runs_with_no_more_than_it_needs(world: mosaik.World, parameters: Callable, role: str, needed: str) -> None:
    entity, source = start(world, role, parameters), start(world, needed, parameters)
    common = set(class_of(role).INPUTS) & set(class_of(needed).OUTPUTS)
    world.connect(source, entity, *sorted(common))
    if needed in NEEDS:
        grid = start(world, NEEDS[needed], parameters)
        world.connect(grid, source, *class_of(needed).INPUTS)
    world.run(until=3, print_progress=False)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "Recorder"])
def test_an_unknown_attribute_is_refused(world: mosaik.World, parameters: Callable, role: str) -> None:
    entity, disturbances = start(world, role, parameters), start(world, "Disturbances", parameters)
    with pytest.raises(mosaik.exceptions.ScenarioError, match="flux_capacitance"):
        world.connect(disturbances, entity, ("fault_active", "flux_capacitance"))


@pytest.mark.parametrize("role", ROLES)
def test_an_unknown_parameter_is_refused(world: mosaik.World, parameters: Callable, role: str) -> None:
    with pytest.raises(TypeError, match="flux_capacitance"):
        start(world, role, parameters, flux_capacitance=1.21)


def stepped(role: str, params: dict[str, Any], sources: dict[str, Any], steps: int = 2, **init: Any) -> list[dict]:
    """All outputs of the first steps of a simulator."""
    simulator = class_of(role)()
    simulator.init("Sid-0", time_resolution=60.0, **init)
    (entity,) = simulator.create(1, role, **params)
    assert json.dumps(entity.get("extra_info", {}))
    outputs = list(simulator.OUTPUTS)
    inputs = {attr: {"Peer.Entity": value} for attr, value in sources.items() if attr in simulator.INPUTS}
    time, data = 0, []
    for _ in range(steps):
        time = simulator.step(time, {entity["eid"]: inputs} if inputs else {}, time + 1)
        data.append(simulator.get_data({entity["eid"]: outputs})[entity["eid"]])
    return data


@pytest.fixture(scope="module")
def grid_vectors() -> dict[str, Any]:
    (solved,) = stepped("Grid", {"feeder": "ieee33"}, {}, steps=1)
    return solved


@pytest.mark.parametrize("role", ROLES)
def test_no_later_step_can_change_what_a_step_handed_out(
    parameters: Callable, grid_vectors: dict[str, Any], role: str
) -> None:
    sources = grid_vectors | {"value_received": np.ones(len(parameters("Scada")["plan"]))}
    first, second = stepped(role, parameters(role), sources)
    assert first.keys() == second.keys() == set(class_of(role).OUTPUTS)
    for attr, value in first.items():
        assert np.ndim(value) <= 1
        if isinstance(value, np.ndarray) and value.flags.writeable:
            assert not np.shares_memory(value, second[attr]) or value.size == 0, attr


@pytest.mark.parametrize("role", REMOTE)
def test_as_lists_everything_crosses_as_json(parameters: Callable, grid_vectors: dict[str, Any], role: str) -> None:
    params = json.loads(json.dumps(plain(parameters(role))))
    sources = {attr: plain(value) for attr, value in grid_vectors.items()}
    as_lists = stepped(role, params, sources, vectors="lists")
    assert json.loads(json.dumps(as_lists)) is not None
    as_arrays = stepped(role, parameters(role), grid_vectors)
    for received, expected in zip(as_lists, as_arrays, strict=True):
        for attr, value in received.items():
            assert isinstance(value, list | float | int | bool)
            np.testing.assert_array_equal(value, expected[attr], err_msg=attr)


def plain(value: Any) -> Any:
    """Parameters as JSON has them: tables are lists of rows, settings are mappings."""
    if isinstance(value, pd.DataFrame):
        return plain(value.to_dict("records"))
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if hasattr(value, "__dataclass_fields__"):
        return plain({name: getattr(value, name) for name in value.__dataclass_fields__})
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def test_an_unknown_kind_of_vectors_is_refused() -> None:
    with pytest.raises(ValueError, match="arrays or lists"):
        class_of("Grid")().init("Sid-0", vectors="tuples")


def test_a_grid_in_a_process_of_its_own_says_the_same(parameters: Callable, grid_vectors: dict[str, Any]) -> None:
    remote = {"cmd": f"{sys.executable} -m simulators.grid %(addr)s", "env": {"PYTHONPATH": str(ROOT)}}
    config: Any = {**SIMULATORS, "Grid": remote}
    with mosaik.World(config, skip_greetings=True, configure_logging=False, time_resolution=60.0) as world:
        grid = world.start("Grid", vectors="lists").Grid(feeder="ieee33")
        regulator = start(world, "VoltageRegulator", parameters)
        world.connect(grid, regulator, "vm_pu")
        world.run(until=2, print_progress=False)
        vm_pu = world.get_data([grid], "vm_pu")[grid]["vm_pu"]
    np.testing.assert_array_equal(vm_pu, grid_vectors["vm_pu"])


def test_started_without_an_address_it_says_how(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators.recloser"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert "HOST:PORT" in answer.stdout + answer.stderr
