"""What an OpenDSS script becomes: the physics it states, what is left out, and what is refused."""

from collections.abc import Callable
from math import pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.errors import FeederError, InvalidFeederError
from networks.importers.opendss import Imported, read_opendss
from networks.importers.opendss.script import read_script

pytest.importorskip("opendssdirect", reason='OpenDSS scripts need the extra "opendss"')

START = "Clear\nNew Circuit.test basekv=12.47 bus1=head pu=1.02 R1=0.1 X1=0.4 R0=0.2 X0=0.6\n"
SCRIPT = (
    START
    + """
Set VoltageBases=[12.47 0.208]
! a comment, and one /* that is none
/* a block
New Line.in_a_comment bus1=head bus2=nowhere */
New LineCode.overhead nphases=3 units=mi rmatrix=(0.3|0.1 0.3|0.1 0.1 0.3) ! symmetric
~ xmatrix=[1.0|0.4 1.0|0.4 0.4 1.0] cmatrix=[10|-2 10|-2 -2 10]
New Line.mile bus1=head bus2=b length=0.5 linecode=overhead units=mi
New Line.feet bus1=b.1.2.3 bus2=C length=5280 units=ft linecode=overhead
New Line.lateral phases=1 bus1=c.2 bus2=d.2 R1=0.5 X1=0.6 C1=0 units=km length=0.25
New Line.breaker bus1=c bus2=e switch=y
New Line.drawn_open bus1=c bus2=c.4.5.6 switch=y
New Line.out_of_use bus1=c bus2=e enabled=no linecode=overhead
New Line.spare bus1=b bus2=e switch=y
Open Line.spare 1
New Transformer.split phases=1 windings=3 buses=(d.2.0 house.1.0 house.0.2) kvs=(7.2 0.12 0.12) kvas=(25 25 25)
~ conns=(wye wye wye) xhl=2 xht=2 xlt=1.4 %rs=(0.6 1.2 1.2)
New Line.drop phases=2 bus1=house.1.2 bus2=socket.1.2 R1=0.5 X1=0.1 R0=0.5 X0=0.1 C1=0 C0=0 units=km length=0.02
New Load.oven phases=2 bus1=socket.1.2 kv=0.208 kw=5 kvar=1
New Load.lamp phases=1 bus1=socket.2 kv=0.12 kw=0.1 pf=1
New Transformer.a phases=1 bank=Regulators buses=(e.1 f.1) kvs=(7.2 7.2) kvas=(2000 2000) xhl=0.01 %rs=(.001 .001)
New Transformer.b like=a buses=(e.2 f.2)
New RegControl.a transformer=a winding=2 vreg=123 band=3 ptratio=60 ctprim=200 R=2 X=5 delay=30 tapdelay=4
New RegControl.b like=a transformer=b bus=c.2
Transformer.a.wdg=2 tap=(0.00625 5 * 1 +)
New Loadshape.day npts=2 interval=12 csvfile=/etc/passwd
New Monitor.watch element=line.mile
New CapControl.switch capacitor=bank element=line.mile type=kvar
New Capacitor.bank bus1=c kv=12.47 kvar=300
New Capacitor.pair bus1=c.1.2 phases=1 conn=delta kv=12.47 kvar=100
New Load.model1 bus1=c kv=12.47 kw=90 kvar=30 model=1 vminpu=0.8 vmaxpu=1.2 daily=day
New Load.model2 bus1=f.1 phases=1 kv=7.2 kw=90 kvar=30 model=2
New Load.model3 bus1=f.2 phases=1 kv=7.2 kw=90 kvar=30 model=3
New Load.model4 bus1=c.2.3 phases=1 conn=delta kv=12.47 kw=90 kvar=30 model=4 cvrwatts=0.8 cvrvars=2
New Load.model5 bus1=c.3.1 phases=1 conn=delta kv=12.47 kw=90 kvar=30 model=5
New Load.model8 bus1=c kv=12.47 kw=90 kvar=30 model=8 zipv=(0.2 0.3 0.5 0.1 0.6 0.3 0)
CalcVoltageBases
BusCoords Places.csv
Solve
Show Voltages
Export Voltages
Save Circuit
"""
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feeder")
    (folder / "master.dss").write_text(SCRIPT)
    (folder / "places.csv").write_text("head, 0, 1\nC 2.5 3\n\nbroken\n")
    return folder


@pytest.fixture(scope="module")
def imported(folder: Path) -> Imported:
    return read_opendss(folder / "master.dss")


def write(folder: Path, text: str) -> Path:
    path = folder / "master.dss"
    path.write_text(text)
    return path


def refusal_of(read: Callable[[], object]) -> str:
    """What a file is refused for; nothing where it is read."""
    try:
        read()
    except FeederError as error:
        return str(error)
    return ""


# What the equipment is


def test_the_source_keeps_its_voltage_and_impedance(imported: Imported) -> None:
    (source,) = imported.tables.source.to_dict("records")
    assert source["bus"] == "head"
    assert (source["vn_kv"], source["vm_pu"], source["f_hz"]) == (12.47, 1.02, 60.0)
    assert [source[name] for name in ("r1_ohm", "x1_ohm", "r0_ohm", "x0_ohm")] == pytest.approx([0.1, 0.4, 0.2, 0.6])


def test_a_mile_of_line_has_the_impedance_of_a_mile_whatever_the_unit_of_its_length(imported: Imported) -> None:
    lines = imported.tables.line.set_index("line")
    configuration = imported.tables.line_configuration.set_index("configuration").loc["overhead"]
    assert lines.length_km["mile"] == pytest.approx(0.5 * 1.609344)
    assert lines.length_km["feet"] == pytest.approx(1.609344)
    assert lines.configuration["mile"] == lines.configuration["feet"] == "overhead"
    assert configuration.r11_ohm_per_km * 1.609344 == pytest.approx(0.3)
    assert configuration.x32_ohm_per_km * 1.609344 == pytest.approx(0.4)
    assert configuration.b11_us_per_km * 1.609344 == pytest.approx(2 * pi * 60 * 10e-3)  # 10 nF, in uS


def test_conductors_keep_their_phases(imported: Imported) -> None:
    lines = imported.tables.line.set_index("line")
    assert lines.phases.to_dict() == {"mile": "abc", "feet": "abc", "lateral": "b", "drop": "12"}
    buses = imported.tables.bus.set_index("bus")
    assert buses.phases[["head", "c", "d", "f", "socket"]].tolist() == ["abc", "abc", "b", "ab", "12"]


def test_buses_have_line_to_line_base_voltages_and_their_place_in_the_drawing(imported: Imported) -> None:
    buses = imported.tables.bus.set_index("bus")
    assert buses.vn_kv["d"] == pytest.approx(12.47)
    assert buses.vn_kv["socket"] == pytest.approx(0.208)
    assert (buses.x["c"], buses.y["c"]) == (2.5, 3.0)
    assert np.isnan(buses.x["d"])


def test_a_centre_tapped_secondary_has_a_winding_a_leg(imported: Imported) -> None:
    split = imported.tables.transformer.set_index("transformer").loc["split"]
    assert (split.primary_phases, split.secondary_phases, split.tertiary_phases) == ("b", "1", "2")
    assert (split.secondary_kv, split.tertiary_kv, split.xlt_percent) == (0.12, 0.12, 1.4)
    loads = imported.tables.load.set_index("load")
    assert (loads.phases["oven"], loads.phases["lamp"]) == ("12", "2")


def test_a_regulator_keeps_its_settings_and_the_tap_it_is_left_at(imported: Imported) -> None:
    regulators = imported.tables.regulator.set_index("regulator")
    here = regulators.loc["a"]
    assert (here.v_set_v, here.bandwidth_v, here.pt_ratio, here.ct_primary_a) == (123.0, 3.0, 60.0, 200.0)
    assert (here.line_drop_r_v, here.line_drop_x_v, here.delay_s, here.inter_tap_delay_s) == (2.0, 5.0, 30.0, 4.0)
    assert (here.tap_min, here.tap_max, here.tap_pos) == (-16, 16, 5)
    assert here.tap_step_percent == pytest.approx(0.625)
    assert (here.controlled_bus, here.phases) == ("f", "a")
    assert tuple(regulators.loc["b", ["controlled_bus", "phases", "tap_pos"]]) == ("c", "b", 0)
    transformers = imported.tables.transformer.set_index("transformer")
    assert transformers.bank[["a", "b"]].tolist() == ["regulators", "regulators"]
    assert (transformers.secondary_tap_pu[["a", "b"]] == 1.0).all()


@pytest.mark.parametrize(
    ("load", "of_p", "of_q"),
    [
        ("model1", (0, 0), (0, 0)),
        ("model2", (100, 0), (100, 0)),
        ("model3", (0, 0), (100, 0)),
        ("model4", (0, 80), (100, 0)),
        ("model5", (0, 100), (0, 100)),
        ("model8", (20, 30), (10, 60)),
    ],
)
def test_load_models_are_shares_of_constant_impedance_and_current(
    imported: Imported, load: str, of_p: tuple[float, float], of_q: tuple[float, float]
) -> None:
    row = imported.tables.load.set_index("load").loc[load]
    assert (row.const_z_p_percent, row.const_i_p_percent) == pytest.approx(of_p)
    assert (row.const_z_q_percent, row.const_i_q_percent) == pytest.approx(of_q)
    assert (row.p_kw, row.q_kvar) == (90.0, 30.0)


def test_loads_keep_the_voltages_beyond_which_they_are_impedances(imported: Imported) -> None:
    loads = imported.tables.load.set_index("load")
    assert (loads.vmin_pu["model1"], loads.vmax_pu["model1"]) == (0.8, 1.2)
    assert (loads.vmin_pu["model2"], loads.vmax_pu["model2"]) == (0.95, 1.05)


def test_a_single_phase_between_two_phases_is_a_delta(imported: Imported) -> None:
    assert imported.tables.load.set_index("load").loc["model5", ["phases", "connection"]].tolist() == ["ca", "delta"]
    capacitors = imported.tables.capacitor.set_index("capacitor")
    assert capacitors.loc["pair", ["phases", "connection", "q_kvar"]].tolist() == ["ab", "delta", 100.0]
    assert capacitors.loc["bank", ["phases", "connection", "q_kvar"]].tolist() == ["abc", "wye", 300.0]


def test_switches_are_no_lines(imported: Imported) -> None:
    assert imported.tables.switch.set_index("switch").closed.to_dict() == {"breaker": True, "spare": False}


def test_a_two_phase_transformer_is_a_bank_of_two_units_of_half_its_power(tmp_path: Path) -> None:
    script = START + (
        "New Transformer.open phases=2 buses=(head.1.2 low.1.2) conns=(wye wye) kvs=(12.47 0.4) kvas=(50 50) xhl=2\n"
        "New Load.x phases=1 bus1=low.1 kv=0.23 kw=1\n"
    )
    tables = read_opendss(write(tmp_path, script)).tables
    assert tables.transformer.bank.tolist() == ["open", "open"]
    assert tables.transformer.primary_phases.tolist() == ["a", "b"]
    assert tables.transformer.rated_kva.tolist() == [25.0, 25.0]
    assert tables.transformer.secondary_kv.tolist() == pytest.approx([0.4 / sqrt(3)] * 2)
    assert tables.bus.set_index("bus").vn_kv["low"] == pytest.approx(0.4)  # no voltage bases stated: from the windings


def test_a_circuit_that_states_no_frequency_has_60_hz_whatever_came_before(tmp_path: Path) -> None:
    line = "New Line.x bus1=head bus2=b\nNew Load.x bus1=b kv=12.47 kw=1\n"
    european = read_opendss(write(tmp_path, "Set DefaultBaseFrequency=50\n" + START.removeprefix("Clear\n") + line))
    american = read_opendss(write(tmp_path, START + line))
    assert (european.tables.source.f_hz[0], american.tables.source.f_hz[0]) == (50.0, 60.0)


# What is left out, and said


@pytest.mark.parametrize(
    "note",
    [
        "line drawn_open",
        "line.out_of_use",
        "capcontrol.switch left out",
        "Solve, Show, Export, Save",
        "monitor",
        "loadshape",
        "near rated voltage only: load model4",
        "places.csv:4",
    ],
)
def test_what_is_left_out_is_noted(imported: Imported, note: str) -> None:
    assert any(note in text for text in imported.notes), imported.notes


def test_a_script_writes_nothing_and_leaves_the_working_directory(folder: Path, imported: Imported) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["master.dss", "places.csv"]
    before = Path.cwd()
    read_opendss(folder / "master.dss")
    assert Path.cwd() == before
    assert not list(before.glob("*EXP_*"))


# What is refused


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("Redirect /etc/hostname", "outside"),
        ("Redirect ../../../secret.dss", "outside"),
        (r"Redirect ..\..\..\secret.dss", "outside"),
        ("Redirect missing.dss", "expected the file missing.dss"),
        ("Redirect master.dss", "include each other"),
        ("cd /tmp", "expected a statement"),
        ("var @x=3", "expected a statement"),
        ("BatchEdit Load..* kw=3", "expected a statement"),
        ("New Load.x kw=(file=secret.csv)", "from a file"),
        ("~ rmatrix=[ file = secret.csv ]", "from a file"),
        ("Edit Line.x geometry=(CSVFile=secret.csv)", "from a file"),
        ("New Generator.wind bus1=b kw=30 usermodel=evil.dll", "generator.wind is not supported"),
        ("New PVSystem.roof bus1=b", "photovoltaics on the twin's side"),
        ("Set CktModel=Positive", "all its phases"),
        ("Set DataPath=/tmp", "relative to the script"),
        ("New", "Class.name"),
        ("kw=3", "Class.name.property=value"),
        ("New Line.x phases=999999999", "at most 1000"),
        ("\0", "no text file"),
    ],
)
def test_what_does_not_describe_a_feeder_is_refused_with_its_place(tmp_path: Path, statement: str, why: str) -> None:
    with pytest.raises(InvalidFeederError, match=why) as refusal:
        read_script(write(tmp_path, f"{START}New Line.x bus1=head bus2=b\n{statement}\n"))
    assert "master.dss" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("New Line.x bus1=head bus2=b linecode=none", r'master.dss:3: .*"none" not found'),
        ("New Line.x bus1=head.1.2.3 bus2=b.2.3.1", "connects phases abc to bca"),
        ("New Line.x phases=4 bus1=head.1.2.3.4 bus2=b.1.2.3.4", "Neutral conductors are not modelled"),
        ("New Line.x bus1=head bus2=b lenght=3", "master.dss:3: .*lenght"),
        ("New Reactor.x bus1=head kvar=300 kv=12.47", "capacitor of negative kvar"),
        ("New Transformer.x windings=4 buses=(head b c d) kvs=(12.47 1 1 1)", "expected two or three"),
        ("New Vsource.other bus1=b basekv=12.47", "expected one source"),
        ("New Load.x bus1=head kv=12.47 kw=1e400", "kW of load.x is no number"),
    ],
)
def test_what_the_tables_cannot_hold_is_refused_with_its_name(tmp_path: Path, statement: str, why: str) -> None:
    with pytest.raises(InvalidFeederError, match=why) as refusal:
        read_opendss(write(tmp_path, f"{START}{statement}\n"))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 3],
        lambda text: text.replace("0.12 0.12", "0 0"),
        lambda text: text.replace("kv=12.47", "kv=NaN"),
        lambda text: text.replace("basekv=12.47", "basekv=0"),
        lambda text: text.replace("New Line.mile bus1=head bus2=b length=0.5", "New Line.mile head b overhead 1 8e8"),
        lambda text: text.replace("(", "[").replace("\n~", "\n"),
        lambda text: text[::-1],
        lambda text: "",
    ],
)
def test_a_damaged_script_ends_in_tables_or_in_one_clear_line(tmp_path: Path, damage: Callable[[str], str]) -> None:
    (tmp_path / "places.csv").write_text("")
    refusal = refusal_of(lambda: read_opendss(write(tmp_path, damage(SCRIPT))))
    assert refusal == "" or "master.dss" in refusal
    assert "\n" not in refusal


@given(st.lists(st.one_of(st.sampled_from(SCRIPT.splitlines()), st.text(max_size=40)), max_size=12))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "any" / "any.dss"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    assert "\n" not in refusal_of(lambda: read_script(path))


def test_a_missing_extra_says_how_to_install_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("networks.importers.opendss.engine.find_spec", lambda name: None)
    with pytest.raises(FeederError, match=r'pip install -e "\.\[opendss\]"'):
        read_opendss(folder / "master.dss")


def test_the_iowa_system_is_read_whole(reference_data: Path) -> None:
    imported = read_opendss(reference_data / "iowa240" / "dss" / "Master.dss")
    tables = imported.tables
    assert len(tables.load) == 194
    assert len(tables.line) + len(tables.switch) == 242 - 3  # three breakers are drawn open
    assert tables.transformer.bank.nunique() == 198 - 2  # the three tap changers are one bank
    assert tables.regulator.phases.tolist() == ["a", "b", "c"]
    assert set(tables.load.phases) == {"abc", "12", "ab"}
    assert any("cb_102, cb_204, cb_303" in note for note in imported.notes)
