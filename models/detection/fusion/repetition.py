"""Has the control room been shown these very values before?"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.detection.fusion.evidence import Evidence, Findings, Learned
from models.detection.history import DAY_S, DetectorFrame, History

Array = NDArray[np.float64]

REMEMBERED_DAYS = 2.0
"""How far back repetitions are found. [d]"""

SLOTS = 4096
"""Pairs of successive values that are told apart in every channel. [-]"""

RUN_LIMIT = 8
"""A channel has no more votes than this for an earlier time. [-]"""

EVERYDAY_SHARE = 0.3
"""A channel whose lucky repetitions are more often than this has no vote. [0 to 1]"""


class RepetitionEvidence(Evidence):
    """Replay: received values that repeat, one after the other, those of some earlier time.

    A meter's converter has thousands of steps and its noise covers dozens: one value that was there before is luck, two
    in succession are rare, and several channels that repeat the same earlier time are no chance. Every channel keeps a
    table from its pairs of successive values to the scan they were last seen at; a channel whose newest pair is found
    there votes for the time since, once more for every scan that goes on repeating. A time's votes are those of all
    channels, each less its luck on clean days.

    A replay to which noise is added repeats nothing: only the innovations tell that its weather and loads belong to
    another day. What is older than `REMEMBERED_DAYS` is forgotten.

    Aspect: votes for the best earlier time; a channel's score is the votes for the time it repeats.
    """

    name = "repetition"
    aspects: ClassVar[Mapping[str, float]] = {"repetition": 0.25}
    arrays = ("remembered_scans", "weight")

    def learn(self, clean: Sequence[History]) -> dict[str, NDArray[Any]]:
        remembered = int(REMEMBERED_DAYS * DAY_S / clean[0].step_s)
        everyone = {"remembered_scans": np.array(remembered), "weight": np.ones(len(clean[0].channels))}
        sample = clean[0][: max(remembered, 2)]
        lucky = np.zeros(len(sample.channels))
        self.begin(everyone)
        for frame in sample:
            self.look(frame, trusted=True)
            lucky += self._run > 0
        share = lucky / len(sample)
        return everyone | {"weight": np.where(share < EVERYDAY_SHARE, 1 - share / EVERYDAY_SHARE, 0.0)}

    def begin(self, learned: Learned) -> None:
        self._weight = learned["weight"]
        n_channel = len(self._weight)
        self._remembered = int(learned["remembered_scans"])
        self._every = np.arange(n_channel)
        self._code = np.zeros(n_channel, dtype=np.uint16)
        self._previous_code = np.zeros(n_channel, dtype=np.uint16)
        self._codes = np.zeros((self._remembered, n_channel), dtype=np.uint16)
        self._seen_at = np.full((n_channel, SLOTS), NEVER, dtype=np.int32)
        self._scan = 0
        self._age = np.zeros(n_channel, dtype=np.int64)
        self._run = np.zeros(n_channel)

    def look(self, frame: DetectorFrame, trusted: bool) -> Findings:
        code = _code_of(frame.value)
        changed = frame.known & (code != self._code)
        self._follow(code, changed)
        self._propose(code, changed)
        self._store(code, changed)
        return self._count()

    def _follow(self, code: NDArray[np.uint16], changed: NDArray[np.bool_]) -> None:
        """Whether each channel goes on repeating the time it has repeated so far; one that tells nothing new waits."""
        then = self._codes[(self._scan - self._age) % self._remembered, self._every]
        goes_on = (self._run > 0) & (then == code)
        self._run = np.where(goes_on, np.minimum(self._run + changed, RUN_LIMIT), 0.0)

    def _propose(self, code: NDArray[np.uint16], changed: NDArray[np.bool_]) -> None:
        """Look up when the newest pair was last seen."""
        self._slot = _slot_of(code, self._code)
        seen = self._seen_at[self._every, self._slot]
        age = self._scan - seen
        inside = (age > 1) & (age < self._remembered)
        then = self._codes[seen % self._remembered, self._every]
        found = changed & (self._run == 0) & inside & (then == code)
        self._age = np.where(found, age, self._age)
        self._run = np.where(found, 1.0, self._run)

    def _store(self, code: NDArray[np.uint16], changed: NDArray[np.bool_]) -> None:
        at = np.flatnonzero(changed)
        self._seen_at[at, self._slot[at]] = self._scan
        self._code = np.where(changed, code, self._code)
        self._codes[self._scan % self._remembered] = self._code
        self._scan += 1

    def _count(self) -> Findings:
        votes = self._weight * self._run
        by_age = np.bincount(self._age, weights=votes, minlength=1)
        # One vote alone is luck.
        channel = np.where(votes > 0, np.maximum(by_age[self._age] - 1, 0.0), 0.0)
        return Findings.of_channels(channel[None, :])


NEVER = -(2**30)


def _code_of(value: Array) -> NDArray[np.uint16]:
    """(n_channel,) 16 bits of every value in single precision, scrambled: equal values have equal codes."""
    bits = np.nan_to_num(value).astype(np.float32).view(np.uint32)
    return ((bits * np.uint32(2654435761)) >> np.uint32(16)).astype(np.uint16)


def _slot_of(code: NDArray[np.uint16], before: NDArray[np.uint16]) -> NDArray[np.int64]:
    """(n_channel,) Where the pair of a value and the one before it stands in the table."""
    pair = code.astype(np.uint32) * np.uint32(40503) + before.astype(np.uint32) * np.uint32(2654435761)
    return ((pair >> np.uint32(16)) % np.uint32(SLOTS)).astype(np.int64)
