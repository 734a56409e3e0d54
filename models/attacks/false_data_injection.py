"""False data injection without knowledge of the network: an error is put on what the meters sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.attacks.base import AttackParameters, ChannelAttack, ChannelAttackParameters
from models.attacks.size import require_one_size, size_of, size_text
from models.attacks.surface import AttackSurface
from models.parameters import require_number
from models.telemetry.quality import Telemetry


@dataclass(frozen=True, kw_only=True)
class BiasParameters(ChannelAttackParameters):
    """How large the injected error is: `bias` or `bias_sigma`, one of the two.

    Attributes
    ----------
    bias
        Added to every target. [unit of the channel]
    bias_sigma
        Added to every target, in multiples of its meter's standard deviation. [-]
    ramp_s
        Time over which the error grows linearly from 0 to its full size; 0 is a jump. [s]
    """

    bias: float | None = None
    bias_sigma: float | None = None
    ramp_s: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("ramp_s", self.ramp_s, at_least=0.0)
        require_one_size(self, "bias")


class FalseDataInjection(ChannelAttack[BiasParameters]):
    """Biased false data injection on chosen meters: the control room gets z + a instead of z.

    The attack vector a is constant after its ramp and ignorant of the network, so unlike the stealthy a = Hc of [1]_,
    it leaves residuals; timestamps and quality flags stay as they were. A missing value stays missing.

    References
    ----------
    .. [1] Y. Liu, P. Ning, M. K. Reiter, "False data injection attacks against state estimation in electric power
       grids", ACM Transactions on Information and System Security 14(1), article 13, 2011, section 3.
    """

    family = "bias"
    Parameters: ClassVar[type[AttackParameters]] = BiasParameters

    def __init__(self, parameters: BiasParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._attack_vector = size_of(parameters, "bias", surface, self.targets)

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        error = self.grown(seconds, self.parameters.ramp_s) * self._attack_vector
        return self.with_values(telemetry, telemetry.value[self.targets] + error)

    def description(self) -> str:
        return f"bias of {size_text(self.parameters, 'bias')}"


@dataclass(frozen=True, kw_only=True)
class RampParameters(ChannelAttackParameters):
    """How fast the injected error grows: `slope` or `slope_sigma`, one of the two.

    Attributes
    ----------
    slope
        Growth of the error in an hour. [unit of the channel/h]
    slope_sigma
        The same in multiples of the meter's standard deviation. [1/h]
    """

    slope: float | None = None
    slope_sigma: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_one_size(self, "slope")


class Ramp(ChannelAttack[RampParameters]):
    """Ramp attack: an error that grows from nothing to the end of the window, slowly enough to pass for a load.

    Detectors of sudden change never see one; the tests of the residuals do once it has grown beyond the noise [1]_.

    References
    ----------
    .. [1] S. Sridhar, M. Govindarasu, "Model-based attack detection and mitigation for automatic generation control",
       IEEE Transactions on Smart Grid 5(2), 2014: ramp, scaling, pulse and random attacks.
    """

    family = "ramp"
    Parameters: ClassVar[type[AttackParameters]] = RampParameters

    def __init__(self, parameters: RampParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._slope = size_of(parameters, "slope", surface, self.targets)

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        hours = (seconds - self.parameters.start_s) / 3600.0
        return self.with_values(telemetry, telemetry.value[self.targets] + hours * self._slope)

    def description(self) -> str:
        return f"ramp of {size_text(self.parameters, 'slope')} an hour"


@dataclass(frozen=True, kw_only=True)
class ScalingParameters(ChannelAttackParameters):
    """By how much the values are multiplied.

    Attributes
    ----------
    factor
        Forged over true value. [-]
    """

    factor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("factor", self.factor)


class Scaling(ChannelAttack[ScalingParameters]):
    """Scaling attack: the control room gets a multiple of what was measured [1]_.

    References
    ----------
    .. [1] S. Sridhar, M. Govindarasu, "Model-based attack detection and mitigation for automatic generation control",
       IEEE Transactions on Smart Grid 5(2), 2014: ramp, scaling, pulse and random attacks.
    """

    family = "scaling"
    Parameters: ClassVar[type[AttackParameters]] = ScalingParameters

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        return self.with_values(telemetry, self.parameters.factor * telemetry.value[self.targets])

    def description(self) -> str:
        return f"scaling by {self.parameters.factor:g}"


@dataclass(frozen=True, kw_only=True)
class NoiseParameters(ChannelAttackParameters):
    """Standard deviation of the injected noise: `noise` or `noise_sigma`, one of the two.

    Attributes
    ----------
    noise
        Of every target. [unit of the channel]
    noise_sigma
        In multiples of the meter's own standard deviation. [-]
    """

    noise: float | None = None
    noise_sigma: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_one_size(self, "noise", above=0.0)


class NoiseInflation(ChannelAttack[NoiseParameters]):
    """Random attack: Gaussian noise beside the meter's own, anew at every step, right on average [1]_.

    References
    ----------
    .. [1] S. Sridhar, M. Govindarasu, "Model-based attack detection and mitigation for automatic generation control",
       IEEE Transactions on Smart Grid 5(2), 2014: ramp, scaling, pulse and random attacks.
    """

    family = "noise"
    Parameters: ClassVar[type[AttackParameters]] = NoiseParameters

    def __init__(self, parameters: NoiseParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._random = random
        self._noise = size_of(parameters, "noise", surface, self.targets)

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        noise = self._noise * self._random.standard_normal(len(self.targets))
        return self.with_values(telemetry, telemetry.value[self.targets] + noise)

    def description(self) -> str:
        return f"noise of {size_text(self.parameters, 'noise').removeprefix('+')}"
