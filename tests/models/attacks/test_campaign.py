"""Campaigns are drawn from what they are told, and by nothing but their seed."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.attacks.attacker import make_attack
from models.attacks.campaign import campaign
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError, UnknownNameError
from models.random_streams import stream

EVENTS: list[dict[str, Any]] = [
    {"family": "bias", "ranges": {"bias_sigma": [4, 8]}, "signs": ["bias_sigma"], "parameters": {"count": 2}},
    {"family": "denial", "choices": {"mode": ["frozen", "missing"], "buses": [[2], [3]]}},
    {"family": "theft", "ranges": {"factor": [0.3, 0.7]}, "parameters": {"channels": ["p bus 3"]}},
]
TOLD: dict[str, Any] = {
    "events": EVENTS,
    "count": 12,
    "duration_s": [600, 1800],
    "gap_s": 900,
    "start_s": 3600,
    "end_s": 86400,
    "step_s": 60,
}


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 20), gap_s=st.floats(0, 2000))
def test_attacks_keep_their_distance_and_their_ranges(seed: int, count: int, gap_s: float) -> None:
    attacks = campaign({**TOLD, "count": count, "gap_s": gap_s}, seed)
    assert len(attacks) == count
    assert attacks[0]["start_s"] >= 3600
    assert attacks[-1]["start_s"] + attacks[-1]["duration_s"] <= 86400
    for before, after in pairwise(attacks):
        assert after["start_s"] >= before["start_s"] + before["duration_s"] + gap_s
    for attack in attacks:
        assert attack["start_s"] % 60 == attack["duration_s"] % 60 == 0
        assert 600 <= attack["duration_s"] <= 1800
        assert 4 <= abs(attack.get("bias_sigma", 4)) <= 8
        assert 0.3 <= attack.get("factor", 0.3) <= 0.7


def test_the_seed_decides_and_every_kind_takes_its_turn(surface: AttackSurface) -> None:
    attacks = campaign(TOLD, seed=1)
    assert attacks == campaign(TOLD, seed=1) != campaign(TOLD, seed=2)
    for first in range(0, 12, 3):
        assert {attack["family"] for attack in attacks[first : first + 3]} == {"bias", "denial", "theft"}
    signs = {attack["bias_sigma"] > 0 for seed in range(5) for attack in campaign(TOLD, seed) if "bias_sigma" in attack}
    assert signs == {True, False}
    for attack in attacks:
        make_attack(attack, surface, stream(0, "test"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"events": []}, "needs the kinds of events"),
        ({"count": 200}, "200 attacks of up to 1800 s, 900 s apart, take 539100 s; there are 82800 s"),
        ({"duration_s": [1800, 600]}, "range .lowest, highest., got .1800, 600."),
        ({"duration_s": 600}, "range .lowest, highest., got 600"),
        ({"events": [{"family": "denial", "choices": {"mode": []}}]}, "nothing to choose from"),
        ({"events": [{"family": "bias", "signs": ["bias"]}]}, "none of the ranges"),
        ({"events": [{"family": "bias", "size": 1}]}, "no parameter 'size'"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        campaign({**TOLD, **wrong}, seed=1)
    with pytest.raises(UnknownNameError, match="magic"):
        campaign({**TOLD, "events": [{"family": "magic"}]}, seed=1)
