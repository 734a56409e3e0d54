"""False data injection: an error vector added to what the meters sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from models.attacks.base import Attack, AttackParameters
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number
from models.telemetry.quality import Telemetry


@dataclass(frozen=True, kw_only=True)
class BiasParameters(AttackParameters):
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
        if (self.bias is None) == (self.bias_sigma is None):
            raise InvalidParameterError(
                f"a bias is given as bias or as bias_sigma: one of the two, got {self.bias} and {self.bias_sigma}."
            )
        name = "bias" if self.bias_sigma is None else "bias_sigma"
        require_number(name, getattr(self, name))


class FalseDataInjection(Attack[BiasParameters]):
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
        if parameters.bias_sigma is None:
            self._attack_vector = np.full(len(self.targets), parameters.bias)
        elif surface.std_dev.size:
            self._attack_vector = parameters.bias_sigma * surface.std_dev[self.targets]
        else:
            raise InvalidParameterError(
                "bias_sigma needs the meters' standard deviations; give std_dev, one entry a channel, or use bias."
            )

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        value = telemetry.value.copy()
        value[self.targets] += self._ramp(seconds) * self._attack_vector
        return replace(telemetry, value=value)

    def _ramp(self, seconds: float) -> float:
        elapsed_s = seconds - self.parameters.start_s
        return 1.0 if elapsed_s >= self.parameters.ramp_s else elapsed_s / self.parameters.ramp_s

    def description(self) -> str:
        if self.parameters.bias is not None:
            return f"bias of {self.parameters.bias:+g}"
        return f"bias of {self.parameters.bias_sigma:+g} standard deviations"
