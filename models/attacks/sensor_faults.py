"""Sensor faults: instruments that read wrong by themselves, with nobody's intent behind it.

The kinds are those of [1]_ (bias is `false_data_injection.FalseDataInjection`, excess noise its `NoiseInflation`) and
the wiring errors of instrument transformers.

References
----------
.. [1] E. Balaban, A. Saxena, P. Bansal, K. F. Goebel, S. Curran, "Modeling, detection, and disambiguation of sensor
   faults for aerospace applications", IEEE Sensors Journal 9(12), 2009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.attacks.base import AttackParameters, ChannelAttack, ChannelAttackParameters
from models.attacks.size import require_one_size, size_of, size_text
from models.attacks.surface import AttackSurface
from models.errors import InvalidParameterError
from models.parameters import require_number
from models.telemetry.quality import Telemetry

SIGNED = ("p", "q", "va")
"""Quantities that have a direction."""


@dataclass(frozen=True, kw_only=True)
class StuckParameters(ChannelAttackParameters):
    """Where the instrument sticks.

    Attributes
    ----------
    at
        What it reads from then on. [unit of the channel]
    """

    at: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("at", self.at)


class Stuck(ChannelAttack[StuckParameters]):
    """A broken instrument that reads one value, such as 0 after a blown fuse of its voltage transformer [1]_.

    One that stays at its last value is `denial.Denial` with the mode "frozen".

    References
    ----------
    .. [1] E. Balaban et al., "Modeling, detection, and disambiguation of sensor faults for aerospace applications",
       IEEE Sensors Journal 9(12), 2009: hard fault.
    """

    family = "stuck"
    Parameters: ClassVar[type[AttackParameters]] = StuckParameters

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        return self.with_values(telemetry, np.full(len(self.targets), self.parameters.at))

    def description(self) -> str:
        return f"stuck at {self.parameters.at:g}"


@dataclass(frozen=True, kw_only=True)
class DriftParameters(ChannelAttackParameters):
    """How far the instrument wanders: `drift` or `drift_sigma`, one of the two.

    Attributes
    ----------
    drift
        Standard deviation of the error after an hour. [unit of the channel]
    drift_sigma
        The same in multiples of the meter's standard deviation. [-]
    """

    drift: float | None = None
    drift_sigma: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_one_size(self, "drift", above=0.0)


class Drift(ChannelAttack[DriftParameters]):
    """An ageing instrument whose error is a random walk [1]_; after t hours it is sqrt(t) times that after one.

    References
    ----------
    .. [1] E. Balaban et al., "Modeling, detection, and disambiguation of sensor faults for aerospace applications",
       IEEE Sensors Journal 9(12), 2009: drift.
    """

    family = "drift"
    Parameters: ClassVar[type[AttackParameters]] = DriftParameters

    def __init__(self, parameters: DriftParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._random = random
        self._drift = size_of(parameters, "drift", surface, self.targets)
        self._error = np.zeros(len(self.targets))
        self._last_s = parameters.start_s

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        hours = (seconds - self._last_s) / 3600.0
        self._error += self._drift * np.sqrt(hours) * self._random.standard_normal(len(self.targets))
        self._last_s = seconds
        return self.with_values(telemetry, telemetry.value[self.targets] + self._error)

    def description(self) -> str:
        return f"drift of {size_text(self.parameters, 'drift').removeprefix('+')} in an hour"


@dataclass(frozen=True, kw_only=True)
class SpikeParameters(ChannelAttackParameters):
    """How high the spikes are (`height` or `height_sigma`, one of the two) and how many.

    Attributes
    ----------
    height
        Added while a spike lasts, upwards or downwards by lot. [unit of the channel]
    height_sigma
        The same in multiples of the meter's standard deviation. [-]
    probability
        That a reading is one, for each target by itself. [-]
    """

    height: float | None = None
    height_sigma: float | None = None
    probability: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        require_one_size(self, "height", above=0.0)
        require_number("probability", self.probability, above=0.0, at_most=1.0)


class Spikes(ChannelAttack[SpikeParameters]):
    """A loose contact: single readings far off, all others right [1]_.

    References
    ----------
    .. [1] K. Ni et al., "Sensor network data fault types", ACM Transactions on Sensor Networks 5(3), article 25, 2009:
       spike.
    """

    family = "spike"
    Parameters: ClassVar[type[AttackParameters]] = SpikeParameters

    def __init__(self, parameters: SpikeParameters, surface: AttackSurface, random: np.random.Generator) -> None:
        super().__init__(parameters, surface, random)
        self._random = random
        self._height = size_of(parameters, "height", surface, self.targets)

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        luck, direction = self._random.random((2, len(self.targets)))
        spike = np.where(luck < self.parameters.probability, np.where(direction < 0.5, -1.0, 1.0) * self._height, 0.0)
        return self.with_values(telemetry, telemetry.value[self.targets] + spike)

    def description(self) -> str:
        return f"spikes of {size_text(self.parameters, 'height').removeprefix('+')}"


@dataclass(frozen=True, kw_only=True)
class GainParameters(ChannelAttackParameters):
    """How wrong the ratio of the instrument transformer is.

    Attributes
    ----------
    ratio_error_percent
        Reading less true value, over true value. [percent]
    """

    ratio_error_percent: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("ratio_error_percent", self.ratio_error_percent, above=-100.0)


class WrongGain(ChannelAttack[GainParameters]):
    """An instrument transformer with a ratio error: too much burden, or entered with another ratio than it has [1]_.

    References
    ----------
    .. [1] IEC 61869-1:2007, clause 3.4.3: ratio error.
    """

    family = "gain"
    Parameters: ClassVar[type[AttackParameters]] = GainParameters

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        gain = 1.0 + self.parameters.ratio_error_percent / 100.0
        return self.with_values(telemetry, gain * telemetry.value[self.targets])

    def description(self) -> str:
        return f"ratio error of {self.parameters.ratio_error_percent:+g} %"


class WrongSign(ChannelAttack[ChannelAttackParameters]):
    """A current transformer connected the wrong way round: power flows backwards to all who look [1]_.

    References
    ----------
    .. [1] A. Abur, A. Gomez-Exposito, "Power System State Estimation", Marcel Dekker, 2004, chapter 5: wrong
       connections among the gross errors.
    """

    family = "wrong_sign"
    Parameters: ClassVar[type[AttackParameters]] = ChannelAttackParameters

    def __init__(
        self, parameters: ChannelAttackParameters, surface: AttackSurface, random: np.random.Generator
    ) -> None:
        super().__init__(parameters, surface, random)
        self.require_type(SIGNED, f"has no sign to be wrong; take channels of {', '.join(SIGNED)}.")

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        return self.with_values(telemetry, -telemetry.value[self.targets])

    def description(self) -> str:
        return "wrong sign"


class SwappedChannels(ChannelAttack[ChannelAttackParameters]):
    """Interchanged wires: every target reports what the next one measures, and the last one what the first does.

    Where channels measure phases, the targets are those of one bus, and this is the rolled phase rotation of [1]_.

    References
    ----------
    .. [1] V. Arya et al., "Phase identification in smart grids", IEEE SmartGridComm, 2011: meters recorded under
       another phase than they are connected to.
    """

    family = "wrong_phase"
    Parameters: ClassVar[type[AttackParameters]] = ChannelAttackParameters

    def __init__(
        self, parameters: ChannelAttackParameters, surface: AttackSurface, random: np.random.Generator
    ) -> None:
        super().__init__(parameters, surface, random)
        kinds = {surface.of_type(position) for position in self.targets}
        if len(self.targets) < 2 or len(kinds) > 1:
            raise InvalidParameterError(
                f"channels are interchanged among two or more of one type, got {', '.join(self.target_names)}."
            )

    def forge(self, seconds: float, telemetry: Telemetry) -> Telemetry:
        source = np.arange(len(telemetry.value))
        source[self.targets] = np.roll(self.targets, -1)
        return Telemetry(telemetry.value[source], telemetry.timestamp_s[source], telemetry.quality[source])

    def description(self) -> str:
        return "interchanged wires"
