"""What each family does inside its window."""

from collections.abc import Callable

import numpy as np
import pytest

from models.attacks.attacker import Attacker
from models.attacks.surface import AttackSurface
from models.telemetry.quality import Quality, Telemetry
from tests.models.attacks.conftest import WINDOW, attack_on, orders, run, traffic

AttackerOf = Callable[..., Attacker]
HOUR = 3600.0


def injected(attacker: Attacker, position: int, steps: int = 10) -> list[float]:
    return [run_.value[position] - traffic(float(k)).value[position] for k, run_ in enumerate(run(attacker, steps))]


def test_a_bias_adds_to_its_targets(attacker_of: AttackerOf) -> None:
    assert injected(attacker_of(attack_on("bias", "p bus 2", bias=-0.25)), 3)[4] == pytest.approx(-0.25)


def test_a_bias_in_standard_deviations_is_measured_by_each_meter(attacker_of: AttackerOf) -> None:
    received = run(attacker_of(attack_on("bias", "v bus 1", "q bus 3", bias_sigma=4.0)))
    np.testing.assert_allclose((received[4].value - traffic(4.0).value)[[0, 5]], [0.04, 2.8])


def test_a_bias_may_grow_to_its_full_size(attacker_of: AttackerOf) -> None:
    attacker = attacker_of(attack_on("bias", "v bus 1", bias=1.0, ramp_s=2.0))
    np.testing.assert_allclose(injected(attacker, 0), [0, 0, 0, 0.0, 0.5, 1.0, 1.0, 0, 0, 0], atol=1e-12)


def test_a_ramp_grows_to_the_end_of_its_window(attacker_of: AttackerOf) -> None:
    attacker = attacker_of(attack_on("ramp", "v bus 1", slope=HOUR))
    np.testing.assert_allclose(injected(attacker, 0), [0, 0, 0, 0, 1, 2, 3, 0, 0, 0], atol=1e-12)


def test_scaling_gain_and_sign_multiply(attacker_of: AttackerOf) -> None:
    for attack, factor in (
        (attack_on("scaling", "p bus 3", factor=0.25), 0.25),
        (attack_on("gain", "p bus 3", ratio_error_percent=-10.0), 0.9),
        (attack_on("wrong_sign", "p bus 3"), -1.0),
    ):
        assert run(attacker_of(attack))[4].value[4] == pytest.approx(factor * traffic(4.0).value[4])


def test_injected_noise_has_its_standard_deviation_and_no_mean(attacker_of: AttackerOf) -> None:
    attacker = attacker_of(attack_on("noise", "p bus 2", noise_sigma=3.0, duration_s=4000.0))
    noise = np.array(injected(attacker, 3, 4000))[3:]
    assert noise.std() == pytest.approx(3.0 * 0.5, rel=0.05)
    assert abs(noise.mean()) < 4 * 1.5 / np.sqrt(4000)


def test_a_drift_wanders_with_the_root_of_time(surface: AttackSurface) -> None:
    attack = attack_on("drift", "v bus 1", drift=2.0, start_s=0.0, duration_s=5 * HOUR)
    errors = []
    for seed in range(300):
        attacker = Attacker([attack], surface, seed)
        errors.append([attacker.step(t * HOUR, traffic(0.0)).value[0] - traffic(0.0).value[0] for t in (0, 1, 4)])
    np.testing.assert_allclose(np.std(errors, axis=0), [0.0, 2.0, 4.0], rtol=0.15)


def test_spikes_are_rare_and_of_one_height(attacker_of: AttackerOf) -> None:
    attacker = attacker_of(attack_on("spike", "v bus 1", height=5.0, probability=0.1, duration_s=2000.0))
    spikes = np.round(injected(attacker, 0, 2000), 9)[3:]
    assert set(spikes) == {-5.0, 0.0, 5.0}
    assert np.mean(spikes != 0) == pytest.approx(0.1, abs=0.03)


def test_a_stuck_sensor_reads_one_value(attacker_of: AttackerOf) -> None:
    received = run(attacker_of(attack_on("stuck", "v bus 1", "p bus 2", at=0.0)))
    assert [received[k].value[[0, 3]].tolist() for k in range(3, 7)] == [[0.0, 0.0]] * 4


def test_interchanged_wires_carry_each_others_readings(attacker_of: AttackerOf) -> None:
    received = run(attacker_of(attack_on("wrong_phase", "v bus 1", "v bus 2", "v bus 3")))
    np.testing.assert_array_equal(received[4].value[:3], traffic(4.0).value[[1, 2, 0]])


def test_a_frozen_channel_repeats_the_last_value_before_the_onset_under_fresh_timestamps(
    attacker_of: AttackerOf,
) -> None:
    received = run(attacker_of(attack_on("denial", "v bus 2", mode="frozen")))
    for k in range(3, 7):
        assert received[k].value[1] == traffic(2.0).value[1]
        assert received[k].timestamp_s[1] == k
        assert received[k].quality[1] == Quality.VALID


def test_a_channel_frozen_from_the_start_repeats_its_first_value(attacker_of: AttackerOf) -> None:
    received = run(attacker_of(attack_on("denial", "v bus 2", mode="frozen", start_s=0.0)))
    assert [telemetry.value[1] for telemetry in received[:4]] == [traffic(0.0).value[1]] * 4


def test_a_denied_channel_is_missing_since_the_onset(attacker_of: AttackerOf) -> None:
    received = run(attacker_of(attack_on("denial", "v bus 2", mode="missing")))
    for k in range(3, 7):
        assert np.isnan(received[k].value[1])
        assert received[k].timestamp_s[1] == 2.0
        assert received[k].quality[1] == Quality.MISSING


def test_a_replay_plays_an_earlier_time_under_fresh_timestamps(attacker_of: AttackerOf) -> None:
    received = run(attacker_of(attack_on("replay", "v bus 2", start_s=5.0, age_s=5.0, duration_s=4.0)))
    for k in range(5, 9):
        assert received[k].value[1] == traffic(k - 5.0).value[1]
        assert received[k].timestamp_s[1] == k


def test_a_recording_shorter_than_the_attack_is_played_again_and_again(attacker_of: AttackerOf) -> None:
    received = run(attacker_of(attack_on("replay", "v bus 2", start_s=3.0, age_s=2.0, duration_s=5.0)))
    played = [traffic(t).value[1] for t in (1.0, 2.0, 1.0, 2.0, 1.0)]
    assert [received[k].value[1] for k in range(3, 8)] == played


def test_a_delayed_channel_shows_old_messages_with_their_age_or_without(attacker_of: AttackerOf) -> None:
    for restamped in (False, True):
        received = run(attacker_of(attack_on("delay", "v bus 2", delay_s=2.0, restamped=restamped)))
        for k in range(3, 7):
            assert received[k].value[1] == traffic(k - 2.0).value[1]
            assert received[k].timestamp_s[1] == (k if restamped else k - 2)


def test_jitter_holds_back_by_no_more_than_it_says_and_never_steps_back_in_time(attacker_of: AttackerOf) -> None:
    attacker = attacker_of(attack_on("jitter", "v bus 2", "p bus 3", delay_s=3.0, duration_s=50.0))
    shown_s = np.array([telemetry.timestamp_s[[1, 4]] for telemetry in run(attacker, 50)])[3:]
    age_s = np.arange(3, 50)[:, None] - shown_s
    assert ((age_s >= 0) & (age_s <= 3)).all()
    assert len(np.unique(age_s)) > 2
    assert (np.diff(shown_s, axis=0) >= 0).all()


def under(attacker: Attacker, p: float, q: float, seconds: float = 4.0) -> list[float]:
    value = traffic(seconds).value.copy()
    value[[4, 5]] = p, q
    return (
        attacker.step(seconds, Telemetry(value, traffic(seconds).timestamp_s, traffic(seconds).quality))
        .value[[4, 5]]
        .tolist()
    )


def test_a_thief_reports_a_share_a_cap_or_what_does_not_pass_by_and_reactive_power_follows(
    attacker_of: AttackerOf,
) -> None:
    by = {way: attacker_of(attack_on("theft", "p bus 3", "q bus 3", **{way: 0.6})) for way in
          ("factor", "cap_mw", "bypass_mw")}  # fmt: skip
    assert under(by["factor"], 2.0, 1.0) == pytest.approx([1.2, 0.6])
    assert under(by["cap_mw"], 2.0, 1.0) == pytest.approx([0.6, 0.3])
    assert under(by["cap_mw"], 0.5, 0.2) == pytest.approx([0.5, 0.2])
    assert under(by["bypass_mw"], 2.0, 1.0) == pytest.approx([1.4, 0.7])
    assert under(by["bypass_mw"], 0.5, 0.2) == pytest.approx([0.0, 0.0])
    for attacker in by.values():
        assert under(attacker, -1.0, 0.2) == [-1.0, 0.2]


def test_theft_by_time_of_day_happens_at_its_hours_over_midnight(attacker_of: AttackerOf) -> None:
    attacker = attacker_of(attack_on("theft", "p bus 3", factor=0.5, hours=[23, 6], start_s=0.0, duration_s=48 * HOUR))
    # The scenario begins at 22 h.
    reported = [under(attacker, 2.0, 1.0, seconds=h * HOUR)[0] for h in (0.5, 1.0, 7.9, 8.0, 24.9, 25.0)]
    assert reported == [2.0, 1.0, 1.0, 2.0, 2.0, 1.0]


def test_a_forged_breaker_state_is_the_opposite(attacker_of: AttackerOf) -> None:
    received = run(attacker_of(attack_on("breaker_state", "closed switch 0")))
    assert [telemetry.value[-1] for telemetry in received] == [1, 1, 1, 0, 0, 0, 0, 1, 1, 1]


def acted(attacker: Attacker, name: str) -> list[float]:
    return [getattr(attacker.act(float(k), orders()), name)[0] for k in range(9)]


def test_surge_and_sag_move_the_supply(attacker_of: AttackerOf) -> None:
    surge, sag = ({**WINDOW, "family": family, "change_pu": 0.05} for family in ("surge", "sag"))
    np.testing.assert_allclose(acted(attacker_of(surge), "slack_vm_step_pu"), [0, 0, 0, *[0.05] * 4, 0, 0])
    np.testing.assert_allclose(acted(attacker_of(sag), "slack_vm_step_pu"), [0, 0, 0, *[-0.05] * 4, 0, 0])


def test_a_forged_tap_command_stays_within_the_range(attacker_of: AttackerOf) -> None:
    for parameters, tap in (({"steps": -3}, -2), ({"steps": 20}, 9), ({"position": -4}, -4)):
        attack = {**WINDOW, "family": "tap_command", "trafo": 0, **parameters}
        assert acted(attacker_of(attack), "tap_pos") == [1, 1, 1, *[tap] * 4, 1, 1]


def test_a_forged_breaker_is_put_back_once_or_left_to_the_operator(attacker_of: AttackerOf) -> None:
    """The plant's breaker stays where its last command left it."""
    for restored in (True, False):
        attacker = attacker_of({**WINDOW, "family": "breaker_command", "switch": 0, "restored": restored})
        closed, states = np.array([True]), []
        for k in range(9):
            signals = orders()
            closed = attacker.act(float(k), type(signals)(**{**vars(signals), "switch_closed": closed})).switch_closed
            states.append(bool(closed[0]))
        assert states == [True] * 3 + [False] * 4 + [restored] * 2


def test_a_forged_set_point_scales_what_the_generators_deliver(attacker_of: AttackerOf) -> None:
    attack = {**WINDOW, "family": "set_point", "factor": 0.25}
    np.testing.assert_allclose(acted(attacker_of(attack), "sgen_p_mw"), [0.4] * 3 + [0.1] * 4 + [0.4] * 2)
