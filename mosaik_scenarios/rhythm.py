"""How often everybody steps: one tick of the world, multiples of it, and fine windows around faults."""

from dataclasses import dataclass
from datetime import timedelta
from math import gcd

from mosaik_scenarios.scenario import Scenario


@dataclass(frozen=True)
class Rhythm:
    """Time of one run in ticks.

    Attributes
    ----------
    tick_s
        Length of a tick. [s]
    step_ticks, scan_ticks
        Regular step of the twin, and of the control room. [ticks]
    polling_ticks
        Step of the telemetry: the longest that meets every scan, whatever its phase. [ticks]
    until
        End of the run, exclusive. [ticks]
    dense_windows
        Where the grid and its protection step at every tick: protection decides within cycles, load within minutes.
    """

    tick_s: float
    step_ticks: int
    scan_ticks: int
    polling_ticks: int
    until: int
    dense_windows: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, scenario: Scenario) -> "Rhythm":
        """The rhythm a scenario asks for."""
        tick = scenario.recloser.fault_step if cls._is_dense(scenario) else scenario.step
        windows = []
        if cls._is_dense(scenario):
            windows = [
                (_ticks(fault.start, tick), _ticks(fault.start + scenario.recloser.fault_window, tick))
                for fault in scenario.faults
            ]
        return cls(
            tick_s=tick.total_seconds(),
            step_ticks=scenario.step // tick,
            scan_ticks=scenario.scan_period // tick,
            polling_ticks=gcd(scenario.scan_period // tick, scenario.telemetry.scan_phase // tick),
            until=scenario.duration // tick,
            dense_windows=tuple(windows),
        )

    @staticmethod
    def _is_dense(scenario: Scenario) -> bool:
        return bool(scenario.faults) and scenario.recloser.enabled and scenario.recloser.fault_step < scenario.step

    @property
    def regular(self) -> dict[str, int]:
        """Start parameters of a simulator that steps regularly."""
        return {"step_size": self.step_ticks}

    @property
    def scanning(self) -> dict[str, int]:
        """Start parameters of a simulator that steps at every scan."""
        return {"step_size": self.scan_ticks}

    @property
    def polling(self) -> dict[str, int]:
        """Start parameters of the telemetry."""
        return {"step_size": self.polling_ticks}

    @property
    def dense(self) -> dict[str, object]:
        """Start parameters of a simulator that also steps finely around faults."""
        return {"step_size": self.step_ticks, "dense_windows": self.dense_windows}

    @property
    def regular_steps(self) -> int:
        """Regular steps of the whole run."""
        return -(-self.until // self.step_ticks)


def _ticks(time: timedelta, tick: timedelta) -> int:
    return -(-time // tick)
