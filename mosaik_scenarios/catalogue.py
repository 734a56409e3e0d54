"""Named scenarios, ready to run."""

from functools import cache

from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.scenario import Scenario

DESCRIPTIONS: dict[str, dict[str, object]] = {
    "day": {
        "description": "A summer day on the IEEE 33-bus feeder: forged meters after lunch, a line fault in the evening.",
        "attacks": [
            {
                "family": "bias",
                "start": "14h",
                "duration": "1h",
                "count": 3,
                "measurement_type": "v",
                "bias_sigma": -8.0,
            }
        ],
        "faults": [{"line": 24, "start": "19h", "kind": "permanent"}],
    },
    "clean": {
        "description": "The same day with nothing going wrong.",
    },
    "fdi": {
        "description": "False data injection that moves a tap: the regulated bus is reported 4 % low for an hour.",
        "duration": "6h",
        "start": "2026-06-17T10:00:00+02:00",
        "attacks": [
            {"family": "bias", "start": "2h", "duration": "1h", "channels": ["v bus 0"], "bias": -0.04},
        ],
        "regulator": {"source": "measured"},
    },
    "denial": {
        "description": "Ten meters freeze for two hours of a working morning, then three fall silent.",
        "duration": "8h",
        "start": "2026-06-17T06:00:00+02:00",
        "attacks": [
            {"family": "denial", "mode": "frozen", "start": "2h", "duration": "2h", "count": 10},
            {"family": "denial", "mode": "missing", "start": "5h", "duration": "1h", "count": 3},
        ],
    },
    "fault_temporary": {
        "description": "A flashover that is gone after the first open interval: trip, reclose, supplied again.",
        "duration": "2min",
        "step": "20ms",
        "start": "2026-06-17T19:00:00+02:00",
        "telemetry": {"scan_period": "1s"},
        "faults": [{"line": 24, "start": "5s", "kind": "temporary", "duration": "400ms"}],
        "detectors": [],
    },
    "fault_permanent": {
        "description": "A broken conductor: every shot fails, the recloser locks out.",
        "duration": "2min",
        "step": "20ms",
        "start": "2026-06-17T19:00:00+02:00",
        "telemetry": {"scan_period": "1s"},
        "faults": [{"line": 24, "start": "5s", "kind": "permanent"}],
        "detectors": [],
    },
    "swing": {
        "description": "The supply area's frequency: a load step, then a generator trips.",
        "duration": "1min",
        "step": "20ms",
        "start": "2026-06-17T19:00:00+02:00",
        "telemetry": {"scan_period": "1s"},
        "area": {
            "load_steps": [{"at": "5s", "p_mw": 5.0}],
            "generation_trips": [{"at": "30s", "p_mw": 10.0}],
        },
        "detectors": [],
    },
}

DEFAULT = "day"


@cache
def find(name: str) -> Scenario:
    """The scenario of that name.

    Raises
    ------
    ScenarioError
        If there is none; the message lists those there are.
    """
    if name not in DESCRIPTIONS:
        raise ScenarioError([("scenario", f"expected one of {', '.join(sorted(DESCRIPTIONS))}, got {name!r}")])
    return Scenario(name=name, **DESCRIPTIONS[name])  # type: ignore[arg-type]


def names() -> tuple[str, ...]:
    """Names of all scenarios."""
    return tuple(DESCRIPTIONS)
