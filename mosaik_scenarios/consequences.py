"""What attacks did to the plant and to the bill: a run beside its twin in which nobody attacked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from models.recording.run_folder import written_at_once
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.progress import OnStage
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.summary.grid import VOLTAGE_BANDS_PU, minutes_outside, minutes_without_voltage
from mosaik_scenarios.summary.tables import inside, quantity, row_hours

if TYPE_CHECKING:
    import pandas as pd

    from mosaik_scenarios.results import RunResult

PLANNED_LOW_PU, PLANNED_HIGH_PU = VOLTAGE_BANDS_PU[0]
WHOLE_RUN = "whole run"


@dataclass(frozen=True)
class Consequence:
    """What one attack, or all of a run, changed against the run without it; all fields are differences.

    Attributes
    ----------
    of
        The attack's number and family, or "whole run".
    start, end
        The time it answers for: what it has set in motion may go on after it, so to the onset of the next attack or
        the end of the run.
    tap_operations
        Steps of all taps. [-]
    minutes_outside
        In which some bus was outside of the planner's voltage band (0.95 to 1.05 pu). [min]
    minutes_without_voltage
        In which some bus was dead. [min]
    largest_voltage_change_pu
        Of a bus with voltage in both runs, with its sign. [pu]
    energy_not_supplied_mwh
        That buses would have drawn while they were dead. [MWh]
    energy_not_billed_mwh
        Measured less received consumption on forged power meters at buses. [MWh]
    losses_mwh
        Of lines and transformers. [MWh]
    """

    of: str
    start: datetime
    end: datetime
    tap_operations: int
    minutes_outside: float
    minutes_without_voltage: float
    largest_voltage_change_pu: float
    energy_not_supplied_mwh: float
    energy_not_billed_mwh: float
    losses_mwh: float


def clean_twin(scenario: Scenario) -> Scenario:
    """The same experiment, by the same seed, without attacks and without anybody who watches for them."""
    return scenario.with_overrides({"attacks": [], "detectors": [], "name": f"{scenario.name}-clean"})


def consequences(
    attacked: RunResult, clean: RunResult | None = None, progress: OnStage | None = None
) -> tuple[Consequence, ...]:
    """What every attack of a run changed, and at last all of them together; kept in the run's folder.

    Parameters
    ----------
    attacked
        A run with attacks.
    clean
        The run of its `clean_twin`; simulated into a temporary folder unless given.
    progress
        As of `mosaik_scenarios.runner.run`.

    Raises
    ------
    ScenarioError
        If `clean` is the run of another experiment.
    """
    wanted = clean_twin(attacked.scenario)
    if clean is None:
        from mosaik_scenarios.runner import run

        clean = run(wanted, progress=progress)
    if _experiment(clean.scenario) != _experiment(wanted):
        raise ScenarioError([("", "expected the run of the same scenario without attacks; see clean_twin")])
    found = tuple(_between(attacked, clean, *window) for window in _windows(attacked.scenario))
    described = [asdict(c) | {"start": c.start.isoformat(), "end": c.end.isoformat()} for c in found]
    with written_at_once(attacked.folder.consequences) as draft:
        draft.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    return found


def read_consequences(result: RunResult) -> tuple[Consequence, ...]:
    """What `consequences` found of a run; empty if nobody asked."""
    if not result.folder.consequences.exists():
        return ()
    described = json.loads(result.folder.consequences.read_text(encoding="utf-8"))
    times = ("start", "end")
    return tuple(Consequence(**c | {name: datetime.fromisoformat(c[name]) for name in times}) for c in described)


def _experiment(scenario: Scenario) -> dict[str, Any]:
    """All that decides what the plant does."""
    return scenario.model_dump(exclude={"name", "description", "detectors", "training"})


def _windows(scenario: Scenario) -> Iterator[tuple[str, datetime, datetime]]:
    onsets = sorted({scenario.start + attack.start for attack in scenario.attacks})
    for number, attack in enumerate(scenario.attacks):
        onset = scenario.start + attack.start
        later = [other for other in onsets if other > onset]
        yield f"{number} {attack.family}", onset, later[0] if later else scenario.end
    yield WHOLE_RUN, scenario.start, scenario.end


def _between(attacked: RunResult, clean: RunResult, of: str, start: datetime, end: datetime) -> Consequence:
    def rows(result: RunResult, table: str, name: str) -> pd.DataFrame:
        values = quantity(result.table(table), name)
        return values.loc[inside(values.index, start, end)]

    vm_pu, clean_vm_pu = rows(attacked, "bus", "vm_pu"), rows(clean, "bus", "vm_pu")
    converged, clean_converged = rows(attacked, "grid", "converged"), rows(clean, "grid", "converged")
    taps, clean_taps = rows(attacked, "trafo", "tap_pos"), rows(clean, "trafo", "tap_pos")
    losses, clean_losses = rows(attacked, "grid", "p_loss_mw"), rows(clean, "grid", "p_loss_mw")
    drawn_mw = rows(clean, "bus", "p_mw").where(vm_pu.isna() & clean_vm_pu.notna(), 0.0).clip(lower=0.0)
    return Consequence(
        of=of,
        start=start,
        end=end,
        tap_operations=_steps(taps) - _steps(clean_taps),
        minutes_outside=minutes_outside(vm_pu, PLANNED_LOW_PU, PLANNED_HIGH_PU)
        - minutes_outside(clean_vm_pu, PLANNED_LOW_PU, PLANNED_HIGH_PU),
        minutes_without_voltage=minutes_without_voltage(vm_pu, converged)
        - minutes_without_voltage(clean_vm_pu, clean_converged),
        largest_voltage_change_pu=_largest((vm_pu - clean_vm_pu).to_numpy(dtype=float)),
        energy_not_supplied_mwh=_energy_mwh(drawn_mw),
        energy_not_billed_mwh=_energy_mwh(_not_billed_mw(attacked, start, end)),
        losses_mwh=_energy_mwh(losses) - _energy_mwh(clean_losses),
    )


def _not_billed_mw(result: RunResult, start: datetime, end: datetime) -> pd.DataFrame:
    """Measured less received power on the forged power meters at buses."""
    measurement = result.table("measurement")
    measurement = measurement.loc[inside(measurement.index, start, end)]
    forged = quantity(measurement, "forged").astype(bool)
    meters = [channel for channel in forged.columns if str(channel).startswith("p bus ")]
    measured, received = (quantity(measurement, f"value_{life}")[meters] for life in ("measured", "received"))
    return (measured - received).where(forged[meters], 0.0).fillna(0.0)


def _steps(tap_pos: pd.DataFrame) -> int:
    return round(float(tap_pos.astype(float).diff().abs().to_numpy()[1:].sum()))


def _energy_mwh(p_mw: pd.DataFrame) -> float:
    return float((p_mw.sum(axis=1).to_numpy(dtype=float) * row_hours(p_mw.index)).sum())


def _largest(change: np.ndarray) -> float:
    """The value of largest magnitude, with its sign; 0 where there is none."""
    known = change[np.isfinite(change)]
    return float(known[np.argmax(np.abs(known))]) if len(known) else 0.0
