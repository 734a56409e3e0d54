"""Buses are found under every name that files give them, and never a wrong one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaik_scenarios.comparison.names import full_key, match_buses, node_of, number_key
from mosaik_scenarios.errors import ComparisonError

SPELLINGS = ("bus{}", "Bus{}", "BUS {}", "bus_{}", "Bus-{}", "{}", "{}.0", "0{}", "node {}", "n{}", " bus{} ")

numbers = st.integers(min_value=1, max_value=99_999)


@given(number=numbers, spelling=st.sampled_from(SPELLINGS), other=st.sampled_from(SPELLINGS))
def test_a_bus_is_found_however_both_sides_spell_it(number: int, spelling: str, other: str) -> None:
    names = [other.format(number), other.format(number + 1)]
    match = match_buses([spelling.format(number)], names, [7, 8])
    assert match.position == {spelling.format(number): 0}


@given(number=numbers, node=st.integers(min_value=1, max_value=3))
def test_the_node_after_the_dot_is_the_phase(number: int, node: int) -> None:
    found = node_of(f"bus{number}.{node}")
    assert (found.bus, found.phase) == (f"bus{number}", "abc"[node - 1])


@given(label=st.text(max_size=20))
def test_any_label_is_read_as_some_bus(label: str) -> None:
    assert node_of(label).label == label
    assert full_key(node_of(label).bus) in full_key(label)


@pytest.mark.parametrize(
    ("label", "bus", "phase"),
    [
        ("1003", "1003", ""),
        ("1003.0", "1003", ""),
        ("650.1.2.3", "650", ""),
        ("814r.2", "814r", "b"),
        ("t_bus1003_l.1", "t_bus1003_l", "a"),
        ("bus1010.4", "bus1010", "4"),
        ("rg60.C", "rg60", "c"),
        ("12.66", "12.66", ""),
    ],
)
def test_labels_as_they_occur(label: str, bus: str, phase: str) -> None:
    found = node_of(label)
    assert (found.bus, found.phase) == (bus, phase)


def test_a_secondary_is_not_the_bus_it_is_numbered_after() -> None:
    assert number_key("t_bus1003_l") == ""
    match = match_buses(["t_bus1003_l"], ["bus1003"], [0])
    assert dict(match.position) == {}
    assert "no bus" in match.unmatched["t_bus1003_l"]


@given(buses=st.integers(min_value=2, max_value=200))
def test_a_network_that_counts_from_zero_is_matched_to_one_that_counts_from_one(buses: int) -> None:
    index = list(range(buses))
    reference = [str(number + 1) for number in index]
    for names in ([str(number) for number in index], [""] * buses):
        match = match_buses(reference, names, index)
        assert list(match.position.values()) == index
        assert "from 1" in match.how


def test_a_part_of_a_matpower_result_is_shifted_too() -> None:
    match = match_buses(["2", "3"], ["0", "1", "2", "3"], [0, 1, 2, 3], matpower_numbers=True)
    assert match.position == {"2": 1, "3": 2}


def test_a_name_that_two_buses_share_means_none() -> None:
    match = match_buses(["bus 7", "9"], ["Bus_7", "bus 7", "9"], [0, 1, 2])
    assert match.position == {"9": 2}
    assert "several" in match.unmatched["bus 7"]


def test_another_networks_numbers_mean_none_of_a_feeders_named_buses() -> None:
    assert dict(match_buses(["1", "2", "3"], ["650", "632", "671"], [0, 1, 2]).position) == {}


def test_two_names_for_one_bus_are_refused() -> None:
    with pytest.raises(ComparisonError, match="'1003' and 'Bus1003' both mean bus bus1003"):
        match_buses(["1003", "Bus1003"], ["bus1003"], [0])
