"""What instruments get wrong: a bias that stays, a drift that wanders, and noise."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError
from models.parameters import require_number

# A limit of error is three standard deviations (99.7 % of a normal distribution).
STD_DEVS_IN_LIMIT = 3.0


@dataclass(frozen=True)
class MeterSettings:
    """How real the meters are.

    The budget is each channel's `std_dev`: the variances of bias, drift and noise add up to its square, so that over
    many meters and times an estimator that weighs with `std_dev` weighs right [1]_. Bias and drift take their shares of
    the limit of error (three standard deviations, what the accuracy class promises), noise takes the rest. With the
    defaults they have 27 %, 9 % and 64 % of the variance.

    Attributes
    ----------
    noise
        Whether there is noise, independent from meter to meter and from step to step.
    bias_share
        A meter's bias is uniform within plus and minus this share of its limit of error, and stays. Of calibrated
        instruments only the limit is known, hence the uniform distribution ([1]_, clause 4.3.7); that errors of
        telemetered measurements are partly systematic is in [2]_, the share is this project's choice. [0 to 1]
    drift_share
        The drift's three standard deviations over the limit of error; this project's choice, the wandering of
        temperature and age that [2]_ names. [0 to 1]
    drift_time_constant_s
        Time in which a drift is forgotten (to 1/e): an Ornstein-Uhlenbeck process, that is a random walk drawn back
        to zero [3]_; this project's choice of some days, since weather lasts days. [s]
    resolution_bits
        Bits of the analogue-digital converter over a channel's full scale; None reads without steps. Telecontrol
        carries 16 bits with a sign (IEC 60870-5-101, clause 7.2.6.6), remote terminal units convert with 12 to 16. [-]
    range_percent
        End of the converter's range, in either direction; a reading beyond it stays there and is flagged SUSPECT. None
        is no end. The largest of the standard extended currents of measuring transformers, 120, 150 and 200 %
        (IEC 61869-2, clause 5.203). Angles and states have no end. [% of full scale]

    References
    ----------
    .. [1] JCGM 100:2008, Evaluation of measurement data: Guide to the expression of uncertainty in measurement.
    .. [2] M. M. Adibi, K. A. Clements, R. J. Kafka, J. P. Stovall, "Remote measurement calibration", IEEE Computer
       Applications in Power 3(4), 1990.
    .. [3] D. T. Gillespie, "Exact numerical simulation of the Ornstein-Uhlenbeck process and its integral", Physical
       Review E 54(2), 1996, pp. 2084-2091.
    """

    noise: bool = True
    bias_share: float = 0.3
    drift_share: float = 0.3
    drift_time_constant_s: float = 3 * 86400.0
    resolution_bits: int | None = 14
    range_percent: float | None = 200.0

    def __post_init__(self) -> None:
        require_number("bias_share", self.bias_share, at_least=0.0, at_most=1.0)
        require_number("drift_share", self.drift_share, at_least=0.0, at_most=1.0)
        require_number("drift_time_constant_s", self.drift_time_constant_s, above=0.0)
        if self.systematic_variance > 1.0:
            raise InvalidParameterError(
                f"bias_share {self.bias_share:g} and drift_share {self.drift_share:g} leave nothing of the meters' "
                "variance: 3 bias_share^2 + drift_share^2 is at most 1; lower one of them."
            )
        if self.resolution_bits is not None:
            require_number("resolution_bits", self.resolution_bits, at_least=1, at_most=52)
        if self.range_percent is not None:
            require_number("range_percent", self.range_percent, at_least=100.0)

    @property
    def systematic_variance(self) -> float:
        """Variance of bias and drift over that of the whole error. [-]"""
        # Uniform within a: a^2 / 3, and the limit of error is three standard deviations.
        return (STD_DEVS_IN_LIMIT * self.bias_share) ** 2 / 3 + self.drift_share**2

    @classmethod
    def ideal(cls) -> MeterSettings:
        """Meters that read the truth."""
        return cls(noise=False, bias_share=0.0, drift_share=0.0, resolution_bits=None, range_percent=None)


class InstrumentErrors:
    """The error of every channel at one time after the other.

    Parameters
    ----------
    std_dev
        (n_channel,) Standard deviation of a channel's whole error. [unit of the value]
    settings
        How the error is shared between bias, drift and noise.
    installation
        The stream that the biases are drawn from: the same for the same meters on every day.
    random
        The stream that drift and noise are drawn from.
    """

    def __init__(
        self,
        std_dev: NDArray[np.float64],
        settings: MeterSettings,
        installation: np.random.Generator,
        random: np.random.Generator,
    ) -> None:
        self._random = random
        limit = STD_DEVS_IN_LIMIT * std_dev
        self._bias = settings.bias_share * limit * installation.uniform(-1.0, 1.0, std_dev.size)
        self._drift_std_dev = settings.drift_share * std_dev
        self._drift_time_constant_s = settings.drift_time_constant_s
        self._noise_std_dev = float(settings.noise) * sqrt(1.0 - settings.systematic_variance) * std_dev
        # Where a drift is at the start nobody knows: anywhere in its stationary distribution.
        self._drift = self._drift_std_dev * self._random.standard_normal(std_dev.size)
        self._seconds = 0.0

    def at(self, seconds: float) -> NDArray[np.float64]:
        """The errors at `seconds`, never less than in the call before. (n_channel,)

        Draws for all channels every time, so that what happens on one never shifts another's.
        """
        kept = exp(-(seconds - self._seconds) / self._drift_time_constant_s)
        self._seconds = seconds
        wander, noise = self._random.standard_normal((2, self._bias.size))
        self._drift = kept * self._drift + sqrt(1.0 - kept**2) * self._drift_std_dev * wander
        return self._bias + self._drift + self._noise_std_dev * noise
