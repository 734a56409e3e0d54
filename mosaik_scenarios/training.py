"""Detectors ready to watch: found in the store, or trained on clean days that the twin simulates itself."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.detection import DETECTORS
from models.detection.base import Detector
from models.detection.history import History
from models.detection.model_store import ModelStore
from mosaik_scenarios.clean_days import clean_scenario, midnight_before
from mosaik_scenarios.histories import history_in_subprocess
from mosaik_scenarios.manifest import versions
from mosaik_scenarios.progress import OnStage
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.scenario import Scenario
from networks.feeder import Feeder

NOT_OF_CLEAN_DAYS = frozenset(
    {"name", "description", "duration", "attacks", "faults", "switching", "detectors", "area", "recloser"}
)
"""Fields of a scenario without influence on its attack-free days. Reclosers rest as long as there is no fault."""


def trained_detectors(scenario: Scenario, feeder: Feeder, on_stage: OnStage) -> dict[str, Detector]:
    """The scenario's detectors by name, trained and calibrated: from the store, or on days simulated for it.

    Training days lie before the scenario, calibration days between the two, so that no detector has seen what it is
    calibrated on, nor the day it will judge.

    Raises
    ------
    SimulationFailedError
        If the clean days cannot be simulated.
    """
    store = ModelStore()
    roles = Roles(scenario, feeder)
    keys = {name: training_key(name, roles) for name in scenario.detectors}
    found = {name: store.load(key, roles.judged_channels) for name, key in keys.items()}
    detectors = {name: detector for name, detector in found.items() if detector is not None}
    untrained = [name for name in scenario.detectors if name not in detectors]
    if untrained:
        training, calibration = clean_histories(scenario, on_stage)
        for name in untrained:
            detectors[name] = train(name, scenario, training, calibration, on_stage)
            store.save(keys[name], detectors[name])
    return {name: detectors[name] for name in scenario.detectors}


def new_detector(name: str) -> Detector:
    """A detector with its default parameters, untrained."""
    kind: Callable[[], Detector] = DETECTORS[name]
    return kind()


def train(name: str, scenario: Scenario, training: History, calibration: History, on_stage: OnStage) -> Detector:
    """One detector, fitted to the training days and calibrated on days it has not seen."""
    detector = new_detector(name)
    stage = f"training {name}"
    detector.fit([training], seed=scenario.seed, progress=lambda share: on_stage(stage, share))
    detector.calibrate([calibration], scenario.training.alarms_per_day)
    return detector


def clean_histories(scenario: Scenario, on_stage: OnStage) -> tuple[History, History]:
    """What the control room saw on the training days and on the calibration days, simulated side by side."""
    days, held_out = scenario.training.days, scenario.training.calibration_days
    wanted = [clean_scenario(scenario, days + held_out, days), clean_scenario(scenario, held_out, held_out)]
    shares = [0.0, 0.0]

    def simulate_one(number: int, folder: Path) -> History:
        def on_progress(share: float) -> None:
            shares[number] = share
            done = (shares[0] * days + shares[1] * held_out) / (days + held_out)
            on_stage(f"simulating {days + held_out} clean days", done)

        return history_in_subprocess(wanted[number], folder, on_progress)

    with TemporaryDirectory() as temporary, ThreadPoolExecutor(max_workers=2) as pool:
        folders = [Path(temporary, name) for name in ("training", "calibration")]
        for folder in folders:
            folder.mkdir()
        training, calibration = pool.map(simulate_one, range(2), folders)
    return training, calibration


def training_key(name: str, roles: Roles) -> Mapping[str, Any]:
    """All that a trained detector depends on, as JSON."""
    scenario = roles.scenario
    relevant = {field: value for field, value in scenario.as_mapping().items() if field not in NOT_OF_CLEAN_DAYS}
    return {
        "detector": name,
        "parameters": new_detector(name).parameters,
        "scenario": relevant | {"start": midnight_before(scenario).isoformat()},
        "feeder": feeder_fingerprint(roles.feeder),
        "loads": load_files_fingerprint(scenario),
        "plan": sha256(roles.plan.to_csv().encode()).hexdigest(),
        "channels": list(roles.judged_channels),
        "versions": {name: version for name, version in versions().items() if name in ("gridtwin", "torch", "numpy")},
    }


def feeder_fingerprint(feeder: Feeder) -> str:
    """A digest of the network and of what stands around it, so that an edited file trains anew."""
    import pandapower

    digest = sha256(pandapower.to_json(feeder.net, filename=None).encode())
    for table in (feeder.load_profiles, feeder.pv, feeder.meters, feeder.regulators, feeder.machines):
        digest.update(table.to_csv().encode())
    digest.update(repr(feeder.location).encode())
    for table in (vars(feeder.three_phase) if feeder.three_phase is not None else {}).values():
        digest.update(table.to_csv().encode())
    if feeder.recorded_loads is not None:
        for table in (feeder.recorded_loads.p_mw, feeder.recorded_loads.q_mvar):
            digest.update(table.to_numpy().tobytes())
    return digest.hexdigest()


def load_files_fingerprint(scenario: Scenario) -> str:
    """A digest of the user's own load data; empty where there is none."""
    if isinstance(scenario.loads, str):
        return ""
    paths = [Path(path) for path in (scenario.loads.path, scenario.loads.q_path) if path is not None]
    # A file that is not there is refused by name as soon as it is read.
    return sha256(b"".join(path.read_bytes() for path in paths if path.is_file())).hexdigest()
