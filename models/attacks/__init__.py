"""Attacks on telemetry, commands and plant, and faults of instruments, by family."""

from models.attacks.base import Attack
from models.attacks.breaker_state import ForgedBreakerState
from models.attacks.commands import ForgedBreakerCommand, ForgedSetPoint, ForgedTapCommand
from models.attacks.denial import Denial
from models.attacks.false_data_injection import FalseDataInjection, NoiseInflation, Ramp, Scaling
from models.attacks.replay import Replay
from models.attacks.sensor_faults import Drift, Spikes, Stuck, SwappedChannels, WrongGain, WrongSign
from models.attacks.source_voltage import VoltageSag, VoltageSurge
from models.attacks.stealthy import StealthyInjection
from models.attacks.theft import Theft
from models.attacks.timing import Delay, Jitter

FAMILIES: tuple[type[Attack], ...] = (
    FalseDataInjection,
    Scaling,
    Ramp,
    NoiseInflation,
    StealthyInjection,
    Replay,
    Denial,
    Delay,
    Jitter,
    Stuck,
    Drift,
    Spikes,
    WrongGain,
    WrongSign,
    SwappedChannels,
    Theft,
    ForgedBreakerState,
    VoltageSurge,
    VoltageSag,
    ForgedTapCommand,
    ForgedBreakerCommand,
    ForgedSetPoint,
)
ATTACKS: dict[str, type[Attack]] = {attack.family: attack for attack in FAMILIES}
