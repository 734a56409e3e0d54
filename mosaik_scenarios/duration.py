"""Spans of time as people write them: ``"1d"``, ``"90s"``, ``"20ms"``, ``"1h30min"``, ISO 8601, or seconds."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter

MICROSECONDS = {"d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
LONGEST_S = 100 * 366 * 86_400

_NUMBER_AND_UNIT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(d|h|min|ms|us|s)\s*")


def parse_duration(value: Any) -> timedelta:
    """A span of time from its text, from a number of seconds, or from a `timedelta`.

    Raises
    ------
    ValueError
        If `value` is none of them, is negative, is finer than a microsecond or longer than a century.
    """
    expected = f"expected a duration such as '1d', '6h', '90s' or '20ms', got {value!r}"
    microseconds = _microseconds(value)
    if microseconds is None or microseconds != int(microseconds):
        raise ValueError(expected)
    if not 0 <= microseconds <= LONGEST_S * 1_000_000:
        raise ValueError(f"expected a duration from 0s to a century, got {value!r}")
    return timedelta(microseconds=int(microseconds))


def duration_text(duration: timedelta) -> str:
    """The shortest text of a duration: a whole number of the largest unit that fits, e.g. ``"90s"``, ``"20ms"``."""
    microseconds = duration // timedelta(microseconds=1)
    for unit, size in MICROSECONDS.items():
        if microseconds and microseconds % size == 0:
            return f"{microseconds // size}{unit}"
    return "0s"


def _microseconds(value: Any) -> Decimal | None:
    if isinstance(value, timedelta):
        return Decimal(value // timedelta(microseconds=1))
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = Decimal(str(value))
        return seconds * 1_000_000 if seconds.is_finite() else None
    if not isinstance(value, str):
        return None
    if value.startswith(("P", "-P")):
        return _iso_microseconds(value)
    return _text_microseconds(value)


def _text_microseconds(text: str) -> Decimal | None:
    pairs = _NUMBER_AND_UNIT.findall(text)
    if not pairs or _NUMBER_AND_UNIT.sub("", text):
        return None
    return sum((Decimal(number) * MICROSECONDS[unit] for number, unit in pairs), Decimal(0))


def _iso_microseconds(text: str) -> Decimal | None:
    try:
        return Decimal(TypeAdapter(timedelta).validate_python(text) // timedelta(microseconds=1))
    except ValueError:
        return None


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(duration_text, return_type=str)]
"""A span of time of at least 0 s; a `timedelta` in Python, short text in a file."""


def _positive(duration: timedelta) -> timedelta:
    if not duration:
        raise ValueError("expected a duration above 0s, got 0s")
    return duration


PositiveDuration = Annotated[
    timedelta,
    BeforeValidator(lambda value: _positive(parse_duration(value))),
    PlainSerializer(duration_text, return_type=str),
]
"""A `Duration` above 0 s."""
