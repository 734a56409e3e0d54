"""From the volts on a regulator's dials to per unit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.errors import InvalidFeederError
from networks.feeder import REGULATOR_COLUMNS
from networks.three_phase.balanced import balanced_net
from networks.three_phase.regulation import line_drop_per_unit, regulators_of
from networks.three_phase.tables import ThreePhaseTables, read_tables

DATA = Path(__file__).parents[3] / "networks" / "data"


@pytest.fixture(scope="module")
def ieee37() -> tuple[ThreePhaseTables, Any]:
    tables = read_tables(DATA / "ieee37")
    return tables, balanced_net(tables)[0]


@given(
    st.floats(-10, 10),
    st.floats(-10, 10),
    st.floats(10, 200),
    st.floats(50, 1000),
    st.floats(2, 35),
    st.floats(0, 1000),
)
def test_per_unit_the_drop_is_that_of_the_control(
    r_v: float, x_v: float, pt_ratio: float, ct_primary_a: float, vn_kv: float, current_a: float
) -> None:
    """Back on the secondary of the potential transformer the compensator subtracts its dials times the current."""
    sensed_kv = vn_kv / np.sqrt(3)
    drop = line_drop_per_unit(r_v, x_v, pt_ratio, ct_primary_a, sensed_kv, vn_kv)
    current_pu = current_a / (1000.0 * drop.base_mva / (np.sqrt(3) * vn_kv))
    secondary_v = (drop.r_pu + 1j * drop.x_pu) * current_pu * 1000.0 * sensed_kv / pt_ratio
    assert secondary_v == pytest.approx((r_v + 1j * x_v) * current_a / ct_primary_a, rel=1e-9, abs=1e-9)


def test_a_phase_is_measured_to_neutral() -> None:
    """IEEE 34: 122 V behind 120:1 on a 24.9 kV feeder is 14.64 kV of 14.376 kV."""
    tables = read_tables(DATA / "ieee34")
    row = regulators_of(tables, balanced_net(tables)[0]).iloc[0]
    assert row.phases == "a"
    assert row.vm_set_pu == pytest.approx(14.640 / 14.376, abs=1e-4)
    assert row.bandwidth_pu == pytest.approx(0.240 / 14.376, abs=1e-5)


def test_an_open_delta_unit_is_measured_between_lines(ieee37: tuple[ThreePhaseTables, Any]) -> None:
    """IEEE 37: 122 V behind 40:1 on a 4.8 kV feeder without neutral is 4.88 kV of 4.8 kV."""
    rows = regulators_of(*ieee37)
    assert rows.phases.tolist() == ["ab", "cb"]
    np.testing.assert_allclose(rows.vm_set_pu, 4.88 / 4.8)
    np.testing.assert_allclose(rows.line_drop_base_mva, np.sqrt(3) * 4.8 * 0.350)


def test_the_rows_name_elements_of_the_net(ieee37: tuple[ThreePhaseTables, Any]) -> None:
    tables, net = ieee37
    rows = regulators_of(tables, net)
    assert tuple(rows.columns) == REGULATOR_COLUMNS
    assert set(net.bus.name.loc[rows.controlled_bus]) == set(tables.regulator.controlled_bus)
    banks = tables.transformer.set_index("transformer").bank.loc[tables.regulator.transformer]
    assert net.trafo.name.loc[rows.trafo].tolist() == banks.tolist()


@pytest.mark.parametrize("dial", [0.0, np.nan])
def test_dials_at_zero_or_unsaid_compensate_nothing(ieee37: tuple[ThreePhaseTables, Any], dial: float) -> None:
    tables, net = ieee37
    plain = tables.regulator.assign(line_drop_r_v=dial, line_drop_x_v=dial)
    rows = regulators_of(replace(tables, regulator=plain), net)
    assert rows[["line_drop_r_pu", "line_drop_x_pu", "line_drop_base_mva"]].isna().all(axis=None)


def test_a_feeder_without_regulators_has_none(ieee37: tuple[ThreePhaseTables, Any]) -> None:
    tables, net = ieee37
    rows = regulators_of(replace(tables, regulator=tables.regulator.iloc[:0]), net)
    assert rows.empty
    assert tuple(rows.columns) == REGULATOR_COLUMNS


@pytest.mark.parametrize(
    ("column", "message"), [("transformer", "moves transformer nowhere"), ("controlled_bus", "controls bus nowhere")]
)
def test_a_regulator_of_nothing_is_refused(ieee37: tuple[ThreePhaseTables, Any], column: str, message: str) -> None:
    tables, net = ieee37
    with pytest.raises(InvalidFeederError, match=message):
        regulators_of(replace(tables, regulator=tables.regulator.assign(**{column: "nowhere"})), net)
