"""The contract that every registered feeder signs, and what each one owes to its source."""

import json
import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandapower
import pandapower.networks
import pandas as pd
import pytest

from networks import FEEDERS, Feeder, list_feeders, load_feeder
from networks.checks import check_feeder, check_meters
from networks.errors import FeederError, UnknownExtensionError, UnknownFeederError
from networks.feeder import METER_COLUMNS
from networks.metering import plan_of
from networks.metering_points import POINTS, STATUS_TYPES
from networks.three_phase.start import let_runpp_converge

PUBLISHED_TABLES = ("bus", "line", "load", "sgen", "gen", "ext_grid", "trafo", "switch", "shunt", "impedance")


class LoadedFeeders(dict[str, Feeder]):
    """Each feeder is loaded when the first test asks for it."""

    def __missing__(self, name: str) -> Feeder:
        self[name] = load_feeder(name)
        return self[name]


@pytest.fixture(scope="module")
def feeders() -> dict[str, Feeder]:
    return LoadedFeeders()


@pytest.fixture(scope="module")
def bare_ieee33() -> Feeder:
    return load_feeder("ieee33", extensions=())


@pytest.mark.parametrize("name", FEEDERS)
def test_feeder_passes_the_checks_and_carries_its_name(feeders: dict[str, Feeder], name: str) -> None:
    check_feeder(feeders[name])
    assert feeders[name].name == name
    assert feeders[name].extensions == tuple(FEEDERS[name].extensions)


@pytest.mark.parametrize("name", FEEDERS)
def test_registry_describes_the_published_network(feeders: dict[str, Feeder], bare_ieee33: Feeder, name: str) -> None:
    recipe = FEEDERS[name]
    feeder = bare_ieee33 if name == "ieee33" else feeders[name]  # the one whose extensions add buses
    published = feeder.three_phase if recipe.three_phase else feeder.net
    assert (len(published.bus), len(published.load)) == (recipe.buses, recipe.loads)
    np.testing.assert_allclose(sorted(published.bus.vn_kv.unique()), recipe.vn_kv, rtol=1e-6)
    assert feeder.solvers == recipe.solvers


@pytest.mark.parametrize("name", FEEDERS)
def test_each_load_has_one_profile_and_a_nominal_power(feeders: dict[str, Feeder], name: str) -> None:
    loads = feeders[name].loads()
    assert loads.load.tolist() == feeders[name].net.load.index.tolist()
    assert loads.profile.notna().all()
    assert (feeders[name].net.load.scaling == 1.0).all()


@pytest.mark.parametrize("name", FEEDERS)
def test_metering_plan_is_complete_and_sees_every_source(feeders: dict[str, Feeder], name: str) -> None:
    feeder = feeders[name]
    meters = feeder.meters
    assert tuple(meters.columns) == METER_COLUMNS
    assert meters.name.is_unique
    assert ((meters.std_dev > 0) != meters.measurement_type.isin(STATUS_TYPES)).all()
    np.testing.assert_allclose(meters.std_dev, meters.accuracy_class / 100 * meters.full_scale / 3)
    at_bus = meters[meters.element_type == "bus"]
    for quantity in "vpq":
        metered = set(at_bus.element[at_bus.measurement_type == quantity])
        assert metered >= set(feeder.net.ext_grid.bus) | set(feeder.net.gen.bus) | set(feeder.net.sgen.bus)
    told = set(meters.name[meters.measurement_type.isin(STATUS_TYPES)])
    assert told == {f"tap trafo {trafo}" for trafo in feeder.regulators.trafo} | {
        f"closed switch {switch}" for switch in feeder.net.switch.index
    }


@pytest.mark.parametrize("name", FEEDERS)
@pytest.mark.parametrize("kind", POINTS)
def test_every_plan_can_be_drawn(feeders: dict[str, Feeder], name: str, kind: str) -> None:
    plan = plan_of(feeders[name].net, kind, seed=3)
    check_meters(plan, feeders[name].net)
    assert (plan.measurement_type == "v").any()


@pytest.mark.parametrize("name", FEEDERS)
def test_no_nominal_value_is_off_the_meters_scale(feeders: dict[str, Feeder], name: str) -> None:
    feeder = feeders[name]
    for meter in feeder.meters[~feeder.meters.measurement_type.isin(STATUS_TYPES)].itertuples(index=False):
        assert abs(nominal_value(feeder.net, meter)) <= meter.full_scale, meter.name


def nominal_value(net: pandapower.pandapowerNet, meter: Any) -> float:
    column = {"v": "vm_pu", "p": "p{}_mw", "q": "q{}_mvar", "i": "i{}_ka"}[meter.measurement_type]
    side = f"_{meter.side}" if meter.side else ""
    return net[f"res_{meter.element_type}"].at[meter.element, column.format(side)]


@pytest.mark.parametrize("name", FEEDERS)
def test_every_bus_has_coordinates(feeders: dict[str, Feeder], name: str) -> None:
    points = np.array([json.loads(geo)["coordinates"][:2] for geo in feeders[name].net.bus.geo])
    assert np.isfinite(points).all()
    assert len(np.unique(points, axis=0)) > len(points) / 2


@pytest.mark.parametrize("name", FEEDERS)
def test_raising_the_tap_moves_the_regulated_voltage_as_the_table_says(feeders: dict[str, Feeder], name: str) -> None:
    net = deepcopy(feeders[name].net)
    for regulator in feeders[name].regulators.itertuples():
        assert regulator.tap_min <= net.trafo.tap_pos.at[regulator.trafo] < regulator.tap_max
        before = net.res_bus.vm_pu.at[regulator.controlled_bus]
        net.trafo.loc[regulator.trafo, "tap_pos"] += 1
        if net.user_pf_options:
            let_runpp_converge(net)
        pandapower.runpp(net, numba=False)
        assert np.sign(net.res_bus.vm_pu.at[regulator.controlled_bus] - before) == regulator.raise_direction
        assert regulator.bandwidth_pu > net.trafo.tap_step_percent.at[regulator.trafo] / 100


@pytest.mark.parametrize("name", FEEDERS)
def test_recloser_opens_its_own_line_and_carries_the_nominal_load(feeders: dict[str, Feeder], name: str) -> None:
    net = feeders[name].net
    for recloser in feeders[name].reclosers.itertuples():
        switch = net.switch.loc[recloser.switch]
        assert (switch.et, switch.element, bool(switch.closed)) == ("l", recloser.line, True)
        assert net.res_line.i_ka.at[recloser.line] < recloser.pickup_ka < recloser.instantaneous_ka


def test_net_is_a_fresh_object_at_each_load(feeders: dict[str, Feeder]) -> None:
    first = load_feeder("kundur_smib")
    first.net.bus.at[0, "vn_kv"] = 1.0
    first.machines["rated_mva"] = 1.0
    second = load_feeder("kundur_smib")
    assert second.net.bus.vn_kv.at[0] == feeders["kundur_smib"].net.bus.vn_kv.at[0] == 24.0
    assert second.machines.rated_mva.tolist() == [2220.0]


def test_same_name_gives_the_same_tables_twice(feeders: dict[str, Feeder]) -> None:
    again = load_feeder("cigre_mv_der")
    for table in ("load_profiles", "pv", "meters", "regulators", "reclosers", "transformers"):
        pd.testing.assert_frame_equal(getattr(again, table), getattr(feeders["cigre_mv_der"], table))


def test_bare_ieee33_is_the_published_case_bit_for_bit(bare_ieee33: Feeder) -> None:
    published, bare = pandapower.networks.case33bw(), bare_ieee33.net
    for table in PUBLISHED_TABLES:
        pd.testing.assert_frame_equal(bare[table], published[table], check_exact=True)


def test_substation_keeps_the_published_buses_and_holds_their_source_voltage_near_one() -> None:
    net = load_feeder("ieee33", extensions=("substation",)).net
    assert net.bus.index.tolist() == list(range(34))
    assert net.ext_grid.bus.tolist() == [33]
    assert net.res_bus.vm_pu.at[0] == pytest.approx(1.0, abs=0.02)
    assert net.res_trafo.loading_percent.at[0] < 100


def test_tap_changer_and_recloser_leave_the_published_flow(feeders: dict[str, Feeder]) -> None:
    extended, published = feeders["cigre_mv"].net, FEEDERS["cigre_mv"].build()
    pandapower.runpp(published, numba=False)
    np.testing.assert_allclose(extended.res_bus.vm_pu, published.res_bus.vm_pu, rtol=0, atol=1e-12)


THREE_PHASE = [name for name, recipe in FEEDERS.items() if recipe.three_phase]


@pytest.mark.parametrize("name", THREE_PHASE)
def test_a_three_phase_feeder_comes_with_its_tables_its_regulators_and_what_was_approximated(
    feeders: dict[str, Feeder], name: str
) -> None:
    feeder = feeders[name]
    assert feeder.three_phase is not None
    assert feeder.solvers == ("pandapower", "opendss")
    assert set(feeder.three_phase.bus.bus) <= set(feeder.net.bus.name)
    assert feeder.net.load.name.tolist() == feeder.three_phase.load.load.tolist()
    assert len(feeder.regulators) == len(feeder.three_phase.regulator)
    assert all(line and "\n" not in line for line in feeder.approximations)


@pytest.mark.parametrize("name", THREE_PHASE)
def test_a_three_phase_feeders_recloser_sits_in_a_line_of_all_phases_at_its_head(
    feeders: dict[str, Feeder], name: str
) -> None:
    feeder = feeders[name]
    (line,) = feeder.reclosers.line
    assert feeder.three_phase is not None
    phases = feeder.three_phase.line.set_index("line").phases
    assert phases[feeder.net.line.name.at[line]] == "abc"
    power_mw = feeder.net.res_line.p_from_mw.abs()
    assert power_mw[line] == power_mw[feeder.net.line.name != "source impedance"].max()


def test_pv_of_ieee123_stands_at_three_phase_buses_and_can_be_left_out(feeders: dict[str, Feeder]) -> None:
    with_pv = feeders["ieee123"]
    phases = with_pv.three_phase.bus.set_index("bus").phases
    assert (phases[with_pv.net.bus.name[with_pv.net.sgen.bus]] == "abc").all()
    assert with_pv.net.sgen.p_mw.sum() == pytest.approx(with_pv.pv.peak_mw.sum()) == pytest.approx(1.4)
    assert load_feeder("ieee123", extensions=()).net.sgen.empty


def test_iowas_nominal_power_is_the_largest_reading_unless_left_as_published(feeders: dict[str, Feeder]) -> None:
    if "GRIDTWIN_IOWA240" not in os.environ:
        pytest.skip("no Iowa 240-bus release; set GRIDTWIN_IOWA240 to the folder that holds it")
    feeder = feeders["iowa240"]
    np.testing.assert_allclose(feeder.net.load.p_mw, feeder.recorded_loads.p_mw.max())
    published = load_feeder("iowa240", extensions=())
    assert published.net.load.p_mw.sum() == pytest.approx(published.three_phase.load.p_kw.sum() / 1000)


def test_kundur_machine_balances_its_power_flow(feeders: dict[str, Feeder]) -> None:
    feeder = feeders["kundur_smib"]
    machine = feeder.machines.iloc[0]
    result = feeder.net.res_ext_grid.loc[machine.ext_grid]
    terminal = feeder.net.res_bus.loc[1]
    assert result.p_mw == pytest.approx(machine.p_mw, rel=1e-5)
    assert terminal.vm_pu == pytest.approx(machine.vm_pu, abs=1e-5)
    assert terminal.va_degree == pytest.approx(machine.va_degree, abs=5e-3)


@pytest.mark.parametrize("name", ["case69", "case85"])
def test_radial_feeders_solve_to_matpowers_result(reference_data: Path, feeders: dict[str, Feeder], name: str) -> None:
    solved = pd.read_csv(reference_data / "matpower" / f"{name}_bus.csv", header=None)
    result = feeders[name].net.res_bus
    np.testing.assert_allclose(result.vm_pu, solved[7], rtol=0, atol=1e-8)
    np.testing.assert_allclose(result.va_degree, solved[8], rtol=0, atol=1e-8)


# Sums of the published tables, and the number of branches, open ties included. [MW, Mvar]
RADIAL_TOTALS = {
    "case69": (3.8021, 2.6947, 68, 0),
    "case85": (2.51428, 2.5650783, 84, 0),
    "case118zh": (22.70972, 17.041068, 132, 15),
    "case136ma": (18.313807, 7.932568, 156, 21),
    "case141": (11.944625, 7.402613718, 140, 0),  # 14.0525 MVA at a power factor of 0.85
}


@pytest.mark.parametrize("name", RADIAL_TOTALS)
def test_radial_feeders_hold_what_is_published_and_are_radial(feeders: dict[str, Feeder], name: str) -> None:
    net = feeders[name].net
    p_mw, q_mvar, branches, ties = RADIAL_TOTALS[name]
    assert (net.load.p_mw.sum(), net.load.q_mvar.sum()) == pytest.approx((p_mw, q_mvar), rel=1e-9)
    assert (len(net.line) + (net.switch.et == "b").sum(), (~net.line.in_service).sum()) == (branches, ties)
    assert branches - ties == len(net.bus) - 1
    assert net.res_bus.vm_pu.notna().all()


@pytest.mark.parametrize("name", RADIAL_TOTALS)
def test_every_line_of_a_radial_feeder_carries_its_nominal_current_with_reserve(
    feeders: dict[str, Feeder], name: str
) -> None:
    net = feeders[name].net
    assert net.res_line.loading_percent.max() < 100 / 1.5
    assert (net.line.max_i_ka[~net.line.in_service] == net.line.max_i_ka.max()).all()


@pytest.mark.parametrize("name", ["ieee14", "ieee30", "ieee33"])
def test_voltages_agree_with_matpower_where_the_case_is_the_same(
    reference_data: Path, feeders: dict[str, Feeder], bare_ieee33: Feeder, name: str
) -> None:
    case = {"ieee14": "case14", "ieee30": "case_ieee30", "ieee33": "case33bw"}[name]
    solved = pd.read_csv(reference_data / "matpower" / f"{case}_bus.csv", header=None)
    result = (bare_ieee33 if name == "ieee33" else feeders[name]).net.res_bus
    np.testing.assert_allclose(result.vm_pu, solved[7], atol=1e-6)
    np.testing.assert_allclose(result.va_degree, solved[8], atol=1e-4)


def test_full_plan_meters_every_live_bus_and_branch(feeders: dict[str, Feeder]) -> None:
    net = feeders["cigre_mv"].net
    plan = plan_of(net, "full")
    states = len(net.trafo) + len(net.switch)
    assert len(plan) == 3 * len(net.bus) + 5 * len(net.line) + 5 * len(net.trafo) + states


def test_unknown_plan_lists_the_known_ones(feeders: dict[str, Feeder]) -> None:
    with pytest.raises(FeederError, match="'some'; there are full, typical, sparse"):
        plan_of(feeders["kundur_smib"].net, "some")


def test_wrong_name_lists_the_right_ones_and_suggests_the_nearest() -> None:
    with pytest.raises(UnknownFeederError, match=r"'iee33'.*kundur_smib.*Did you mean 'ieee33'\?"):
        load_feeder("iee33")


def test_undeclared_extension_lists_the_declared_ones() -> None:
    with pytest.raises(UnknownExtensionError, match=r"'battery'.*substation, pv, protection, metering"):
        load_feeder("ieee33", extensions=("battery",))


def test_feeders_are_listed_without_being_built() -> None:
    listed = list_feeders()
    assert listed.name.tolist() == list(FEEDERS)
    by_name = listed.set_index("name")
    assert by_name.vn_kv.at["cigre_mv"] == "20/110"
    assert by_name.loc[["ieee123", "case141"], "phases"].tolist() == ["3", "balanced"]
    assert by_name.loc[["ieee123", "case141"], "solvers"].tolist() == ["pandapower, opendss", "pandapower"]
