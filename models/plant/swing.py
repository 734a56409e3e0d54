"""Rotor and frequency dynamics: the swing equation of a classical machine, seen from a feeder in two ways.

2 H / w0 * dw/dt = Pm - Pe - D * (w - w0) / w0,    d(delta)/dt = w - w0    (powers in per unit of the rating)

`SupplyArea` is the equivalent machine of the area that supplies the feeder: the feeder sees its frequency.
`HostedMachine` is a machine in the feeder: a constant EMF behind its transient reactance, swinging against the network.
Between two steps a machine keeps the network it was told of last.
"""

import cmath
from dataclasses import dataclass
from math import degrees, isfinite, pi, radians

from models.parameters import require_number
from models.plant.rotor import Machine, PowerAngleCurve, RotorState

# Error of one inner step [rad]: 0.003 degree after a minute of undamped swinging.
TOLERANCE = 1e-7


class SwingModel:
    """What both views share: a rotor that turns under mechanical and electrical power.

    Attributes
    ----------
    machine
        Constants of the machine.
    state
        Rotor angle, speed deviation and governor power.
    curve
        Electrical power against rotor angle, as the network stood in the last step.
    p_lost_pu
        Mechanical power taken away in the last step. [pu of the machine's rating]
    """

    def __init__(self, machine: Machine, curve: PowerAngleCurve, angle_rad: float, p_mechanical_pu: float) -> None:
        self.machine = machine
        self.curve = curve
        self.p_lost_pu = 0.0
        self.state = RotorState(angle_rad, 0.0, p_mechanical_pu)
        self._dynamics = machine.dynamics(p_mechanical_pu)

    @property
    def speed_pu(self) -> float:
        """Speed over nominal speed. [pu]"""
        return 1 + self.state.speed_deviation_pu

    @property
    def frequency_hz(self) -> float:
        """Frequency of the EMF. [Hz]"""
        return self.machine.nominal_hz * self.speed_pu

    @property
    def rotor_angle_degree(self) -> float:
        """Rotor angle ahead of a frame that turns at nominal frequency; it is not wrapped. [degree]"""
        return degrees(self.state.angle_rad)

    @property
    def p_mechanical_mw(self) -> float:
        """Mechanical power. [MW]"""
        return (self.state.p_mechanical_pu - self.p_lost_pu) * self.machine.rated_mva

    @property
    def p_electrical_mw(self) -> float:
        """Electrical power at the present angle on the network of the last step, without damping. [MW]"""
        from models.plant.swing_kernel import electrical_power

        return electrical_power(self.state.angle_rad, self.curve) * self.machine.rated_mva

    def _turn(self, seconds: float) -> None:
        """Integrate the rotor over `seconds` on the present curve."""
        from models.plant.swing_kernel import integrate

        require_number("seconds", seconds, at_least=0.0)
        self.state = integrate(self.state, float(seconds), self._dynamics, self.curve, self.p_lost_pu, TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class AreaStart:
    """How a supply area starts.

    Attributes
    ----------
    base_load_mw
        Load of the whole area, feeder included; generation balances it. [MW]
    vm_pu
        Voltage at which the area holds the feeder's slack. [pu]
    """

    base_load_mw: float = 60.0
    vm_pu: float = 1.0

    def __post_init__(self) -> None:
        require_number("base_load_mw", self.base_load_mw, at_least=0.0)
        require_number("vm_pu", self.vm_pu, above=0.0)


class SupplyArea(SwingModel):
    """The area that supplies the feeder, as one equivalent machine: the feeder sees only its frequency.

    Electrical power is the area's load plus what the feeder changed since the start; network angles turn with the
    area, so its slack keeps its voltage. Units that trip take their power with them; their inertia stays, as H is the
    area's.

    Parameters
    ----------
    machine
        Constants of the equivalent machine.
    start
        Load and voltage at the start.
    """

    def __init__(self, machine: Machine, start: AreaStart) -> None:
        p_base_pu = start.base_load_mw / machine.rated_mva
        super().__init__(machine, PowerAngleCurve(p_base_pu), angle_rad=0.0, p_mechanical_pu=p_base_pu)
        self.start = start
        self._feeder_start_mw: float | None = None
        self._feeder_change_mw = 0.0

    @property
    def emf_vm_pu(self) -> float:
        """Voltage of the feeder's slack: constant. [pu]"""
        return self.start.vm_pu

    @property
    def emf_va_degree(self) -> float:
        """Angle of the feeder's slack: zero, the whole network turns with the area. [degree]"""
        return 0.0

    def step(
        self,
        seconds: float,
        feeder_p_mw: float | None = None,
        load_step_mw: float = 0.0,
        generation_trip_mw: float = 0.0,
    ) -> None:
        """Advance by `seconds` with everything held.

        Parameters
        ----------
        seconds
            How long. [s]
        feeder_p_mw
            What the feeder draws from the area; the first value told counts as part of the base load. None or NaN (its
            power flow had no solution) keeps the last. [MW]
        load_step_mw
            Load elsewhere in the area on top of the base load. [MW]
        generation_trip_mw
            Mechanical power of the units that are lost. [MW]
        """
        if feeder_p_mw is not None and isfinite(feeder_p_mw):
            if self._feeder_start_mw is None:
                self._feeder_start_mw = feeder_p_mw
            self._feeder_change_mw = feeder_p_mw - self._feeder_start_mw
        require_number("load_step_mw", load_step_mw)
        require_number("generation_trip_mw", generation_trip_mw)
        load_mw = self.start.base_load_mw + self._feeder_change_mw + load_step_mw
        self.curve = PowerAngleCurve(load_mw / self.machine.rated_mva)
        self.p_lost_pu = generation_trip_mw / self.machine.rated_mva
        self._turn(seconds)


@dataclass(frozen=True, kw_only=True)
class TerminalStart:
    """How a hosted machine starts, and what lies behind its terminal.

    Attributes
    ----------
    transient_reactance_pu
        X'd on the machine's rating. [pu]
    p_mw, q_mvar
        Delivered at the terminal, generation positive. [MW, Mvar]
    vm_pu, va_degree
        Terminal voltage, angle in the network's frame. [pu, degree]
    thevenin_r_pu, thevenin_x_pu
        Network impedance seen from the terminal, on `network_mva`; zero is an infinite bus. [pu]
    network_mva
        Base of the network's impedances, pandapower's ``sn_mva``; None is the machine's rating. [MVA]
    """

    transient_reactance_pu: float
    p_mw: float
    q_mvar: float
    vm_pu: float = 1.0
    va_degree: float = 0.0
    thevenin_r_pu: float = 0.0
    thevenin_x_pu: float = 0.0
    network_mva: float | None = None

    def __post_init__(self) -> None:
        require_number("transient_reactance_pu", self.transient_reactance_pu, above=0.0)
        require_number("vm_pu", self.vm_pu, above=0.0)
        for name in ("p_mw", "q_mvar", "va_degree", "thevenin_r_pu", "thevenin_x_pu"):
            require_number(name, getattr(self, name))
        if self.network_mva is not None:
            require_number("network_mva", self.network_mva, above=0.0)


class HostedMachine(SwingModel):
    """A machine in the feeder: a constant EMF behind its transient reactance, swinging against the network.

    Within a step the network at the terminal is its Thevenin equivalent, so Pe against the angle is exact for a linear
    network. The machine's per unit is its rating; the network's, `network_mva`; both on the terminal's rated voltage.

    Parameters
    ----------
    machine
        Constants of the machine.
    start
        X'd, and the terminal at the start.

    References
    ----------
    .. [1] P. Kundur, "Power System Stability and Control", 1994, section 13.1 (classical model, one machine).
    """

    def __init__(self, machine: Machine, start: TerminalStart) -> None:
        self.start = start
        self._network_to_machine = machine.rated_mva / (start.network_mva or machine.rated_mva)
        self._z_pu = self._network_to_machine * complex(start.thevenin_r_pu, start.thevenin_x_pu)

        v_terminal = cmath.rect(start.vm_pu, radians(start.va_degree))
        current = (complex(start.p_mw, start.q_mvar) / machine.rated_mva / v_terminal).conjugate()
        emf = v_terminal + 1j * start.transient_reactance_pu * current
        self.emf_vm_pu = abs(emf)
        self._v_thevenin = v_terminal - self._z_pu * current
        p_start_pu = start.p_mw / machine.rated_mva
        super().__init__(machine, self._power_angle_curve(), cmath.phase(emf), p_mechanical_pu=p_start_pu)

    @property
    def emf_va_degree(self) -> float:
        """Angle of the EMF in the network's frame: the rotor angle. [degree]"""
        return self.rotor_angle_degree

    def step(self, seconds: float, v_thevenin: complex | None = None, z_thevenin: complex | None = None) -> None:
        """Advance by `seconds` against a network that is held.

        Parameters
        ----------
        seconds
            How long. [s]
        v_thevenin
            Open-circuit voltage at the terminal; None or NaN (the power flow had no solution) keeps the last. [pu]
        z_thevenin
            Impedance seen from the terminal, on `network_mva`; None or NaN keeps the last. [pu]
        """
        if v_thevenin is not None and cmath.isfinite(v_thevenin):
            self._v_thevenin = complex(v_thevenin)
        if z_thevenin is not None and cmath.isfinite(z_thevenin):
            self._z_pu = self._network_to_machine * z_thevenin
        self.curve = self._power_angle_curve()
        self._turn(seconds)

    def _power_angle_curve(self) -> PowerAngleCurve:
        """Re(E conj((E - Vth) Y)) with Y = 1 / (Zth + jX'd), sorted by what depends on the angle of E."""
        y = 1 / (self._z_pu + 1j * self.start.transient_reactance_pu)
        return PowerAngleCurve(
            p_constant_pu=self.emf_vm_pu**2 * y.real,
            p_swing_pu=self.emf_vm_pu * abs(self._v_thevenin) * abs(y),
            # -cos(x) = sin(x - 90 degree): for a network without losses the shift is the angle of Vth.
            angle_shift_rad=cmath.phase(self._v_thevenin) + cmath.phase(y) + pi / 2,
        )


VIEWS = {"supply_area": (SupplyArea, AreaStart), "hosted_machine": (HostedMachine, TerminalStart)}
"""How a feeder may see a machine, by name: the model, and the parameters of its start."""
