"""Attacks on the telemetry, by family."""

from models.attacks.base import Attack
from models.attacks.denial import Denial
from models.attacks.false_data_injection import FalseDataInjection

ATTACKS: dict[str, type[Attack]] = {
    "bias": FalseDataInjection,
    "denial": Denial,
}
