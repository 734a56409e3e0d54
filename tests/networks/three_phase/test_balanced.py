"""The balanced net of three-phase tables: what folding means, what regulators become, how near it is to OpenDSS."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import pytest
from pandas import DataFrame

from models.plant.grid_state import GridState
from models.plant.power_flow import PowerFlow
from networks.errors import InvalidFeederError
from networks.three_phase.balanced import balanced_net
from networks.three_phase.opendss_circuit import opendss_circuit
from networks.three_phase.tables import COLUMNS, LOWER_TRIANGLE, WINDINGS, ThreePhaseTables, read_tables

DATA = Path(__file__).parents[3] / "networks" / "data"
FEEDERS = ("ieee4", "ieee13", "ieee34", "ieee37", "ieee123", "ieee_lv906")

SELF, MUTUAL = 0.4 + 0.9j, 0.1 + 0.4j


def tables_of(feeder: str) -> ThreePhaseTables:
    return read_tables(DATA / feeder)


def frame(table: str, rows: list[dict[str, Any]]) -> DataFrame:
    return DataFrame(rows, columns=list(COLUMNS[table]))


def small_feeder(phases: str = "a", **tables: list[dict[str, Any]]) -> ThreePhaseTables:
    """A stiff 12.47 kV source and a kilometre of line of the given phases; further rows by table."""
    source = {"bus": "source", "vn_kv": 12.47, "vm_pu": 1.0, "va_degree": 0.0, "f_hz": 60.0}
    impedance = {"r1_ohm": 0.0, "x1_ohm": 1e-3, "r0_ohm": 0.0, "x0_ohm": 1e-3}
    buses = [{"bus": name, "vn_kv": 12.47, "phases": "abc"} for name in ("source", "end")]
    line = {"line": "line", "from_bus": "source", "to_bus": "end", "phases": phases, "length_km": 1.0}
    configuration = {"configuration": "same"}
    for entry in LOWER_TRIANGLE:
        z = SELF if entry[0] == entry[1] else MUTUAL
        configuration |= {f"r{entry}_ohm_per_km": z.real, f"x{entry}_ohm_per_km": z.imag, f"b{entry}_us_per_km": 0.0}
    rows: dict[str, list[dict[str, Any]]] = {
        "source": [source | impedance],
        "bus": buses,
        "line": [line | {"configuration": "same", "max_i_ka": 0.1}],
        "line_configuration": [configuration],
    }
    for table, added in tables.items():
        rows[table] = rows.get(table, []) + added
    return ThreePhaseTables(**{table: frame(table, rows.get(table, [])) for table in COLUMNS})


def load(bus: str = "end", phases: str = "a", kv: float = 7.2, **columns: Any) -> dict[str, Any]:
    shares = {f"const_{kind}_{power}_percent": 0.0 for kind in "zi" for power in "pq"}
    row = {"load": "load", "bus": bus, "phases": phases, "connection": "wye", "kv": kv, "p_kw": 300.0, "q_kvar": 100.0}
    return row | shares | {"vmin_pu": 0.5, "vmax_pu": 1.5} | columns


def transformer(**columns: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"transformer": "unit", "bank": "bank", "rated_kva": 500.0, "xhl_percent": 2.0}
    for winding, bus in zip(WINDINGS[:2], ("source", "end"), strict=True):
        row |= {f"{winding}_bus": bus, f"{winding}_phases": "abc", f"{winding}_connection": "wye"}
        row |= {f"{winding}_kv": 12.47, f"{winding}_r_percent": 0.5, f"{winding}_tap_pu": 1.0}
    return row | {"no_load_loss_percent": 0.0, "magnetising_percent": 0.0} | columns


def regulator(unit: str, tap_pos: int) -> dict[str, Any]:
    taps = {"tap_min": -16, "tap_max": 16, "tap_step_percent": 0.625, "tap_pos": tap_pos}
    return {"regulator": f"control {unit}", "transformer": unit} | taps


def by_phase(tables: ThreePhaseTables) -> GridState:
    """The feeder as OpenDSS solves it, every phase."""
    pytest.importorskip("opendssdirect", reason="the extra opendss is not installed")
    from models.plant.opendss_power_flow import OpenDSSPowerFlow

    net, _ = balanced_net(tables)
    power_flow = OpenDSSPowerFlow(net, opendss_circuit(tables, net))
    return power_flow.solve(power_flow.nominal_inputs())


def balanced(tables: ThreePhaseTables) -> GridState:
    power_flow = PowerFlow(balanced_net(tables)[0])
    return power_flow.solve(power_flow.nominal_inputs())


def deviations(tables: ThreePhaseTables) -> tuple[float, float]:
    """Of the balanced net from OpenDSS: worst voltage at buses of three phases [pu], relative active power [-]."""
    net, _ = balanced_net(tables)
    of_three = set(tables.bus.bus[tables.bus.phases == "abc"])
    here = net.bus.name.isin(of_three).to_numpy()
    truth, own = by_phase(tables), balanced(tables)
    at_source = (net.line.name == "source impedance").to_numpy()
    power = own.line_p_to_mw[at_source].sum() / truth.line_p_to_mw[at_source].sum() - 1.0
    return float(np.nanmax(np.abs(own.vm_pu - truth.vm_pu)[here])), float(power)


# Lines of one and two phases.


@pytest.mark.parametrize("phases", ["a", "bc", "abc"])
def test_a_conductor_at_its_rated_current_loads_the_folded_line_fully(phases: str) -> None:
    one_phase_kva = 12.47 / np.sqrt(3) * 100.0
    each = [load(load=f"load {p}", phases=p, p_kw=one_phase_kva, q_kvar=0.0) for p in phases]
    for row in each:
        row |= {"const_i_p_percent": 100.0, "const_i_q_percent": 100.0, "kv": 12.47 / np.sqrt(3)}
    state = balanced(small_feeder(phases, load=each))
    assert state.line_loading_percent[1] == pytest.approx(100.0, rel=1e-3)


def test_a_lateral_loses_what_it_loses_in_its_one_phase() -> None:
    feeder = small_feeder("a", load=[load()])
    assert balanced(feeder).p_loss_mw == pytest.approx(by_phase(feeder).p_loss_mw, rel=0.02)


# Sources, loads, capacitors, switches.


def test_the_source_is_stiff_behind_its_impedance() -> None:
    net, _ = balanced_net(tables_of("ieee13"))
    (line,) = net.line[net.line.name == "source impedance"].to_dict("records")
    assert net.bus.name[net.ext_grid.bus].tolist() == ["sourcebus stiff source"]
    assert (line["r_ohm_per_km"], line["x_ohm_per_km"]) == (0.1603767, 0.6415067)
    assert net.ext_grid.vm_pu.item() == 1.0001


def test_names_and_places_are_those_of_the_tables() -> None:
    tables = tables_of("ieee13")
    net, _ = balanced_net(tables)
    assert net.bus.name.tolist()[:-1] == tables.bus.bus.tolist()
    assert net.load.name.tolist() == tables.load.load.tolist()
    assert net.shunt.name.tolist() == tables.capacitor.capacitor.tolist()
    assert net.trafo.name.tolist() == ["sub", "reg1", "xfm1"]
    assert net.switch[["name", "et", "type", "closed"]].to_numpy().tolist() == [["671692", "b", "CB", True]]
    assert json.loads(net.bus.geo[net.bus.name == "671"].item()) == {"coordinates": [200.0, 100.0], "type": "Point"}


def test_a_load_has_its_power_at_its_own_rated_voltage() -> None:
    kinds = {"z": 2, "i": 1, "p": 0}
    rows = [load(load=kind, **{f"const_{kind}_p_percent": 100.0} if kind != "p" else {}) for kind in kinds]
    net, _ = balanced_net(small_feeder(load=rows))
    over_rated = 12.47 / np.sqrt(3) / 7.2
    for kind, exponent in kinds.items():
        assert net.load.p_mw[net.load.name == kind].item() == pytest.approx(0.3 * over_rated**exponent)
        assert net.load.q_mvar[net.load.name == kind].item() == pytest.approx(0.1)


def test_shares_never_exceed_the_whole_that_pandapower_allows() -> None:
    shares = {"const_z_p_percent": 70.0, "const_i_p_percent": 30.0}
    rows = [load(load=f"{kv:g}", kv=kv, **shares) for kv in np.linspace(6.9, 7.5, 25)]
    net, _ = balanced_net(small_feeder(load=rows))
    assert (net.load.const_z_p_percent + net.load.const_i_p_percent <= 100.0).all()


def test_a_capacitor_has_its_power_at_its_own_rated_voltage() -> None:
    row = {"capacitor": "c", "bus": "end", "phases": "b", "connection": "wye", "kv": 7.2, "q_kvar": 90.0}
    net, _ = balanced_net(small_feeder("abc", capacitor=[row]))
    pp.runpp(net)
    over_rated = net.res_bus.vm_pu[1] * 12.47 / np.sqrt(3) / 7.2
    assert net.res_shunt.q_mvar.item() == pytest.approx(-0.09 * over_rated**2)


def test_a_line_without_an_impedance_worth_the_name_is_a_switch() -> None:
    feeder = small_feeder("abc", load=[load()])
    feeder.line["length_km"] = 1e-6
    net, _ = balanced_net(feeder)
    assert net.switch.name.tolist() == ["line"]
    assert net.line.name.tolist() == ["source impedance"]


# Transformers and regulators.


def bank_of(*units: dict[str, Any], regulators: tuple[dict[str, Any], ...] = ()) -> tuple[Any, tuple[str, ...]]:
    feeder = small_feeder("abc", transformer=list(units), regulator=list(regulators))
    return balanced_net(replace(feeder, line=feeder.line.iloc[:0]))


def single_phase_units(phases: str = "abc") -> list[dict[str, Any]]:
    of_phase = {f"{winding}_kv": 12.47 / np.sqrt(3) for winding in WINDINGS[:2]}
    return [
        transformer(transformer=p, **of_phase, **{f"{winding}_phases": p for winding in WINDINGS[:2]}) for p in phases
    ]


@pytest.mark.parametrize("taps", [(10, 8, 11), (-16, -16, -15), (0, 0, 0), (1, 0, 0)])
def test_the_units_of_a_bank_become_one_at_their_mean_tap(taps: tuple[int, ...]) -> None:
    net, _ = bank_of(*single_phase_units(), regulators=tuple(map(regulator, "abc", taps)))
    pp.runpp(net)
    trafo = net.trafo.iloc[0]
    assert len(net.trafo) == 1
    assert trafo.tap_pos == round(np.mean(taps))
    assert trafo.sn_mva == pytest.approx(1.5)
    assert net.res_bus.vm_pu[1] == pytest.approx(1.0 + np.mean(taps) * 0.00625, abs=1e-6)


def test_one_step_up_raises_the_secondary_by_one_step_also_where_that_is_the_high_side() -> None:
    for secondary_kv in (4.16, 34.5):
        unit = transformer(secondary_kv=secondary_kv)
        feeder = small_feeder("abc", transformer=[unit], regulator=[regulator("unit", 3)])
        feeder.bus.loc[1, "vn_kv"] = secondary_kv
        net, _ = balanced_net(replace(feeder, line=feeder.line.iloc[:0]))
        pp.runpp(net)
        assert net.res_bus.vm_pu[1] == pytest.approx(1.0 + 3 * 0.00625, abs=1e-6)
        net.trafo["tap_pos"] = 4
        pp.runpp(net)
        assert net.res_bus.vm_pu[1] == pytest.approx(1.0 + 4 * 0.00625, abs=1e-6)


def test_delta_wye_lags_by_30_degrees_either_way_up() -> None:
    for kv in ((12.47, 4.16), (12.47, 34.5)):
        unit = transformer(primary_connection="delta", primary_kv=kv[0], secondary_kv=kv[1])
        feeder = small_feeder("abc", transformer=[unit], load=[load(phases="abc", kv=kv[1], p_kw=3.0, q_kvar=1.0)])
        feeder.bus.loc[1, "vn_kv"] = kv[1]
        feeder = replace(feeder, line=feeder.line.iloc[:0])
        assert balanced(feeder).va_degree[1] == pytest.approx(by_phase(feeder).va_degree[1], abs=0.01)


def test_an_open_delta_carries_line_currents_at_line_voltage() -> None:
    units = [
        transformer(
            transformer=pair,
            primary_phases=pair,
            secondary_phases=pair,
            primary_connection="delta",
            secondary_connection="delta",
        )
        for pair in ("ab", "cb")
    ]
    net, _ = bank_of(*units)
    assert net.trafo.sn_mva.item() == pytest.approx(np.sqrt(3) * 0.5)
    ohm = net.trafo.vkr_percent.item() / 100 * 12.47**2 / net.trafo.sn_mva.item()
    assert ohm == pytest.approx(2 / 3 * 0.01 * 12.47**2 / 0.5)


def test_no_load_losses_are_drawn_without_load() -> None:
    net, _ = bank_of(transformer(no_load_loss_percent=0.4, magnetising_percent=1.0))
    pp.runpp(net)
    assert net.res_ext_grid.p_mw.item() == pytest.approx(0.004 * 0.5, rel=1e-3)
    assert net.res_ext_grid.q_mvar.item() == pytest.approx(0.01 * 0.5, rel=1e-2)


def centre_tapped_feeder() -> ThreePhaseTables:
    unit = single_phase_units("a")[0] | {"rated_kva": 50.0, "secondary_bus": "legs", "secondary_phases": "1"}
    unit |= {"secondary_kv": 0.12, "xht_percent": 2.0, "xlt_percent": 1.4, "tertiary_bus": "legs"}
    unit |= {"tertiary_phases": "2", "tertiary_connection": "wye", "tertiary_kv": 0.12, "tertiary_r_percent": 0.5}
    unit |= {"primary_bus": "end", "tertiary_tap_pu": 1.0}
    service = {"line": "service", "from_bus": "legs", "to_bus": "house", "phases": "12", "length_km": 0.03}
    return small_feeder(
        "a",
        bus=[{"bus": name, "vn_kv": 0.12 * np.sqrt(3), "phases": "12"} for name in ("legs", "house")],
        transformer=[unit],
        line=[service | {"configuration": "same", "max_i_ka": 0.2}],
        load=[load("house", "12", 0.24, connection="delta", p_kw=20.0, q_kvar=5.0)],
    )


def test_a_centre_tapped_secondary_has_the_voltage_of_its_legs_and_their_losses() -> None:
    feeder = centre_tapped_feeder()
    truth, own = by_phase(feeder), balanced(feeder)
    names = balanced_net(feeder)[0].bus.name.tolist()
    for bus in ("legs", "house"):
        drop = 1.0 - truth.vm_pu[names.index(bus)]
        assert 1.0 - own.vm_pu[names.index(bus)] == pytest.approx(drop, rel=0.03)
    assert own.p_loss_mw == pytest.approx(truth.p_loss_mw, rel=0.01)
    assert balanced_net(feeder)[1][0] == "1 centre-tapped transformer folded: both legs in series."


def test_a_third_winding_is_left_out_where_it_feeds_nothing_and_refused_where_it_does() -> None:
    unit = transformer(tertiary_bus="third", tertiary_phases="abc", tertiary_connection="delta", tertiary_kv=2.4)
    third = [{"bus": "third", "vn_kv": 2.4, "phases": "abc"}]
    _, notes = balanced_net(small_feeder("abc", transformer=[unit], bus=third))
    assert "third winding of transformer bank, which feeds nothing, left out." in notes
    with pytest.raises(InvalidFeederError, match="third winding"):
        balanced_net(small_feeder("abc", transformer=[unit], bus=third, load=[load("third", "abc", 2.4)]))


# What is approximated is said.


def test_the_report_names_what_was_folded_merged_and_spread() -> None:
    assert balanced_net(tables_of("ieee13"))[1] == (
        "regulator bank reg1 of 3 units merged at tap 9.667 (mean of 10, 8, 11).",
        "2 single-phase lines folded: impedance x 3.",
        "3 two-phase lines folded: impedance x 1.5.",
        "6 untransposed lines by the positive sequence.",
        "14 loads of one or two phases (67 % of the active power) spread over three; "
        "what their unbalance loses in lines of three phases is left out.",
        "1 capacitor of one or two phases spread over three.",
    )


def test_the_conductor_past_an_open_delta_does_not_bridge_the_regulators() -> None:
    net, notes = balanced_net(tables_of("ieee37"))
    assert len(net.switch) == 0
    assert "switch jumper, the conductor past transformer reg1, left out." in notes


def test_a_balanced_feeder_is_not_approximated_and_is_as_opendss_solves_it() -> None:
    each = [load(load=phase, phases=phase) for phase in "abc"]
    feeder = small_feeder("abc", load=each)
    voltage, power = deviations(feeder)
    assert voltage < 1e-6
    assert abs(power) < 1e-5


# How near it is.


@pytest.mark.parametrize("feeder", FEEDERS)
def test_plain_runpp_converges_from_a_cold_start_also_from_a_file(feeder: str) -> None:
    net, _ = balanced_net(tables_of(feeder))
    pp.runpp(net)
    again = pp.from_json_string(pp.to_json(net))
    pp.runpp(again)
    np.testing.assert_allclose(again.res_bus.vm_pu, net.res_bus.vm_pu, atol=1e-9)


@pytest.mark.parametrize(
    ("feeder", "volts", "power"),
    [("ieee13", 0.002, 2e-3), ("ieee34", 0.0005, 2e-3), ("ieee37", 0.0005, 2e-3), ("ieee123", 0.001, 2e-3)],
)
def test_the_balanced_net_is_near_the_phase_average_of_opendss(feeder: str, volts: float, power: float) -> None:
    voltage, relative = deviations(tables_of(feeder))
    assert voltage <= volts
    assert abs(relative) <= power


@pytest.mark.parametrize(("feeder", "volts"), [("ieee4", 0.0095), ("ieee_lv906", 0.0005)])
def test_what_a_balanced_net_lacks_is_the_loss_of_the_unbalance_alone(feeder: str, volts: float) -> None:
    """Single-phase loads on lines of three phases lose in negative and zero sequence, which a balanced net has not."""
    tables = tables_of(feeder)
    voltage, power = deviations(tables)
    assert voltage <= volts
    assert -0.02 < power < 0.0
    spread = tables.load.assign(phases="abc", kv=tables.load.kv * np.sqrt(3))
    voltage, power = deviations(replace(tables, load=spread))
    assert voltage <= 1e-4
    assert abs(power) <= 3e-4


def test_the_iowa_system_is_near_a_year_of_opendss_results(reference_data: Path) -> None:
    """At sampled hours, with the taps of the reference: phase averages [pu] and active power at the source."""
    from pandas import read_csv

    from networks.importers.iowa240 import read_iowa240

    pytest.importorskip("opendssdirect", reason="the extra opendss is not installed")
    folder = reference_data / "iowa240"
    network = read_iowa240(folder)
    totals = read_csv(folder / "opendss_totals_60h.csv")
    voltages = read_csv(folder / "opendss_node_voltages_pu_60h.csv")
    net, loads = network.net, network.recorded_loads
    nodes = [[f"{bus}.{phase}" for phase in (1, 2, 3)] for bus in net.bus.name]
    three_phase = np.array([set(names) <= set(voltages) for names in nodes])
    regulated = net.trafo.index[net.trafo.tap_side.notna()][0]
    rated_kv = net.trafo.vn_lv_kv[regulated]
    for row in totals.index[::6]:
        mean_tap = totals.loc[row, ["tap_a", "tap_b", "tap_c"]].mean()
        net.trafo.loc[regulated, "vn_lv_kv"] = rated_kv * (1 + 0.00625 * mean_tap)
        power_flow = PowerFlow(net)
        hour = int(totals.hour[row])
        drawn = loads.p_mw.iloc[hour].to_numpy() + 1j * loads.q_mvar.iloc[hour].to_numpy()
        state = power_flow.solve(replace(power_flow.nominal_inputs(), load=drawn))
        average = [voltages.loc[row, names].mean() for names, here in zip(nodes, three_phase, strict=True) if here]
        at_source = (net.line.name == "source impedance").to_numpy()
        assert np.abs(state.vm_pu[three_phase] - np.array(average, dtype=float)).max() < 1e-4
        assert -1000 * state.line_p_to_mw[at_source].item() == pytest.approx(totals.p_kw[row], rel=5e-4)
