"""Voltage regulator (IEEE device 90) of a transformer with an on-load tap changer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.errors import InvalidParameterError
from models.parameters import require_number

# Where a potential transformer may sit: from a phase to neutral, or from one phase to another.
POTENTIAL_TRANSFORMER_PHASES = ("", "a", "b", "c", "ab", "bc", "ca", "ba", "cb", "ac")

# What of a deviation one operation of several taps makes up for: what others do at the same time may do the rest.
SHARE_OF_DEVIATION = 0.7


@dataclass(frozen=True, kw_only=True)
class VoltageRegulatorSettings:
    """Settings of one regulator.

    Attributes
    ----------
    trafo
        pandapower index of the transformer whose taps it moves.
    controlled_bus
        pandapower index of the bus whose voltage it measures.
    tap_min, tap_max
        Ends of the tap changer. [-]
    raise_direction
        Direction of `tap_pos` that raises the controlled voltage, +1 or -1; see `raise_direction`. [-]
    vm_set_pu
        Set point. [pu]
    bandwidth_pu
        Full width of the band around the set point in which it does nothing. [pu]
    delay_s
        Time outside of the band before the first tap. [s]
    inter_tap_delay_s
        Time from one tap to the next in the same sequence. [s]
    line_drop_r_pu, line_drop_x_pu
        Resistance and reactance of line-drop compensation, per unit of `line_drop_base_mva`; None for none. [pu]
    line_drop_base_mva
        Power that line-drop compensation takes as 1 pu of current; the transformer's rating by custom. [MVA]
    undervoltage_block_pu
        Below this voltage the regulator blocks: a collapsed voltage is no reason to tap. [pu]
    tap_step_percent
        Voltage change of one tap; where known, a band narrower than a tap is refused, for it hunts. [%]
    max_taps_per_operation
        Most taps that one operation moves. A relay moves one at a time. More let a quasi-static study arrive in a few
        operations: each moves 70 % of the taps that the deviation is worth (rounded, then down to whole taps), at least
        one, as OpenDSS does in static mode with 16 [1]_. [-]
    phases
        Where the regulator's own potential transformer sits: a phase ("a"), two phases ("ab", the voltage from a to b),
        or "" for a regulator that is ganged over all phases.

    References
    ----------
    .. [1] EPRI, "OpenDSS Manual", RegControl, property MaxTapChange.
    """

    trafo: int
    controlled_bus: int
    tap_min: int
    tap_max: int
    raise_direction: int = -1
    vm_set_pu: float = 1.0
    bandwidth_pu: float = 0.02
    delay_s: float = 30.0
    inter_tap_delay_s: float = 5.0
    line_drop_r_pu: float | None = None
    line_drop_x_pu: float | None = None
    line_drop_base_mva: float | None = None
    undervoltage_block_pu: float = 0.8
    tap_step_percent: float | None = None
    max_taps_per_operation: int = 1
    phases: str = ""

    def __post_init__(self) -> None:
        require_number("vm_set_pu", self.vm_set_pu, above=0.0)
        require_number("bandwidth_pu", self.bandwidth_pu, above=0.0)
        require_number("delay_s", self.delay_s, at_least=0.0)
        require_number("inter_tap_delay_s", self.inter_tap_delay_s, at_least=0.0)
        require_number("undervoltage_block_pu", self.undervoltage_block_pu, at_least=0.0, at_most=self.vm_set_pu)
        if self.raise_direction not in (1, -1):
            raise InvalidParameterError(f"raise_direction must be 1 or -1, got {self.raise_direction!r}.")
        if self.tap_min > self.tap_max:
            raise InvalidParameterError(f"tap_min {self.tap_min} must not exceed tap_max {self.tap_max}.")
        if self.phases not in POTENTIAL_TRANSFORMER_PHASES:
            expected = ", ".join(repr(phases) for phases in POTENTIAL_TRANSFORMER_PHASES)
            raise InvalidParameterError(f"phases must be one of {expected}, got {self.phases!r}.")
        self._check_tap_step()
        self._check_taps_per_operation()
        self._check_line_drop()

    def _check_tap_step(self) -> None:
        if self.tap_step_percent is not None and abs(self.tap_step_percent) / 100 > self.bandwidth_pu:
            raise InvalidParameterError(
                f"bandwidth_pu {self.bandwidth_pu:g} is narrower than one tap of {self.tap_step_percent:g} %, "
                "so that the regulator would hunt; widen it to a tap and more."
            )

    def _check_taps_per_operation(self) -> None:
        require_number("max_taps_per_operation", self.max_taps_per_operation, at_least=1)
        if self.max_taps_per_operation > 1 and not self.tap_step_percent:
            raise InvalidParameterError(
                f"max_taps_per_operation {self.max_taps_per_operation} needs tap_step_percent, "
                "to know how many taps a deviation is worth."
            )

    def _check_line_drop(self) -> None:
        for name in ("line_drop_r_pu", "line_drop_x_pu"):
            if getattr(self, name) is not None:
                require_number(name, getattr(self, name))
        if self.compensates_line_drop and self.line_drop_base_mva is None:
            raise InvalidParameterError("line-drop compensation needs line_drop_base_mva, such as the rated MVA.")
        if self.line_drop_base_mva is not None:
            require_number("line_drop_base_mva", self.line_drop_base_mva, above=0.0)

    @property
    def compensates_line_drop(self) -> bool:
        """Whether the load's voltage drop counts."""
        return self.line_drop_r_pu is not None or self.line_drop_x_pu is not None


def raise_direction(tap_side: str, tap_step_percent: float = 1.0) -> int:
    """Direction of pandapower's `tap_pos` that raises the low-voltage side's voltage: +1 or -1.

    A higher `tap_pos` raises the rated voltage of the winding with the taps (for a positive `tap_step_percent`): on the
    high-voltage side this lowers the voltage at the low-voltage side, there it raises it.

    Raises
    ------
    InvalidParameterError
    """
    if tap_side not in ("hv", "lv"):
        raise InvalidParameterError(f"tap_side must be 'hv' or 'lv', got {tap_side!r}; a fixed ratio has no regulator.")
    return (-1 if tap_side == "hv" else 1) * (-1 if tap_step_percent < 0 else 1)


def compensated_voltage(vm_pu: float, p_mw: float, q_mvar: float, r_pu: float, x_pu: float, base_mva: float) -> float:
    """Voltage at the load centre as line-drop compensation reckons it: \\|V - (R + jX) I\\|. [pu]

    Parameters
    ----------
    vm_pu
        Voltage where the regulator measures. [pu]
    p_mw, q_mvar
        Power that flows from there into the feeder. [MW, Mvar]
    r_pu, x_pu
        Impedance to the load centre, per unit of `base_mva`. [pu]

    References
    ----------
    .. [1] W. H. Kersting, "Distribution System Modeling and Analysis", 3rd ed., CRC Press, 2012, section 7.4.
    """
    # The measured voltage is the reference of the angle, so that I = (S / V)* has V real.
    current_pu = (p_mw - 1j * q_mvar) / (vm_pu * base_mva)
    return abs(vm_pu - (r_pu + 1j * x_pu) * current_pu)


class VoltageRegulator:
    """Keeps a voltage inside its band by a definite time delay [1]_.

    The delay starts when the voltage leaves the band and starts anew whenever it comes back inside or changes sides
    (a timer that resets at once, not one that integrates). When it has passed, the regulator taps; while the voltage
    stays outside, the next operation follows after the inter-tap delay. At most one operation falls to a look, because
    its effect shows in the next one; who looks more seldom than the delays stretches them.

    With no voltage (NaN), no flow where line-drop compensation needs it, or undervoltage, the regulator blocks: it
    keeps its tap and its delay starts anew.

    Parameters
    ----------
    settings
        Its settings.
    tap_pos
        Tap at the start. [-]

    Attributes
    ----------
    tap_pos
        Present tap. [-]
    operations
        Taps done so far. [-]
    blocked
        Whether it blocked at the last step.
    due_s
        When it will tap unless the voltage comes back before, since the scenario's start; None while it is content or
        at the end of its range. [s]

    Raises
    ------
    InvalidParameterError
        If the first tap is outside the tap changer's range.

    References
    ----------
    .. [1] IEEE Std C57.15-2017 / IEC 60076-21, step-voltage regulators, clause on control systems.
    """

    def __init__(self, settings: VoltageRegulatorSettings, tap_pos: int) -> None:
        if not settings.tap_min <= tap_pos <= settings.tap_max:
            raise InvalidParameterError(
                f"trafo {settings.trafo} starts at tap {tap_pos}, outside of its range "
                f"{settings.tap_min} to {settings.tap_max}."
            )
        self.settings = settings
        self.tap_pos = int(tap_pos)
        self.operations = 0
        self.blocked = False
        self.due_s: float | None = None
        self._side = 0

    def step(self, seconds: float, vm_pu: float, p_mw: float = 0.0, q_mvar: float = 0.0) -> int:
        """The tap after looking at the voltage at `seconds`. [-]

        Parameters
        ----------
        seconds
            Since the scenario's start. [s]
        vm_pu
            Voltage of the controlled bus; NaN if unknown. [pu]
        p_mw, q_mvar
            Power that flows from the transformer into the feeder; only line-drop compensation looks at it. [MW, Mvar]
        """
        deviation_pu = self._regulated_voltage(vm_pu, p_mw, q_mvar) - self.settings.vm_set_pu
        self.blocked = not (vm_pu >= self.settings.undervoltage_block_pu) or bool(np.isnan(deviation_pu))
        self._watch_the_band(seconds, 0 if self.blocked else self._side_of_band(deviation_pu))
        if self.due_s is not None and seconds >= self.due_s:
            self._operate(seconds, deviation_pu)
        return self.tap_pos

    def _regulated_voltage(self, vm_pu: float, p_mw: float, q_mvar: float) -> float:
        if not self.settings.compensates_line_drop or not vm_pu > 0:
            return vm_pu
        return compensated_voltage(
            vm_pu,
            p_mw,
            q_mvar,
            self.settings.line_drop_r_pu or 0.0,
            self.settings.line_drop_x_pu or 0.0,
            self.settings.line_drop_base_mva or 1.0,
        )

    def _side_of_band(self, deviation_pu: float) -> int:
        """-1 below the band, 0 inside, +1 above."""
        return 0 if abs(deviation_pu) <= self.settings.bandwidth_pu / 2 else int(np.sign(deviation_pu))

    def _watch_the_band(self, seconds: float, side: int) -> None:
        """Start the delay when the voltage leaves the band to a side, stop it when the voltage is back."""
        if side != self._side:
            self._side = side
            self.due_s = seconds + self.settings.delay_s if side else None

    def _operate(self, seconds: float, deviation_pu: float) -> None:
        """Tap against the deviation, as far as the tap changer goes."""
        wanted = self.tap_pos - self._side * self.settings.raise_direction * self._taps_worth(deviation_pu)
        reached = min(max(wanted, self.settings.tap_min), self.settings.tap_max)
        self.due_s = seconds + self.settings.inter_tap_delay_s if reached != self.tap_pos else None
        self.operations += abs(reached - self.tap_pos)
        self.tap_pos = reached

    def _taps_worth(self, deviation_pu: float) -> int:
        """How many taps one operation moves."""
        if self.settings.max_taps_per_operation == 1 or not self.settings.tap_step_percent:
            return 1
        taps = round(abs(deviation_pu) / (abs(self.settings.tap_step_percent) / 100))
        return min(max(int(SHARE_OF_DEVIATION * taps), 1), self.settings.max_taps_per_operation)
