"""An arena's page: per feeder who catches what, how late, at what price, and what was missed and why it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from models.recording.run_folder import written_at_once
from mosaik_scenarios.arena import figures
from mosaik_scenarios.arena.conclusions import (
    best_first,
    conclusion_on,
    detectors_of,
    feeders_of,
    mean_vus_pr,
    of_feeder,
)
from mosaik_scenarios.arena.figures import Look
from mosaik_scenarios.arena.missed import (
    DETECTORS_SHOWN,
    EVENTS_SHOWN,
    Seen,
    evidence_of_events,
    missed_events,
    missed_figure,
    who_misses_what,
)
from mosaik_scenarios.arena.overview import by_feeder, cost, curves_over_all, delays, heat, overview, textbook
from mosaik_scenarios.arena.text import conclusion_lines, delay_text, facts, percent, reach_lines, rounded
from mosaik_scenarios.report.page import page, section, table_section

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.arena.plan import ArenaPlan
    from mosaik_scenarios.arena.result import ArenaResult

PAGE = "arena.html"
TITLE = "Who catches which attack"

SHARES = dict.fromkeys(("detected", "by_chance", "top1", "top3", "detection_rate", "alarmed_share"), percent)
TEXTS = {**SHARES, **dict.fromkeys(("median_delay_scans", "p90_delay_scans"), delay_text)}


def write_page(result: ArenaResult, plan: ArenaPlan, seen: Mapping[str, Seen], path: Path) -> Path:
    """Write the page, whole or not at all; returns where it lies.

    Parameters
    ----------
    seen
        By feeder; one without shows no missed events.
    """
    with written_at_once(path) as draft:
        draft.write_text(page(TITLE, "\n".join(_parts(result, plan, seen))), encoding="utf-8")
    return path


def _parts(result: ArenaResult, plan: ArenaPlan, seen: Mapping[str, Seen]) -> Iterator[str]:
    feeders = feeders_of(result)
    yield f"<h1>{TITLE}</h1>\n<p>{escape(introduction(plan))}</p>"
    yield _paragraphs(HOW_TO_READ)
    yield table_section(
        "Feeders", "The product's best detector beside the best baseline, by mean VUS-PR over the kinds of attacks.",
        by_feeder(result),
    )  # fmt: skip
    links = " · ".join(f'<a href="#{escape(feeder)}">{escape(feeder)}</a>' for feeder in feeders)
    yield f"<p>{links}</p>"
    for feeder in feeders:
        yield f'<h1 id="{escape(feeder)}">{escape(feeder)}</h1>\n<p>{escape(facts(result, feeder))}.</p>'
        yield from _feeder(result, plan, feeder, seen.get(feeder))


def introduction(plan: ArenaPlan) -> str:
    """What was asked of whom."""
    return (
        f"{len(plan.detectors)} detectors on {len(plan.feeders)} feeders, {len(plan.kinds)} kinds of attacks at three "
        f"magnitudes, whole timelines of the closed loop at one scan a minute, metering plan {plan.metering}. Everyone "
        f"learns on the same {plan.training_days:g} clean days a feeder, has a threshold from the same "
        f"{plan.calibration_days:g} others for {plan.alarms_per_day:g} false alarms a day, and is judged on timelines "
        "of other seeds (customers, meters, luck) and dates."
    )


HOW_TO_READ = (
    "An event counts as detected when an alarm is raised in it; one that stood already is no evidence. Nothing is "
    "adjusted after the fact. A missed event has an infinite delay, so that a median says when half of all events were "
    "seen. VUS-PR (Paparrizos et al., 2022) is the volume under the precision-recall surface of the scores, whatever "
    "the threshold.",
)


def _feeder(result: ArenaResult, plan: ArenaPlan, feeder: str, seen: Seen | None) -> Iterator[str]:
    look = figures.looks(detectors_of(result, feeder))
    yield _conclusions(result, feeder)
    table = rounded(overview(result, feeder))
    yield table_section("Detectors", "The best by mean VUS-PR first.", table, TEXTS)
    for title, (text, drawn) in drawings(result, plan, feeder, look).items():
        yield section(title, text, drawn)
    if seen is not None:
        yield from _missed(result, feeder, seen, look)
    yield table_section(
        "At the textbook's threshold",
        "Detectors with a threshold of their own, at it and at the one calibrated for the budget.",
        rounded(textbook(result, feeder)), SHARES,
    )  # fmt: skip
    yield table_section(
        "Cost", "CPU time: fitting and calibrating once; a scan in a stream, and a scan of a record judged at once.",
        rounded(cost(result, feeder)),
    )  # fmt: skip


def drawings(
    result: ArenaResult, plan: ArenaPlan, feeder: str, look: Mapping[str, Look]
) -> dict[str, tuple[str, Figure | None]]:
    """The figures of one feeder by title, each with what it shows."""
    alarms = of_feeder(result.false_alarms, feeder).query("role == 'clean'").set_index("detector")
    levels, events = heat(result, feeder)
    return {
        "Who catches what": (
            "Percent of the events detected, at the budget of false alarms; the buttons choose the magnitude.",
            figures.heat_map(levels, events),
        ),
        "How soon": (
            "Median delay [scans] over the magnitude of the attack, of the product's detectors and the best baselines. "
            "On the dashed line the median event was missed.",
            figures.delay_curves(*delays(result, feeder), look),
        ),
        "Detection against false alarms": (
            "All events, as the threshold moves; the dashed line is the budget.",
            figures.detection_against_false_alarms(curves_over_all(result, feeder), look, plan.alarms_per_day),
        ),
        "VUS-PR": ("Mean over the kinds of attacks.", figures.bars(mean_vus_pr(result, feeder), look, "mean VUS-PR")),
        "False alarms": (
            "On clean test timelines, with the 95 % interval. The dashed line is the budget, the band half of it to "
            "double.",
            figures.false_alarms(alarms, look, plan.alarms_per_day),
        ),
    }  # fmt: skip


def _conclusions(result: ArenaResult, feeder: str) -> str:
    conclusion = conclusion_on(result, feeder)
    first, *others = conclusion_lines(conclusion)
    emphasis = "strong" if conclusion.beats_every_baseline is False else "span"
    return f"<p><{emphasis}>{escape(first)}</{emphasis}></p>\n{_paragraphs((*others, *reach_lines(result, feeder)))}"


def _missed(result: ArenaResult, feeder: str, seen: Seen, look: Mapping[str, Look]) -> Iterator[str]:
    best, *others = best_first(result, feeder)
    evidence = evidence_of_events(result, feeder, seen.timelines)
    yield table_section(
        "Who misses what, and why it may be",
        f"Kinds of which {best}, the best here, missed events. Residual: median normalised residual of the channels "
        "aimed at (or at the bus), before and during the missed events. Shift: of received - expected, in standard "
        "deviations of the two hours before.",
        rounded(who_misses_what(result, feeder, evidence, best)),
    )
    events = list(missed_events(result, feeder, evidence, best))[:EVENTS_SHOWN]
    detectors = [best, *others][:DETECTORS_SHOWN]
    drawn = [
        (
            f"{event.kind}, level {event.level}, on {event.timeline}: {event.evidence.reason}",
            missed_figure(event, seen.timelines[event.timeline], seen.scores, detectors, look),
        )
        for event in events
    ]
    text = f"The largest missed event of the kinds that {best} misses most, at the channel that changed most."
    yield section("Missed events", text, drawn)


def _paragraphs(lines: tuple[str, ...]) -> str:
    return "\n".join(f"<p>{escape(line)}</p>" for line in lines)
