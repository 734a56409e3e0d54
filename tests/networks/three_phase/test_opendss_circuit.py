"""The circuit's commands, and what a net may not ask of them."""

from dataclasses import replace
from pathlib import Path

import pandapower as pp
import pytest

from networks.errors import InvalidFeederError
from networks.three_phase.balanced import balanced_net
from networks.three_phase.opendss_circuit import opendss_circuit
from networks.three_phase.opendss_commands import unique_names
from networks.three_phase.phase_angles import nominal_angles
from networks.three_phase.tables import ThreePhaseTables, read_tables

DATA = Path(__file__).parents[3] / "networks" / "data"


@pytest.fixture
def tables() -> ThreePhaseTables:
    return read_tables(DATA / "ieee13")


def command(commands: tuple[str, ...], start: str) -> str:
    (found,) = [text for text in commands if text.startswith(start)]
    return found


def test_the_frequency_is_the_feeders_own_and_taps_are_nobody_elses() -> None:
    tables = read_tables(DATA / "ieee_lv906")
    commands = opendss_circuit(tables, balanced_net(tables)[0]).commands
    assert "Set DefaultBaseFrequency=50" in commands
    assert "Set ControlMode=OFF" in commands
    assert not any("RegControl" in text for text in commands)


def test_susceptance_becomes_capacitance_at_the_feeders_frequency(tables: ThreePhaseTables) -> None:
    configuration = tables.line_configuration.iloc[0]
    circuit = opendss_circuit(tables, balanced_net(tables)[0])
    text = command(circuit.commands, f"New LineCode.{configuration.configuration.lower()} ")
    first_nf_per_km = float(text.partition("cmatrix=(")[2].split()[0])
    assert first_nf_per_km == pytest.approx(configuration.b11_us_per_km * 1e3 / (2 * 3.141592653589793 * 60))


def test_every_element_of_the_net_has_its_place(tables: ThreePhaseTables) -> None:
    net, _ = balanced_net(tables)
    circuit = opendss_circuit(tables, net)
    assert set(circuit.line.line) == set(net.line.index[net.line.name != "source impedance"])
    assert circuit.source["line"] == net.line.index[net.line.name == "source impedance"][0]
    assert len(circuit.load) == len(net.load)
    assert set(circuit.winding.trafo) == set(net.trafo.index)
    assert len(circuit.tap_changer) == len(tables.regulator)
    of_bus = circuit.node.groupby("bus").size()
    assert of_bus.to_dict() == {index: len(tables.bus.set_index("bus").phases[name])
                                for index, name in net.bus.name.items() if name in set(tables.bus.bus)}  # fmt: skip


def test_loads_are_in_the_order_of_the_net(tables: ThreePhaseTables) -> None:
    net, _ = balanced_net(tables)
    circuit = opendss_circuit(tables, net)
    made = [text.split()[1].removeprefix("Load.") for text in circuit.commands if text.startswith("New Load.")]
    assert made == [*circuit.load.element, *circuit.sgen]


def test_voltage_dependence_takes_the_plainest_model(tables: ThreePhaseTables) -> None:
    shares = ["const_z_p_percent", "const_i_p_percent", "const_z_q_percent", "const_i_q_percent"]
    load = tables.load.copy()
    load.loc[load.index[:4], shares] = [[0, 0, 0, 0], [100, 0, 100, 0], [0, 100, 0, 100], [40, 30, 100, 0]]
    changed = replace(tables, load=load)
    commands = opendss_circuit(changed, balanced_net(changed)[0]).commands
    texts = [command(commands, f"New Load.{name.lower()} ") for name in load.load[:4]]
    for text, model in zip(
        texts, ("model=1 ", "model=2 ", "model=5 ", "model=8 zipv=(0.4 0.3 0.3 1 0 0 0)"), strict=True
    ):
        assert model in text


def test_names_that_opendss_would_confuse_are_told_apart() -> None:
    names = unique_names(["Bus.7", "bus 7", "BUS_7", "plain"])
    assert len(set(names)) == 4
    assert names[-1] == "plain"
    assert all(name.replace("_", "").isalnum() and name == name.lower() for name in names)


def test_a_net_with_other_elements_is_refused_by_name(tables: ThreePhaseTables) -> None:
    net, _ = balanced_net(tables)
    pp.create_load(net, net.bus.index[0], p_mw=0.1, name="somebody else's")
    with pytest.raises(InvalidFeederError, match='no load "somebody else\'s"'):
        opendss_circuit(tables, net)


def test_a_switch_at_a_transformer_is_refused(tables: ThreePhaseTables) -> None:
    net, _ = balanced_net(tables)
    pp.create_switch(net, net.trafo.hv_bus.iloc[0], net.trafo.index[0], et="t")
    with pytest.raises(InvalidFeederError, match="between buses and at lines"):
        opendss_circuit(tables, net)


def test_legs_have_the_angle_of_what_feeds_them(tables: ThreePhaseTables) -> None:
    bus = tables.bus.copy()
    bus.loc[bus.bus == "634", "phases"] = "12"
    unit = tables.transformer.secondary_bus == "634"
    transformer = tables.transformer.copy()
    transformer.loc[unit, ["primary_phases", "secondary_phases"]] = ["b", "1"]
    angles = nominal_angles(replace(tables, bus=bus, transformer=transformer))["634"]
    assert angles["1"] == pytest.approx(-120)
    assert angles["2"] == pytest.approx(60)


def test_a_unit_of_three_phases_moves_them_all_as_the_regulated_one_says(tables: ThreePhaseTables) -> None:
    regulator = tables.regulator.iloc[[1]].assign(transformer="xfm1")
    changed = replace(tables, regulator=regulator)
    net, _ = balanced_net(changed)
    assert opendss_circuit(changed, net).tap_changer.phases.tolist() == ["bac"]


def test_a_regulator_without_a_transformer_is_refused(tables: ThreePhaseTables) -> None:
    net, _ = balanced_net(tables)
    stray = replace(tables, regulator=tables.regulator.assign(transformer="elsewhere"))
    with pytest.raises(InvalidFeederError, match="'elsewhere'"):
        opendss_circuit(stray, net)
