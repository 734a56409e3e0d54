"""Named scenarios of attacks and instrument faults, at least one a family beside those of the catalogue itself."""

from collections.abc import Mapping
from typing import Any

from mosaik_scenarios.campaigns import with_campaign
from mosaik_scenarios.scenario import Scenario

MORNING = "2026-06-17T06:00:00+02:00"
NOON = "2026-06-17T12:00:00+02:00"
DAY_BEFORE = "2026-06-16T00:00:00+02:00"
ONE_METER = {"count": 1, "measurement_type": "p"}


def hourly(*attacks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Half an hour of each attack, one an hour from the first hour on."""
    return [{"start": f"{1 + hour}h", "duration": "30min", **attack} for hour, attack in enumerate(attacks)]


ATTACK_SCENARIOS = (
    Scenario(
        name="injections",
        description="False data in four shapes, one an hour: a jump, a factor, a slow ramp, noise.",
        start=MORNING,
        duration="6h",
        attacks=hourly(
            {"family": "bias", "count": 1, "measurement_type": "v", "bias_sigma": 6},
            {"family": "scaling", **ONE_METER, "factor": 1.2},
            {"family": "ramp", "count": 1, "measurement_type": "v", "slope_sigma": 20},
            {"family": "noise", **ONE_METER, "noise_sigma": 5},
        ),
    ),
    Scenario(
        name="stealthy",
        description="Forged to agree with the network: a voltage 2 % up, a flow hidden, power stolen, then with half "
        "of the meters only.",
        start=MORNING,
        duration="6h",
        attacks=hourly(
            {"family": "stealthy", "bus": 17, "vm_change_pu": 0.02},
            {"family": "stealthy", "line": 0, "flow_factor": 0.8},
            {"family": "stealthy", "bus": 29, "p_change_mw": -0.05},
            {"family": "stealthy", "bus": 17, "vm_change_pu": 0.02, "access": 0.5},
        ),
    ),
    Scenario(
        name="replay",
        description="Yesterday's noon is shown again at ten meters while the tap changer is told lies as well.",
        start=DAY_BEFORE,
        duration="38h",
        attacks=[
            {"family": "replay", "start": "36h", "duration": "1h", "count": 10},
            {"family": "bias", "start": "36h", "duration": "1h", "channels": ["v bus 0"], "bias": -0.02},
        ],
        regulator={"source": "measured"},
    ),
    Scenario(
        name="late",
        description="Messages held back: by ten minutes, by random times, and a whole station silent.",
        start=MORNING,
        duration="5h",
        attacks=hourly(
            {"family": "delay", "count": 5, "delay_s": 600, "restamped": True},
            {"family": "jitter", "count": 5, "delay_s": 300},
            {"family": "denial", "mode": "missing", "buses": [24, 29]},
        ),
    ),
    Scenario(
        name="sensor_faults",
        description="Instruments that fail by themselves, one an hour: stuck, drifting, spiking, wrong in ratio, sign "
        "and wiring.",
        start=MORNING,
        duration="8h",
        attacks=hourly(
            {"family": "stuck", "channels": ["v bus 17"], "at": 0.0},
            {"family": "drift", "channels": ["v bus 17"], "drift_sigma": 10},
            {"family": "spike", "channels": ["v bus 17"], "height_sigma": 15},
            {"family": "gain", "channels": ["p bus 29"], "ratio_error_percent": -20},
            {"family": "wrong_sign", "channels": ["p bus 29", "q bus 29"]},
            {"family": "wrong_phase", "channels": ["p bus 28", "p bus 29", "p bus 30"]},
        ),
    ),
    Scenario(
        name="theft",
        description="A customer's meter tells less than is drawn: a share, a cap, at night, past the meter.",
        duration="1d",
        attacks=[
            {"family": "theft", "buses": [29], "measurement_type": "p", **window, **way}
            for window, way in (
                ({"start": "2h", "duration": "3h"}, {"factor": 0.7}),
                ({"start": "7h", "duration": "3h"}, {"cap_mw": 0.05}),
                ({"start": "12h", "duration": "3h"}, {"bypass_mw": 0.05}),
                ({"start": "17h", "duration": "6h"}, {"factor": 0.3, "hours": [20, 22]}),
            )
        ],
    ),
    Scenario(
        name="supply_voltage",
        description="The supply's voltage surges, then sags: real, and truthfully measured.",
        start=NOON,
        duration="4h",
        attacks=hourly({"family": "surge", "change_pu": 0.05}, {"family": "sag", "change_pu": 0.08}),
    ),
    Scenario(
        name="commands",
        description="Forged commands: a tap, a breaker, the generators' set-points; at last a forged breaker state.",
        start=NOON,
        duration="6h",
        attacks=hourly(
            {"family": "tap_command", "trafo": 0, "steps": 6},
            {"family": "breaker_command", "switch": 1},
            {"family": "set_point", "factor": 0.0},
            {"family": "breaker_state", "channels": ["closed switch 1"]},
        ),
    ),
    Scenario(
        name="staged",
        description="An intrusion in stages: a look around, a forged tap under a frozen picture, then a breaker "
        "opened while the control room is blind.",
        start=NOON,
        duration="4h",
        attacks=[
            {"family": "noise", "start": "30min", "duration": "15min", "count": 2, "noise_sigma": 3},
            {"family": "denial", "mode": "frozen", "start": "1h", "duration": "1h", "count": 30},
            {"family": "tap_command", "start": "65min", "duration": "50min", "trafo": 0, "position": 16},
            {"family": "breaker_command", "start": "150min", "duration": "20min", "switch": 1},
            {"family": "denial", "mode": "missing", "start": "150min", "duration": "20min", "count": 40},
        ],
    ),
    with_campaign(
        Scenario(name="campaign", description="Twelve attacks of five kinds on one day, drawn by the seed."),
        events=[
            {
                "family": "bias",
                "parameters": {"count": 1, "measurement_type": "v"},
                "ranges": {"bias_sigma": (4, 10)},
                "signs": ["bias_sigma"],
            },
            {"family": "scaling", "parameters": ONE_METER, "ranges": {"factor": (0.5, 0.8)}},
            {"family": "denial", "parameters": {"count": 3}, "choices": {"mode": ["frozen", "missing"]}},
            {"family": "stealthy", "parameters": {"bus": 17}, "ranges": {"vm_change_pu": (0.01, 0.03)}},
            {"family": "surge", "ranges": {"change_pu": (0.01, 0.05)}},
        ],
        count=12,
        duration=("10min", "30min"),
        gap="1h",
    ),
)
