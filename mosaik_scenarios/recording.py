"""What a run records: which attribute goes to which table, and what is watched for events."""

from typing import Any

from models.detection.base import SUSPECTS
from models.phases import PHASES, of_phase
from mosaik_scenarios.roles import Roles
from mosaik_scenarios.twin import Experiment, Twin

# The protection's own record keeps the fine steps around a fault, as a fault recorder does.
DENSE_TABLES = ("protection",)

OF_GRID = {
    "bus": ("vm_pu", "va_degree", "p_mw", "q_mvar"),
    "line": ("p_from_mw", "q_from_mvar", "i_ka", "loading_percent"),
    "trafo": ("p_hv_mw", "q_hv_mvar", "loading_percent"),
    "slack": ("p_mw", "q_mvar"),
}
BY_PHASE = {
    "bus": ("vm_pu", "va_degree"),
    "line": ("line_i_from_ka",),
    "trafo": ("tap_pos_in_effect",),
}
OF_PROFILES = ("ambient_c", "ghi_w_per_m2")
OF_GENERATOR = ("frequency_hz", "speed_pu", "rotor_angle_degree", "p_mechanical_mw", "p_electrical_mw")
OF_TRANSFORMER = ("top_oil_c", "hot_spot_c", "ageing_acceleration", "loss_of_life_h")
OF_ESTIMATOR = (
    "vm_pu_estimated",
    "va_degree_estimated",
    "objective",
    "degrees_of_freedom",
    "chi_square_threshold",
    "p_value",
    "observable",
    "converged",
)
OF_ATTACKER = {"attack_active": "active", "magnitude": "magnitude", "forged_by": "forged_by", "change": "change"}
OF_DETECTOR = ("score", "threshold", "alarm", "suspects")


def connect_recorder(world: Any, twin: Twin) -> None:
    """Send to the recorder what the run folder keeps."""
    _record_plant(world, twin)
    _record_control_room(world, twin)
    _watch_events(world, twin)


def _record_plant(world: Any, twin: Twin) -> None:
    to = twin.recorder
    for table, quantities in OF_GRID.items():
        prefix = "" if table == "bus" else f"{table}_"
        world.connect(twin.grid, to, *((f"{prefix}{name}", f"{table}/{name}") for name in quantities))
    if twin.experiment.scenario.solver == "opendss":
        _record_phases(world, twin)
    world.connect(twin.grid, to, ("p_loss_mw", "grid/p_loss_mw"), ("converged", "grid/converged"))
    world.connect(twin.grid, to, ("tap_pos_in_effect", "trafo/tap_pos"))
    world.connect(twin.grid, to, ("vm_pu", "protection/vm_pu"), ("line_i_ka", "protection/line_i_ka"))
    world.connect(twin.grid, to, ("switch_closed_in_effect", "protection/switch_closed"))
    world.connect(twin.recloser, to, ("state", "protection/recloser_state"), ("shots", "protection/recloser_shots"))
    world.connect(twin.profiles, to, *((name, f"weather/{name}") for name in OF_PROFILES))
    world.connect(twin.generator, to, *((name, f"generator/{name}") for name in OF_GENERATOR))
    world.connect(twin.transformer, to, *((name, f"transformer/{name}") for name in OF_TRANSFORMER))


def _record_phases(world: Any, twin: Twin) -> None:
    """What every phase does: ``bus/vm_a_pu``, ``line/i_from_a_ka``, ``trafo/tap_a_pos`` and so on."""
    for table, vectors in BY_PHASE.items():
        names = [of_phase(vector, phase) for vector in vectors for phase in PHASES]
        columns = (name.removeprefix(f"{table}_").removesuffix("_in_effect") for name in names)
        world.connect(
            twin.grid, twin.recorder, *((name, f"{table}/{c}") for name, c in zip(names, columns, strict=True))
        )


def _record_control_room(world: Any, twin: Twin) -> None:
    to = twin.recorder
    world.connect(twin.scada, to, ("value_measured", "measurement/value_measured"))
    received = ("value_received", "quality", "forged")
    world.connect(twin.attacker, to, *((name, f"measurement/{name}") for name in received))
    if twin.experiment.scenario.attacks:
        world.connect(twin.attacker, to, *((name, f"attack/{column}") for name, column in OF_ATTACKER.items()))
    world.connect(twin.estimator, to, *((name, f"estimate/{name}") for name in OF_ESTIMATOR))
    if twin.experiment.scenario.solver == "opendss":
        names = [f"{of_phase(vector, phase)}_estimated" for vector in BY_PHASE["bus"] for phase in PHASES]
        world.connect(twin.estimator, to, *((name, f"estimate/{name}") for name in names))
    of_channels = ("normalised_residual", "removed", "value_estimated", "value_expected")
    world.connect(twin.estimator, to, *((name, f"measurement/{name}") for name in of_channels))
    for name, detector in twin.detectors.items():
        world.connect(detector, to, *((quantity, f"detection/{quantity}/{name}") for quantity in OF_DETECTOR))
    if twin.experiment.roles.regulates_locally:
        world.connect(twin.grid, to, ("tap_operations", "regulator/operations"))
    else:
        world.connect(twin.regulator, to, ("operations", "regulator/operations"))


def _watch_events(world: Any, twin: Twin) -> None:
    to = twin.recorder
    # Units by themselves are watched one by one: the ganged tap is only their mean.
    tap = "regulator_tap_pos" if twin.experiment.roles.regulates_locally else "tap_pos_in_effect"
    world.connect(twin.grid, to, (tap, "events/tap"), ("switch_closed_in_effect", "events/switch"))
    world.connect(twin.grid, to, ("converged", "events/converged"))
    world.connect(twin.disturbances, to, ("fault_active", "events/fault"))
    world.connect(twin.attacker, to, ("attack_active", "events/attack"))
    world.connect(twin.estimator, to, ("observable", "events/observable"))
    world.connect(twin.recloser, to, ("state", "events/recloser"))


def recorder_parameters(experiment: Experiment) -> dict[str, Any]:
    """Where to write, and what the elements of the tables are called."""
    roles = experiment.roles
    return {
        "folder": experiment.folder,
        "start": experiment.scenario.start.isoformat(),
        "elements": element_names(roles),
        "before": {"events/attack": 0, "events/fault": 0},
        "dense_tables": DENSE_TABLES,
        "channels": roles.plan.name.tolist(),
        "channel_buses": roles.channel_buses,
    }


def element_names(roles: Roles) -> dict[str, list[Any]]:
    """What the elements of every recorded vector are."""
    order = roles.order
    channels = roles.plan.name.tolist()
    faults = [f"line {place['line']}" for place in roles.disturbances()["faults"]]
    attacks = [f"{number} {attack.family}" for number, attack in enumerate(roles.scenario.attacks)]
    reclosers = [int(row["line"]) for row in roles.recloser()["reclosers"]]
    return {
        "bus": order["bus"],
        "line": order["line"],
        "trafo": order["trafo"],
        "transformer": order["trafo"],
        "slack": order["ext_grid"],
        "measurement": channels,
        "attack": attacks,
        "attack/forged_by": channels,
        "attack/change": channels,
        "detection": [f"{rank}" for rank in range(1, SUSPECTS + 1)],
        "estimate": order["bus"],
        "regulator": roles.regulator_names(),
        "protection/vm_pu": order["bus"],
        "protection/line_i_ka": order["line"],
        "protection/switch_closed": order["switch"],
        "protection/recloser_state": reclosers,
        "protection/recloser_shots": reclosers,
        "events/tap": roles.regulator_names() if roles.regulates_locally else order["trafo"],
        "events/switch": order["switch"],
        "events/fault": faults,
        "events/attack": attacks,
        "events/recloser": reclosers,
    }
