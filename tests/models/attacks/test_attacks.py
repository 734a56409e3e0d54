"""The contract that every attack family signs, and what each family does inside its window."""

from typing import Any

import numpy as np
import pytest

from models.attacks import ATTACKS
from models.attacks.attacker import Attacker
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError, UnknownNameError
from models.telemetry.quality import Quality, Telemetry

NAMES = ["v bus 1", "v bus 2", "v bus 3", "p bus 2", "p bus 3", "q bus 3"]
SURFACE = AttackSurface.of(NAMES, std_dev=[0.01, 0.01, 0.01, 0.5, 0.6, 0.7], measurement_type=[n[0] for n in NAMES])
WINDOW = {"start_s": 3.0, "duration_s": 4.0}

# One complete example of every family; a new family is tested by an entry here.
EXAMPLES: dict[str, dict[str, Any]] = {
    "bias": {"bias": 0.5},
    "denial": {"mode": "frozen"},
}
VARIANTS: list[dict[str, Any]] = [
    *({"family": family, **parameters} for family, parameters in EXAMPLES.items()),
    {"family": "bias", "bias_sigma": -3.0, "ramp_s": 2.0},
    {"family": "denial", "mode": "missing"},
]
every_attack = pytest.mark.parametrize("attack", VARIANTS, ids=lambda attack: "-".join(map(str, attack.values())))


def traffic(seconds: float) -> Telemetry:
    """Clean telemetry that moves from step to step and is not to be written to."""
    value = np.arange(len(NAMES)) + 0.1 * seconds
    timestamp_s = np.full(len(NAMES), seconds)
    quality = np.full(len(NAMES), Quality.VALID, dtype=np.int8)
    for array in (value, timestamp_s, quality):
        array.setflags(write=False)
    return Telemetry(value, timestamp_s, quality)


def attacker_of(*attacks: dict[str, Any], seed: int = 0) -> Attacker:
    return Attacker(attacks, SURFACE, seed)


def attack_on(attack: dict[str, Any], *channels: str, **parameters: Any) -> dict[str, Any]:
    return {**WINDOW, "channels": list(channels), **attack, **parameters}


def run(attacker: Attacker, steps: int = 10) -> list[Telemetry]:
    return [attacker.step(float(k), traffic(float(k))) for k in range(steps)]


def same(one: Telemetry, other: Telemetry) -> bool:
    return all(
        np.array_equal(getattr(one, part), getattr(other, part), equal_nan=True)
        for part in ("value", "timestamp_s", "quality")
    )


def test_every_registered_family_has_an_example_and_bears_its_name() -> None:
    assert EXAMPLES.keys() == ATTACKS.keys()
    assert all(attack.family == family for family, attack in ATTACKS.items())
    assert all(
        attack.Parameters.__doc__ and attack.__doc__ and "References" in attack.__doc__ for attack in ATTACKS.values()
    )


@every_attack
def test_outside_of_its_window_an_attack_leaves_telemetry_alone(attack: dict[str, Any]) -> None:
    received = run(attacker_of(attack_on(attack, "v bus 2")))
    for k in (0, 1, 2, 7, 8, 9):
        assert same(received[k], traffic(float(k))), f"changed at {k} s"


@every_attack
def test_inside_its_window_an_attack_changes_its_targets_and_nothing_else(attack: dict[str, Any]) -> None:
    received = run(attacker_of(attack_on(attack, "v bus 2", "p bus 3")))
    targets, others = [1, 4], [0, 2, 3, 5]
    for k in (4, 5, 6):
        clean = traffic(float(k))
        assert not np.any(received[k].value[targets] == clean.value[targets])
        for part in ("value", "timestamp_s", "quality"):
            np.testing.assert_array_equal(getattr(received[k], part)[others], getattr(clean, part)[others])


@every_attack
def test_the_window_is_marked_and_includes_its_start_but_not_its_end(attack: dict[str, Any]) -> None:
    attacker = attacker_of(attack_on(attack, "v bus 2"))
    for k in range(10):
        attacker.step(float(k), traffic(float(k)))
        assert attacker.attack_active.tolist() == [int(3 <= k < 7)]
        assert attacker.forged.tolist() == [name == "v bus 2" and 3 <= k < 7 for name in NAMES]


@every_attack
def test_two_attackers_with_one_seed_do_the_same(attack: dict[str, Any]) -> None:
    drawn = {**WINDOW, **attack, "count": 3}
    one, other = attacker_of(drawn, seed=5), attacker_of(drawn, seed=5)
    assert one.labels() == other.labels()
    assert all(same(a, b) for a, b in zip(run(one), run(other), strict=True))


@every_attack
def test_an_attack_leaves_missing_values_missing(attack: dict[str, Any]) -> None:
    attacker = attacker_of(attack_on(attack, "v bus 2", start_s=0.0))
    silence = Telemetry(np.full(6, np.nan), np.full(6, np.nan), np.full(6, Quality.MISSING, dtype=np.int8))
    for k in range(4):
        assert same(attacker.step(float(k), silence), silence)


def test_no_attack_hands_the_same_telemetry_on() -> None:
    attacker = attacker_of()
    telemetry = traffic(1.0)
    assert attacker.step(1.0, telemetry) is telemetry
    assert attacker.attack_active.shape == (0,)
    assert not attacker.forged.any()


def test_a_bias_adds_to_its_targets() -> None:
    received = run(attacker_of(attack_on({"family": "bias", "bias": -0.25}, "p bus 2")))
    assert received[4].value[3] - traffic(4.0).value[3] == pytest.approx(-0.25)


def test_a_bias_in_standard_deviations_is_measured_by_each_meter() -> None:
    received = run(attacker_of(attack_on({"family": "bias", "bias_sigma": 4.0}, "v bus 1", "q bus 3")))
    np.testing.assert_allclose((received[4].value - traffic(4.0).value)[[0, 5]], [0.04, 2.8])


def test_a_ramp_grows_from_nothing_to_the_full_bias() -> None:
    received = run(attacker_of(attack_on({"family": "bias", "bias": 1.0, "ramp_s": 2.0}, "v bus 1")))
    injected = [received[k].value[0] - traffic(float(k)).value[0] for k in range(10)]
    np.testing.assert_allclose(injected, [0, 0, 0, 0.0, 0.5, 1.0, 1.0, 0, 0, 0], atol=1e-12)


def test_a_frozen_channel_repeats_the_last_value_before_the_onset_under_fresh_timestamps() -> None:
    received = run(attacker_of(attack_on({"family": "denial", "mode": "frozen"}, "v bus 2")))
    for k in range(3, 7):
        assert received[k].value[1] == traffic(2.0).value[1]
        assert received[k].timestamp_s[1] == k
        assert received[k].quality[1] == Quality.VALID


def test_a_channel_frozen_from_the_start_repeats_its_first_value() -> None:
    received = run(attacker_of(attack_on({"family": "denial", "mode": "frozen"}, "v bus 2", start_s=0.0)))
    assert [telemetry.value[1] for telemetry in received[:4]] == [traffic(0.0).value[1]] * 4


def test_a_denied_channel_is_missing_since_the_onset() -> None:
    received = run(attacker_of(attack_on({"family": "denial", "mode": "missing"}, "v bus 2")))
    for k in range(3, 7):
        assert np.isnan(received[k].value[1])
        assert received[k].timestamp_s[1] == 2.0
        assert received[k].quality[1] == Quality.MISSING


def test_attacks_add_up_in_the_order_of_the_list() -> None:
    bias = attack_on({"family": "bias", "bias": 1.0}, "v bus 2")
    freeze = attack_on({"family": "denial", "mode": "frozen"}, "v bus 2")
    held = traffic(2.0).value[1]
    assert run(attacker_of(bias, freeze))[4].value[1] == held
    assert run(attacker_of(freeze, bias))[4].value[1] == held + 1.0


def test_drawn_targets_are_of_the_type_asked_for_and_depend_on_the_seed() -> None:
    attack = {**WINDOW, "family": "bias", "bias": 1.0, "count": 2, "measurement_type": "v"}
    drawn = {attacker_of(attack, seed=seed).attacks[0].target_names for seed in range(30)}
    assert drawn == {("v bus 1", "v bus 2"), ("v bus 1", "v bus 3"), ("v bus 2", "v bus 3")}


def test_another_attack_in_front_shifts_only_its_own_number() -> None:
    drawn = {**WINDOW, "family": "bias", "bias": 1.0, "count": 2}
    alone = attacker_of(drawn, seed=3)
    followed = attacker_of(drawn, {**drawn, "count": 4}, seed=3)
    assert alone.attacks[0].target_names == followed.attacks[0].target_names


def test_labels_say_what_is_done_to_whom() -> None:
    attacker = attacker_of(
        attack_on({"family": "bias", "bias": 0.05}, "v bus 2"),
        attack_on({"family": "denial"}, *NAMES[:5]),
    )
    assert attacker.labels() == [
        "bias of +0.05 on v bus 2",
        "denial (missing) on v bus 1, v bus 2, v bus 3 and 2 more",
    ]


def test_an_unknown_channel_is_answered_with_close_names() -> None:
    with pytest.raises(UnknownNameError, match=r"'v bus 22'; did you mean 'v bus 2'"):
        attacker_of(attack_on({"family": "bias", "bias": 1.0}, "v bus 22"))


def test_an_unknown_family_is_answered_with_all_families() -> None:
    with pytest.raises(UnknownNameError, match="bias, denial"):
        attacker_of(attack_on({"family": "magic"}, "v bus 2"))


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        ({"family": "bias", "bias": 1.0}, "names its channels or gives the count"),
        ({"family": "bias", "bias": 1.0, "channels": ["v bus 1"], "count": 1}, "one of the two"),
        ({"family": "bias", "bias": 1.0, "channels": ["v bus 1", "v bus 1"]}, "each channel once"),
        ({"family": "bias", "bias": 1.0, "channels": "v bus 1"}, "must be a list"),
        ({"family": "bias", "bias": 1.0, "count": 4, "measurement_type": "v"}, "only 3 to choose"),
        ({"family": "bias", "channels": ["v bus 1"]}, "given as bias or as bias_sigma"),
        ({"family": "bias", "channels": ["v bus 1"], "bias": 1.0, "bias_sigma": 1.0}, "one of the two"),
        ({"family": "bias", "channels": ["v bus 1"], "bias": float("nan")}, "bias must be a number"),
        ({"family": "bias", "channels": ["v bus 1"], "bias": 1.0, "duration_s": 0.0}, "duration_s must be above 0"),
        ({"family": "bias", "channels": ["v bus 1"], "size": 1.0}, "no parameter 'size'"),
        ({"family": "denial", "channels": ["v bus 1"], "mode": "slow"}, "frozen or missing, got 'slow'"),
        ({"channels": ["v bus 1"]}, "needs its family, one of bias, denial"),
    ],
)
def test_an_attack_that_makes_no_sense_is_refused(attack: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        attacker_of({**WINDOW, **attack})


def test_what_the_attacker_was_not_told_cannot_be_used() -> None:
    blind = AttackSurface.of(NAMES)
    with pytest.raises(InvalidParameterError, match="give std_dev"):
        Attacker([attack_on({"family": "bias", "bias_sigma": 1.0}, "v bus 1")], blind, 0)
    with pytest.raises(InvalidParameterError, match="give measurement_type"):
        Attacker([{**WINDOW, "family": "denial", "count": 1, "measurement_type": "v"}], blind, 0)
