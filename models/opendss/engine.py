"""The OpenDSS engine as the twin uses it: one context, whole vectors in and out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.errors import InvalidParameterError, MissingExtraError
from models.network_model import ComplexArray, FloatArray

# A load whose power changes keeps its admittance in the matrix: its injection makes up for the difference, so that the
# matrix need not be factorised anew at every step.
KEEP_ADMITTANCES = 2
RENEW_ADMITTANCES = 0
SET = 0
# Every element's admittances are worked out anew, the network's voltages stay.
WHOLE_MATRIX, KEEP_VOLTAGES = 1, 0
SOURCE = "Vsource.source"


@dataclass(frozen=True)
class Terminal:
    """One terminal of a power delivery element: its nodes, by name, and where their currents start in the vector."""

    element: str
    """Class and name, such as ``"line.632633"``."""
    number: int
    nodes: tuple[str | None, ...]
    """``"bus.1"`` of each conductor, None where it is grounded."""
    first_current: int


class OpenDSSEngine:
    """One circuit in a context of its own: nothing leaks to other circuits in the process.

    Parameters
    ----------
    commands
        What builds the circuit.

    Raises
    ------
    MissingExtraError
        If OpenDSSDirect.py is not installed.
    InvalidParameterError
        If OpenDSS refuses a command.
    """

    def __init__(self, commands: Iterable[str]) -> None:
        self._context = _new_context()
        # The same engine with NumPy arrays instead of lists.
        self._dss = self._context.to_dss_python()
        self.run(commands)
        self._circuit, self._solution = self._dss.ActiveCircuit, self._dss.ActiveCircuit.Solution
        self._loads = _LoadBatch(self._context)

    def run(self, commands: Iterable[str]) -> None:
        """Give it commands, one after the other."""
        from opendssdirect import OpenDSSDirect

        for command in commands:
            try:
                self._context.Text.Command(command)
            except OpenDSSDirect.DSSException as error:
                raise InvalidParameterError(f"OpenDSS refuses {command!r}: {error}") from None

    def solve(self) -> bool:
        """Solve from the last solution; whether it converged."""
        from opendssdirect import OpenDSSDirect

        try:
            self._solution.Solve()
        except OpenDSSDirect.DSSException:
            return False
        return bool(self._solution.Converged)

    def solve_with_loads_as_admittances(self, power_kva: ComplexArray) -> bool:
        """Solve the linear circuit in which the first loads are what they would be at rated voltage. [kVA]"""
        self._loads.set(power_kva, RENEW_ADMITTANCES)
        self.run(["Set LoadModel=Admittance"])
        try:
            return self.solve()
        finally:
            self.run(["Set LoadModel=PowerFlow"])

    def start_flat(self) -> None:
        """Start the next solution from the unloaded circuit."""
        self._context.YMatrix.SolutionInitialized(False)

    def set_loads(self, power_kva: ComplexArray) -> None:
        """P + jQ of the first loads, in the order in which they were made; the others keep theirs. [kVA]"""
        self._loads.set(power_kva)

    def set_tap(self, transformer: str, winding: int, tap_pu: float) -> None:
        """Move a winding's tap. [pu of its rated voltage]"""
        transformers = self._circuit.Transformers
        transformers.Name = transformer
        transformers.Wdg = winding
        transformers.Tap = tap_pu

    def set_terminal(self, element: str, terminal: int, closed: bool) -> None:
        """Open or close all conductors of a terminal."""
        self._circuit.SetActiveElement(element)
        operate = self._circuit.ActiveCktElement.Close if closed else self._circuit.ActiveCktElement.Open
        operate(terminal, 0)

    @property
    def node_names(self) -> list[str]:
        """``"bus.1"`` of every node, in the order of `voltages`."""
        return [name.lower() for name in self._circuit.YNodeOrder]

    @property
    def voltages(self) -> ComplexArray:
        """Voltage of every node to ground. [V]"""
        return np.array(self._circuit.YNodeVarray).view(complex)

    @property
    def currents(self) -> ComplexArray:
        """Current into every conductor of every terminal of the power delivery elements. [A]"""
        return np.array(self._circuit.PDElements.AllCurrents).view(complex)

    @property
    def supplied(self) -> ComplexArray:
        """Current that the source sends into the circuit, by phase, (3,). [A]"""
        self._circuit.SetActiveElement(SOURCE)
        return -np.array(self._circuit.ActiveCktElement.Currents[:6]).view(complex)

    def terminals(self) -> Iterator[Terminal]:
        """Every terminal of the power delivery elements, in the order of `currents`."""
        first = 0
        for name in self._circuit.PDElements.AllNames:
            self._circuit.SetActiveElement(name)
            element = self._circuit.ActiveCktElement
            conductors = int(element.NumConductors)
            order = [int(node) for node in element.NodeOrder]
            for number, bus in enumerate(element.BusNames, start=1):
                stem = bus.partition(".")[0].lower()
                own = order[(number - 1) * conductors : number * conductors]
                nodes = tuple(f"{stem}.{node}" if node else None for node in own)
                yield Terminal(name.lower(), number, nodes, first)
                first += conductors

    def primitive_admittances(self) -> Iterator[ComplexArray]:
        """Current into every conductor of a power delivery element per voltage at each of them, as it is now. [S]

        Elements, and their conductors, come in the order of `terminals`; what is open carries nothing.
        """
        self._context.YMatrix.BuildYMatrixD(WHOLE_MATRIX, KEEP_VOLTAGES)
        for name in self._circuit.PDElements.AllNames:
            yield self._primitive_admittance(name)

    def source_admittance(self) -> ComplexArray:
        """Inverse of the source's impedance matrix, (3, 3). [S]"""
        return self._primitive_admittance(SOURCE)[:3, :3]

    def _primitive_admittance(self, element: str) -> ComplexArray:
        self._circuit.SetActiveElement(element)
        by_column = np.array(self._circuit.ActiveCktElement.Yprim).view(complex)
        size = round(np.sqrt(len(by_column)))
        return by_column.reshape(size, size).T


def _new_context() -> Any:
    """A context of its own, made where the process stands: the engine would return to where it was first loaded."""
    try:
        from opendssdirect import OpenDSSDirect
    except ModuleNotFoundError:
        raise MissingExtraError(
            'the solver "opendss" needs OpenDSSDirect.py; install the extra: pip install -e ".[opendss]".'
        ) from None
    basic = OpenDSSDirect.Basic
    may_change_directory = basic.AllowChangeDir()
    basic.AllowChangeDir(False)
    try:
        return OpenDSSDirect.NewContext()
    finally:
        basic.AllowChangeDir(may_change_directory)


class _LoadBatch:
    """All loads of a circuit, set at once through the engine's C interface: its Python modules know one at a time."""

    def __init__(self, context: Any) -> None:
        interface = context._api_util
        self._context, self._ffi, self._lib = context, interface.ffi, interface.lib_unpatched
        pointer, dimensions = self._ffi.new("void***"), self._ffi.new("int32_t[4]")
        self._lib.Batch_CreateByClassS(interface.ctx, pointer, dimensions, b"Load")
        self._batch = self._ffi.gc(pointer[0], self._lib.Batch_Dispose)
        self._count = int(dimensions[0])

    def set(self, power_kva: ComplexArray, admittances: int = KEEP_ADMITTANCES) -> None:
        if len(power_kva) > self._count:
            raise InvalidParameterError(f"the circuit has {self._count} loads, got {len(power_kva)} powers.")
        if len(power_kva):
            self._write(b"kW", np.ascontiguousarray(power_kva.real), admittances)
            self._write(b"kvar", np.ascontiguousarray(power_kva.imag), admittances)

    def _write(self, quantity: bytes, values: FloatArray, admittances: int) -> None:
        pointer = self._ffi.cast("double*", values.ctypes.data)
        self._lib.Batch_Float64ArrayS(self._batch, len(values), quantity, SET, pointer, admittances)
