"""The reclosing sequence: temporary and permanent faults, at fine and coarse steps."""

from collections.abc import Callable
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.control.recloser import Recloser, RecloserSettings, RecloserState
from models.errors import InvalidParameterError, ModelError

CLOSED, TRIPPED, WAITING, RECLOSING, LOCKOUT, RESET = (
    RecloserState.CLOSED,
    RecloserState.TRIPPED,
    RecloserState.WAITING,
    RecloserState.RECLOSING,
    RecloserState.LOCKOUT,
    RecloserState.RESET,
)
LOAD_KA, FAULT_KA = 0.1, 3.0
ONE_SHOT = [TRIPPED, WAITING, RECLOSING, RESET]


def recloser(**changed) -> Recloser:
    return Recloser(
        RecloserSettings(
            **{"line": 3, "switch": 1, "pickup_ka": 0.4, "time_dial": 0.5, "instantaneous_ka": 2, **changed}
        )
    )


def states_passed(
    device: Recloser, step_s: float, until_s: float, fault: Callable[[float], bool]
) -> list[RecloserState]:
    """States in order, each named once however long it lasts, while `fault(time_s)` says when there is a fault."""
    states = [device.state]
    for number in range(round(until_s / step_s)):
        has_fault = fault(number * step_s)
        device.step(step_s, (FAULT_KA if has_fault else LOAD_KA) if device.closed else 0.0)
        states.append(device.state)
    return [state for state, _ in groupby(states)]


def test_load_current_leaves_the_recloser_closed() -> None:
    device = recloser()
    assert states_passed(device, 60.0, 86400.0, fault=lambda time_s: False) == [CLOSED]
    assert device.trip_count == 0


def test_a_temporary_fault_is_cleared_by_the_first_reclosure() -> None:
    device = recloser()
    assert states_passed(device, 0.02, 60.0, fault=lambda time_s: 1.0 <= time_s < 1.3) == [CLOSED, *ONE_SHOT, CLOSED]
    assert (device.trip_count, device.shots) == (1, 0)


def test_a_permanent_fault_leads_through_all_shots_to_lockout() -> None:
    device = recloser()
    passed = states_passed(device, 0.02, 60.0, fault=lambda time_s: time_s >= 1.0)
    assert passed == [CLOSED, *ONE_SHOT * 3, TRIPPED, LOCKOUT]
    assert (device.trip_count, device.shots, device.closed) == (4, 3, False)


def test_two_trips_are_fast_and_two_are_delayed() -> None:
    device = recloser(dead_times_s=[0.2, 0.2, 0.2])
    conducting = []
    while device.state is not LOCKOUT:
        if device.closed:
            conducting.append(0.0)
        while device.closed:
            device.step(0.001, FAULT_KA)
            conducting[-1] += 0.001
        while not device.closed and device.state is not LOCKOUT:
            device.step(0.001, 0.0)
    delayed_s = 0.5 * (19.61 / (7.5**2 - 1) + 0.491)
    assert conducting == pytest.approx([0.04, 0.04, delayed_s + 0.04, delayed_s + 0.04], abs=2e-3)


def test_the_switch_opens_for_the_dead_time_and_the_closing_time() -> None:
    device = recloser(dead_times_s=[0.5])
    steps = 0
    device.step(0.04, FAULT_KA)
    assert device.state is WAITING
    while not device.step(0.02, 0.0):
        steps += 1
    assert steps + 1 == 28


def test_a_coarse_step_holds_a_whole_trip_and_one_reclosure() -> None:
    device = recloser()
    states = []
    for _ in range(4):
        device.step(60.0, FAULT_KA)
        states.append((device.state, device.shots, device.trip_count))
    assert states == [(RESET, 1, 1), (RESET, 2, 2), (RESET, 3, 3), (LOCKOUT, 3, 4)]


def test_a_temporary_fault_at_coarse_steps_ends_closed() -> None:
    device = recloser()
    device.step(60.0, FAULT_KA)
    assert device.closed
    device.step(60.0, LOAD_KA)
    assert (device.state, device.shots, device.trip_count) == (CLOSED, 0, 1)


def test_a_second_fault_within_the_reset_time_continues_the_sequence() -> None:
    within, after = recloser(), recloser()
    for device, pause_s in ((within, 29.0), (after, 31.0)):
        device.step(1.0, FAULT_KA)
        device.step(pause_s, LOAD_KA)
        device.step(20.0, FAULT_KA)
    assert (within.shots, after.shots) == (2, 1)


def test_the_reset_time_stands_still_while_the_relay_is_picked_up() -> None:
    device = recloser(time_dial=10.0, reset_s=5.0, instantaneous_shots=1)
    device.step(1.0, FAULT_KA)
    for _ in range(10):
        device.step(1.0, 0.9)
    assert device.state is RESET
    device.step(60.0, 0.9)
    assert device.trip_count == 2


def test_lockout_lasts_until_somebody_closes() -> None:
    device = recloser(dead_times_s=[])
    device.step(60.0, FAULT_KA)
    assert states_passed(device, 3600.0, 86400.0, fault=lambda time_s: False) == [LOCKOUT]
    device.close_by_hand()
    assert device.closed
    device.step(31.0, LOAD_KA)
    assert (device.state, device.shots) == (CLOSED, 0)


def test_closing_by_hand_onto_the_fault_locks_out_again_without_a_reclosure() -> None:
    device = recloser(dead_times_s=[0.5])
    for _ in range(2):
        device.step(60.0, FAULT_KA)
    assert device.state is LOCKOUT
    device.close_by_hand()
    device.step(60.0, FAULT_KA)
    assert (device.state, device.trip_count) == (LOCKOUT, 3)


def test_a_recloser_in_service_is_not_closed_by_hand() -> None:
    with pytest.raises(ModelError, match="the recloser is in CLOSED"):
        recloser().close_by_hand()


def test_a_disc_that_has_not_run_back_trips_sooner_after_the_reclosure() -> None:
    forgetful = recloser(instantaneous_ka=None, disc_reset_s=0.0)
    disc = recloser(instantaneous_ka=None, disc_reset_s=None)
    for device in (forgetful, disc):
        device.step(60.0, FAULT_KA)
        device.step(0.1, FAULT_KA)
    assert (forgetful.trip_count, disc.trip_count) == (1, 2)


@settings(max_examples=50)
@given(
    step_s=st.sampled_from([0.02, 0.1, 1.0, 60.0]),
    current_ka=st.floats(0.41, 3.0),
    excess=st.floats(1.0, 4.0),
)
def test_a_higher_current_never_locks_out_later(step_s: float, current_ka: float, excess: float) -> None:
    def steps_to_first_opening(fault_ka: float) -> int:
        device, steps = recloser(dead_times_s=[]), 0
        while device.closed and steps < 2000:
            device.step(step_s, fault_ka)
            steps += 1
        return steps

    assert steps_to_first_opening(excess * current_ka) <= steps_to_first_opening(current_ka)


@given(pieces=st.lists(st.floats(0.001, 1.0), min_size=1, max_size=20))
def test_splitting_a_step_before_the_reclosure_changes_nothing(pieces: list[float]) -> None:
    whole, split = recloser(dead_times_s=[1e9]), recloser(dead_times_s=[1e9])
    whole.step(sum(pieces), 1.0)
    for piece in pieces:
        split.step(piece, 1.0)
    assert split.trip_count == whole.trip_count
    assert split.relay.travel == pytest.approx(whole.relay.travel)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"pickup_ka": -1}, "pickup_ka must be above 0"),
        ({"dead_times_s": [0.5, -1]}, "dead_times_s must be at least 0"),
        ({"reset_s": float("nan")}, "reset_s must be a number"),
        ({"instantaneous_shots": -1}, "instantaneous_shots must be at least 0"),
        ({"instantaneous_ka": 0.3}, "instantaneous_ka must be above 0.4"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict, complaint: str) -> None:
    with pytest.raises(InvalidParameterError, match=complaint):
        recloser(**wrong)


def test_a_step_back_in_time_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="seconds must be at least 0"):
        recloser().step(-1.0, 0.0)
