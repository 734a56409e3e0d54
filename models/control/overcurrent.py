"""Overcurrent protection: inverse-time curves (device 51) and an instantaneous element (device 50)."""

from dataclasses import dataclass
from math import inf, isfinite

from models.errors import InvalidParameterError, choose
from models.parameters import require_number


@dataclass(frozen=True)
class TimeCurrentCurve:
    """How long a relay takes against the multiple of its pickup current, for a time dial of one.

    Attributes
    ----------
    factor_s, exponent, offset_s
        Operating time ``factor_s / (multiple**exponent - 1) + offset_s``.
    reset_s
        Time from full travel back to rest at zero current, or None where the standard leaves it to the maker. [s]

    References
    ----------
    .. [1] IEEE Std C37.112-2018, equations 1 (reset) and 2 (trip), table 1.
    .. [2] IEC 60255-151:2009, annex A, table A.1.
    """

    factor_s: float
    exponent: float
    offset_s: float = 0.0
    reset_s: float | None = None

    def operating_time_s(self, multiple: float, time_dial: float = 1.0) -> float:
        """Time to trip at a constant current; infinite up to pickup. [s]

        Parameters
        ----------
        multiple
            Current over pickup current. [-]
        time_dial
            Time dial or time multiplier setting. [-]
        """
        if multiple <= 1:
            return inf
        drive = multiple**self.exponent - 1
        return time_dial * (self.factor_s / drive + self.offset_s) if drive > 0 else inf

    def reset_time_s(self, multiple: float, time_dial: float = 1.0) -> float:
        """Time from full travel back to rest at a constant current below pickup; infinite from pickup on. [s]

        Raises
        ------
        InvalidParameterError
            If the curve's standard states no reset.
        """
        if self.reset_s is None:
            raise InvalidParameterError("this curve has no standard inverse reset; give disc_reset_s in seconds.")
        return time_dial * self.reset_s / (1 - multiple**2) if multiple < 1 else inf


CURVES = {
    "iec_standard_inverse": TimeCurrentCurve(0.14, 0.02),
    "iec_very_inverse": TimeCurrentCurve(13.5, 1.0),
    "iec_extremely_inverse": TimeCurrentCurve(80.0, 2.0),
    "ieee_moderately_inverse": TimeCurrentCurve(0.0515, 0.02, 0.114, reset_s=4.85),
    "ieee_very_inverse": TimeCurrentCurve(19.61, 2.0, 0.491, reset_s=21.6),
    "ieee_extremely_inverse": TimeCurrentCurve(28.2, 2.0, 0.1217, reset_s=29.1),
}
"""Time-current curves by standard and shape."""


@dataclass(frozen=True, kw_only=True)
class OvercurrentSettings:
    """What a protection engineer sets.

    Attributes
    ----------
    pickup_ka
        Current above which the inverse-time element runs. [kA]
    curve
        Name in `CURVES`.
    time_dial
        Time dial (IEEE) or time multiplier setting (IEC). [-]
    instantaneous_ka
        Current, above pickup, from which the instantaneous element trips at once; None leaves it out. [kA]
    disc_reset_s
        Time below pickup after which the travel is forgotten; None lets it run back by the curve's inverse reset, as an
        induction disc does. [s]
    """

    pickup_ka: float
    curve: str = "ieee_very_inverse"
    time_dial: float = 1.0
    instantaneous_ka: float | None = None
    disc_reset_s: float | None = 0.0

    def __post_init__(self) -> None:
        require_number("pickup_ka", self.pickup_ka, above=0.0)
        require_number("time_dial", self.time_dial, above=0.0)
        curve = choose(CURVES, self.curve, "time-current curve")
        if self.instantaneous_ka is not None:
            require_number("instantaneous_ka", self.instantaneous_ka, above=self.pickup_ka)
        if self.disc_reset_s is None and curve.reset_s is None:
            raise InvalidParameterError(
                f"the standard of {self.curve} leaves the inverse reset to the maker; give disc_reset_s in seconds."
            )
        if self.disc_reset_s is not None:
            require_number("disc_reset_s", self.disc_reset_s, at_least=0.0)


class OvercurrentRelay:
    """Relay whose inverse-time element adds up its travel under a varying current, as an induction disc turns.

    The travel is the integral of one over the operating time; the contact closes at one [1]_. A current that is NaN
    (the power flow had no solution) counts as none.

    Attributes
    ----------
    travel
        Share of the way to the trip contact. [0..1]

    References
    ----------
    .. [1] IEEE Std C37.112-2018, equation 3: the integral of dt / t(I) from pickup to trip is one.
    """

    def __init__(self, settings: OvercurrentSettings) -> None:
        self.settings = settings
        self.curve = CURVES[settings.curve]
        self.travel = 0.0
        self._seconds_below_pickup = 0.0

    def picks_up(self, current_ka: float) -> bool:
        """Whether the inverse-time element runs at this current."""
        return current_ka > self.settings.pickup_ka

    def time_to_trip_s(self, current_ka: float, instantaneous: bool = True) -> float:
        """How long from now to the trip if the current stays; infinite if it never trips. [s]

        Parameters
        ----------
        current_ka
            Current at the relay. [kA]
        instantaneous
            Whether the instantaneous element may act.
        """
        threshold_ka = self.settings.instantaneous_ka
        if instantaneous and threshold_ka is not None and current_ka >= threshold_ka:
            return 0.0
        if not self.picks_up(current_ka):
            return inf
        return max(0.0, 1 - self.travel) * self._operating_time_s(current_ka)

    def advance(self, seconds: float, current_ka: float) -> None:
        """Turn the disc for `seconds` at a constant current; it stops at the contact and at rest."""
        if self.picks_up(current_ka):
            self._seconds_below_pickup = 0.0
            self.travel = min(1.0, self.travel + seconds / self._operating_time_s(current_ka))
        elif self.settings.disc_reset_s is None:
            multiple = max(0.0, current_ka / self.settings.pickup_ka) if isfinite(current_ka) else 0.0
            reset_time_s = self.curve.reset_time_s(multiple, self.settings.time_dial)
            self.travel = max(0.0, self.travel - seconds / reset_time_s)
        else:
            self._seconds_below_pickup += seconds
            if self._seconds_below_pickup >= self.settings.disc_reset_s:
                self.travel = 0.0

    def _operating_time_s(self, current_ka: float) -> float:
        return self.curve.operating_time_s(current_ka / self.settings.pickup_ka, self.settings.time_dial)
