"""The feeder's transformers under mosaik: how warm they are and how fast they age."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from models.errors import choose
from models.plant.transformer_parameters import ThermalParameters, thermal_parameters
from models.plant.transformer_thermal import STARTS, TransformerThermal
from simulators.adapter import ModelAdapter, serve

# Where no weather is connected.
DEFAULT_AMBIENT_C = 20.0


class TransformerSimulator(ModelAdapter):
    """Warms each transformer with its loading and the ambient temperature.

    The load that arrives at a step is held until the next one: a fault seen at a step heats for as long as it is seen.

    Parameters of the entity: ``parameters``, one per transformer (a `NameplateThermal`, a `DetailedThermal` or a
    mapping with their fields and ``model``); ``start``, ``"steady"`` or ``"cold"``; ``trafo_index``, the
    pandapower indices in vector order (0, 1, 2, ... by default).

    Inputs: ``load_pu`` [pu] (n_trafo; NaN where de-energised), ``ambient_c`` [degC].
    Outputs (n_trafo): ``top_oil_c``, ``hot_spot_c`` [degC], ``ageing_acceleration`` [-], ``loss_of_life_h`` [h].
    """

    MODEL: ClassVar[str] = "Transformer"
    PARAMS: ClassVar[tuple[str, ...]] = ("parameters", "start", "trafo_index")
    INPUTS: ClassVar[tuple[str, ...]] = ("load_pu", "ambient_c")
    OUTPUTS: ClassVar[tuple[str, ...]] = ("top_oil_c", "hot_spot_c", "ageing_acceleration", "loss_of_life_h")

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[int, tuple[Any, Any]] = {}

    def build(
        self,
        parameters: Sequence[ThermalParameters | Mapping[str, Any]] = (),
        start: str = "steady",
        trafo_index: Sequence[int] | None = None,
    ) -> TransformerThermal:
        """The thermal model of every transformer."""
        self.trafo_index = range(len(parameters)) if trafo_index is None else trafo_index
        return TransformerThermal(
            [thermal_parameters(description) for description in parameters],
            start=choose(STARTS, start, "start")(),
        )

    def advance(self, model: TransformerThermal, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Heat up to `seconds` under what was held; transformers whose load nobody connected idle under voltage."""
        arrived = (
            inputs.get("load_pu", np.zeros(len(model.parameters))),
            inputs.get("ambient_c", DEFAULT_AMBIENT_C),
        )
        state = model.step(seconds - model.elapsed_s, *self.held.get(id(model), arrived))
        self.held[id(model)] = arrived
        return {name: getattr(state, name) for name in self.OUTPUTS}

    def order(self, model: TransformerThermal) -> dict[str, list[Any]]:
        """The pandapower index of each transformer."""
        return {"trafo": [int(index) for index in self.trafo_index]}


if __name__ == "__main__":
    serve(TransformerSimulator)
