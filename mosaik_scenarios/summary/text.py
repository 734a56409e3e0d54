"""A run's summary as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mosaik_scenarios.channel_units import unit_of
from mosaik_scenarios.duration import duration_text
from mosaik_scenarios.incidents import Incident, rows_of
from mosaik_scenarios.summary import Summary, evidence
from mosaik_scenarios.summary.attacks import AttackSummary
from mosaik_scenarios.summary.detectors import DetectorSummary, Sighting
from mosaik_scenarios.summary.grid import GridSummary
from mosaik_scenarios.summary.protection import FaultSummary, RecloserSummary
from mosaik_scenarios.summary.tables import Extreme

if TYPE_CHECKING:
    from mosaik_scenarios.consequences import Consequence
    from mosaik_scenarios.results import RunResult

LABEL_WIDTH = 22
CHANNELS_SHOWN = 5
INCIDENTS_SHOWN = 20
EVENTS = {
    "attack": ("attack", "attacks"),
    "converged": ("time without power flow", "times without power flow"),
    "fault": ("fault", "faults"),
    "observable": ("loss of observability", "losses of observability"),
    "switch": ("switch operation", "switch operations"),
    "tap": ("tap change", "tap changes"),
}


def summary_text(summary: Summary) -> str:
    """What happened to the grid, what each attack did, what each detector saw and when, and the files written."""
    sections: dict[str, Iterable[str]] = {
        "Run": _run_lines(summary),
        "Grid": [*_grid_lines(summary.grid), *_event_lines(summary.event_counts)],
        "Protection": _protection_lines(summary.faults, summary.reclosers),
        "Attacks": [line for attack in summary.attacks for line in _attack_lines(attack)] or ["none"],
        "Consequences": [line for found in summary.consequences for line in _consequence_lines(found)],
        "Incidents": _incident_lines(summary.incidents) if summary.detectors else [],
        "Detectors": [line for seer in summary.detectors for line in _detector_lines(seer, summary.attacks)]
        or ["none"],
        "Files": _file_lines(summary.result),
    }
    blocks = ["\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in sections.items()]
    return "\n\n".join(block for block in blocks if "\n" in block)


def _run_lines(summary: Summary) -> Iterator[str]:
    result, scenario = summary.result, summary.result.scenario
    yield _line("scenario", f"{scenario.name}, feeder {scenario.feeder}, seed {scenario.seed}")
    yield _line(
        "simulated",
        f"{duration_text(scenario.duration)} in steps of {duration_text(scenario.step)} from {_time(scenario.start)}",
    )
    approximations = result.manifest.get("feeder", {}).get("approximations", ())
    if approximations:
        yield _line("approximations", f"{len(approximations)} of the network, listed in {result.folder.manifest.name}")
    yield _line("status", result.status + (f": {result.manifest['error']}" if "error" in result.manifest else ""))


def _grid_lines(grid: GridSummary) -> Iterator[str]:
    yield from _extreme_line("lowest voltage", grid.lowest_voltage, ".4f", "pu", "bus")
    yield from _extreme_line("highest voltage", grid.highest_voltage, ".4f", "pu", "bus")
    yield from _extreme_line("deepest sag", grid.deepest_sag, ".4f", "pu", "bus")
    if grid.lowest_voltage:
        for (low, high), minutes in grid.minutes_outside.items():
            yield _line(f"outside {low:.2f}-{high:.2f} pu", _at_one_bus(minutes) if minutes else "never")
    if grid.minutes_without_voltage:
        yield _line("without voltage", _at_one_bus(grid.minutes_without_voltage))
    yield from _extreme_line("peak line loading", grid.peak_line_loading, ".1f", "%", "line")
    yield from _extreme_line("peak trafo loading", grid.peak_trafo_loading, ".1f", "%", "trafo")
    yield from _energy_lines(grid)
    yield from _extreme_line("lowest frequency", grid.lowest_frequency, ".3f", "Hz", "generator")
    yield from _extreme_line("highest frequency", grid.highest_frequency, ".3f", "Hz", "generator")
    yield from _extreme_line("hottest spot", grid.hottest_spot, ".1f", "degC", "trafo")
    if grid.loss_of_life:
        life = grid.loss_of_life
        yield _line("loss of life", f"{life.value:.2g} h of insulation at most (trafo {life.element})")
    if grid.steps:
        yield _line("power flow", f"{grid.steps - grid.steps_not_converged} of {grid.steps} steps converged")


def _energy_lines(grid: GridSummary) -> Iterator[str]:
    if grid.energy_supplied_mwh is not None:
        yield _line("energy supplied", f"{grid.energy_supplied_mwh:.2f} MWh")
    if grid.losses_mwh is not None:
        yield _line("losses", f"{grid.losses_mwh:.3f} MWh")


def _event_lines(counts: Mapping[str, int]) -> Iterator[str]:
    if counts:
        yield _line("events", _and(_count(count, *EVENTS.get(kind, (kind, kind))) for kind, count in counts.items()))


def _protection_lines(faults: Sequence[FaultSummary], reclosers: Sequence[RecloserSummary]) -> Iterator[str]:
    for fault in faults:
        what = f"{fault.kind} fault".strip()
        yield _line(what, f"{fault.place}, {_time(fault.start)}{_consequence(fault)}")
    for recloser in reclosers:
        yield _line(f"recloser at line {recloser.line}", _acts(recloser))
    if faults and not reclosers:
        yield _line("reclosers", "none tripped")


def _consequence(fault: FaultSummary) -> str:
    if not fault.buses_lost:
        return ""
    lost = f"; {_count(fault.buses_lost, 'bus', 'buses')} without voltage"
    return f"{lost}, all back by {_clock(fault.restored)}" if fault.restored else f"{lost} to the end"


def _acts(recloser: RecloserSummary) -> str:
    acts = [f"tripped {_times(recloser.trips)}", f"reclosed {_times(recloser.reclosures)}"]
    if recloser.locked_out:
        acts.append(f"locked out at {_clock(recloser.locked_out)}")
    return _and(acts)


def _attack_lines(attack: AttackSummary) -> Iterator[str]:
    yield _line(attack.family, f"{_time(attack.start)} to {_time(attack.end)}")
    if attack.channels:
        yield from _forged_lines(attack)
    yield _line("", f"{_count(attack.taps_moved, 'tap change', 'tap changes', none='no')} while it lasted")


def _forged_lines(attack: AttackSummary) -> Iterator[str]:
    shown = ", ".join(attack.channels[:CHANNELS_SHOWN])
    more = len(attack.channels) - CHANNELS_SHOWN
    forged = _count(len(attack.channels), "channel", "channels")
    yield _line("", f"{forged} forged: {shown}" + (f" and {more} more" if more > 0 else ""))
    if attack.missing_share:
        yield _line("", f"{_percent(attack.missing_share)} of their readings missing")
    change = attack.largest_change
    if change:
        unit = unit_of(str(change.element))
        off = f"{change.value:+.4g} {unit}".strip()
        yield _line("", f"received up to {off} off the measured value ({change.element}, {_clock(change.at)})")
    if attack.removed_share is not None:
        yield _line("", f"the estimator removed {_percent(attack.removed_share)} of the forged readings")


def _consequence_lines(found: Consequence) -> Iterator[str]:
    """What changed; what an attack left as it was is not mentioned."""
    changes = [
        _more(found.tap_operations, "d", "tap operations"),
        _more(found.minutes_outside, ".0f", "min outside 0.95-1.05 pu"),
        _more(found.minutes_without_voltage, ".0f", "min without voltage"),
        _more(found.largest_voltage_change_pu, ".4f", "pu at most"),
        _more(found.energy_not_supplied_mwh, ".3f", "MWh not supplied"),
        _more(found.energy_not_billed_mwh, ".3f", "MWh not billed"),
        _more(found.losses_mwh, ".4f", "MWh of losses"),
    ]
    yield _line(found.of, "; ".join(change for change in changes if change) or "none at the plant")


def _more(value: float, digits: str, of_what: str) -> str:
    """``"+5 tap operations"``; nothing for what rounds to nothing."""
    text = f"{value:+{digits}}"
    return f"{text} {of_what}" if any(digit in "123456789" for digit in text) else ""


def _incident_lines(incidents: Sequence[Incident]) -> Iterator[str]:
    """One line each: when, who saw it, where, and how little the measurements agreed."""
    for incident in incidents[:INCIDENTS_SHOWN]:
        same_day = incident.ended.date() == incident.raised.date()
        end = "not cleared" if incident.standing else f"to {(_clock if same_day else _time)(incident.ended)}"
        lasted = incident.ended - incident.raised
        when = f"{end} ({_span(lasted)})" if lasted else end
        where = f" at {_and(incident.channels)}" if incident.channels else ""
        agreement = evidence.objective(rows_of(incident.alarms)[0])
        yield _line(_time(incident.raised), f"{when}: {_and(incident.detectors)}{where}; {agreement}")
    more = len(incidents) - INCIDENTS_SHOWN
    if more > 0:
        yield f"and {more} more"
    if not incidents:
        yield "none"


def _detector_lines(detector: DetectorSummary, attacks: Sequence[AttackSummary]) -> Iterator[str]:
    pairs = zip(detector.sightings, attacks, strict=True)
    said = [f"{attack.family}: {_saw(sighting, attack)}" for sighting, attack in pairs]
    said.append(_other_alarms(detector))
    for label, text in zip([detector.name, *[""] * len(said)], said, strict=False):
        yield _line(label, text)


def _saw(sighting: Sighting, attack: AttackSummary) -> str:
    if sighting.delay is None:
        return "missed"
    if sighting.stood_before:
        first = "was in alarm already when it began"
    else:
        when = f"{_span(sighting.delay)} after it began" if sighting.delay else "as it began"
        first = f"first alarm {_clock(attack.start + sighting.delay)}, {when}"
    share = _percent(sighting.alarmed / sighting.lasted)
    during = f"in alarm for {_span(sighting.alarmed)} of {_span(sighting.lasted)} ({share})"
    after = f" and {_span(sighting.outlasted)} after it" if sighting.outlasted else ""
    return f"{first}; {during}{after}"


def _other_alarms(detector: DetectorSummary) -> str:
    said = _count(detector.false_alarms, "false alarm", "false alarms", none="no")
    if detector.alarmed_falsely:
        said += f" ({_span(detector.alarmed_falsely)})"
    at_faults = detector.alarms_at_faults
    return said + (f"; {_count(at_faults, 'alarm', 'alarms')} during or after a fault" if at_faults else "")


def _file_lines(result: RunResult) -> Iterator[str]:
    folder = result.folder
    files, pictures = folder.files(), folder.pictures()
    tables = [file for file in files if file.is_dir()]
    holds = [_count(len(tables), "table", "tables"), _count(len(files) - len(tables) - len(pictures), "file", "files")]
    if pictures:
        alarms = _count(len(result.alarms), "alarm", "alarms")
        holds.append(f"{_count(len(pictures), 'picture', 'pictures')} of {alarms}")
    yield f"{folder.path}: {_and(holds)}, {_size(files)}"
    if not folder.report.exists():
        yield f"gridtwin report {folder.path} draws the figures"


def _extreme_line(label: str, extreme: Extreme | None, digits: str, unit: str, element: str) -> Iterator[str]:
    if extreme is not None:
        where = "" if extreme.element is None else f"{element} {extreme.element}, "
        yield _line(label, f"{extreme.value:{digits}} {unit} ({where}{_time(extreme.at)})")


def _line(label: str, text: str) -> str:
    return f"{label:{LABEL_WIDTH}}{text}"


def _count(number: int, one: str, many: str, none: str = "0") -> str:
    """``"1 fault"``, ``"5 taps"``."""
    return f"{number or none} {one if number == 1 else many}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _and(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _percent(share: float) -> str:
    """Whole percent; what is almost none or almost all does not read as if it were."""
    percent = 100 * share
    if 0 < percent < 1:
        return "less than 1 %"
    return "more than 99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def _at_one_bus(minutes: float) -> str:
    return f"{_span(timedelta(minutes=minutes))} at one bus or more"


def _span(span: timedelta) -> str:
    """``"299 min"``, ``"12.4 s"``."""
    seconds = span.total_seconds()
    return f"{seconds / 60:.0f} min" if seconds >= 600 or seconds % 60 == 0 else f"{seconds:.4g} s"


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%d} {_clock(time)}"


def _clock(time: datetime) -> str:
    """Hours and minutes, and whatever is finer only where there is something."""
    if time.microsecond:
        return f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}"
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"


def _size(files: Sequence[Path]) -> str:
    parts = [part for file in files for part in (file.rglob("*") if file.is_dir() else [file]) if part.is_file()]
    size = float(sum(part.stat().st_size for part in parts))
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
