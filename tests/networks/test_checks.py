"""What a network is refused for; the same checks stand before every feeder."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandapower
import pytest

from networks import Feeder, Location, load_feeder
from networks.checks import check_feeder, check_network
from networks.errors import InvalidFeederError
from networks.feeder import TRANSFORMER_COLUMNS, table
from networks.layout import layered_tree


@pytest.fixture(scope="module")
def village() -> pandapower.pandapowerNet:
    """A source, two lines and two loads at 20 kV."""
    net = pandapower.create_empty_network()
    buses = [int(bus) for bus in pandapower.create_buses(net, 3, vn_kv=20.0)]
    pandapower.create_ext_grid(net, buses[0])
    for start, end in pairwise(buses):
        pandapower.create_line(net, start, end, length_km=2.0, std_type="NAYY 4x150 SE")
        pandapower.create_load(net, end, p_mw=0.2, q_mvar=0.05, name=f"Village {end}")
    return net


@pytest.fixture
def net(village: pandapower.pandapowerNet) -> pandapower.pandapowerNet:
    return deepcopy(village)


@pytest.fixture(scope="module")
def feeder(village: pandapower.pandapowerNet, tmp_path_factory: pytest.TempPathFactory) -> Feeder:
    path = tmp_path_factory.mktemp("feeder") / "village.json"
    pandapower.to_json(village, str(path))
    return load_feeder(path)


@pytest.fixture
def from_file(net: pandapower.pandapowerNet, tmp_path: Path) -> Callable:
    """Loads the net through a file, after a change."""

    def load(change: Callable[[pandapower.pandapowerNet], object] = lambda net: None, **options: object) -> Feeder:
        change(net)
        path = tmp_path / "village.json"
        pandapower.to_json(net, str(path))
        return load_feeder(path, **options)

    return load


def refusal(error: pytest.ExceptionInfo) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


def test_network_from_a_file_gets_everything_by_rule(feeder: Feeder) -> None:
    assert feeder.name == "village"
    assert feeder.extensions == ()
    assert feeder.load_profiles.load.tolist() == [0, 1]
    assert len(feeder.meters) > 5
    assert feeder.net.bus.geo.notna().all()
    assert feeder.net.switch.empty


def test_network_from_a_file_takes_a_recloser_when_asked(from_file: Callable) -> None:
    feeder = from_file(extensions=("protection",))
    assert feeder.reclosers.line.tolist() == [0]
    assert feeder.net.switch.bus.tolist() == [0]


def test_scaling_becomes_nominal_power(from_file: Callable) -> None:
    feeder = from_file(lambda net: net.load.__setitem__("scaling", 0.5))
    np.testing.assert_allclose(feeder.net.load.p_mw, 0.1)
    assert (feeder.net.load.scaling == 1.0).all()


def test_coordinates_that_exist_stay_and_missing_ones_are_added(from_file: Callable) -> None:
    def place_two(net: pandapower.pandapowerNet) -> None:
        net.bus.loc[[0, 1], "geo"] = ['{"coordinates": [8.0, 49.0], "type": "Point"}'] * 2

    geo = from_file(place_two).net.bus.geo
    assert "8.0, 49.0" in geo[0]
    assert isinstance(geo[2], str)


def test_tree_layout_puts_distance_from_the_slack_to_the_right(net: pandapower.pandapowerNet) -> None:
    pandapower.create_line(net, 0, pandapower.create_bus(net, 20.0), length_km=1.0, std_type="NAYY 4x150 SE")
    places = layered_tree(net)
    assert [places[bus][0] for bus in net.bus.index] == [0, 1, 2, 1]
    assert len(set(places.values())) == 4


def test_missing_file_is_named() -> None:
    with pytest.raises(InvalidFeederError, match=r"no file .*nowhere\.json") as error:
        load_feeder("nowhere.json")
    refusal(error)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '"net"', '{"a": 1}', "\x00\xff"])
def test_damaged_file_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "damaged.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(InvalidFeederError, match=r"damaged\.json") as error:
        load_feeder(path)
    refusal(error)


def test_truncated_network_is_refused(from_file: Callable, tmp_path: Path) -> None:
    from_file()
    path = tmp_path / "village.json"
    path.write_text(path.read_text()[:2000])
    with pytest.raises(InvalidFeederError, match="to_json") as error:
        load_feeder(path)
    refusal(error)


def close_nothing(net: pandapower.pandapowerNet) -> None:
    pandapower.create_switch(net, 1, 1, et="l", closed=False)


REFUSALS = {
    "no slack": (lambda net: net.ext_grid.__setitem__("in_service", False), r"no slack; add an ext_grid"),
    "open switch": (close_nothing, r"loads at bus 2 have no connection"),
    "line out": (lambda net: net.line.__setitem__("in_service", False), r"loads at bus 1, 2 have no connection"),
    "NaN load": (lambda net: net.load.__setitem__("p_mw", [0.2, np.nan]), r"load 1 \(Village 2\) has p_mw nan"),
    "NaN reactive": (lambda net: net.load.__setitem__("q_mvar", [np.nan, 0.1]), r"load 0 \(Village 1\) has q_mvar nan"),
    "negative load": (
        lambda net: net.load.__setitem__("p_mw", [-0.2, 0.1]),
        r"load 0 .* has p_mw -0\.2; a load consumes",
    ),
    "watts": (lambda net: net.load.__setitem__("p_mw", 200_000.0), r"within 100000\."),
    "volts": (lambda net: net.bus.__setitem__("vn_kv", 20_000.0), r"bus 0 has vn_kv 20000\.0; expected kilovolts"),
    "no voltage": (lambda net: net.bus.__setitem__("vn_kv", 0.0), r"bus 0 has vn_kv 0\.0"),
    "overload": (lambda net: net.load.__setitem__("p_mw", 5000.0), r"does not converge at nominal load"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_network_that_cannot_run_is_refused_with_the_element(net: pandapower.pandapowerNet, case: str) -> None:
    change, message = REFUSALS[case]
    change(net)
    with pytest.raises(InvalidFeederError, match=message) as error:
        check_network(net)
    refusal(error)


METER_REFUSALS = {
    "missing bus": ({"element": 99}, r"meter 'v bus 0' sits on bus 99, .* holds 0 to 2"),
    "wrong element": ({"element_type": "cable"}, r"'cable'; expected bus, line, trafo or switch"),
    "wrong quantity": ({"measurement_type": "i"}, r"measures 'i' at a bus"),
    "wrong side": ({"side": "from"}, r"on side 'from' of a bus"),
    "perfect": ({"std_dev": 0.0}, r"std_dev 0\.0; expected a positive number"),
}


@pytest.mark.parametrize("case", METER_REFUSALS)
def test_meter_that_cannot_be_is_refused(feeder: Feeder, case: str) -> None:
    change, message = METER_REFUSALS[case]
    meters = feeder.meters.copy()
    for column, value in change.items():
        meters.loc[0, column] = value
    with pytest.raises(InvalidFeederError, match=message) as error:
        check_feeder(replace(feeder, meters=meters))
    refusal(error)


def test_two_channels_of_one_name_are_refused(feeder: Feeder) -> None:
    with pytest.raises(InvalidFeederError, match="two channels are called 'v bus 0'"):
        check_feeder(replace(feeder, meters=feeder.meters.assign(name="v bus 0")))


def test_empty_plan_is_refused(feeder: Feeder) -> None:
    with pytest.raises(InvalidFeederError, match="metering plan is empty"):
        check_feeder(replace(feeder, meters=feeder.meters.iloc[:0]))


def test_load_without_a_profile_is_refused(feeder: Feeder) -> None:
    with pytest.raises(InvalidFeederError, match="load 1 is missing"):
        check_feeder(replace(feeder, load_profiles=feeder.load_profiles.iloc[:1]))


def test_table_on_a_missing_transformer_is_refused(feeder: Feeder) -> None:
    with pytest.raises(InvalidFeederError, match=r"transformers names trafo 7, .* holds none"):
        check_feeder(replace(feeder, transformers=table(TRANSFORMER_COLUMNS, [(7, "ONAN")])))


def test_location_off_the_globe_and_timezone_off_the_map_are_refused() -> None:
    with pytest.raises(InvalidFeederError, match="latitude within 90"):
        Location(latitude=490.1, longitude=8.4, timezone="Europe/Berlin")
    with pytest.raises(InvalidFeederError, match="'Europe/Karlsruhe'"):
        Location(latitude=49.0, longitude=8.4, timezone="Europe/Karlsruhe")
