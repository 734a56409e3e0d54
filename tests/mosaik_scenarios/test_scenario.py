"""A scenario is checked, frozen, says what is wrong in one line a field, and survives a file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.detection import DETECTORS, EVERYDAY
from mosaik_scenarios import Scenario
from mosaik_scenarios.errors import GridTwinError, ScenarioError
from mosaik_scenarios.sections import LoadFiles

BIAS = {"family": "bias", "start": "14h", "duration": "1h", "channels": ["v bus 17"], "bias": 0.05}

fractions = st.floats(0, 1)
steps_before_the_end = st.integers(0, 99)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Scenarios of 100 steps with anything that fits into them."""
    step = timedelta(milliseconds=20 * draw(st.integers(1, 10**6)))

    def moment() -> timedelta:
        return step * draw(steps_before_the_end)

    offset = timedelta(minutes=draw(st.integers(-720, 840)))
    attacks = [
        {"family": "bias", "start": step * 3, "duration": step * 5, "bias": draw(st.floats(-1, 1)), **targets}
        for targets in draw(
            st.lists(st.sampled_from([{"channels": ["v bus 17", "p bus 3"]}, {"count": 2}]), max_size=2)
        )
    ]
    faults = [
        {"line": draw(st.integers(0, 99)), "start": moment(), "position": draw(fractions)}
        for _ in range(draw(st.integers(0, 2)))
    ]
    return Scenario(
        name=draw(st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}", fullmatch=True)),
        description=draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]))),
        start=(draw(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))).replace(tzinfo=UTC) + offset,
        duration=step * 100,
        step=step,
        seed=draw(st.integers(0, 2**63 - 1)),
        extensions=draw(st.none() | st.lists(st.sampled_from(["pv", "oltc"]), unique=True)),
        loads=draw(st.sampled_from(["standard", "nominal", {"path": "loads.csv", "unit": "MW"}])),
        telemetry={
            "noise": draw(st.booleans()),
            "loss_probability": draw(fractions),
            "scan_period": draw(st.none() | st.integers(1, 9).map(lambda scans: step * scans)),
        },
        attacks=attacks,
        faults=faults,
        switching=[{"switch": 2, "at": moment(), "closed": draw(st.booleans())}],
        area={"load_steps": [{"at": moment(), "p_mw": draw(st.floats(-1e6, 1e6))}]},
        detectors=draw(st.lists(st.sampled_from(sorted(DETECTORS)), unique=True)),
    )


@settings(deadline=None, max_examples=60)
@given(scenario=scenarios(), suffix=st.sampled_from([".toml", ".json"]))
def test_a_scenario_is_the_same_after_a_round_trip_through_a_file(
    scenario: Scenario, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("scenario") / f"scenario{suffix}"
    scenario.to_file(file)
    assert Scenario.from_file(file) == scenario


def test_the_defaults_are_a_day_of_minutes_with_every_detector() -> None:
    scenario = Scenario()
    assert scenario.steps == 1440
    assert scenario.detectors == EVERYDAY
    assert scenario.start.utcoffset() == timedelta(hours=2)
    assert scenario.scan_period == scenario.step


def test_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Scenario().seed = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"sed": 1}, r"sed: expected one of the fields name, .*training, got 'sed'"),
        ({"seed": -1}, "seed: expected greater than or equal to 0, got -1"),
        ({"seed": "one"}, "seed: expected a whole number, got 'one'"),
        ({"step": "0s"}, "step: expected a duration above 0s, got 0s"),
        ({"step": "7min"}, "step: expected a step that divides the duration of 1d, got 7min"),
        ({"start": "2026-06-17T00:00:00"}, "start: expected a time with its UTC offset, got '2026-06-17T00:00:00'"),
        ({"name": "../x"}, r"name: expected letters, digits, '.', '_' and '-', got '../x'"),
        ({"loads": "none"}, "loads: expected 'standard', 'nominal' or 'recorded', got 'none'"),
        ({"loads": {"unit": "kW"}}, "loads.path: expected a value, got nothing"),
        ({"loads": {"path": "a", "unit": "W"}}, "loads.unit: expected 'kW' or 'MW', got 'W'"),
        ({"telemetry": 3}, "telemetry: expected a table of fields, got 3"),
        ({"telemetry": "perhaps"}, "telemetry: expected 'ideal' or a table of fields, got 'perhaps'"),
        ({"telemetry": {"noise": "perhaps"}}, "telemetry.noise: expected true or false, got 'perhaps'"),
        (
            {"telemetry": {"metering": "some"}},
            "telemetry.metering: expected declared, full, typical, sparse or a .csv file, got 'some'",
        ),
        (
            {"telemetry": {"accuracy_class": {"v": 0.7}}},
            "telemetry.accuracy_class.v: expected one of 0.2, 0.5, 1.0, 3.0, got 0.7",
        ),
        (
            {"telemetry": {"resolution_bits": 2}},
            "telemetry.resolution_bits: expected 4 to 32 bits, or 0 for readings without steps, got 2",
        ),
        (
            {"telemetry": {"range_percent": 50}},
            "telemetry.range_percent: expected 100 or more, or 0 for no end, got 50",
        ),
        ({"telemetry": {"bias_share": 0.6}}, "telemetry: bias_share 0.6 and drift_share 0.3 leave nothing .*"),
        ({"telemetry": {"stale_after": "1min"}}, "telemetry: stale_after_s 60 is shorter than .*"),
        (
            {"telemetry": {"scan_phase": "90s"}},
            "telemetry.scan_phase: expected a multiple of the step of 1min before the next scan, got 90s",
        ),
        ({"telemetry": {"loss_probability": 2}}, "telemetry.loss_probability: expected less than or equal to 1, got 2"),
        (
            {"telemetry": {"scan_period": "90s"}},
            "telemetry.scan_period: expected a multiple of the step of 1min, got 90s",
        ),
        ({"attacks": 3}, "attacks: expected a list, got 3"),
        ({"attacks": [{**BIAS, "family": "bais"}]}, r"attacks\[0\].family: expected one of .*bias.*, got 'bais'"),
        (
            {"attacks": [{**BIAS, "start": "23h30min"}]},
            r"attacks\[0\]: expected an end within the 1d simulated, got 1470min",
        ),
        ({"attacks": [{**BIAS, "bais": 1}]}, r"attacks\[0\]: .*'bais'.*did you mean bias\?"),
        ({"faults": [{"start": "1h", "line": 1, "bus": 1}]}, r"faults\[0\]: expected a line or a bus, got both"),
        ({"faults": [{"line": 1, "bus": 1, "start": "1h"}]}, r"faults\[0\]: expected a line or a bus, got both"),
        (
            {"faults": [{"line": 1, "start": "1d"}]},
            r"faults\[0\].start: expected a time within the 1d simulated, got 1d",
        ),
        ({"faults": [{"line": -1, "start": "1h"}]}, r"faults\[0\].line: expected greater than or equal to 0, got -1"),
        (
            {"faults": [{"line": 1, "start": "1h"}], "recloser": {"fault_step": "7s"}},
            "recloser.fault_step: expected a fault step that divides the step of 1min, got 7s",
        ),
        (
            {"switching": [{"switch": 1, "at": "2d", "closed": True}]},
            r"switching\[0\].at: expected a time within .*got 2d",
        ),
        (
            {"area": {"load_steps": [{"at": "2d", "p_mw": 1}]}},
            r"area.load_steps\[0\].at: expected a time within .*got 2d",
        ),
        ({"area": {"inertia_s": float("nan")}}, "area.inertia_s: expected .*got nan"),
        (
            {"regulator": {"source": "guessed"}},
            "regulator.source: expected 'estimated', 'measured' or 'local', got 'guessed'",
        ),
        ({"detectors": ["crystal_ball"]}, "detectors: expected one of .*chi_square.*, got 'crystal_ball'"),
        ({"detectors": ["chi_square"] * 2}, "detectors: expected each detector once, got chi_square, chi_square"),
        ({"training": {"days": 0}}, "training.days: expected greater than or equal to 1, got 0"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_field(fields: dict[str, Any], line: str) -> None:
    with pytest.raises(ScenarioError, match=f"^{line}$") as refusal:
        Scenario(**fields)
    assert isinstance(refusal.value, GridTwinError)


def test_all_fields_that_are_wrong_are_named_at_once() -> None:
    with pytest.raises(ScenarioError) as refusal:
        Scenario(seed=-1, telemetry={"noise": "perhaps", "metering": "x"}, faults=[{"line": 1, "start": "?"}])
    fields = [field for field, _ in refusal.value.problems]
    assert sorted(fields) == ["faults[0].start", "seed", "telemetry.metering", "telemetry.noise"]
    assert len(str(refusal.value).splitlines()) == 4


def test_an_attack_is_handed_on_as_a_plain_mapping_in_seconds() -> None:
    (attack,) = Scenario(attacks=[BIAS]).attacks
    assert attack.parameters == {
        "family": "bias",
        "start_s": 50400.0,
        "duration_s": 3600.0,
        "channels": ("v bus 17",),
        "bias": 0.05,
    }


def test_settings_are_read_as_toml_values_or_else_as_text() -> None:
    changed = Scenario(attacks=[BIAS]).with_overrides(
        {
            "duration": "20h",
            "seed": "7",
            "telemetry": "ideal",
            "telemetry.metering": "full",
            "attacks.0.start": "13h",
            "detectors": '["chi_square"]',
            "loads": '{path = "loads.csv"}',
            "area.inertia_s": 6,
        }
    )
    assert changed.duration == timedelta(hours=20)
    assert changed.seed == 7
    assert (changed.telemetry.noise, changed.telemetry.metering) == (False, "full")
    assert changed.attacks[0].start == timedelta(hours=13)
    assert changed.detectors == ("chi_square",)
    assert changed.loads == LoadFiles(path="loads.csv")
    assert changed.area.inertia_s == 6


@pytest.mark.parametrize("key", ["telemetry.idea", "attacks.0.start", "step.minutes", "", "nothing.at.all"])
def test_a_setting_that_leads_nowhere_is_refused(key: str) -> None:
    with pytest.raises(ScenarioError, match="expected"):
        Scenario().with_overrides({key: "1"})


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.toml", "seed = = 1", r"a.toml: expected TOML, got .*line 1"),
        ("a.json", "{", r"a.json: expected JSON, got .*line 1"),
        ("a.json", "[]", r"a.json: expected a table of fields, got list"),
        ("a.yaml", "seed: 1", r"a.yaml: expected a .toml or .json file, got '.yaml'"),
        ("a.toml", "seed = -1", r"seed: expected greater than or equal to 0, got -1"),
    ],
)
def test_a_broken_file_is_one_line(name: str, text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ScenarioError, match=problem) as refusal:
        Scenario.from_file(tmp_path / name)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"missing.toml: expected a scenario file, found none$"):
        Scenario.from_file(tmp_path / "missing.toml")


def test_toml_may_hold_its_own_date_and_time(tmp_path: Path) -> None:
    file = tmp_path / "summer.toml"
    file.write_text("start = 2026-07-01T06:00:00+02:00\nduration = '2h'\n")
    assert Scenario.from_file(file).start == datetime(2026, 7, 1, 4, tzinfo=UTC)
