"""The telemetry of a scenario: what is measured, how well, and how it gets to the control room."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from mosaik_scenarios.duration import Duration, PositiveDuration
from mosaik_scenarios.section import Section
from mosaik_scenarios.sections import Fraction

if TYPE_CHECKING:
    from models.telemetry.channel import ChannelSettings
    from models.telemetry.instrument_errors import MeterSettings

DECLARED = "declared"
IDEAL = "ideal"
SWITCHED_OFF_BY_0 = (
    "bias_share",
    "drift_share",
    "resolution_bits",
    "range_percent",
    "deadband_percent",
    "latency",
    "latency_jitter",
    "collection_window",
    "loss_probability",
    "clock_skew",
)


def known_plan(metering: str) -> str:
    """`metering`, if it is the name of a plan or of a CSV file.

    Raises
    ------
    ValueError
    """
    from networks.metering_points import POINTS

    if metering not in (DECLARED, *POINTS) and not metering.endswith(".csv"):
        raise ValueError(f"expected {', '.join((DECLARED, *POINTS))} or a .csv file, got {metering!r}")
    return metering


def known_class(percent: float) -> float:
    """`percent`, if it is an accuracy class.

    Raises
    ------
    ValueError
    """
    from networks.metering import ACCURACY_CLASSES_PERCENT

    if percent not in ACCURACY_CLASSES_PERCENT:
        raise ValueError(f"expected one of {', '.join(map(str, ACCURACY_CLASSES_PERCENT))}, got {percent:g}")
    return percent


def known_bits(bits: int) -> int:
    """`bits`, if a converter may have as many; 0 is none.

    Raises
    ------
    ValueError
    """
    if bits and not 4 <= bits <= 32:
        raise ValueError(f"expected 4 to 32 bits, or 0 for readings without steps, got {bits}")
    return bits


def known_range(percent: float) -> float:
    """`percent`, if a converter may end there; 0 is nowhere.

    Raises
    ------
    ValueError
    """
    if percent and not 100 <= percent < float("inf"):
        raise ValueError(f"expected 100 or more, or 0 for no end, got {percent:g}")
    return percent


AccuracyClass = Annotated[float, AfterValidator(known_class)]


class AccuracyClasses(Section):
    """Accuracy class by kind of measurement, in place of the metering plan's; none leaves the plan's. [percent]"""

    v: AccuracyClass | None = None
    p: AccuracyClass | None = None
    q: AccuracyClass | None = None
    i: AccuracyClass | None = None


class Telemetry(Section):
    """What the control room can know; ``"ideal"`` in its place switches every imperfection off.

    0 (or false) switches a single one off. Where a default comes from stands in `models.telemetry`, with the knob of
    the same name, and in docs/telemetry.md.

    Attributes
    ----------
    metering
        Metering plan: the feeder's ``"declared"`` one; a ``"typical"``, ``"sparse"`` or ``"full"`` one, drawn by the
        scenario's seed; or a CSV file (`networks.metering_file`), relative to where the run starts.
    pmus
        Buses with a phasor measurement unit beside the plan: busbars first, others drawn.
    accuracy_class
        Of voltage, power and current meters, where it is not the plan's.
    noise, bias_share, drift_share, drift_time_constant
        How a meter's error is shared: see `MeterSettings`.
    resolution_bits, range_percent
        Of the meters' converters over full scale; a reading beyond the range is flagged SUSPECT. [-], [percent]
    scan_period
        Time between two readings of a channel, a multiple of the step; none means every step.
    scan_phase
        Time of the first scan, a multiple of the step and less than the scan period.
    deadband_percent
        Change below which a value is not reported. [percent of full scale]
    integrity_period
        Time between two scans that report everything.
    latency, latency_jitter
        From the meter to the control room: at least, and the mean of what comes on top.
    collection_window
        How long the control room waits for a scan, not beyond the next one.
    loss_probability
        Share of messages that never arrive. [-]
    clock_skew
        Standard deviation of the offset of a station's clock.
    stale_after, missing_after
        Age from which a value counts as stale, and as missing.
    """

    metering: Annotated[str, AfterValidator(known_plan)] = DECLARED
    pmus: Annotated[int, Field(ge=0)] = 0
    accuracy_class: AccuracyClasses = AccuracyClasses()
    noise: bool = True
    bias_share: Fraction = 0.3
    drift_share: Fraction = 0.3
    drift_time_constant: PositiveDuration = timedelta(days=3)
    resolution_bits: Annotated[int, AfterValidator(known_bits)] = 14
    range_percent: Annotated[float, AfterValidator(known_range)] = 200.0
    scan_period: PositiveDuration | None = None
    scan_phase: Duration = timedelta(0)
    deadband_percent: Annotated[float, Field(ge=0, le=100)] = 0.1
    integrity_period: PositiveDuration = timedelta(minutes=5)
    latency: Duration = timedelta(milliseconds=500)
    latency_jitter: Duration = timedelta(milliseconds=200)
    collection_window: Duration = timedelta(seconds=2)
    loss_probability: Fraction = 0.001
    clock_skew: Duration = timedelta(milliseconds=30)
    stale_after: PositiveDuration = timedelta(minutes=10)
    missing_after: PositiveDuration = timedelta(minutes=30)

    def meters(self) -> MeterSettings:
        """The instruments' part.

        Raises
        ------
        ModelError
            If the settings contradict one another.
        """
        from models.telemetry.instrument_errors import MeterSettings

        return MeterSettings(
            noise=self.noise,
            bias_share=self.bias_share,
            drift_share=self.drift_share,
            drift_time_constant_s=self.drift_time_constant.total_seconds(),
            resolution_bits=self.resolution_bits or None,
            range_percent=self.range_percent or None,
        )

    def channel(self, scan_period: timedelta) -> ChannelSettings:
        """The communication's part.

        Raises
        ------
        ModelError
            If the settings contradict one another.
        """
        from models.telemetry.channel import ChannelSettings

        return ChannelSettings(
            scan_period_s=scan_period.total_seconds(),
            scan_phase_s=self.scan_phase.total_seconds(),
            deadband_percent=self.deadband_percent,
            integrity_period_s=self.integrity_period.total_seconds(),
            latency_s=self.latency.total_seconds(),
            latency_jitter_s=self.latency_jitter.total_seconds(),
            collection_window_s=min(self.collection_window, scan_period).total_seconds(),
            loss_probability=self.loss_probability,
            clock_skew_s=self.clock_skew.total_seconds(),
            stale_after_s=self.stale_after.total_seconds(),
            missing_after_s=self.missing_after.total_seconds(),
        )


def in_full(telemetry: Any) -> Any:
    """The fields that ``"ideal"`` stands for: every knob that can be switched off is off.

    Raises
    ------
    ValueError
        For any other text.
    """
    if not isinstance(telemetry, str):
        return telemetry
    if telemetry != IDEAL:
        raise ValueError(f"expected {IDEAL!r} or a table of fields, got {telemetry!r}")
    return {"noise": False, **dict.fromkeys(SWITCHED_OFF_BY_0, 0)}


TelemetryOrIdeal = Annotated[Telemetry, BeforeValidator(in_full)]
