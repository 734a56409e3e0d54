"""Which experiment: scenarios, and what runs them.

>>> from mosaik_scenarios import Scenario
>>> Scenario(feeder="cigre_mv", duration="6h").steps
360
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mosaik_scenarios import catalogue as catalogue
    from mosaik_scenarios.results import RunResult as RunResult
    from mosaik_scenarios.runner import run as run
    from mosaik_scenarios.scenario import Scenario as Scenario

_HOMES = {
    "RunResult": "mosaik_scenarios.results",
    "Scenario": "mosaik_scenarios.scenario",
    "catalogue": "mosaik_scenarios",
    "run": "mosaik_scenarios.runner",
}

__all__ = ["RunResult", "Scenario", "catalogue", "run"]


def __getattr__(name: str) -> Any:
    # Looked up on first use (PEP 562): importing the package stays quick.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "catalogue":
        return import_module("mosaik_scenarios.catalogue")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
