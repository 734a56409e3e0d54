"""The way from the meters to the control room: what is sent, when it arrives, and how old it looks there."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, floor, inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.errors import InvalidParameterError
from models.parameters import require_number
from models.telemetry.quality import Quality, Telemetry


@dataclass(frozen=True)
class ChannelSettings:
    """How real the communication is; the defaults are those of an ordinary distribution SCADA system.

    Attributes
    ----------
    scan_period_s
        Time between two scans of the meters; 0 scans at every step. Estimators are fed every few seconds ([1]_, section
        1.3). [s]
    scan_phase_s
        Time of the first scan. [s]
    deadband_percent
        Report by exception: a scan sends only what has moved by more than this since it was last sent; 0 sends
        everything. The knob is IEC 61850-7-3's `db`, in steps of 0.001 %; the default is small beside an accuracy
        class, so that what it hides (uniform, 0.06 %) adds 3 % to the variance of class 1. Positions of tap changers
        and switches are sent whenever they change. [% of full scale]
    integrity_period_s
        Time between two scans that send every channel, moved or not (the general interrogation of IEC 60870-5-101,
        clause 7.4.5); minutes are usual. [s]
    latency_s
        Least time on the way. [s]
    latency_jitter_s
        Mean of the exponentially distributed time in queues on top of it; messages may overtake each other. With the
        default latency, 92 % arrive within the second that IEEE 1646-2004 allows monitoring information on its way out
        of a substation. [s]
    loss_probability
        Share of the sent values that never arrive; nobody repeats them. Between the unavailabilities of classes A2
        (0.25 %) and A3 (0.05 %) of IEC 60870-4, clause 3.2.2. [-]
    collection_window_s
        How long the control room waits for a scan to come in before it calculates: at time t it works on what has
        arrived until t + this. With 0, nothing that takes time on the way is seen in the step it was measured in. Its
        default lets all but one in 2000 messages of the default latency in. [s]
    clock_skew_s
        Standard deviation of the offset between a remote terminal unit's clock and the control room's: a few tens of
        milliseconds over wide-area networks [2]_. [s]
    stale_after_s
        Age beyond which a value is flagged STALE: two integrity scans missed. [s]
    missing_after_s
        Age beyond which a value is given up as MISSING: six integrity scans missed. [s]

    References
    ----------
    .. [1] A. Abur, A. Gómez Expósito, "Power System State Estimation", Marcel Dekker, 2004.
    .. [2] D. L. Mills, "Measured performance of the Network Time Protocol in the Internet system", RFC 1128, 1989.
    """

    scan_period_s: float = 10.0
    scan_phase_s: float = 0.0
    deadband_percent: float = 0.1
    integrity_period_s: float = 300.0
    latency_s: float = 0.5
    latency_jitter_s: float = 0.2
    loss_probability: float = 1e-3
    collection_window_s: float = 2.0
    clock_skew_s: float = 0.03
    stale_after_s: float = 600.0
    missing_after_s: float = 1800.0

    def __post_init__(self) -> None:
        for name in ("scan_period_s", "scan_phase_s", "deadband_percent", "latency_s", "latency_jitter_s"):
            require_number(name, getattr(self, name), at_least=0.0)
        require_number("collection_window_s", self.collection_window_s, at_least=0.0)
        require_number("clock_skew_s", self.clock_skew_s, at_least=0.0)
        require_number("integrity_period_s", self.integrity_period_s, above=0.0, finite=False)
        require_number("loss_probability", self.loss_probability, at_least=0.0, at_most=1.0)
        require_number("stale_after_s", self.stale_after_s, above=0.0, finite=False)
        require_number("missing_after_s", self.missing_after_s, at_least=self.stale_after_s, finite=False)
        if self.collection_window_s > self.scan_period_s:
            raise InvalidParameterError(
                f"collection_window_s {self.collection_window_s:g} must not exceed scan_period_s "
                f"{self.scan_period_s:g}: a scan is collected before the next one starts."
            )
        if self.deadband_percent > 0 and self.stale_after_s < self.integrity_period_s:
            raise InvalidParameterError(
                f"stale_after_s {self.stale_after_s:g} is shorter than integrity_period_s {self.integrity_period_s:g}, "
                "so that every steady value would turn stale; lengthen the one or shorten the other."
            )

    @property
    def absent_probability(self) -> float:
        """Share of the sent values that are lost, or not yet there when the control room calculates. [-]"""
        spare_s, jitter_s = self.collection_window_s - self.latency_s, self.latency_jitter_s
        late = exp(-max(spare_s, 0.0) / jitter_s) if jitter_s else float(spare_s < 0.0)
        return 1.0 - (1.0 - self.loss_probability) * (1.0 - late)

    @classmethod
    def ideal(cls) -> ChannelSettings:
        """Communication that hands every reading on, at once and always."""
        return cls(
            scan_period_s=0.0,
            deadband_percent=0.0,
            latency_s=0.0,
            latency_jitter_s=0.0,
            loss_probability=0.0,
            collection_window_s=0.0,
            clock_skew_s=0.0,
            stale_after_s=inf,
            missing_after_s=inf,
        )


class TelemetryChannel:
    """Carries all channels of a metering plan to the control room.

    Each scan sends a message a channel, unless the value has stayed inside its deadband. Messages arrive after their
    latency or never; one that was overtaken by a newer one is dropped, so that an older value never replaces a newer.
    The sender does not learn of a loss: a lost value is made good by the next change or integrity scan.

    Parameters
    ----------
    full_scale
        (n_channel,) What the deadband is a percentage of; 0 where every change is sent. [unit of the value]
    settings
        How real the communication is.
    random
        The stream that losses and latencies are drawn from.
    clock_offset_s
        (n_channel,) By how much the clock that stamps a channel's values is ahead; None is not at all. [s]
    """

    def __init__(
        self,
        full_scale: ArrayLike,
        settings: ChannelSettings,
        random: np.random.Generator,
        clock_offset_s: ArrayLike | None = None,
    ) -> None:
        self.settings = settings
        self._random = random
        self._deadband = np.asarray(full_scale, dtype=np.float64) * settings.deadband_percent / 100
        self._n_channel = self._deadband.size
        self._clock_offset_s = np.zeros(self._n_channel) if clock_offset_s is None else np.asarray(clock_offset_s)
        self._scans = _Timetable(settings.scan_period_s, settings.scan_phase_s)
        self._integrity_scans = _Timetable(settings.integrity_period_s, settings.scan_phase_s)
        self._last_sent = np.full(self._n_channel, np.nan)
        self._last_suspect = np.zeros(self._n_channel, dtype=bool)
        self._on_the_way: list[_Messages] = []
        self._value = np.full(self._n_channel, np.nan)
        self._suspect = np.zeros(self._n_channel, dtype=bool)
        self._timestamp_s = np.full(self._n_channel, np.nan)

    def step(self, seconds: float, value: ArrayLike, suspect: ArrayLike = False) -> Telemetry:
        """What the control room sees at `seconds`.

        Parameters
        ----------
        seconds
            Since the scenario's start; never less than in the step before. [s]
        value
            (n_channel,) What the meters read. [unit of the value]
        suspect
            (n_channel,) Whether the remote terminal unit doubts it.
        """
        if self._scans.is_due(seconds):
            doubted = np.broadcast_to(np.asarray(suspect, dtype=bool), self._n_channel)
            self._send(seconds, np.array(value, dtype=np.float64), doubted)
        self._receive(until_s=seconds + self.settings.collection_window_s)
        return self._as_seen(seconds)

    def _send(self, seconds: float, value: NDArray[np.float64], suspect: NDArray[np.bool_]) -> None:
        sent = self._to_report(seconds, value, suspect)
        self._last_sent = np.where(sent, value, self._last_sent)
        self._last_suspect = np.where(sent, suspect, self._last_suspect)
        arrival_s = np.where(sent & ~self._lost(), seconds + self._latency(), inf)
        self._on_the_way.append(_Messages(seconds + self._clock_offset_s, value, suspect, arrival_s))

    def _to_report(self, seconds: float, value: NDArray[np.float64], suspect: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which channels a scan sends: those that moved, all at an integrity scan, and each one at first."""
        integrity_scan = self._integrity_scans.is_due(seconds)
        if integrity_scan or self.settings.deadband_percent == 0:
            return np.ones(self._n_channel, dtype=bool)
        return ~(np.abs(value - self._last_sent) <= self._deadband) | (suspect != self._last_suspect)

    # Losses and latencies are drawn for every channel at every scan, sent or not: one channel's silence must not
    # shift another channel's luck.
    def _lost(self) -> NDArray[np.bool_]:
        if self.settings.loss_probability == 0:
            return np.zeros(self._n_channel, dtype=bool)
        return self._random.random(self._n_channel) < self.settings.loss_probability

    def _latency(self) -> NDArray[np.float64]:
        if self.settings.latency_jitter_s == 0:
            return np.full(self._n_channel, self.settings.latency_s)
        return self.settings.latency_s + self._random.exponential(self.settings.latency_jitter_s, self._n_channel)

    def _receive(self, until_s: float) -> None:
        """Take what has arrived, unless something newer is there already (or the message itself, taken before)."""
        for messages in self._on_the_way:
            taken = (messages.arrival_s <= until_s) & ~(self._timestamp_s >= messages.timestamp_s)
            self._value[taken] = messages.value[taken]
            self._suspect[taken] = messages.suspect[taken]
            self._timestamp_s[taken] = messages.timestamp_s[taken]
        self._on_the_way = [messages for messages in self._on_the_way if messages.last_arrival_s > until_s]

    def _as_seen(self, seconds: float) -> Telemetry:
        # NaN before the first arrival: every comparison with it is false, hence the negated one for MISSING.
        age_s = seconds - self._timestamp_s
        missing = ~(age_s <= self.settings.missing_after_s) | np.isnan(self._value)
        quality = np.full(self._n_channel, Quality.VALID, dtype=np.int8)
        quality[age_s > self.settings.stale_after_s] = Quality.STALE
        quality[self._suspect] = Quality.SUSPECT
        quality[missing] = Quality.MISSING
        return Telemetry(np.where(missing, np.nan, self._value), self._timestamp_s.copy(), quality)


class _Messages:
    """One scan's messages on the way; those never sent or lost arrive at infinity."""

    def __init__(
        self,
        timestamp_s: NDArray[np.float64],
        value: NDArray[np.float64],
        suspect: NDArray[np.bool_],
        arrival_s: NDArray[np.float64],
    ) -> None:
        self.timestamp_s = timestamp_s
        self.value = value
        self.suspect = suspect
        self.arrival_s = arrival_s
        self.last_arrival_s = float(np.max(arrival_s, where=np.isfinite(arrival_s), initial=-inf))


def clock_offsets_s(station: ArrayLike, clock_skew_s: float, random: np.random.Generator) -> NDArray[np.float64]:
    """By how much the clock of each channel's remote terminal unit is ahead, one clock a station. (n_channel,) [s]

    Parameters
    ----------
    station
        (n_channel,) Any number by which channels of one station know each other, such as their bus.
    clock_skew_s
        Standard deviation of a clock's offset. [s]
    random
        The stream that the offsets are drawn from.
    """
    stations, position = np.unique(np.asarray(station, dtype=np.int64), return_inverse=True)
    return (clock_skew_s * random.standard_normal(stations.size))[position]


class _Timetable:
    """Due once in every period, at the first step at or after its beginning."""

    def __init__(self, period_s: float, phase_s: float) -> None:
        self._period_s = period_s
        self._phase_s = phase_s
        self._last = -1

    def is_due(self, seconds: float) -> bool:
        elapsed_s = seconds - self._phase_s
        if elapsed_s < 0:
            return False
        if self._period_s == 0:
            return True
        # The margin keeps a step at 0.3 s from missing the third scan of 0.1 s in binary arithmetic.
        current = floor(elapsed_s / self._period_s + 1e-9)
        due = current > self._last
        self._last = current
        return due
