"""The sections of a scenario but its telemetry: attacks, faults, switching, supply area, control and detection."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from mosaik_scenarios.duration import Duration, PositiveDuration
from mosaik_scenarios.section import Section

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
OpenFraction = Annotated[float, Field(gt=0, lt=1)]
Index = Annotated[int, Field(ge=0)]


class LoadFiles(Section):
    """A user's own load data.

    Attributes
    ----------
    path
        CSV with a time column and one column a load or bus; relative to where the run starts.
    q_path
        A second CSV with reactive power; without, `path` holds ``p_`` and ``q_`` columns.
    unit
        Of the active power; the reactive power's follows (kvar, Mvar).
    """

    path: str
    q_path: str | None = None
    unit: Literal["kW", "MW"] = "kW"


class Attack(Section):
    """One attack on the telemetry: its family, its window, and whatever parameters that family has."""

    model_config = ConfigDict(extra="allow")

    family: str
    start: Duration
    duration: PositiveDuration

    @model_validator(mode="before")
    @classmethod
    def _holds_no_lists(cls, fields: Any) -> Any:
        # Frozen, and the same again after a round trip through a file: lists become tuples.
        if not isinstance(fields, Mapping):
            return fields
        return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}

    @field_validator("family")
    @classmethod
    def _is_registered(cls, family: str) -> str:
        from models.attacks import ATTACKS

        return one_of(ATTACKS, family)

    @property
    def parameters(self) -> dict[str, Any]:
        """The attack as the plain mapping that the attacker takes; times in seconds."""
        window = {"start_s": self.start.total_seconds(), "duration_s": self.duration.total_seconds()}
        return {"family": self.family, **window, **(self.model_extra or {})}


class Fault(Section):
    """A three-phase short circuit on a line, or at a bus.

    Attributes
    ----------
    line, bus
        pandapower index; one of the two. Neither takes a line in the middle of what the last recloser protects.
    position
        Distance from the line's "from" bus over its length. [-]
    kind
        A temporary fault's arc is gone after `duration`; a permanent one stays until the end.
    resistance_ohm
        Fault resistance. [ohm]
    """

    line: Index | None = None
    bus: Index | None = None
    position: Fraction = 0.5
    start: Duration
    kind: Literal["temporary", "permanent"] = "temporary"
    duration: PositiveDuration = timedelta(milliseconds=500)
    resistance_ohm: NotNegative = 0.0


class Switching(Section):
    """A switch (pandapower index) that is opened or closed by hand."""

    switch: Index
    at: Duration
    closed: bool


class PowerStep(Section):
    """A sudden change of power in the supply area. [MW]"""

    at: Duration
    p_mw: Finite


class Area(Section):
    """The supply area as one equivalent machine with governor, and what happens in it.

    Attributes
    ----------
    rating_mva
        Rated power of the machines that run. [MVA]
    inertia_s
        Inertia constant H. [s]
    damping_pu
        Power over speed deviation. [pu]
    droop_pu
        Speed deviation over governor power. [pu]
    governor_time_constant_s
        [s]
    """

    load_steps: tuple[PowerStep, ...] = ()
    generation_trips: tuple[PowerStep, ...] = ()
    rating_mva: Positive = 100.0
    inertia_s: Positive = 4.0
    damping_pu: NotNegative = 1.0
    droop_pu: Positive = 0.05
    governor_time_constant_s: Positive = 0.5


class Regulator(Section):
    """Voltage regulators.

    Attributes
    ----------
    enabled
        Whether they move their taps.
    source
        By which voltage. The control room commands the taps by the ``"estimated"`` or the ``"measured"`` voltage, one
        step later and one tap a step, all phases of a transformer together. ``"local"`` tap changers follow their own
        relays with potential transformers of their own: no telemetry and no attacker in between, as often within a
        step as their delays allow, and with the OpenDSS solver phase by phase.
    """

    enabled: bool = True
    source: Literal["estimated", "measured", "local"] = "estimated"


class Recloser(Section):
    """Whether reclosers work, and how finely grid and protection step around a fault."""

    enabled: bool = True
    fault_step: PositiveDuration = timedelta(milliseconds=20)
    fault_window: PositiveDuration = timedelta(seconds=60)


class Estimator(Section):
    """State estimation.

    Attributes
    ----------
    significance
        Probability that J(x) exceeds its chi-square threshold on honest measurements. [-]
    residual_threshold
        Normalised residual above which a channel is removed; none derives it from `significance` and the number of
        channels, so that a healthy meter is as rarely removed as J(x) is exceeded. [-]
    method
        What the estimated state is: ``wls``, least squares without the channels removed; ``huber``, ``shgm``
        (Schweppe-Huber) or ``lav`` (least absolute value), which remove none and distrust those that do not fit.
    """

    significance: OpenFraction = 0.01
    residual_threshold: Positive | None = None
    method: Literal["wls", "huber", "shgm", "lav"] = "wls"


class Training(Section):
    """Attack-free days that the twin simulates for its detector, and the alarm rate its threshold is set for.

    Attributes
    ----------
    days, calibration_days
        To learn from, and held out to set the threshold. [d]
    alarms_per_day
        False alarms a day that the threshold allows. [-]
    """

    days: Annotated[int, Field(ge=1)] = 3
    calibration_days: Annotated[int, Field(ge=1)] = 2
    alarms_per_day: Positive = 1.0


def one_of(registry: dict[str, Any], name: str) -> str:
    """`name`, if the registry holds it.

    Raises
    ------
    ValueError
    """
    if name not in registry:
        raise ValueError(f"expected one of {', '.join(sorted(registry))}, got {name!r}")
    return name


def known_detectors(names: tuple[str, ...]) -> tuple[str, ...]:
    """`names`, if all are registered and none comes twice.

    Raises
    ------
    ValueError
    """
    from models.detection import DETECTORS

    for name in names:
        one_of(DETECTORS, name)
    if len(set(names)) < len(names):
        raise ValueError(f"expected each detector once, got {', '.join(names)}")
    return names


def everyday_detectors() -> tuple[str, ...]:
    """Those that watch unless others are asked for."""
    from models.detection import EVERYDAY

    return EVERYDAY


Detectors = Annotated[tuple[str, ...], AfterValidator(known_detectors)]
