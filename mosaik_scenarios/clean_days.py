"""Attack-free days of the same feeder, for detectors to learn from."""

from datetime import datetime, timedelta

from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.sections import Area


def midnight_before(scenario: Scenario) -> datetime:
    """The beginning of the scenario's first day."""
    return scenario.start.replace(hour=0, minute=0, second=0, microsecond=0)


def clean_scenario(scenario: Scenario, days_before: int, days: int) -> Scenario:
    """The same feeder `days_before` days earlier, for whole days from midnight on, and nothing goes wrong."""
    return scenario.model_copy(
        update={
            "start": midnight_before(scenario) - timedelta(days=days_before),
            "duration": timedelta(days=days),
            "attacks": (),
            "faults": (),
            "switching": (),
            "area": Area(**scenario.area.model_dump(exclude={"load_steps", "generation_trips"})),
            "detectors": (),
        }
    )
