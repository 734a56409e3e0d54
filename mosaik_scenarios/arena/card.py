"""The card of a data set: what it is, how it was made, what its files and columns mean, and what it does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mosaik_scenarios.arena.data_set import CHANNEL_FILES, ELEMENT_FILES, EVENTS, SCENARIO
from mosaik_scenarios.arena.events import KINDS
from mosaik_scenarios.arena.folder import timelines_described
from mosaik_scenarios.arena.markdown import markdown_rows
from mosaik_scenarios.channel_units import UNITS
from mosaik_scenarios.manifest import git_commit, versions

if TYPE_CHECKING:
    from mosaik_scenarios.arena.plan import ArenaPlan
    from mosaik_scenarios.arena.timelines import Timeline

CARD, CARD_TEXT = "card.json", "card.md"
CHANNELS = "channels.csv"

STATES = {"tap": "position", "closed": "1 closed, 0 open"}
LICENCE = "BSD-3-Clause, as gridtwin; the networks by their sources."

HOW = (
    "Simulated with gridtwin: every timeline is one scenario in the closed loop (plant, meters, channel, attacker, "
    "state estimator, voltage regulator) at one scan a minute. The same scenario and version give the same values."
)
EVENT_COLUMNS = {
    "event": "number, as in forged_by and attack",
    "kind": "of attack, see below",
    "family": "of attack in gridtwin",
    "level": "1 (small) to 3 (large)",
    "magnitude": "in the kind's measure",
    "first_scan, last_scan": "rows of the timeline, the last one included",
    "channels": "aimed at; empty for an attack on the plant itself",
    "buses": "where it is",
    "parameters": "of the family, JSON",
}
ROLES = {
    "train": "no attacks, to learn on",
    "calibrate": "no attacks, to set a threshold by",
    "clean": "no attacks, to count false alarms on",
    "attacked": "with attacks, to judge on",
}
LIMITS = (
    "Loads are standard profiles with drawn diversity, the sky is clear: weather does not surprise anyone.",
    "Attacks are drawn by lot from stated kinds and magnitudes; none adapts to a detector.",
    "The first 12 hours of every timeline are quiet. In attacked ones attacks last 30 minutes, 30 minutes apart, which "
    "is far more often than anywhere in the world: a share of attacked scans is no prior.",
    "The balanced network is what is solved, unless a scenario says otherwise.",
    "Training timelines have other customers, meters and dates than the others; judge on whole timelines, never on "
    "shuffled scans.",
)


def card_of(plan: ArenaPlan, timelines: Sequence[Timeline]) -> dict[str, Any]:
    """The card in plain values."""
    return {
        "title": "Timelines of distribution feeders under attack, with measurements, estimates, truth and labels",
        "made_by": HOW,
        "licence": LICENCE,
        "git_commit": git_commit(),
        "versions": versions(),
        "plan": plan_described(plan),
        "feeders": {feeder: _feeder(feeder) for feeder in plan.feeders},
        "timelines": [_timeline(timeline) for timeline in timelines],
        "roles": ROLES,
        "files": dict(_files()),
        "events": EVENT_COLUMNS,
        "kinds": {name: {"family": KINDS[name].family, "magnitude": KINDS[name].measure} for name in plan.kinds},
        "units": UNITS | STATES,
        "signs": "consumption positive at buses; branch flows into the branch at each end",
        "known_limits": list(LIMITS),
    }


def plan_described(plan: ArenaPlan) -> dict[str, Any]:
    """What of a plan its data set depends on."""
    return timelines_described(plan) | {"feeders": list(plan.feeders)}


def card_text(card: dict[str, Any]) -> str:
    """The same as a page of Markdown."""
    return "\n\n".join(_blocks(card)) + "\n"


def _feeder(name: str) -> dict[str, Any]:
    from networks.registry import load_feeder

    feeder = load_feeder(name)
    return {
        "title": feeder.title,
        "source": feeder.source,
        "buses": len(feeder.net.bus),
        "approximations": list(feeder.approximations),
    }


def _timeline(timeline: Timeline) -> dict[str, Any]:
    place, scenario = timeline.place, timeline.scenario
    return {
        "folder": f"{place.feeder}/{place.name}",
        "role": place.role,
        "seed": scenario.seed,
        "start": scenario.start.isoformat(),
        "scans": scenario.duration // scenario.scan_period,
        "scan_period_s": scenario.scan_period.total_seconds(),
        "events": len(timeline.events),
    }


def _files() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every file of a timeline's folder: what its rows and columns are."""
    for name, channels in CHANNEL_FILES.items():
        yield f"{name}.parquet", {"rows": "time", "columns": f"channels, see {CHANNELS}", "meaning": channels.meaning}
    for name, elements in ELEMENT_FILES.items():
        columns = f"{', '.join(elements.quantities)}, each by element where there are several: quantity/element"
        yield f"{name}.parquet", {"rows": "time", "columns": columns, "meaning": elements.meaning}
    yield EVENTS, {"rows": "attack", "columns": ", ".join(EVENT_COLUMNS), "meaning": "what was done, when, to whom"}
    yield SCENARIO, {"meaning": "all of it, for gridtwin run"}


def _blocks(card: dict[str, Any]) -> Iterator[str]:
    yield f"# {card['title']}"
    yield card["made_by"]
    versions = ", ".join(f"{name} {version}" for name, version in card["versions"].items())
    yield f"Licence: {card['licence']} Made with {versions}, commit {card['git_commit'] or 'unknown'}."
    yield "## Feeders"
    yield markdown_rows(("feeder", "buses", "what", "source"),
                [(name, f["buses"], f["title"], f["source"]) for name, f in card["feeders"].items()])  # fmt: skip
    yield "## Timelines"
    yield "\n".join(f"- `{role}`: {meaning}" for role, meaning in card["roles"].items())
    columns = ("folder", "role", "seed", "start", "scans", "events")
    yield markdown_rows(columns, [tuple(timeline[name] for name in columns) for timeline in card["timelines"]])
    yield "## Files of a timeline"
    parts = ("rows", "columns", "meaning")
    files = [(name, *(file.get(part, "") for part in parts)) for name, file in card["files"].items()]
    yield markdown_rows(("file", "rows", "columns", "what"), files)
    yield _about_columns(card)
    yield "## Events"
    yield markdown_rows(("column", "what"), list(card["events"].items()))
    yield "## Kinds of attacks"
    yield markdown_rows(("kind", "family", "magnitude"),
                [(name, kind["family"], kind["magnitude"]) for name, kind in card["kinds"].items()])  # fmt: skip
    yield "## Known limits"
    approximated = [f"{name}: {line}" for name, f in card["feeders"].items() for line in f["approximations"]]
    yield "\n".join(f"- {line}" for line in (*card["known_limits"], *approximated))


def _about_columns(card: dict[str, Any]) -> str:
    units = ", ".join(f"{name} {unit}" for name, unit in card["units"].items())
    return (
        f"Times are wall clock with UTC offset. `FEEDER/{CHANNELS}` is the metering plan: one row a channel, with its "
        "accuracy class, full scale, standard deviation, bus, and whether gridtwin's detectors judge it. Units by the "
        f"first word of a channel's name: {units}. Signs: {card['signs']}. Floats have seven digits."
    )
