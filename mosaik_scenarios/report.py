"""A run's report: one page that needs no network."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from models.recording.run_folder import written_at_once
from mosaik_scenarios import figures
from mosaik_scenarios.duration import duration_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

ALARMS_SHOWN = 200
LEGEND = "In every figure over time, attacks are shaded and a dashed line marks the begin of a fault."

SECTIONS: dict[str, tuple[str, Callable[[RunResult], Figure | None]]] = {
    "Network": ("Each bus by its lowest voltage; slacks are squares, branches out of service dotted.", figures.network),
    "Voltage": ("All buses; dotted lines at 0.95 and 1.05 pu.", figures.voltage_band),
    "Line loading": ("The lines that were loaded most.", figures.line_loading),
    "Transformers": ("Hot-spot temperature by IEEE C57.91.", figures.hot_spot),
    "Frequency": ("Of the supplying machine.", figures.frequency),
    "Taps": ("Transformers whose taps moved.", figures.taps),
    "Events": ("Taps, breakers, faults and attacks.", figures.events),
    "Channels under attack": ("What the meter read, what the control room got, and what it made of it.",
                              figures.attacked_channels),
    "Detectors": ("Score against threshold; a mark for each alarm.", figures.detector_scores),
}  # fmt: skip

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 1080px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 0; border-top: 1px solid #e4e7eb; padding-top: 1rem; }
p { color: #52606d; margin: .2rem 0 .6rem; }
pre { background: #f5f7fa; padding: 1rem; overflow-x: auto; font-size: 13px; line-height: 1.45; }
table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #e4e7eb; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


def write_report(result: RunResult) -> Path:
    """Write ``report.html`` into the run's folder: summary, figures, alarms; returns where."""
    parts = [_header(result), f"<pre>{escape(result.summary())}</pre>", f"<p>{LEGEND}</p>"]
    parts += [_section(title, text, draw(result)) for title, (text, draw) in SECTIONS.items()]
    parts.append(_alarms(result))
    with written_at_once(result.folder.report) as draft:
        draft.write_text(_page(result.scenario.name, "\n".join(parts)), encoding="utf-8")
    return result.folder.report


def _page(title: str, body: str) -> str:
    from plotly.offline import get_plotlyjs

    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n<script>{get_plotlyjs()}</script></head>\n<body>\n{body}\n</body></html>\n"
    )


def _header(result: RunResult) -> str:
    scenario = result.scenario
    facts = (
        f"{scenario.description or 'A run'} — feeder {scenario.feeder}, {duration_text(scenario.duration)} "
        f"from {scenario.start:%Y-%m-%d %H:%M}, steps of {duration_text(scenario.step)}, seed {scenario.seed}, "
        f"{result.status}."
    )
    return f"<h1>{escape(scenario.name)}</h1>\n<p>{escape(facts)}</p>"


def _section(title: str, text: str, figure: Figure | None) -> str:
    if figure is None:
        return ""
    drawn = figure.to_html(
        full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True}
    )
    return f"<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>\n{drawn}"


def _alarms(result: RunResult) -> str:
    """The first alarms as a table."""
    alarms = result.alarms
    if alarms.empty:
        return "<h2>Alarms</h2>\n<p>None.</p>"
    rows = "\n".join(
        f"<tr><td>{time:%Y-%m-%d %H:%M:%S}</td><td>{escape(str(alarm.detector))}</td>"
        f'<td class="number">{alarm.score:.4g}</td><td class="number">{alarm.threshold:.4g}</td>'
        f"<td>{escape(_text(alarm.channel))}</td><td>{escape(_text(alarm.bus))}</td></tr>"
        for time, alarm in zip(alarms.index[:ALARMS_SHOWN], alarms.itertuples(), strict=False)
    )
    shown = min(len(alarms), ALARMS_SHOWN)
    heads = "".join(f"<th>{name}</th>" for name in ("time", "detector", "score", "threshold", "channel", "bus"))
    return f"<h2>Alarms</h2>\n<p>{shown} of {len(alarms)}.</p>\n<table><tr>{heads}</tr>\n{rows}\n</table>"


def _text(value: object) -> str:
    return "" if value is None or str(value) == "<NA>" else str(value)
