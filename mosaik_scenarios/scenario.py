"""One experiment, described: validated, frozen, and the same again after a round trip through TOML or JSON."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import AwareDatetime, Discriminator, Field, Tag, field_validator, model_validator

from mosaik_scenarios.duration import PositiveDuration, parse_duration
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.rules import problems_between_fields
from mosaik_scenarios.section import Section
from mosaik_scenarios.sections import (
    Area,
    Attack,
    Detectors,
    Estimator,
    Fault,
    LoadFiles,
    Recloser,
    Regulator,
    Switching,
    Training,
    everyday_detectors,
)
from mosaik_scenarios.telemetry import IDEAL, Telemetry, TelemetryOrIdeal, in_full


class Scenario(Section):
    """What is simulated, for how long, and what goes wrong meanwhile.

    Times inside a scenario (`start` of an attack, `at` of a switching) count from its start. Durations are given as
    ``"6h"``, ``"90s"``, ``"20ms"``, ISO 8601 or seconds, and are `timedelta` in Python.

    Attributes
    ----------
    name
        Letters, digits, ``.``, ``_`` and ``-``; the run folder's name.
    description
        One line for people.
    feeder
        A registered name, or whatever else `networks.load_feeder` takes: a file, a folder, a SimBench code.
    solver
        Of the plant's power flow: ``"pandapower"`` (balanced), or ``"opendss"`` (every phase) where the feeder is known
        phase by phase.
    extensions
        Declared extensions of the feeder to apply; none given means all of them, an empty list the bare network.
    start
        With its UTC offset.
    duration, step
        Of the simulation; the step divides the duration.
    seed
        Of every random draw.
    loads
        ``"standard"`` profiles, constant ``"nominal"`` power, ``"recorded"`` as the feeder comes with them (a scenario
        within the recording), or the user's files.
    detectors
        Registered names.

    Raises
    ------
    ScenarioError
        With one line for every field that is wrong.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$")] = "custom"
    description: str = ""
    feeder: Annotated[str, Field(min_length=1)] = "ieee33"
    solver: Literal["pandapower", "opendss"] = "pandapower"
    extensions: tuple[str, ...] | None = None
    start: AwareDatetime = datetime(2026, 6, 17, tzinfo=timezone(timedelta(hours=2)))
    duration: PositiveDuration = timedelta(days=1)
    step: PositiveDuration = timedelta(minutes=1)
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    loads: Annotated[
        Annotated[Literal["standard", "nominal", "recorded"], Tag("(name)")] | Annotated[LoadFiles, Tag("(files)")],
        Discriminator(lambda value: "(files)" if isinstance(value, Mapping | LoadFiles) else "(name)"),
    ] = "standard"
    telemetry: TelemetryOrIdeal = Telemetry()
    attacks: tuple[Attack, ...] = ()
    faults: tuple[Fault, ...] = ()
    switching: tuple[Switching, ...] = ()
    area: Area = Area()
    regulator: Regulator = Regulator()
    recloser: Recloser = Recloser()
    estimator: Estimator = Estimator()
    detectors: Detectors = Field(default_factory=everyday_detectors)
    training: Training = Training()

    def __init__(self, **fields: Any) -> None:
        # Fields come in any form that can be validated, durations as text and sections as mappings.
        super().__init__(**fields)

    @field_validator("start")
    @classmethod
    def _has_plain_offset(cls, start: datetime) -> datetime:
        # A time zone's name does not survive a file: keep the offset it stands for.
        return datetime.fromisoformat(start.isoformat())

    @model_validator(mode="after")
    def _fields_agree(self) -> Scenario:
        problems = problems_between_fields(self)
        if problems:
            raise ScenarioError(problems)
        return self

    @property
    def steps(self) -> int:
        """Number of regular steps."""
        return self.duration // self.step

    @property
    def end(self) -> datetime:
        """When the simulation ends."""
        return self.start + self.duration

    @property
    def scan_period(self) -> timedelta:
        """Time between two scans of the telemetry."""
        return self.telemetry.scan_period or self.step

    def as_mapping(self) -> dict[str, Any]:
        """The scenario in plain values, as its files hold it."""
        return self.model_dump(mode="json", exclude_none=True)

    def with_overrides(self, overrides: Mapping[str, Any]) -> Scenario:
        """The scenario with other values, as ``gridtwin run --set key=value`` takes them.

        Parameters
        ----------
        overrides
            By dotted field, one after the other, e.g. ``{"telemetry": "ideal", "telemetry.metering": "full"}``. A text
            is read as a TOML value where it is one, else taken as it stands.

        Raises
        ------
        ScenarioError
        """
        fields = self.as_mapping()
        for key, value in overrides.items():
            value = _toml_value(value) if isinstance(value, str) else value
            # "ideal" may be followed by single fields of the telemetry.
            _set(fields, key, in_full(value) if (key, value) == ("telemetry", IDEAL) else value)
        return Scenario(**fields)

    def lasting(self, duration: Any) -> Scenario:
        """The scenario over another duration; what would begin after its end is left out, what would go on is cut.

        Raises
        ------
        ScenarioError
        """
        try:
            end = parse_duration(duration)
        except ValueError as error:
            raise ScenarioError([("duration", str(error))]) from None
        area = self.area.model_copy(
            update={kind: _before(end, getattr(self.area, kind)) for kind in ("load_steps", "generation_trips")}
        )
        changed = self.model_copy(
            update={
                "duration": end,
                "attacks": tuple(
                    attack.model_copy(update={"duration": min(attack.duration, end - attack.start)})
                    for attack in self.attacks
                    if attack.start < end
                ),
                "faults": tuple(fault for fault in self.faults if fault.start < end),
                "switching": _before(end, self.switching),
                "area": area,
            }
        )
        return Scenario(**changed.as_mapping())

    @classmethod
    def from_file(cls, path: str | Path) -> Scenario:
        """The scenario that a TOML or JSON file (by its suffix) describes.

        Raises
        ------
        ScenarioError
            If there is no such file, it is broken, or a field is wrong.
        """
        path = Path(path)
        fields = _read(path)
        if not isinstance(fields, dict):
            raise ScenarioError([(str(path), f"expected a table of fields, got {type(fields).__name__}")])
        return cls(**fields)

    def to_file(self, path: str | Path) -> None:
        """Write the scenario, every field of it, as TOML or JSON (by the suffix)."""
        path = Path(path)
        if _is_json(path):
            path.write_text(json.dumps(self.as_mapping(), indent=2) + "\n", encoding="utf-8")
        else:
            path.write_text(tomli_w.dumps(self.as_mapping()), encoding="utf-8")


def _before(end: timedelta, events: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(event for event in events if event.at < end)


def _is_json(path: Path) -> bool:
    if path.suffix not in (".toml", ".json"):
        raise ScenarioError([(str(path), f"expected a .toml or .json file, got {path.suffix or 'no suffix'!r}")])
    return path.suffix == ".json"


def _read(path: Path) -> Any:
    is_json = _is_json(path)
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if is_json else tomllib.loads(text)
    except (FileNotFoundError, IsADirectoryError):
        raise ScenarioError([(str(path), "expected a scenario file, found none")]) from None
    except ValueError as error:  # broken TOML, broken JSON or no UTF-8
        raise ScenarioError([(str(path), f"expected {'JSON' if is_json else 'TOML'}, got {error}")]) from None


def _toml_value(text: str) -> Any:
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return values["value"] if len(values) == 1 else text


def _set(fields: dict[str, Any], key: str, value: Any) -> None:
    """Put `value` where the dotted `key` points in nested tables and lists."""
    *path, last = key.split(".")
    place: Any = fields
    for step in path:
        place = _inside(place, step, key)
    if isinstance(place, dict):
        place[last] = value
    elif isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = value
    else:
        raise ScenarioError([(key, "expected a field of the scenario, got a path that leads nowhere")])


def _inside(place: Any, step: str, key: str) -> Any:
    if isinstance(place, dict):
        return place.setdefault(step, {})
    if isinstance(place, list) and step.isdecimal() and int(step) < len(place):
        return place[int(step)]
    raise ScenarioError([(key, "expected a field of the scenario, got a path that leads nowhere")])
