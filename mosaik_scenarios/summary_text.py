"""A run's summary as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from models.recording.run_folder import RunFolder
from mosaik_scenarios.duration import duration_text
from mosaik_scenarios.summary import AttackSummary, DetectorSummary, Extreme, GridSummary, Summary

LABEL_WIDTH = 22
CHANNELS_SHOWN = 5
KINDS = {
    "attack": "begins or ends of an attack",
    "converged": "begins or ends of a time without power flow",
    "fault": "begins or ends of a fault",
    "observable": "begins or ends of a time in which the network is not observable",
    "recloser": "recloser changes of state",
    "switch": "switch operations",
    "tap": "tap operations",
}


def summary_text(summary: Summary) -> str:
    """What happened to the grid, what each attack did, what each detector saw and when, and the files written."""
    sections = {
        "Run": _run_lines(summary),
        "Grid": [*_grid_lines(summary.grid), *_event_lines(summary.event_counts)],
        "Attacks": [line for attack in summary.attacks for line in _attack_lines(attack)] or ["none"],
        "Detectors": [_detector_line(detector, summary.attacks) for detector in summary.detectors] or ["none"],
        "Files": _file_lines(summary.result.folder),
    }
    return "\n\n".join("\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in sections.items())


def _run_lines(summary: Summary) -> Iterator[str]:
    result, scenario = summary.result, summary.result.scenario
    yield _line("scenario", f"{scenario.name}, feeder {scenario.feeder}, seed {scenario.seed}")
    yield _line(
        "simulated",
        f"{duration_text(scenario.duration)} in steps of {duration_text(scenario.step)} from {_time(scenario.start)}",
    )
    yield _line("status", result.status + (f": {result.manifest['error']}" if "error" in result.manifest else ""))


def _grid_lines(grid: GridSummary) -> Iterator[str]:
    yield from _extreme_line("lowest voltage", grid.lowest_voltage, ".4f", "pu", "bus")
    yield from _extreme_line("highest voltage", grid.highest_voltage, ".4f", "pu", "bus")
    if grid.lowest_voltage:
        for (low, high), minutes in grid.minutes_outside.items():
            yield _line(f"outside {low:.2f}-{high:.2f} pu", f"{_minutes(minutes)} at one bus or more")
    if grid.minutes_without_voltage:
        yield _line("without voltage", f"{_minutes(grid.minutes_without_voltage)} at one bus or more")
    yield from _extreme_line("peak line loading", grid.peak_line_loading, ".1f", "%", "line")
    yield from _extreme_line("peak trafo loading", grid.peak_trafo_loading, ".1f", "%", "trafo")
    yield from _energy_lines(grid)
    yield from _extreme_line("lowest frequency", grid.lowest_frequency, ".3f", "Hz", "generator")
    yield from _extreme_line("highest frequency", grid.highest_frequency, ".3f", "Hz", "generator")
    yield from _extreme_line("hottest spot", grid.hottest_spot, ".1f", "degC", "trafo")
    if grid.loss_of_life:
        yield _line("loss of life", f"{grid.loss_of_life.value:.2f} h of insulation, trafo {grid.loss_of_life.element}")
    if grid.steps:
        yield _line("power flow", f"{grid.steps - grid.steps_not_converged} of {grid.steps} steps converged")


def _energy_lines(grid: GridSummary) -> Iterator[str]:
    if grid.energy_supplied_mwh is not None:
        yield _line("energy supplied", f"{grid.energy_supplied_mwh:.2f} MWh")
    if grid.losses_mwh is not None:
        yield _line("losses", f"{grid.losses_mwh:.3f} MWh")


def _event_lines(counts: dict[str, int]) -> Iterator[str]:
    if counts:
        yield _line("events", ", ".join(f"{count} {KINDS.get(kind, kind)}" for kind, count in sorted(counts.items())))


def _attack_lines(attack: AttackSummary) -> Iterator[str]:
    yield _line(attack.family, f"{_time(attack.start)} to {_time(attack.end)}")
    if attack.channels:
        shown = ", ".join(attack.channels[:CHANNELS_SHOWN])
        more = len(attack.channels) - CHANNELS_SHOWN
        yield _line("", f"forged {shown}" + (f" and {more} more channels" if more > 0 else ""))
    if attack.missing_share:
        yield _line("", f"{100 * attack.missing_share:.0f} % of their readings missing")
    change = attack.largest_change
    if change:
        yield _line("", f"received left measured by {change.value:+.4g} at most ({change.element}, {_time(change.at)})")


def _detector_line(detector: DetectorSummary, attacks: tuple[AttackSummary, ...]) -> str:
    seen = [_sighting(attack, delay) for attack, delay in zip(attacks, detector.delays, strict=True)]
    outside = f"{detector.alarms_outside} alarms outside" + (" of attacks" if attacks else " (no attack to see)")
    return _line(detector.name, "; ".join([*seen, outside]))


def _sighting(attack: AttackSummary, delay: timedelta | None) -> str:
    if delay is None:
        return f"missed {attack.family}"
    when = f"{duration_text(delay)} after it began" if delay else "as it began"
    return f"saw {attack.family} at {_clock(attack.start + delay)}, {when}"


def _file_lines(folder: RunFolder) -> Iterator[str]:
    for file in folder.files():
        yield f"{file}  ({_size(file)})"


def _extreme_line(label: str, extreme: Extreme | None, digits: str, unit: str, element: str) -> Iterator[str]:
    if extreme is not None:
        where = "" if extreme.element is None else f"{element} {extreme.element}, "
        yield _line(label, f"{extreme.value:{digits}} {unit} ({where}{_time(extreme.at)})")


def _line(label: str, text: str) -> str:
    return f"{label:{LABEL_WIDTH}}{text}"


def _minutes(minutes: float) -> str:
    return f"{minutes:.4g} min" if minutes >= 1 or minutes == 0 else f"{minutes * 60:.3g} s"


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%d} {_clock(time)}"


def _clock(time: datetime) -> str:
    """Hours and minutes, and whatever is finer only where there is something."""
    if time.microsecond:
        return f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}"
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"


def _size(file: Path) -> str:
    files = [part for part in file.rglob("*") if part.is_file()] if file.is_dir() else [file]
    size = float(sum(part.stat().st_size for part in files))
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
