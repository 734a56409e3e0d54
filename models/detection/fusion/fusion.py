"""Physics and learning together: every piece of evidence on one scale, the rarity of what it shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Detector, Progress, require_number_of_channels, require_same_channels
from models.detection.episodes import StandingAlarm
from models.detection.fusion.evidence import Evidence, Findings
from models.detection.fusion.innovations import InnovationEvidence
from models.detection.fusion.operation import OperationEvidence
from models.detection.fusion.rarity import rarity, tail_of
from models.detection.fusion.repetition import RepetitionEvidence
from models.detection.fusion.residuals import ResidualEvidence
from models.detection.fusion.silence import SilenceEvidence
from models.detection.history import DetectorFrame, History
from models.detection.threshold import threshold_for_alarm_rate
from models.errors import InvalidParameterError, NotFittedError

WARM_UP_SCANS = 30
"""Scans at the beginning of a stream in which the rolling locations find their feet. [scans]"""

PATIENCE_SCANS = 60
"""An alarm that stands longer is known to the operators: what causes it may become usual from then on. [scans]"""

TAIL = "tail"


class FusionDetector(Detector):
    """Everything the control room knows, weighed by how rare it is.

    Each piece of evidence has several aspects, each of which scores the scan and its channels on a scale of its own.
    The tail of every aspect on clean records turns its score into the rarity of such a score, -log10 of the share of
    clean scans that have it. The score of the scan is that of its rarest aspect (the smallest p-value [1]_; adding up
    logarithms, as Fisher does, would count one cause as often as it has aspects), and the threshold on it is calibrated
    as a whole.

    What is usual is followed by rolling locations, for meters drift and customers have moods; nothing is learnt while
    an alarm stands, until it has stood for `PATIENCE_SCANS`.

    What it does not see: a single meter forged within its noise; a load forged together with all that measures it, by
    no more than customers change from scan to scan; a command that was forged but is within the day's business; a
    meter that is frozen while it has nothing new to tell.

    References
    ----------
    .. [1] L. H. C. Tippett, "The Methods of Statistics", Williams and Norgate 1931: the test by the smallest p-value.
    """

    name = "fusion"

    def __init__(self) -> None:
        super().__init__(threshold=np.nan)
        self._evidence: tuple[Evidence, ...] = (
            ResidualEvidence(),
            InnovationEvidence(),
            SilenceEvidence(),
            RepetitionEvidence(),
            OperationEvidence(),
        )

    @property
    def aspects(self) -> tuple[str, ...]:
        """What the scan is judged by, in the order of the rows of `rarities`."""
        return tuple(aspect for piece in self._evidence for aspect in piece.aspects)

    @property
    def warm_up_scans(self) -> int:
        """Scans until rolling locations say something. [scans]"""
        return WARM_UP_SCANS

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Learn what is usual of every piece of evidence; parameters as of `Detector.fit`, nothing is drawn by lot."""
        super().fit(clean)
        self._learned = {}
        for number, piece in enumerate(self._evidence, start=1):
            learned = piece.learn(clean)
            self._learned |= {_stored(piece, name): array for name, array in learned.items()}
            if progress is not None:
                progress(number / len(self._evidence))
        self.reset()

    def calibrate(self, clean: Sequence[History], alarms_per_day: float, lead_in_scans: int = 0) -> None:
        """Fit the tails of all aspects on clean records that `fit` has not seen, and set the threshold.

        Parameters as of `Detector.calibrate`.
        """
        if not self._learned:
            raise NotFittedError("the fusion detector has seen no clean day; call fit(clean) before calibrate.")
        for record in clean:
            require_same_channels(self.channels, record.channels)
        self._learned.pop(TAIL, None)
        scores = [self._aspects_of(record)[lead_in_scans:] for record in clean]
        least_excess = [least for piece in self._evidence for least in piece.aspects.values()]
        self._learned[TAIL] = tail_of(np.concatenate(scores), least_excess)
        rarest = [np.fmax.reduce(rarity(score.T, self._learned[TAIL]), axis=0) for score in scores]
        self.threshold = threshold_for_alarm_rate(rarest, clean[0].step_s, alarms_per_day)
        self.reset()

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """Rarity of the scan and of its channels. [-]

        Where only the scan as a whole is strange, that is laid upon all channels alike.

        Raises
        ------
        NotFittedError
            Before `fit` and `calibrate`.
        ChannelMismatchError
            If the frame has another number of channels.
        """
        scan, channel = self.rarities(frame)
        score, channel_score = float(np.fmax.reduce(scan)), np.fmax.reduce(channel, axis=0)
        self._standing.update(score > self.threshold)
        return score, channel_score + max(score - float(np.fmax.reduce(channel_score)), 0.0)

    def rarities(self, frame: DetectorFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n_aspect,) and (n_aspect, n_channel): rarity of the next scan and of its channels by `aspects`. [-]"""
        if TAIL not in self._learned:
            raise NotFittedError(
                "the fusion detector is not ready; call fit(clean) and calibrate(clean, alarms_per_day)."
            )
        require_number_of_channels(len(self.channels), len(frame.value))
        findings = self._look(frame)
        return rarity(findings.scan, self._learned[TAIL]), rarity(findings.channel, self._learned[TAIL])

    def reset(self) -> None:
        """Begin a new stream: nothing remembered, the usual as it was learnt."""
        super().reset()
        self._standing = StandingAlarm(WARM_UP_SCANS)
        for piece in self._evidence if self._learned else ():
            piece.begin({name: self._learned[_stored(piece, name)] for name in piece.arrays})

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `learned` gave.

        Raises
        ------
        InvalidParameterError
            If an array is missing or the tails are of other aspects.
        """
        wanted = [TAIL, *(_stored(piece, name) for piece in self._evidence for name in piece.arrays)]
        missing = [name for name in wanted if name not in learned]
        if missing or learned[TAIL].shape != (2, len(self.aspects)):
            what = f"without {', '.join(missing)}" if missing else f"tails of shape {learned[TAIL].shape}"
            raise InvalidParameterError(
                f"expected what every piece of evidence learns and tails of {len(self.aspects)} aspects, got {what}; "
                "fit the model anew."
            )
        self._learned = {name: learned[name] for name in wanted}
        self.reset()

    def _look(self, frame: DetectorFrame) -> Findings:
        trusted = not 0 < self._standing.scans <= PATIENCE_SCANS
        findings = [piece.look(frame, trusted) for piece in self._evidence]
        return Findings(*(np.concatenate(parts) for parts in zip(*findings, strict=True)))

    def _aspects_of(self, clean: History) -> NDArray[np.float64]:
        """(n_time, n_aspect) Scores of the scans of a record, NaN while warming up."""
        self.reset()
        scores = np.array([self._look(frame).scan for frame in clean])
        scores[:WARM_UP_SCANS] = np.nan
        return scores


def _stored(piece: Evidence, array: str) -> str:
    return f"{piece.name}.{array}"
