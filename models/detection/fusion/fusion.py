"""Physics and learning together: every piece of evidence on one scale, the rarity of what it shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector, Progress, require_same_channels
from models.detection.fusion.evidence import Evidence
from models.detection.fusion.innovations import InnovationEvidence
from models.detection.fusion.operation import OperationEvidence
from models.detection.fusion.rarity import rarity, tail_of
from models.detection.fusion.repetition import RepetitionEvidence
from models.detection.fusion.residuals import ResidualEvidence
from models.detection.fusion.silence import SilenceEvidence
from models.detection.history import DetectorFrame, History
from models.detection.threshold import HOLD_OFF_SCANS, threshold_for_alarm_rate
from models.errors import ChannelMismatchError, NotFittedError

Array = NDArray[np.float64]

PATIENCE_SCANS = 180
"""An alarm that stands longer than this is known to the operators; then what causes it may become usual. [scans]"""

SEPARATOR = "."
TAIL = "tail"


class FusionDetector(Detector):
    def __init__(self) -> None:
        super().__init__(threshold=np.nan)
        self._evidence: tuple[Evidence, ...] = (
            ResidualEvidence(),
            InnovationEvidence(),
            SilenceEvidence(),
            RepetitionEvidence(),
            OperationEvidence(),
        )
        self._learned: dict[str, dict[str, NDArray[Any]]] = {}
        self._tail: Array | None = None

    name = "fusion"

    @property
    def aspects(self) -> tuple[str, ...]:
        return tuple(f"{piece.name}: {aspect}" for piece in self._evidence for aspect in piece.aspects)

    @property
    def warm_up_scans(self) -> int:
        return 30

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        super().fit(clean)
        for number, piece in enumerate(self._evidence, start=1):
            self._learned[piece.name] = piece.learn(clean)
            if progress is not None:
                progress(number / len(self._evidence))
        self.reset()

    def calibrate(self, clean: Sequence[History], alarms_per_day: float) -> None:
        for record in clean:
            require_same_channels(self.channels, record.channels)
        self.threshold = np.inf
        scores = [self.findings(record) for record in clean]
        self._tail = tail_of(np.concatenate(scores))
        rarest = [np.fmax.reduce(rarity(score.T, self._tail), axis=0) for score in scores]
        self.threshold = threshold_for_alarm_rate(rarest, clean[0].step_s, alarms_per_day)
        self.reset()

    def findings(self, record):
        self.reset()
        out = []
        for frame in record:
            out.append(np.concatenate([piece.look(frame, True).scan for piece in self._evidence]))
        out = np.array(out)
        out[: self.warm_up_scans] = np.nan
        return out

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        trusted = self._alarmed_scans == 0 or self._alarmed_scans > PATIENCE_SCANS
        findings = [piece.look(frame, trusted) for piece in self._evidence]
        scan = rarity(np.concatenate([finding.scan for finding in findings]), self._tail)
        channel = rarity(np.concatenate([finding.channel for finding in findings]), self._tail)
        self.last = scan
        score = float(np.fmax.reduce(scan))
        self._scan += 1
        loud = score > self.threshold and self._scan > self.warm_up_scans
        self._quiet = 0 if loud else self._quiet + 1
        self._alarmed_scans = self._alarmed_scans + 1 if self._quiet < HOLD_OFF_SCANS else 0
        return score, np.fmax.reduce(channel, axis=0)

    def reset(self) -> None:
        super().reset()
        self._alarmed_scans = 0
        self._quiet = HOLD_OFF_SCANS
        self._scan = 0
        for piece in self._evidence:
            if piece.name in self._learned:
                piece.begin(self._learned[piece.name])
