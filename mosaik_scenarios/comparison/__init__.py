"""The twin beside results computed elsewhere: how closely it reproduces them, and where it does not.

>>> from mosaik_scenarios.comparison import compare
>>> compare("ieee33", "case33bw_solved.mat").table()  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mosaik_scenarios.comparison.comparing import compare as compare
    from mosaik_scenarios.comparison.references import read_reference as read_reference
    from mosaik_scenarios.comparison.result import Comparison as Comparison

_HOMES = {
    "Comparison": "mosaik_scenarios.comparison.result",
    "compare": "mosaik_scenarios.comparison.comparing",
    "read_reference": "mosaik_scenarios.comparison.references",
}

__all__ = ["Comparison", "compare", "read_reference"]


def __getattr__(name: str) -> Any:
    # Looked up on first use (PEP 562): importing the package stays quick.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
