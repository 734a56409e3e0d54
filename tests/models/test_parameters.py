"""Parameters out of mappings: what is unknown, missing or out of range is named."""

from dataclasses import dataclass

import pytest

from models.errors import InvalidParameterError
from models.parameters import from_mapping, require_number


@dataclass(frozen=True)
class Kettle:
    power_kw: float
    lid: bool = True


def test_a_mapping_becomes_an_instance_and_an_instance_passes() -> None:
    kettle = from_mapping(Kettle, {"power_kw": 2.0})
    assert kettle == Kettle(2.0)
    assert from_mapping(Kettle, kettle) is kettle


def test_an_unknown_name_is_answered_with_a_close_one() -> None:
    with pytest.raises(InvalidParameterError, match="'power_kv'; did you mean power_kw"):
        from_mapping(Kettle, {"power_kv": 2.0})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InvalidParameterError, match="needs power_kw"):
        from_mapping(Kettle, {})


def test_something_else_than_a_mapping_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="expects a mapping"):
        from_mapping(Kettle, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["2", None, True, float("nan"), float("inf"), -1.0])
def test_what_is_no_number_in_range_is_refused(value: object) -> None:
    with pytest.raises(InvalidParameterError, match="power_kw must be"):
        require_number("power_kw", value, at_least=0.0)
