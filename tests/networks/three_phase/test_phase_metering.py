"""A metering plan in every phase that is there, and what loads draw from each of theirs."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from networks.checks import check_solves
from networks.metering import plan_of
from networks.three_phase.balanced import balanced_net
from networks.three_phase.opendss_circuit import OpenDSSCircuit, opendss_circuit
from networks.three_phase.phase_metering import UNBALANCE, plan_by_phase
from networks.three_phase.phase_shares import phase_shares
from networks.three_phase.tables import read_tables

TABLES = Path(__file__).parents[3] / "networks" / "data" / "ieee13"


@pytest.fixture(scope="module")
def ieee13() -> tuple[Any, OpenDSSCircuit]:
    tables = read_tables(TABLES)
    net = balanced_net(tables)[0]
    check_solves(net)
    return net, opendss_circuit(tables, net)


def phases_at(plan: pd.DataFrame, **place: Any) -> str:
    """The phases in which a plan has channels at a place."""
    at = np.logical_and.reduce([(plan[column] == value).to_numpy() for column, value in place.items()])
    return "".join(plan.phase[at])


def index_of(net: Any, table: str, name: str) -> int:
    return int(net[table].index[net[table].name == name][0])


def test_every_phase_that_is_there_has_a_meter_of_its_own(ieee13: tuple[Any, OpenDSSCircuit]) -> None:
    net, circuit = ieee13
    plan = plan_by_phase(plan_of(net, "full"), circuit)
    assert plan.name.is_unique
    for bus, phases in (("671", "abc"), ("646", "bc"), ("611", "c"), ("sourcebus stiff source", "abc")):
        assert phases_at(plan, measurement_type="v", element=index_of(net, "bus", bus)) == phases
    for line, phases in (("632633", "abc"), ("684652", "a"), ("source impedance", "abc")):
        place = {"measurement_type": "p", "element_type": "line", "element": index_of(net, "line", line)}
        assert phases_at(plan, side="to", **place) == phases
    assert set(plan.name[plan.measurement_type == "closed"]) == {f"closed switch {k}" for k in net.switch.index}


def test_a_tap_changer_tells_its_position_once_a_unit(ieee13: tuple[Any, OpenDSSCircuit]) -> None:
    net, circuit = ieee13
    plan = plan_by_phase(plan_of(net, "full"), circuit)
    taps = plan[plan.measurement_type == "tap"]
    assert taps.name.tolist() == [f"tap trafo {index_of(net, 'trafo', 'reg1')} {phase}" for phase in "abc"]


def test_a_meter_in_one_phase_has_the_range_of_one_phase(ieee13: tuple[Any, OpenDSSCircuit]) -> None:
    net, circuit = ieee13
    whole = plan_of(net, "full").set_index("name").full_scale
    full_scale = plan_by_phase(plan_of(net, "full"), circuit).set_index("name").full_scale
    three, one = index_of(net, "line", "632633"), index_of(net, "line", "684611")
    assert full_scale[f"p line {three} from b"] == pytest.approx(UNBALANCE * whole[f"p line {three} from"] / 3)
    assert full_scale[f"i line {three} from b"] == pytest.approx(UNBALANCE * whole[f"i line {three} from"])
    # All the power of a lateral flows in its only phase, with three times the current of a balanced line.
    assert full_scale[f"p line {one} from c"] == whole[f"p line {one} from"]
    assert full_scale[f"i line {one} from c"] == pytest.approx(3 * whole[f"i line {one} from"])
    assert (full_scale[full_scale.index.str.startswith("v ")] == 1.2).all()


def test_channels_in_a_phase_stay_as_they_are(ieee13: tuple[Any, OpenDSSCircuit]) -> None:
    once = plan_by_phase(plan_of(ieee13[0], "typical"), ieee13[1])
    pd.testing.assert_frame_equal(plan_by_phase(once, ieee13[1]), once)


@pytest.mark.parametrize(("phases", "connection"), [("ab", "delta"), ("cb", "delta"), ("abc", "delta"), ("ca", "wye")])
def test_shares_of_the_phases_make_the_whole(phases: str, connection: str) -> None:
    assert sum(phase_shares(phases, connection).values()) == pytest.approx(1.0)


def test_a_load_between_phases_draws_its_current_from_one_and_returns_it_to_the_other() -> None:
    power, volt = 3.0 + 1.0j, np.exp(-2j * np.pi * np.arange(3) / 3)
    drawn = {phase: share * power for phase, share in phase_shares("bc", "delta").items()}
    current = {phase: np.conj(drawn[phase] / volt[phase]) for phase in drawn}
    assert current[1] == pytest.approx(-current[2])
    assert (volt[1] - volt[2]) * np.conj(current[1]) == pytest.approx(power)
    # The legs of a centre-tapped secondary are opposite, so that each gives half.
    assert phase_shares("12", "delta") == {0: pytest.approx(0.5), 1: pytest.approx(0.5)}
