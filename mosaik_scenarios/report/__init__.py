"""A run's report: one page that needs no network."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from models.recording.run_folder import written_at_once
from mosaik_scenarios.duration import duration_text
from mosaik_scenarios.report import control_room, estimate, network, plant, protection
from mosaik_scenarios.report.incidents import incidents_section
from mosaik_scenarios.report.page import Captioned, page, section

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

LEGEND = "In every figure over time, attacks are shaded and a dashed line marks the begin of a fault."

SECTIONS: dict[str, tuple[str, Callable[[RunResult], Figure | Captioned | None]]] = {
    "Network": ("Each bus by its lowest voltage in operation (white is 1 pu, red is low); the square is the supply. "
                "Rings and diamonds are meters, by what they measure: accuracy classes where you point.",
                network.network_of),
    "Timeline": ("What lasted, and every tap change (up: raised).", plant.timeline),
    "Voltage": ("From the lowest to the highest bus; dotted lines at 0.95 and 1.05 pu. Sags during faults leave the "
                "scale.", plant.voltage),
    "Tap changers": ("Transformers whose taps moved.", plant.taps),
    "Faults and protection": ("The fine record: the first seconds on the left, the whole sequence on the right.",
                              protection.fault_records),
    "State estimate": ("What the control room made of its measurements: the sum J(x) of their squared errors over "
                       "variance, what it took for bad data, and the voltage it was farthest off at.",
                       estimate.state_estimate),
    "Channels under attack": ("What the meter read, what the control room received, and what it estimated.",
                              control_room.attacked_channels),
    "Detectors": ("Score against threshold; orange while in alarm.", control_room.detector_scores),
    "Line loading": ("The lines that were loaded most.", plant.line_loading),
    "Transformers": ("Hot-spot temperature by IEEE C57.91.", plant.hot_spot),
    "Frequency": ("Of the supplying machine, with its power.", plant.frequency),
}  # fmt: skip


def write_report(result: RunResult) -> Path:
    """Write ``report.html`` into the run's folder: summary, figures, alarms; returns where."""
    parts = [_header(result), f"<pre>{escape(result.summary())}</pre>", f"<p>{LEGEND}</p>"]
    parts += [section(title, text, draw(result)) for title, (text, draw) in SECTIONS.items()]
    parts.append(incidents_section(result))
    with written_at_once(result.folder.report) as draft:
        draft.write_text(page(result.scenario.name, "\n".join(parts)), encoding="utf-8")
    return result.folder.report


def _header(result: RunResult) -> str:
    scenario = result.scenario
    facts = (
        f"Feeder {scenario.feeder}, {duration_text(scenario.duration)} from {scenario.start:%Y-%m-%d %H:%M}, "
        f"steps of {duration_text(scenario.step)}, seed {scenario.seed}, {result.status}."
    )
    return f"<h1>{escape(scenario.name)}</h1>\n<p>{escape(scenario.description)} {escape(facts)}</p>"
