"""A run's report: one page that needs no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from models.recording.run_folder import written_at_once
from mosaik_scenarios.duration import duration_text
from mosaik_scenarios.report import control_room, network, plant, protection

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

Captioned = Iterable[tuple[str, "Figure"]]

ALARMS_SHOWN = 200
LEGEND = "In every figure over time, attacks are shaded and a dashed line marks the begin of a fault."

SECTIONS: dict[str, tuple[str, Callable[[RunResult], Figure | Captioned | None]]] = {
    "Network": ("Each bus by its lowest voltage in operation (white is 1 pu, red is low); the square is the supply.",
                network.network_of),
    "Timeline": ("What lasted, and every tap change (up: raised).", plant.timeline),
    "Voltage": ("From the lowest to the highest bus; dotted lines at 0.95 and 1.05 pu. Sags during faults leave the "
                "scale.", plant.voltage),
    "Tap changers": ("Transformers whose taps moved.", plant.taps),
    "Faults and protection": ("The fine record: the first seconds on the left, the whole sequence on the right.",
                              protection.fault_records),
    "Channels under attack": ("What the meter read, what the control room received, and what it estimated.",
                              control_room.attacked_channels),
    "Detectors": ("Score against threshold; orange while in alarm.", control_room.detector_scores),
    "Line loading": ("The lines that were loaded most.", plant.line_loading),
    "Transformers": ("Hot-spot temperature by IEEE C57.91.", plant.hot_spot),
    "Frequency": ("Of the supplying machine, with its power.", plant.frequency),
}  # fmt: skip

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 1080px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 0; border-top: 1px solid #e4e7eb; padding-top: 1rem; }
h3 { font-size: .95rem; margin: 1rem 0 0; }
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
        f"Feeder {scenario.feeder}, {duration_text(scenario.duration)} from {scenario.start:%Y-%m-%d %H:%M}, "
        f"steps of {duration_text(scenario.step)}, seed {scenario.seed}, {result.status}."
    )
    return f"<h1>{escape(scenario.name)}</h1>\n<p>{escape(scenario.description)} {escape(facts)}</p>"


def _section(title: str, text: str, drawn: Figure | Captioned | None) -> str:
    """Heading, text and figures; nothing where there is no figure."""
    if drawn is None:
        return ""
    captioned = [("", drawn)] if hasattr(drawn, "to_html") else list(drawn)
    figures = "\n".join(
        (f"<h3>{escape(caption)}</h3>\n" if caption else "") + _html(figure) for caption, figure in captioned
    )
    return f"<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>\n{figures}" if figures else ""


def _html(figure: Figure) -> str:
    config = {"displayModeBar": False, "responsive": True}
    return figure.to_html(full_html=False, include_plotlyjs=False, config=config)


def _alarms(result: RunResult) -> str:
    """The first alarms as a table."""
    alarms = result.alarms
    if not result.scenario.detectors:
        return ""
    if alarms.empty:
        return "<h2>Alarms</h2>\n<p>None.</p>"
    rows = "\n".join(
        f"<tr><td>{time:%Y-%m-%d %H:%M:%S}</td><td>{escape(str(alarm.detector))}</td>"
        f'<td class="number">{alarm.score:.4g}</td><td class="number">{alarm.threshold:.4g}</td>'
        f"<td>{escape(_text(alarm.channel))}</td><td>{escape(_text(alarm.bus))}</td></tr>"
        for time, alarm in zip(alarms.index[:ALARMS_SHOWN], alarms.itertuples(), strict=False)
    )
    shown = min(len(alarms), ALARMS_SHOWN)
    which = f"The first {shown} of {len(alarms)}." if shown < len(alarms) else "Each as it began."
    heads = "".join(f"<th>{name}</th>" for name in ("time", "detector", "score", "threshold", "channel", "bus"))
    return f"<h2>Alarms</h2>\n<p>{which}</p>\n<table><tr>{heads}</tr>\n{rows}\n</table>"


def _text(value: object) -> str:
    return "" if value is None or str(value) == "<NA>" else str(value)
