"""The contract that every attack family signs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.attacks import ATTACKS
from models.attacks.attacker import Attacker
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError, UnknownNameError
from models.telemetry.quality import Quality, Telemetry
from tests.models.attacks.conftest import (
    IN_THE_FIELD,
    NAMES,
    ON_CHANNELS,
    WINDOW,
    attack_on,
    orders,
    run,
    same,
    traffic,
)

AttackerOf = Callable[..., Attacker]

VARIANTS: list[dict[str, Any]] = [
    *({"family": family, **parameters} for family, parameters in ON_CHANNELS.items()),
    {"family": "bias", "bias_sigma": -3.0, "ramp_s": 2.0, "channels": ["v bus 2"]},
    {"family": "denial", "mode": "missing", "buses": [3]},
    {"family": "delay", "delay_s": 1.0, "restamped": True, "channels": ["v bus 1"]},
    {"family": "theft", "cap_mw": 1.0, "channels": ["p bus 3", "q bus 3"]},
    {"family": "theft", "bypass_mw": 1.0, "buses": [3], "measurement_type": "p"},
]
every_attack_on_channels = pytest.mark.parametrize("attack", VARIANTS, ids=lambda a: "-".join(map(str, a.values())))
every_attack_in_the_field = pytest.mark.parametrize(
    "attack", [{"family": family, **parameters} for family, parameters in IN_THE_FIELD.items()], ids=list(IN_THE_FIELD)
)


def test_every_registered_family_has_an_example_a_name_and_a_source() -> None:
    # An attack that knows the network is not at home in this small one: see test_stealthy.
    assert {*ON_CHANNELS, *IN_THE_FIELD, "stealthy"} == ATTACKS.keys()
    for family, attack in ATTACKS.items():
        assert attack.family == family
        assert attack.Parameters.__doc__
        assert "References" in (attack.__doc__ or ""), family


@every_attack_on_channels
def test_outside_of_its_window_an_attack_leaves_telemetry_alone(
    attacker_of: AttackerOf, attack: dict[str, Any]
) -> None:
    received = run(attacker_of({**WINDOW, **attack}))
    for k in (0, 1, 2, 7, 8, 9):
        assert same(received[k], traffic(float(k))), f"changed at {k} s"


@every_attack_on_channels
def test_inside_its_window_an_attack_changes_its_targets_and_nothing_else(
    attacker_of: AttackerOf, attack: dict[str, Any]
) -> None:
    attacker = attacker_of({**WINDOW, **attack})
    received = run(attacker)
    targets = attacker.attacks[0].targets  # type: ignore[attr-defined]
    others = np.setdiff1d(np.arange(len(NAMES)), targets)
    changed = np.zeros(len(targets), dtype=bool)
    for k in (3, 4, 5, 6):
        clean = traffic(float(k))
        changed |= received[k].value[targets] != clean.value[targets]
        for part in ("value", "timestamp_s", "quality"):
            np.testing.assert_array_equal(getattr(received[k], part)[others], getattr(clean, part)[others])
    assert changed.all()


@every_attack_on_channels
def test_the_window_is_labelled_and_includes_its_start_but_not_its_end(
    attacker_of: AttackerOf, attack: dict[str, Any]
) -> None:
    attacker = attacker_of({**WINDOW, **attack})
    names = attacker.attacks[0].target_names
    largest = 0.0
    for k in range(10):
        received = attacker.step(float(k), traffic(float(k)))
        assert attacker.attack_active.tolist() == [int(3 <= k < 7)]
        assert attacker.forged.tolist() == [name in names and 3 <= k < 7 for name in NAMES]
        assert attacker.forged_by.tolist() == [0 if forged else -1 for forged in attacker.forged]
        np.testing.assert_array_equal(attacker.change, received.value - traffic(float(k)).value)
        assert 3 <= k < 7 or attacker.magnitude.tolist() == [0.0]
        largest = max(largest, attacker.magnitude[0])
    assert largest > 0.0 or attack.get("mode") == "missing"


@every_attack_on_channels
def test_two_attackers_with_one_seed_do_the_same(attacker_of: AttackerOf, attack: dict[str, Any]) -> None:
    one, other = (attacker_of({**WINDOW, **attack}, seed=5) for _ in range(2))
    assert one.labels() == other.labels()
    assert all(same(a, b) for a, b in zip(run(one), run(other), strict=True))


@every_attack_on_channels
def test_an_attack_leaves_missing_values_missing(attacker_of: AttackerOf, attack: dict[str, Any]) -> None:
    attacker = attacker_of({**WINDOW, **attack})
    n = len(NAMES)
    silence = Telemetry(np.full(n, np.nan), np.full(n, np.nan), np.full(n, Quality.MISSING, dtype=np.int8))
    for k in range(10):
        assert same(attacker.step(float(k), silence), silence)


@every_attack_in_the_field
def test_in_the_field_an_attack_acts_inside_its_window_and_on_its_target_alone(
    attacker_of: AttackerOf, attack: dict[str, Any]
) -> None:
    attacker = attacker_of({**WINDOW, **attack})
    for k in range(10):
        assert same(attacker.step(float(k), traffic(float(k))), traffic(float(k)))
        assert bool(attacker.magnitude[0] > 0) is bool(attacker.attack_active[0]) is (3 <= k < 7)
        acted = vars(attacker.act(float(k), orders()))
        changed = [name for name, sent in vars(orders()).items() if not np.array_equal(acted[name], sent)]
        assert len(changed) == int(3 <= k < 7)
    assert not attacker.forged.any()


def test_no_attack_hands_the_same_on(attacker_of: AttackerOf) -> None:
    attacker, telemetry, signals = attacker_of(), traffic(1.0), orders()
    assert attacker.step(1.0, telemetry) is telemetry
    assert attacker.act(1.0, signals) is signals
    assert attacker.attack_active.shape == attacker.magnitude.shape == (0,)
    assert not attacker.forged.any()


def test_attacks_add_up_in_the_order_of_the_list(attacker_of: AttackerOf) -> None:
    bias = attack_on("bias", "v bus 2", bias=1.0)
    freeze = attack_on("denial", "v bus 2", mode="frozen")
    held = traffic(2.0).value[1]
    both = attacker_of(bias, freeze)
    assert run(both)[4].value[1] == held
    assert run(attacker_of(freeze, bias))[4].value[1] == held + 1.0
    both.step(4.0, traffic(4.0))
    assert both.forged_by[1] == 1


def test_drawn_targets_are_of_the_type_asked_for_and_depend_on_the_seed(attacker_of: AttackerOf) -> None:
    attack = {**WINDOW, "family": "bias", "bias": 1.0, "count": 2, "measurement_type": "v"}
    drawn = {attacker_of(attack, seed=seed).attacks[0].target_names for seed in range(30)}
    assert drawn == {("v bus 1", "v bus 2"), ("v bus 1", "v bus 3"), ("v bus 2", "v bus 3")}


def test_states_of_breakers_are_not_drawn_among_measurements(attacker_of: AttackerOf) -> None:
    everything = attacker_of({**WINDOW, "family": "bias", "bias": 1.0, "count": 6})
    assert everything.attacks[0].target_names == tuple(NAMES[:6])


def test_a_whole_station_falls_silent(attacker_of: AttackerOf) -> None:
    attacker = attacker_of({**WINDOW, "family": "denial", "buses": [2, 3]})
    assert attacker.attacks[0].target_names == tuple(NAMES[1:6])
    assert np.isnan(run(attacker)[3].value).tolist() == [False, *[True] * 5, False]


def test_another_attack_in_front_shifts_only_its_own_number(attacker_of: AttackerOf) -> None:
    drawn = {**WINDOW, "family": "bias", "bias": 1.0, "count": 2}
    alone = attacker_of(drawn, seed=3)
    followed = attacker_of(drawn, {**drawn, "count": 4}, seed=3)
    assert alone.attacks[0].target_names == followed.attacks[0].target_names


def test_labels_say_what_is_done_to_whom(attacker_of: AttackerOf) -> None:
    attacker = attacker_of(
        attack_on("bias", "v bus 2", bias=0.05),
        attack_on("denial", *NAMES[:5]),
        {**WINDOW, "family": "tap_command", "trafo": 0, "steps": -2},
    )
    assert attacker.labels() == [
        "bias of +0.05 on v bus 2",
        "denial (missing) on v bus 1, v bus 2, v bus 3 and 2 more",
        "forged tap command (-2) on trafo 0",
    ]


def test_unknown_names_are_answered_with_those_there_are(attacker_of: AttackerOf) -> None:
    with pytest.raises(UnknownNameError, match=r"'v bus 22'; did you mean 'v bus 2'"):
        attacker_of(attack_on("bias", "v bus 22", bias=1.0))
    with pytest.raises(UnknownNameError, match="bias, breaker_command"):
        attacker_of(attack_on("magic", "v bus 2"))


V1: dict[str, Any] = {"channels": ["v bus 1"]}


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        ({"family": "bias", "bias": 1.0}, "names its channels, gives the count"),
        ({"family": "bias", "bias": 1.0, **V1, "count": 1}, "one of the three"),
        ({"family": "bias", "bias": 1.0, **V1, "buses": [1]}, "one of the three"),
        ({"family": "bias", "bias": 1.0, "channels": ["v bus 1", "v bus 1"]}, "each channel once"),
        ({"family": "bias", "bias": 1.0, "channels": "v bus 1"}, "must be a list"),
        ({"family": "bias", "bias": 1.0, "count": 4, "measurement_type": "v"}, "only 3 to choose"),
        ({"family": "bias", "bias": 1.0, "buses": [9]}, "bus 9 has no channel"),
        ({"family": "bias", **V1}, "given as bias or as bias_sigma"),
        ({"family": "bias", **V1, "bias": 1.0, "bias_sigma": 1.0}, "one of the two"),
        ({"family": "bias", **V1, "bias": float("nan")}, "bias must be a number"),
        ({"family": "bias", **V1, "bias": 1.0, "duration_s": 0.0}, "duration_s must be above 0"),
        ({"family": "bias", **V1, "size": 1.0}, "no parameter 'size'"),
        ({"family": "noise", **V1, "noise_sigma": 0.0}, "noise_sigma must be above 0"),
        ({"family": "denial", **V1, "mode": "slow"}, "frozen or missing, got 'slow'"),
        ({"family": "replay", **V1}, "start_s must be at least age_s"),
        ({"family": "delay", **V1, "delay_s": 0.0}, "delay_s must be above 0"),
        ({"family": "spike", **V1, "height": 1.0, "probability": 2.0}, "probability must be"),
        ({"family": "wrong_sign", **V1}, "'v bus 1' has no sign"),
        ({"family": "wrong_phase", **V1}, "two or more of one type"),
        ({"family": "wrong_phase", "channels": ["v bus 2", "p bus 2"]}, "two or more of one type"),
        ({"family": "theft", **V1, "factor": 0.5}, "'v bus 1' cannot be under-reported"),
        ({"family": "theft", "channels": ["p bus 3"]}, "one of factor, cap_mw, bypass_mw, got none"),
        ({"family": "theft", "channels": ["p bus 3"], "factor": 1.5}, "factor must be"),
        ({"family": "theft", "channels": ["p bus 3"], "factor": 0.5, "hours": [1]}, "hours are begin and end"),
        ({"family": "breaker_state", **V1}, "tells no breaker's state"),
        ({"family": "sag", "change_pu": -0.1}, "change_pu must be above 0"),
        ({"family": "surge", "change_pu": 0.1, "ext_grid": 3}, "no ext_grid 3; it has 0"),
        ({"family": "tap_command", "trafo": 0}, "one of the two, got None and None"),
        ({"family": "tap_command", "trafo": 5, "steps": 1}, "no trafo 5"),
        ({"family": "breaker_command", "switch": 5}, "no switch 5"),
        ({"family": "set_point", "sgens": [4], "factor": 0.0}, "no sgen 4"),
        ({"channels": ["v bus 1"]}, "needs its family, one of bias, breaker_command"),
    ],
)
def test_an_attack_that_makes_no_sense_is_refused(
    attacker_of: AttackerOf, attack: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        attacker_of({**WINDOW, **attack})


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        (attack_on("bias", "v bus 1", bias_sigma=1.0), "give std_dev"),
        ({**WINDOW, "family": "denial", "count": 1, "measurement_type": "v"}, "give measurement_type"),
        ({**WINDOW, "family": "denial", "buses": [1]}, "give channel_buses"),
        ({**WINDOW, "family": "sag", "change_pu": 0.1}, "give net"),
    ],
)
def test_what_the_attacker_was_not_told_cannot_be_used(attack: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        Attacker([attack], AttackSurface.of(NAMES), 0)
