"""A clock that tells somebody outside how far the world has come."""

from collections.abc import Callable, Mapping
from typing import Any

from simulators.adapter import ModelAdapter


class ClockSimulator(ModelAdapter):
    """Calls back at every step; in process only.

    Model ``Clock``: parameter `on_step`, called with the seconds since the scenario's start.

    Input: after, any value of the simulator that it keeps step with; a clock that nobody is connected to runs ahead.
    """

    MODEL = "Clock"
    PARAMS = ("on_step",)
    INPUTS = ("after",)

    def build(self, on_step: Callable[[float], None]) -> Callable[[float], None]:
        """The callback is all there is."""
        return on_step

    def advance(self, model: Callable[[float], None], seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Tell the time."""
        model(seconds)
        return {}
