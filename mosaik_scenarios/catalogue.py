"""Named scenarios, ready to run."""

from typing import Any

from models.errors import choose
from mosaik_scenarios.attack_scenarios import ATTACK_SCENARIOS
from mosaik_scenarios.scenario import Scenario

EVENING = "2026-06-17T19:00:00+02:00"
# Twenty milliseconds a step: what protection and frequency do.
FINE: dict[str, Any] = {"start": EVENING, "step": "20ms", "telemetry": {"scan_period": "1s"}, "detectors": ()}

SCENARIOS = (
    Scenario(
        name="day",
        description="A summer day on the IEEE 33-bus feeder: forged meters after lunch, a line fault in the evening.",
        attacks=[
            {"family": "bias", "start": "14h", "duration": "1h", "count": 3, "measurement_type": "v", "bias_sigma": -8}
        ],
        faults=[{"start": "19h20s", "kind": "permanent"}],
    ),
    Scenario(name="clean", description="The same day with nothing going wrong."),
    Scenario(
        name="fdi",
        description="False data injection that moves a real tap: the regulated voltage is told 4 % low for an hour.",
        start="2026-06-17T10:00:00+02:00",
        duration="6h",
        attacks=[{"family": "bias", "start": "2h", "duration": "1h", "channels": ["v bus 0"], "bias": -0.04}],
        regulator={"source": "measured"},
    ),
    Scenario(
        name="denial",
        description="Ten meters freeze for two hours of a working morning, then three fall silent.",
        start="2026-06-17T06:00:00+02:00",
        duration="8h",
        attacks=[
            {"family": "denial", "mode": "frozen", "start": "2h", "duration": "2h", "count": 10},
            {"family": "denial", "mode": "missing", "start": "5h", "duration": "1h", "count": 3},
        ],
    ),
    *ATTACK_SCENARIOS,
    Scenario(
        name="fault_temporary",
        description="A flashover that is gone after the first open interval: trip, reclose, supplied again.",
        duration="1min",
        faults=[{"start": "5s", "kind": "temporary", "duration": "400ms"}],
        **FINE,
    ),
    Scenario(
        name="fault_permanent",
        description="A broken conductor: every shot fails and the recloser locks out.",
        duration="1min",
        faults=[{"start": "5s", "kind": "permanent"}],
        **FINE,
    ),
    Scenario(
        name="swing",
        description="The supply area's frequency: a load step, then a generator trips.",
        duration="1min",
        area={"load_steps": [{"at": "5s", "p_mw": 5}], "generation_trips": [{"at": "30s", "p_mw": 10}]},
        **FINE,
    ),
    Scenario(
        name="iowa_year",
        description="A year of smart-meter readings on the Iowa 240-bus system, hourly, the tap changer by itself.",
        feeder="iowa240",
        loads="recorded",
        start="2017-01-01T00:00:00-06:00",
        duration="365d",
        step="1h",
        regulator={"source": "local"},
        # A detector learns on the days before; the scenario takes all that were recorded.
        detectors=(),
    ),
)

CATALOGUE: dict[str, Scenario] = {scenario.name: scenario for scenario in SCENARIOS}
DEFAULT = "day"


def find(name: str) -> Scenario:
    """The scenario of that name.

    Raises
    ------
    UnknownNameError
        If there is none; the message lists those there are.
    """
    return choose(CATALOGUE, name, "scenario")
