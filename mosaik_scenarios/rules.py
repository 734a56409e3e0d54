"""What must hold between the fields of a scenario; each rule yields ``(field, problem)`` pairs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from mosaik_scenarios.duration import duration_text

if TYPE_CHECKING:
    from mosaik_scenarios.scenario import Scenario

Problems = Iterator[tuple[str, str]]


def problems_between_fields(scenario: Scenario) -> list[tuple[str, str]]:
    """Everything that is wrong between fields, each of which is right by itself."""
    return [problem for rule in RULES for problem in rule(scenario)]


def steps_fit_into_one_another(scenario: Scenario) -> Problems:
    """Whole steps in the duration, whole fault steps in a step, whole steps in a scan."""
    step, duration = scenario.step, scenario.duration
    if duration % step:
        yield (
            "step",
            f"expected a step that divides the duration of {duration_text(duration)}, got {duration_text(step)}",
        )
    fault_step = scenario.recloser.fault_step
    if scenario.faults and scenario.recloser.enabled and step % fault_step:
        yield (
            "recloser.fault_step",
            f"expected a fault step that divides the step of {duration_text(step)}, got {duration_text(fault_step)}",
        )
    scan_period = scenario.telemetry.scan_period
    if scan_period is not None and scan_period % step:
        yield (
            "telemetry.scan_period",
            f"expected a multiple of the step of {duration_text(step)}, got {duration_text(scan_period)}",
        )
    scan_phase = scenario.telemetry.scan_phase
    if scan_phase % step or scan_phase >= scenario.scan_period:
        yield (
            "telemetry.scan_phase",
            f"expected a multiple of the step of {duration_text(step)} before the next scan, "
            f"got {duration_text(scan_phase)}",
        )


def windows_lie_inside(scenario: Scenario) -> Problems:
    """Nothing happens, or goes on, after the scenario's end."""
    end = duration_text(scenario.duration)
    for number, attack in enumerate(scenario.attacks):
        attack_end = attack.start + attack.duration
        if attack_end > scenario.duration:
            yield f"attacks[{number}]", f"expected an end within the {end} simulated, got {duration_text(attack_end)}"
    for field, at in moments(scenario):
        if at >= scenario.duration:
            yield field, f"expected a time within the {end} simulated, got {duration_text(at)}"


def moments(scenario: Scenario) -> Iterator[tuple[str, timedelta]]:
    """Fields that say when something happens."""
    yield from ((f"faults[{number}].start", fault.start) for number, fault in enumerate(scenario.faults))
    yield from ((f"switching[{number}].at", event.at) for number, event in enumerate(scenario.switching))
    for kind in ("load_steps", "generation_trips"):
        yield from ((f"area.{kind}[{n}].at", event.at) for n, event in enumerate(getattr(scenario.area, kind)))


def faults_have_one_place(scenario: Scenario) -> Problems:
    """A fault is on a line or at a bus, or the feeder's protection says where."""
    for number, fault in enumerate(scenario.faults):
        if fault.line is not None and fault.bus is not None:
            yield f"faults[{number}]", "expected a line or a bus, got both"


def commands_have_somebody_who_heeds_them(scenario: Scenario) -> Problems:
    """Tap changers with relays of their own take no commands that could be forged."""
    for number, attack in enumerate(scenario.attacks):
        if attack.family == "tap_command" and scenario.regulator.source == "local":
            yield f"attacks[{number}]", "expected tap changers that the control room commands, got local ones"


def attacks_have_right_parameters(scenario: Scenario) -> Problems:
    """An attack's further fields are its family's."""
    from models.attacks import ATTACKS
    from models.errors import ModelError
    from models.parameters import from_mapping

    for number, attack in enumerate(scenario.attacks):
        parameters = {name: value for name, value in attack.parameters.items() if name != "family"}
        try:
            from_mapping(ATTACKS[attack.family].Parameters, parameters)
        except ModelError as error:
            yield f"attacks[{number}]", str(error)


def telemetry_settings_agree(scenario: Scenario) -> Problems:
    """What meters and communication refuse is refused at once."""
    from models.errors import ModelError

    try:
        scenario.telemetry.meters()
        scenario.telemetry.channel(scenario.scan_period)
    except ModelError as error:
        yield "telemetry", str(error)


RULES = (
    steps_fit_into_one_another,
    windows_lie_inside,
    faults_have_one_place,
    commands_have_somebody_who_heeds_them,
    attacks_have_right_parameters,
    telemetry_settings_agree,
)
