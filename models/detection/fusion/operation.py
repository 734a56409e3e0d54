"""Is the network run as it is always run?"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.detection.fusion.evidence import Evidence, Findings, Learned
from models.detection.history import DetectorFrame, History
from models.detection.recalibration import Pace, RollingCalibration

VOLTAGE = "v"
STEP = Pace(location_scans=10.0, scale_scans=1e6, clip=1e6, loud=1e6)
"""What lies behind a step of the voltage is the last ten scans' mean."""

NOMINAL = 0.01
"""Unit in which steps of the voltage are counted. [pu]"""


class OperationEvidence(Evidence):
    """What is truthfully measured, and yet is not how this feeder is run.

    Commands that were forged are carried out, and the control room sees what they did: parts of the network that are no
    longer supplied and have no estimate, and voltages that step further than a tap changer steps.

    Aspects: a channel without an estimate; the largest step of an estimated voltage.
    """

    name = "operation"
    aspects: ClassVar[Mapping[str, float]] = {"channel without estimate": 0.001, "voltage step": 0.1}
    arrays = ("voltages",)

    def learn(self, clean: Sequence[History]) -> dict[str, NDArray[Any]]:
        voltage = [name.split()[0] == VOLTAGE for name in clean[0].channels]
        return {"voltages": np.flatnonzero(voltage)}

    def begin(self, learned: Learned) -> None:
        self._voltages = learned["voltages"].astype(np.int64)
        self._usual = RollingCalibration(np.ones(len(self._voltages)), np.full(len(self._voltages), NOMINAL), STEP)

    def look(self, frame: DetectorFrame, trusted: bool) -> Findings:
        channel = np.full((2, len(frame.value)), np.nan)
        channel[0, np.isnan(frame.estimated)] = 1.0
        # Steps that are over are usual, trusted or not: voltages go their daily way meanwhile.
        channel[1, self._voltages] = np.abs(self._usual.standardise(frame.estimated[self._voltages]))
        return Findings.of_channels(channel)
