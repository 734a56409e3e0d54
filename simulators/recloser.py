"""mosaik adapter of the automatic reclosers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.control.recloser import Recloser, RecloserSettings
from models.errors import InvalidParameterError
from models.parameters import from_mapping, require_length
from simulators.adapter import ModelAdapter, serve


@dataclass(frozen=True, eq=False)
class RecloserFleet:
    """All reclosers of a feeder, and where each stands in the vectors of the grid."""

    reclosers: tuple[Recloser, ...]
    line_position: NDArray[np.int64]
    switch_position: NDArray[np.int64]
    order: Mapping[str, list[int]]
    switch_closed: NDArray[np.bool_]


class RecloserSimulator(ModelAdapter):
    """Opens and recloses the feeder's switches on the relays' own current.

    It runs after the grid at the same time t: the current it reads at t flows until the next step, so it lives through
    the time *ahead* and gives out the switch positions that the grid finds at its next step (a time-shifted
    connection). The recorded state at t is therefore the one at the end of the step that begins at t.

    Parameters of ``Recloser``
        reclosers: `RecloserSettings` or mappings of them, possibly none; order: pandapower indices in vector order as
        ``{"line": [...], "switch": [...]}``; switch_closed: switch positions at the start, all closed if not given.

    Inputs
        line_i_ka (n_line): relay current, no current if not connected [kA]; switch_closed (n_switch): positions that
        others command, the start's if not connected.

    Outputs
        switch_closed (n_switch): those positions, with the reclosers' own switches as the reclosers hold them; state:
        `RecloserState` code, shots: reclosures of the present sequence, trip_count: trips since the start (n_recloser).
    """

    MODEL = "Recloser"
    PARAMS = ("reclosers", "order", "switch_closed")
    INPUTS = ("line_i_ka", "switch_closed")
    OUTPUTS = ("switch_closed", "state", "shots", "trip_count")

    def build(
        self,
        reclosers: Sequence[RecloserSettings | Mapping[str, Any]] = (),
        order: Mapping[str, Sequence[int]] | None = None,
        switch_closed: Sequence[bool] | None = None,
    ) -> RecloserFleet:
        """The reclosers, closed and at rest."""
        order = order or {"line": [], "switch": []}
        given = [from_mapping(RecloserSettings, recloser) for recloser in reclosers]
        at_start = np.ones(len(order["switch"])) if switch_closed is None else switch_closed
        require_length("switch_closed", at_start, len(order["switch"]))
        return RecloserFleet(
            reclosers=tuple(Recloser(settings) for settings in given),
            line_position=positions("line", [settings.line for settings in given], order["line"]),
            switch_position=positions("switch", [settings.switch for settings in given], order["switch"]),
            order={element: list(index) for element, index in order.items()},
            switch_closed=np.array(at_start, dtype=bool),
        )

    def advance(self, model: RecloserFleet, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Live through the time until the next step under the current of now."""
        tick = round(seconds / self.time_resolution)
        ahead_s = (self.next_step(tick) - tick) * self.time_resolution
        line_i_ka = inputs.get("line_i_ka", np.zeros(len(model.order["line"])))
        switch_closed = np.array(inputs.get("switch_closed", model.switch_closed), dtype=bool)
        require_length("line_i_ka", line_i_ka, len(model.order["line"]))
        require_length("switch_closed", switch_closed, len(model.order["switch"]))
        for recloser, line, switch in zip(model.reclosers, model.line_position, model.switch_position, strict=True):
            switch_closed[switch] = recloser.step(ahead_s, float(line_i_ka[line]))
        return {
            "switch_closed": switch_closed,
            "state": np.array([recloser.state for recloser in model.reclosers], dtype=np.int64),
            "shots": np.array([recloser.shots for recloser in model.reclosers], dtype=np.int64),
            "trip_count": np.array([recloser.trip_count for recloser in model.reclosers], dtype=np.int64),
        }

    def order(self, model: RecloserFleet) -> dict[str, list[Any]]:
        """Switches in vector order, and each recloser by its line."""
        return {"switch": model.order["switch"], "recloser": [recloser.settings.line for recloser in model.reclosers]}


def positions(element: str, wanted: Sequence[int], index: Sequence[int]) -> NDArray[np.int64]:
    """Where the pandapower indices `wanted` stand in the vector order `index`.

    Raises
    ------
    InvalidParameterError
        If one of them is not there, or two reclosers share one switch.
    """
    place = {int(pandapower_index): position for position, pandapower_index in enumerate(index)}
    missing = [pandapower_index for pandapower_index in wanted if pandapower_index not in place]
    if missing:
        raise InvalidParameterError(
            f"no {element} {', '.join(map(str, missing))} for a recloser; "
            f"there are {', '.join(map(str, place)) or 'none'}."
        )
    if element == "switch" and len(set(wanted)) < len(wanted):
        raise InvalidParameterError(
            f"switches {list(wanted)} of the reclosers: give each recloser a switch of its own."
        )
    return np.array([place[pandapower_index] for pandapower_index in wanted], dtype=np.int64)


if __name__ == "__main__":
    serve(RecloserSimulator)
