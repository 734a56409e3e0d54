"""How closely a solved net must agree with a row of MATPOWER's solutions."""

from typing import Any

import pandas as pd
import pytest

from benchmarks.matpower_cases import figures_of

# Where runpf converged to 1e-9 pu; in proportion where it did not.
TOLERANCE = {"pu": 1e-9, "degree": 2e-7, "mw": 1e-6, "mvar": 1e-6}
TIGHT = 1e-9
DIGITS_STATED = 1e-11


def assert_solved_as(net: Any, expected: pd.Series) -> None:
    """Voltages, angles, generation and losses, as far as MATPOWER found them and the row states them."""
    looser = expected.tolerance / TIGHT
    for column, value in figures_of(net).items():
        tolerance = TOLERANCE[column.rsplit("_")[-1]] * looser
        assert value == pytest.approx(expected[column], abs=tolerance, rel=DIGITS_STATED), column
