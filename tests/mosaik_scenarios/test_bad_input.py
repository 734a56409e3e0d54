"""Bad input through the real command: one clear line on stderr, exit code 2, no folder; from Python a typed error."""

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pandapower
import pandas as pd
import pytest

from models.errors import InvalidParameterError, InvalidProfileError, ModelError, NotObservableError, UnknownNameError
from mosaik_scenarios import Scenario, cli, run
from mosaik_scenarios.errors import GridTwinError, RunFolderExistsError, ScenarioError
from networks.errors import (
    FeederError,
    InvalidFeederError,
    InvalidMeteringError,
    UnknownExtensionError,
    UnknownFeederError,
)

SHORT = ["--quiet", "--duration", "5min", "--set", "detectors=[]"]
N_LOAD = 18


def village(change: Callable[[pandapower.pandapowerNet], object]) -> None:
    """Write a source, two lines and two loads at 20 kV, after a change, into the working directory."""
    net = pandapower.create_empty_network()
    buses = [int(bus) for bus in pandapower.create_buses(net, 3, vn_kv=20.0)]
    pandapower.create_ext_grid(net, buses[0])
    for start, end in pairwise(buses):
        pandapower.create_line(net, start, end, length_km=2.0, std_type="NAYY 4x150 SE")
        pandapower.create_load(net, end, p_mw=0.2, q_mvar=0.05)
    change(net)
    pandapower.to_json(net, "village.json")


def loads(rows: int = 6, row: int = 0, value: float = 100.0) -> None:
    """Write loads of cigre_mv, one of which is `value` in `row`, into the working directory."""
    times = pd.date_range("2026-06-17", periods=rows, freq="1min", name="time")
    table = pd.DataFrame(100.0, index=times, columns=[f"load_{load}" for load in range(N_LOAD)])
    table.iloc[row, 3] = value
    table.to_csv("loads.csv")


def nothing() -> None:
    """Nothing to prepare."""


def written(name: str, text: str) -> Callable[[], object]:
    return lambda: Path(name).write_text(text)


def meters(rows: str) -> Callable[[], None]:
    """Write the village and a metering plan for it."""

    def prepare() -> None:
        village(lambda net: None)
        Path("plan.csv").write_text(f"name,measurement_type,element_type,element,side,std_dev\n{rows}\n")

    return prepare


def changed(table: str, column: str, value: object) -> Callable[[], None]:
    return lambda: village(lambda net: net[table].__setitem__(column, value))


OWN_LOADS = ["clean", "--feeder", "cigre_mv", "--set", 'loads={path="loads.csv", unit="kW"}', *SHORT]
OWN_METERS = ["clean", "--feeder", "village.json", "--set", "telemetry.metering=plan.csv", *SHORT]
VILLAGE = ["clean", "--feeder", "village.json", *SHORT]

# What is wrong -> how it is prepared, the arguments of `gridtwin run`, the error, and words of its line.
REFUSED: dict[str, tuple[Callable[[], object], list[str], type[Exception], str]] = {
    "unknown feeder": (nothing, ["clean", "--feeder", "iee33"], UnknownFeederError, "Did you mean 'ieee33'?"),
    "unknown scenario": (nothing, ["dayy"], UnknownNameError, "unknown scenario 'dayy'; there are campaign, clean,"),
    "unknown attack": (
        nothing,
        ["day", "--set", "attacks.0.family=worm"],
        ScenarioError,
        "attacks[0].family: expected one of bias, breaker_command,",
    ),
    "attack on no channel": (
        nothing,
        ["fdi", "--set", 'attacks.0.channels=["v bus 99"]', "--set", "detectors=[]"],
        ModelError,
        "'v bus 99'",
    ),
    "unknown detector": (nothing, ["day", "--set", 'detectors=["oracle"]'], ScenarioError, "got 'oracle'"),
    "unknown extension": (
        nothing,
        ["clean", "--set", 'extensions=["dam"]'],
        UnknownExtensionError,
        "declares diagram, s",
    ),
    "no file": (nothing, ["mine.toml"], ScenarioError, "mine.toml: expected a scenario file, found none"),
    "broken TOML": (written("mine.toml", "seed = \n"), ["mine.toml"], ScenarioError, "mine.toml: expected TOML, got"),
    "broken JSON": (written("mine.json", "{"), ["mine.json"], ScenarioError, "mine.json: expected JSON, got"),
    "unknown field": (written("mine.toml", "feder = 'x'"), ["mine.toml"], ScenarioError, "feder: expected one of"),
    "a setting that is no field's": (
        written("mine.toml", "seed = 3"),
        ["mine.toml", "--set", "telemetry=perhaps"],
        ScenarioError,
        "telemetry: expected 'ideal' or a table of fields, got 'perhaps'",
    ),
    "step that does not divide": (
        nothing,
        ["clean", "--step", "7min"],
        ScenarioError,
        "step: expected a step that divides the duration of 1d, got 7min",
    ),
    "fault step that does not divide": (nothing, ["day", "--step", "30ms"], ScenarioError, "divides the step of 30ms"),
    "empty profile": (written("loads.csv", ""), OWN_LOADS, InvalidProfileError, "loads.csv is empty"),
    "missing profile": (nothing, OWN_LOADS, InvalidProfileError, "loads.csv cannot be read"),
    "short profile": (lambda: loads(rows=2), OWN_LOADS, InvalidProfileError, "row 3 column 'time': the data ends"),
    "NaN load": (
        lambda: loads(row=4, value=float("nan")),
        OWN_LOADS,
        InvalidProfileError,
        "loads.csv row 6 column 'load_3': the value is missing or NaN",
    ),
    "negative load": (lambda: loads(row=4, value=-5.0), OWN_LOADS, InvalidProfileError, "row 6 column 'load_3': nega"),
    "no slack": (changed("ext_grid", "in_service", False), VILLAGE, InvalidFeederError, "has no slack"),
    "disconnected": (changed("line", "in_service", [True, False]), VILLAGE, InvalidFeederError, "loads at bus 2 have"),
    "not solving": (changed("load", "p_mw", 5000.0), VILLAGE, InvalidFeederError, "does not converge at nominal load"),
    "negative nominal load": (changed("load", "p_mw", -1.0), VILLAGE, InvalidFeederError, "load 0 has p_mw -1"),
    "NaN nominal load": (changed("load", "p_mw", [0.2, None]), VILLAGE, InvalidFeederError, "load 1 has p_mw nan"),
    "no network": (nothing, VILLAGE, InvalidFeederError, "no file village.json"),
    "damaged network": (written("village.json", "{"), VILLAGE, InvalidFeederError, "no readable pandapower JSON"),
    "fault on no line": (
        nothing,
        ["fault_temporary", *SHORT, "--set", "faults.0.line=99"],
        ScenarioError,
        "faults: expected a line of feeder ieee33, got line 99",
    ),
    "fault without a recloser": (nothing, ["fault_permanent", "--feeder", "ieee14"], ScenarioError, "has no recloser"),
    "no such switch": (
        nothing,
        ["clean", *SHORT, "--set", 'switching=[{switch=99, at="1min", closed=false}]'],
        InvalidParameterError,
        "switching names switches [99]",
    ),
    "no such plan": (
        nothing,
        ["clean", "--set", "telemetry.metering=some"],
        ScenarioError,
        "or a .csv file, got 'some'",
    ),
    "no such plan file": (
        lambda: village(lambda net: None),
        OWN_METERS,
        InvalidMeteringError,
        "plan.csv cannot be read as CSV",
    ),
    "meter on no bus": (meters("U,v,bus,99,,0.01"), OWN_METERS, InvalidMeteringError, "bus 99, which the network"),
    "negative spread": (meters("U,v,bus,0,,-1"), OWN_METERS, InvalidMeteringError, "row 2: std_dev '-1' is no number"),
    "unobservable metering": (
        meters("P,p,line,0,from,0.01\nQ,q,line,0,from,0.01"),
        OWN_METERS,
        NotObservableError,
        "leaves the state of",
    ),
    "trained first": (nothing, ["day", "--feeder", "ieee57"], ScenarioError, "feeder ieee57 has no recloser"),
    "a file in the way": (written("taken", ""), ["clean", *SHORT, "--out", "taken"], RunFolderExistsError, "the file"),
    "a folder in the way": (
        lambda: (Path("full").mkdir(), Path("full/thesis.txt").write_text("")),
        ["clean", *SHORT, "--out", "full", "--force"],
        RunFolderExistsError,
        "which holds files of no run",
    ),
}


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with no trained detectors anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIDTWIN_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def gridtwin(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[BaseException | None, list[str]]]:
    """The command in this process: what it exits with, and its lines on stderr."""

    def call(*arguments: str) -> tuple[BaseException | None, list[str]]:
        monkeypatch.setattr(sys, "argv", ["gridtwin", *arguments])
        with pytest.raises(SystemExit) as ending:
            cli.main()
        shown = capsys.readouterr()
        assert shown.out == ""
        return ending.value, shown.err.split("\n")

    return call


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_line_and_exit_code_2(gridtwin: Callable, workplace: Path, case: str) -> None:
    prepare, arguments, error, words = REFUSED[case]
    prepare()
    ending, lines = gridtwin("run", *arguments)
    (line,) = filter(None, lines)  # a progress bar that goes leaves an empty one
    assert ending.code == 2
    assert line.startswith("gridtwin: ")
    assert words in line
    assert isinstance(ending.__context__, error)
    assert issubclass(error, GridTwinError | ModelError | FeederError)
    assert not (workplace / "runs").exists()


def test_an_existing_run_is_replaced_only_by_force(gridtwin: Callable) -> None:
    village(lambda net: None)
    first, _ = gridtwin("run", *VILLAGE)
    second, lines = gridtwin("run", *VILLAGE)
    third, _ = gridtwin("run", *VILLAGE, "--force")
    assert (first.code, second.code, third.code) == (0, 2, 0)
    assert isinstance(second.__context__, RunFolderExistsError)
    assert "replace it with --force" in lines[0]


def test_an_unknown_option_is_exit_code_2(gridtwin: Callable) -> None:
    ending, _ = gridtwin("run", "clean", "--fedder", "x")
    assert ending.code == 2


def test_several_wrong_fields_are_a_line_each(workplace: Path) -> None:
    with pytest.raises(ScenarioError) as refusal:
        Scenario(step="soon", seed=-1, telemetry={"loss_probability": 2})
    assert [field for field, _ in refusal.value.problems] == ["step", "seed", "telemetry.loss_probability"]


def test_a_meter_on_a_missing_bus_is_refused_by_name(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from networks.checks import check_feeder
    from networks.registry import load_feeder

    feeder = load_feeder("cigre_mv")
    feeder.meters.loc[0, "element"] = 99
    with pytest.raises(InvalidFeederError, match="sits on bus 99, which the network does not have"):
        check_feeder(feeder)
    monkeypatch.setattr("networks.registry.load_feeder", lambda *_: feeder)
    with pytest.raises(FeederError, match="bus 99"):
        run(Scenario(feeder="cigre_mv", duration="2min", detectors=()), out=workplace / "run")
    assert not (workplace / "run").exists()
