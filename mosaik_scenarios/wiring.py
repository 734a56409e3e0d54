"""Who starts, and who is connected to whom, in the order in which the data flows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.weather import WEATHER
from mosaik_scenarios.recording import recorder_parameters
from mosaik_scenarios.twin import Experiment, Twin
from simulators.detector import OF_ESTIMATOR, OF_WEATHER

SIMULATORS = {
    "Profiles": {"python": "simulators.profiles:ProfilesSimulator"},
    "Photovoltaic": {"python": "simulators.photovoltaic:PhotovoltaicSimulator"},
    "Disturbances": {"python": "simulators.disturbances:DisturbancesSimulator"},
    "Generator": {"python": "simulators.generator:GeneratorSimulator"},
    "Grid": {"python": "simulators.grid:GridSimulator"},
    "Transformer": {"python": "simulators.transformer:TransformerSimulator"},
    "Scada": {"python": "simulators.scada:ScadaSimulator"},
    "Attacker": {"python": "simulators.attacker:AttackerSimulator"},
    "FieldAttacker": {"python": "simulators.field_attacker:FieldAttackerSimulator"},
    "Estimator": {"python": "simulators.estimator:EstimatorSimulator"},
    "Detector": {"python": "simulators.detector:DetectorSimulator"},
    "VoltageRegulator": {"python": "simulators.voltage_regulator:VoltageRegulatorSimulator"},
    "Recloser": {"python": "simulators.recloser:RecloserSimulator"},
    "Recorder": {"python": "simulators.recorder:RecorderSimulator"},
    "Clock": {"python": "simulators.clock:ClockSimulator"},
}

TELEMETRY = ("value_received", "timestamp_s", "quality")
THEVENIN = ("thevenin_vm_pu", "thevenin_va_degree", "thevenin_r_pu", "thevenin_x_pu")


def start_simulators(world: Any, experiment: Experiment) -> Twin:
    """Start every simulator and create its entity, in the order in which they will step."""
    rhythm, roles = experiment.rhythm, experiment.roles

    def start(role: str, pace: Mapping[str, Any], **params: Any) -> Any:
        return getattr(world.start(role, **pace), role)(**params)

    # A machine in the feeder swings through a fault; the supply area only sees the power of the whole feeder.
    pace_of_generator = rhythm.dense if len(experiment.feeder.machines) else rhythm.regular
    watching = world.start("Detector", **rhythm.scanning)
    return Twin(
        experiment,
        profiles=start("Profiles", rhythm.regular, **roles.profiles()),
        photovoltaic=start("Photovoltaic", rhythm.regular, **roles.photovoltaic()),
        disturbances=start("Disturbances", rhythm.dense, **roles.disturbances()),
        generator=start("Generator", pace_of_generator, **roles.generator()),
        grid=start("Grid", rhythm.dense, **roles.grid()),
        transformer=start("Transformer", rhythm.dense, **roles.transformer()),
        scada=start("Scada", rhythm.polling, **roles.scada()),
        attacker=start("Attacker", rhythm.scanning, **roles.attacker()),
        field_attacker=start("FieldAttacker", rhythm.dense, **roles.attacker()),
        estimator=start("Estimator", rhythm.scanning, **roles.estimator()),
        detectors={
            name: watching.Detector(detector=detector, **roles.detector())
            for name, detector in experiment.detectors.items()
        },
        regulator=start("VoltageRegulator", rhythm.regular, **roles.voltage_regulator()),
        recloser=start("Recloser", rhythm.dense, **roles.recloser()),
        recorder=start("Recorder", rhythm.dense, **recorder_parameters(experiment)) if experiment.folder else None,
    )


def connect_plant(world: Any, twin: Twin) -> None:
    """Load, sun, disturbances and machine act on the grid; its transformers warm.

    Set-points and commands pass the attacker on their way.
    """
    world.connect(twin.profiles, twin.photovoltaic, *WEATHER)
    world.connect(twin.profiles, twin.grid, "load_p_mw", "load_q_mvar")
    world.connect(twin.photovoltaic, twin.field_attacker, "sgen_p_mw")
    world.connect(twin.photovoltaic, twin.grid, "sgen_q_mvar")
    world.connect(twin.field_attacker, twin.grid, "sgen_p_mw", "tap_pos", "switch_closed", "slack_vm_step_pu")
    world.connect(twin.disturbances, twin.grid, "fault_resistance_ohm", "switch_command")
    world.connect(twin.disturbances, twin.generator, "area_load_step_mw", "area_generation_trip_mw")
    if twin.hosts_machine:
        emf = (("emf_vm_pu", "machine_vm_pu"), ("emf_va_degree", "machine_va_degree"))
        world.connect(twin.generator, twin.grid, *emf)
    world.connect(twin.profiles, twin.transformer, "ambient_c")
    world.connect(twin.grid, twin.transformer, ("trafo_loading_percent", "load_pu"), transform=_per_unit)


def connect_telemetry(world: Any, twin: Twin) -> None:
    """Meters read the grid; the attacker sits on the way to the control room."""
    from models.telemetry.meters import metered_vectors

    world.connect(twin.grid, twin.scada, *metered_vectors(twin.experiment.roles.plan))
    world.connect(twin.scada, twin.attacker, *TELEMETRY)
    world.connect(twin.grid, twin.attacker, ("tap_pos_in_effect", "tap_pos"))
    world.connect(twin.grid, twin.attacker, ("switch_closed_in_effect", "switch_closed"))


def connect_control_room(world: Any, twin: Twin) -> None:
    """All the control room knows, taps and switches included, comes past the attacker; protection sees for itself."""
    world.connect(twin.attacker, twin.estimator, *TELEMETRY)
    world.connect(twin.profiles, twin.estimator, "load_p_mw_forecast", "load_q_mvar_forecast")
    world.connect(twin.photovoltaic, twin.estimator, "sgen_p_mw_forecast", "sgen_q_mvar_forecast")
    for detector in twin.detectors.values():
        world.connect(twin.attacker, detector, *TELEMETRY)
        world.connect(twin.estimator, detector, *OF_ESTIMATOR)
        world.connect(twin.profiles, detector, *OF_WEATHER)
    if twin.experiment.scenario.regulator.source == "measured":
        world.connect(twin.attacker, twin.regulator, "value_received")
    else:
        seen = ("vm_pu", "trafo_p_lv_mw", "trafo_q_lv_mvar")
        world.connect(twin.estimator, twin.regulator, *((f"{name}_estimated", name) for name in seen))
    world.connect(twin.grid, twin.recloser, "line_i_ka", ("switch_closed_in_effect", "switch_closed"))


def close_the_loop(world: Any, twin: Twin) -> None:
    """What control decides acts on the grid at its next step; what the grid was moves the machine to its next state."""
    network = twin.experiment.roles.network_start()
    world.connect(
        twin.regulator,
        twin.field_attacker,
        "tap_pos",
        time_shifted=True,
        initial_data={"tap_pos": network["tap_pos"]},
    )
    world.connect(
        twin.recloser,
        twin.field_attacker,
        "switch_closed",
        time_shifted=True,
        initial_data={"switch_closed": network["switch_closed"]},
    )
    if twin.hosts_machine:
        unknown: dict[str, Any] = dict.fromkeys(THEVENIN, float("nan"))
        world.connect(twin.grid, twin.generator, *THEVENIN, time_shifted=True, initial_data=unknown)
    else:
        unknown = {"slack_p_mw": np.full(len(network["slack"]), np.nan)}
        world.connect(twin.grid, twin.generator, ("slack_p_mw", "p_mw"), time_shifted=True, initial_data=unknown)


def hold_back_the_sources(world: Any, twin: Twin) -> None:
    """Who reads nobody would run to its end at once, and mosaik keep all it made until the others come."""
    for source in (twin.profiles, twin.disturbances):
        world.connect(twin.grid, source, ("converged", "after"), time_shifted=True, initial_data={"converged": True})


def _per_unit(percent: Any) -> Any:
    return percent / 100.0
