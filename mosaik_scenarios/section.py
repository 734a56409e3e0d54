"""Base of the scenario and its sections: frozen, strict about names, and plain about what is wrong."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from mosaik_scenarios.errors import ScenarioError

LONGEST_VALUE = 60

EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "datetime_from_date_parsing": "a date and time with its UTC offset",
    "datetime_parsing": "a date and time with its UTC offset",
    "datetime_type": "a date and time with its UTC offset",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "model_type": "a table of fields",
    "string_pattern_mismatch": "letters, digits, '.', '_' and '-'",
    "string_type": "a text",
    "timezone_aware": "a time with its UTC offset",
    "tuple_type": "a list",
}
"""What a kind of validation error expected, where pydantic's own words need its vocabulary."""


class Section(BaseModel):
    """A frozen group of fields.

    Raises
    ------
    ScenarioError
        With one line for every field that is wrong.
    """

    # Defaults are values like any other: the registries they name are checked too.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise ScenarioError(problems_of(error, type(self))) from None


def problems_of(error: ValidationError, section: type[BaseModel]) -> list[tuple[str, str]]:
    """``(field, problem)`` pairs of a validation error, in the words of the scenario's reader."""
    problems = []
    for detail in error.errors(include_url=False):
        field = _path(detail["loc"])
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, ScenarioError):
            problems += [(_join(field, inner), problem) for inner, problem in cause.problems]
        elif detail["type"] == "extra_forbidden":
            names = ", ".join(section.model_fields)
            problems.append((field, f"expected one of the fields {names}, got {detail['loc'][-1]!r}"))
        else:
            problems.append((field, _sentence(detail["type"], detail["msg"], detail["input"])))
    return problems


def _sentence(kind: str, message: str, value: Any) -> str:
    """Pydantic's message as ``expected ..., got ...``."""
    if kind == "missing":
        return "expected a value, got nothing"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    expected = EXPECTED.get(kind, message.removeprefix("Input should be "))
    return f"expected {expected}, got {_shown(value)}"


def _shown(value: Any) -> str:
    text = "a table" if isinstance(value, Mapping) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _path(location: tuple[int | str, ...]) -> str:
    """``("attacks", 0, "start")`` as ``attacks[0].start``; a union's choice, in parentheses, is no field."""
    path = ""
    for step in location:
        if isinstance(step, str) and step.startswith("("):
            continue
        path = f"{path}[{step}]" if isinstance(step, int) else _join(path, step)
    return path


def _join(path: str, inner: str) -> str:
    return f"{path}.{inner}" if path and inner else path or inner
