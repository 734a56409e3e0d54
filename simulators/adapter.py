"""What every simulator of the twin shares: one model behind mosaik's API, whole vectors as attributes."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import mosaik_api_v3
import numpy as np

API_VERSION = "3.0"


class ModelAdapter(mosaik_api_v3.Simulator):
    """Base of the twin's simulators: it moves time and data, a subclass's model does the calculating.

    A subclass states `MODEL`, `PARAMS`, `INPUTS` and `OUTPUTS` and implements `build` (the model from its parameters),
    `advance` (inputs to outputs at one time) and, where its attributes are vectors, `order` (what their elements are).

    Attributes are vectors that cross by reference: hand out a fresh array every step, never a reused buffer. Started as
    a remote process (see `serve`), a simulator needs ``init(vectors="lists")``, since mosaik's wire is JSON.
    """

    MODEL: ClassVar[str]
    PARAMS: ClassVar[tuple[str, ...]] = ()
    INPUTS: ClassVar[tuple[str, ...]] = ()
    OUTPUTS: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        attrs = list(dict.fromkeys((*self.INPUTS, *self.OUTPUTS)))
        super().__init__(
            {
                "api_version": API_VERSION,
                "type": "time-based",
                "models": {self.MODEL: {"public": True, "params": list(self.PARAMS), "attrs": attrs}},
            }
        )
        self.entities: dict[str, Any] = {}
        self.outputs: dict[str, dict[str, Any]] = {}

    def init(
        self,
        sid: str,
        time_resolution: float = 1.0,
        step_size: int = 1,
        dense_windows: Sequence[tuple[int, int]] = (),
        vectors: str = "arrays",
    ) -> dict[str, Any]:
        """Set the rhythm: every `step_size` ticks, and every tick inside the `dense_windows`.

        Parameters
        ----------
        time_resolution
            Seconds of one tick. [s]
        step_size
            Regular step. [ticks]
        dense_windows
            Half-open intervals of ticks in which the simulator steps at every tick. [ticks]
        vectors
            ``"arrays"`` in process, ``"lists"`` for a simulator in a process of its own.

        Raises
        ------
        ValueError
            For another kind of vectors.
        """
        if vectors not in ("arrays", "lists"):
            raise ValueError(f"vectors are arrays or lists, got {vectors!r}.")
        self.sid = sid
        self.time_resolution = time_resolution
        self.step_size = step_size
        self.dense_windows = tuple(dense_windows)
        self.as_lists = vectors == "lists"
        return self.meta

    def create(self, num: int, model: str, **params: Any) -> list[dict[str, Any]]:
        """Build `num` models; each entity announces the order of its vectors in ``extra_info``."""
        created = []
        for _ in range(num):
            eid = f"{model}-{len(self.entities)}" if self.entities or num > 1 else model
            self.entities[eid] = self.build(**params)
            created.append({"eid": eid, "type": model, "extra_info": self.order(self.entities[eid])})
        return created

    def step(self, time: int, inputs: dict[str, dict[str, dict[str, Any]]], max_advance: int) -> int:
        """Advance every model to `time` [ticks]; returns the time of the next step. [ticks]"""
        seconds = time * self.time_resolution
        for eid, entity in self.entities.items():
            self.outputs[eid] = self.advance(entity, seconds, single_source(inputs.get(eid, {})))
        return self.next_step(time)

    def next_step(self, time: int) -> int:
        """The regular rhythm, tightened to single ticks inside the dense windows. [ticks]"""
        regular = (time // self.step_size + 1) * self.step_size
        for start, stop in self.dense_windows:
            if start <= time < stop:
                return time + 1
            if time < start < regular:
                return start
        return regular

    def get_data(self, outputs: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
        """The attributes asked for, as of the last step."""
        data = {eid: {attr: self.outputs[eid][attr] for attr in attrs} for eid, attrs in outputs.items()}
        if self.as_lists:
            return {eid: {attr: np.asarray(value).tolist() for attr, value in d.items()} for eid, d in data.items()}
        return data

    def build(self, *args: Any, **params: Any) -> Any:
        """The model behind one entity; a subclass names its parameters."""
        raise NotImplementedError

    def advance(self, model: Any, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Bring `model` to `seconds` since the scenario's start with what came in; returns all its `OUTPUTS`."""
        raise NotImplementedError

    def order(self, model: Any) -> dict[str, list[Any]]:
        """What the elements of the vectors are, e.g. ``{"bus": [0, 1, 2]}``; empty for scalar models."""
        return {}


def single_source(inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One value per attribute out of mosaik's ``{attribute: {source: value}}``.

    Raises
    ------
    ValueError
        If two sources feed the same attribute: a vector has one author.
    """
    values = {}
    for attr, sources in inputs.items():
        if len(sources) != 1:
            raise ValueError(
                f"attribute {attr!r} takes one source, got {', '.join(sources)}; connect only one of them."
            )
        (value,) = sources.values()
        values[attr] = np.asarray(value) if isinstance(value, list) else value
    return values


def serve(simulator: type[ModelAdapter]) -> None:
    """Serve `simulator` from a process of its own, as mosaik's start method "cmd" wants it.

    ::

        {"cmd": "%(python)s -m simulators.grid %(addr)s"}   # and world.start("Grid", vectors="lists")
    """
    sys.exit(mosaik_api_v3.start_simulation(simulator(), (simulator.__doc__ or "").partition("\n")[0]))
