"""The shipped IEEE feeders against their sources: counted by the engine, imported again, and solved where published."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import networks
from networks.three_phase.tables import ThreePhaseTables, read_tables

DATA = Path(networks.__file__).parent / "data"
SOURCES = {
    "ieee13": "13Bus/IEEE13Nodeckt.dss",
    "ieee34": "34Bus/ieee34Mod2.dss",
    "ieee37": "37Bus/ieee37.dss",
    "ieee123": "123Bus/IEEE123Master.dss",
}
# Scripts that leave the regulators at the published taps, where there are such; columns that were chosen (SOURCE.md).
WITH_TAPS = SOURCES | {"ieee34": "34Bus/Run_IEEE34Mod2.dss", "ieee123": "123Bus/Run_IEEE123Bus.DSS"}
CHOSEN = {
    "ieee13": {"line": ["max_i_ka"], "regulator": ["tap_pos"]},
    "ieee34": {"line": ["max_i_ka"]},
    "ieee37": {
        "line": ["max_i_ka"],
        "regulator": ["tap_pos"],
        "transformer": ["xhl_percent", "primary_r_percent", "secondary_r_percent"],
    },
    "ieee123": {"line": ["max_i_ka"], "regulator": ["delay_s", "max_taps_per_operation"]},
}
PUBLISHED_TAPS = {
    "ieee13": [10, 8, 11],
    "ieee34": [12, 5, 5, 13, 11, 12],
    "ieee37": [7, 4],
    "ieee123": {"creg1a": 7, "creg2a": -1, "creg3a": 0, "creg3c": -1, "creg4a": 8, "creg4b": 1, "creg4c": 5},
}
PHASES = {1: "a", 2: "b", 3: "c"}


@pytest.fixture(scope="module", params=sorted(SOURCES))
def feeder(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def tables(feeder: str) -> ThreePhaseTables:
    return read_tables(DATA / feeder)


@pytest.fixture(scope="module")
def engine(feeder: str, reference_data: Path) -> Any:
    """OpenDSS with the source file, as it comes."""
    opendssdirect = pytest.importorskip("opendssdirect", reason='counting the sources needs the extra "opendss"')
    engine = opendssdirect.dss.NewContext()
    engine.Basic.AllowChangeDir(False)
    engine.Text.Command("clear")
    engine.Text.Command("set DefaultBaseFrequency=60")
    engine.Text.Command(f'redirect "{reference_data / "ieee" / "src" / SOURCES[feeder]}"')
    return engine


def load_by_phases(loads: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """P [kW] and Q [kvar] by the phases that loads connect to."""
    sums = loads.groupby("phases")[["p_kw", "q_kvar"]].sum()
    return {phases: (round(p, 6), round(q, 6)) for phases, (p, q) in zip(sums.index, sums.to_numpy(), strict=True)}


def test_the_tables_hold_as_many_elements_as_the_source(tables: ThreePhaseTables, engine: Any) -> None:
    assert len(tables.bus) == engine.Circuit.NumBuses()
    assert len(tables.line) + len(tables.switch) == engine.Lines.Count()
    assert len(tables.load) == engine.Loads.Count()
    assert len(tables.transformer) == engine.Transformers.Count()
    assert len(tables.regulator) == engine.RegControls.Count()
    assert len(tables.capacitor) == engine.Capacitors.Count()
    assert sum(len(phases) for phases in tables.bus.phases) == engine.Circuit.NumNodes()


def test_lines_connect_what_they_connect_in_the_source(tables: ThreePhaseTables, engine: Any) -> None:
    ends = {}
    for name in engine.Lines.AllNames():
        engine.Lines.Name(name)
        nodes = engine.CktElement.NodeOrder()[: engine.CktElement.NumPhases()]
        phases = "".join(PHASES[node] for node in nodes)
        ends[name] = (*(bus.partition(".")[0].lower() for bus in engine.CktElement.BusNames()), phases)
    columns = ["from_bus", "to_bus", "phases"]
    shipped = pd.concat([tables.line.set_index("line")[columns], tables.switch.set_index("switch")[columns]])
    assert {str(name): tuple(row) for name, row in shipped.iterrows()} == ends


def test_the_load_of_each_phase_is_that_of_the_source(tables: ThreePhaseTables, engine: Any) -> None:
    rows = []
    for name in engine.Loads.AllNames():
        engine.Loads.Name(name)
        phases = "".join(PHASES[node] for node in engine.CktElement.NodeOrder() if node)
        rows.append({"phases": phases, "p_kw": engine.Loads.kW(), "q_kvar": engine.Loads.kvar()})
    assert load_by_phases(tables.load) == load_by_phases(pd.DataFrame(rows))


def test_each_line_has_the_impedance_of_the_source(tables: ThreePhaseTables, engine: Any) -> None:
    """The engine's own admittance between the two ends, inverted."""
    configurations = tables.line_configuration.set_index("configuration")
    for line in tables.line.itertuples():
        engine.Lines.Name(line.line)
        n = len(line.phases)
        admittance = np.asarray(engine.Lines.Yprim()).view(complex).reshape(2 * n, 2 * n)
        impedance = np.linalg.inv(-admittance[:n, n:])
        row = configurations.loc[line.configuration]
        for i in range(n):
            for j in range(i + 1):
                entry = row[f"r{i + 1}{j + 1}_ohm_per_km"] + 1j * row[f"x{i + 1}{j + 1}_ohm_per_km"]
                assert entry * line.length_km == pytest.approx(impedance[i, j], rel=1e-6, abs=1e-9), line.line


def test_importing_the_source_again_gives_the_shipped_tables(
    feeder: str, tables: ThreePhaseTables, reference_data: Path
) -> None:
    pytest.importorskip("opendssdirect", reason='importing needs the extra "opendss"')
    from networks.importers.opendss import read_opendss

    source = reference_data / "ieee" / "src" / WITH_TAPS[feeder]
    imported = read_opendss(source, unstated_unit="kft" if feeder == "ieee37" else "km").tables
    for field in fields(ThreePhaseTables):
        chosen = CHOSEN[feeder].get(field.name, [])
        shipped = getattr(tables, field.name).drop(columns=chosen)
        again = getattr(imported, field.name).drop(columns=chosen)
        if field.name == "bus":  # buses without a place in the source were given one
            shipped = shipped.assign(x=shipped.x.where(again.x.notna()), y=shipped.y.where(again.y.notna()))
            again = again.astype({"x": float, "y": float})
        pd.testing.assert_frame_equal(shipped, again, check_dtype=False, rtol=1e-6)


def test_regulators_stand_at_the_published_taps(feeder: str, tables: ThreePhaseTables) -> None:
    taps = PUBLISHED_TAPS[feeder]
    if isinstance(taps, dict):
        assert tables.regulator.set_index("regulator").tap_pos.to_dict() == taps
    else:
        assert tables.regulator.tap_pos.tolist() == taps


def test_every_bus_has_a_place_in_the_drawing(tables: ThreePhaseTables) -> None:
    assert tables.bus[["x", "y"]].notna().all(axis=None)


# IEEE 4: solved by a ladder sweep of its own, against the published voltages


def test_the_four_bus_feeder_has_its_published_voltages() -> None:
    """W. H. Kersting, IEEE 4 node test feeder: grounded wye - grounded wye, step-down, unbalanced load [V]."""
    tables = read_tables(DATA / "ieee4")
    first, second = (_line_impedance(tables, line) for line in ("1-2", "3-4"))
    (transformer,) = tables.transformer.itertuples()
    ratio = transformer.primary_kv / transformer.secondary_kv
    percent = transformer.primary_r_percent + transformer.secondary_r_percent + 1j * transformer.xhl_percent
    leakage = percent / 100 * transformer.secondary_kv**2 * 1e3 / transformer.rated_kva  # [ohm], secondary side
    power = (tables.load.p_kw + 1j * tables.load.q_kvar).to_numpy() * 1e3
    source = tables.source.vn_kv[0] * 1e3 / np.sqrt(3) * np.exp(-1j * np.radians([0, 120, -120]))
    at_load = source / ratio
    for _ in range(50):
        current = np.conj(power / at_load)
        at_primary = source - first @ current / ratio
        at_secondary = at_primary / ratio - leakage * current
        at_load = at_secondary - second @ current
    assert abs(at_primary) == pytest.approx([7164, 7110, 7082], abs=0.5)
    assert abs(at_secondary) == pytest.approx([2305, 2255, 2203], abs=0.5)
    assert abs(at_load) == pytest.approx([2175, 1930, 1833], abs=0.5)


def _line_impedance(tables: ThreePhaseTables, name: str) -> np.ndarray:
    line = tables.line.set_index("line").loc[name]
    row = tables.line_configuration.set_index("configuration").loc[line.configuration]
    return np.array(
        [
            [
                row[f"r{max(i, j)}{min(i, j)}_ohm_per_km"] + 1j * row[f"x{max(i, j)}{min(i, j)}_ohm_per_km"]
                for j in (1, 2, 3)
            ]
            for i in (1, 2, 3)
        ]
    ) * float(line.length_km)


# European low voltage feeder, against pandapower's copy


def test_the_low_voltage_feeder_has_the_elements_and_loads_that_pandapower_has() -> None:
    import pandapower.networks

    tables = read_tables(DATA / "ieee_lv906")
    net = pandapower.networks.ieee_european_lv_asymmetric()
    assert len(tables.bus) == len(net.bus) == 906 + 1  # the source's own bus is the 907th
    assert len(tables.line) == len(net.line) == 905
    assert tables.line.length_km.sum() == pytest.approx(net.line.length_km.sum(), rel=1e-6)
    assert len(tables.load) == len(net.asymmetric_load) == 55
    for phase in "abc":
        ours = tables.load.p_kw.where(tables.load.phases == phase, 0.0)
        assert ours.to_numpy() == pytest.approx(net.asymmetric_load[f"p_{phase}_mw"].to_numpy() * 1e3, abs=1e-6)
    power_factor = tables.load.p_kw / np.hypot(tables.load.p_kw, tables.load.q_kvar)
    assert power_factor.to_numpy() == pytest.approx(0.95, abs=1e-6)


def test_the_low_voltage_feeder_has_the_sequence_impedances_that_pandapower_has() -> None:
    import pandapower.networks

    tables = read_tables(DATA / "ieee_lv906")
    net = pandapower.networks.ieee_european_lv_asymmetric()
    rows = tables.line_configuration.set_index("configuration").loc[tables.line.configuration]
    for quantity in "rx":
        own, mutual = (rows[f"{quantity}{entry}_ohm_per_km"].to_numpy() for entry in ("11", "21"))
        assert own - mutual == pytest.approx(net.line[f"{quantity}_ohm_per_km"].to_numpy(), rel=1e-5)
        assert own + 2 * mutual == pytest.approx(net.line[f"{quantity}0_ohm_per_km"].to_numpy(), rel=1e-5)
