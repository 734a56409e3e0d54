"""The recorder of a run behind mosaik."""

from collections.abc import Mapping
from typing import Any

from models.recording.recorder import Recorder
from simulators.adapter import ModelAdapter, serve


class RecorderSimulator(ModelAdapter):
    """Writes what is connected to it into the run's folder.

    Model ``Recorder`` takes any attribute named ``table/quantity``, vectors and scalars alike::

        world.connect(grid, recorder, ("vm_pu", "bus/vm_pu"), ("switch_closed", "switch/closed"))
        world.connect(attacker, recorder, ("attack_active", "events/attack"))
        world.connect(detector, recorder, ("alarm", "detection/alarm/chi_square"), ...)

    Every table gets a row each regular step; `dense_tables` also get the steps inside the dense windows. What comes as
    ``events/<kind>`` is watched for changes instead; alarms are read off the table ``detection``.

    Parameters: `folder`, `start`, `elements`, `watch`, `before`, `dense_tables`, `channels`, `channel_buses` and
    `chunk_rows` of `models.recording.recorder.Recorder`.
    """

    MODEL = "Recorder"
    PARAMS = (
        "folder",
        "start",
        "elements",
        "watch",
        "before",
        "dense_tables",
        "channels",
        "channel_buses",
        "chunk_rows",
    )

    def __init__(self) -> None:
        super().__init__()
        self.meta["models"][self.MODEL]["any_inputs"] = True

    def build(self, **params: Any) -> Recorder:
        """The recorder of one run's folder."""
        return Recorder(**params)

    def advance(self, model: Recorder, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Record what came in."""
        tick = round(seconds / self.time_resolution)
        model.record(seconds, inputs, regular=tick % self.step_size == 0)
        return {}

    def finalize(self) -> None:
        """Write what still waits."""
        for recorder in self.entities.values():
            recorder.close()


if __name__ == "__main__":
    serve(RecorderSimulator)
