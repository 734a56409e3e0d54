"""The fine record around each fault: voltages, the relay's current and the recloser's state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from models.control.recloser import RecloserState
from mosaik_scenarios.report.drawing import BLUE, COLOURS, GREY, INK, ORANGE, add_curve, figure_of_rows
from mosaik_scenarios.summary.tables import inside, quantity
from mosaik_scenarios.topology import read_topology

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from mosaik_scenarios.results import RunResult

FAULTS_SHOWN = 3
CLOSE_UP_S = 2.0
LEAD_S = 0.2
RUN_OUT_S = 4.0


def fault_records(result: RunResult) -> Iterator[tuple[str, Figure]]:
    """For each fault a caption and its record: the first seconds on the left, the whole sequence on the right."""
    record = result.table("protection")
    begins = result.events[(result.events["kind"] == "fault") & (result.events["after"] == 1)]
    if record.empty:
        return
    for time, place in list(zip(begins.index, begins["element"], strict=True))[:FAULTS_SHOWN]:
        lines = _relay_lines(result, time) or [int(str(place).rpartition(" ")[2])]
        yield f"Fault on {place}, {time:%H:%M:%S}", _record_of(result, time, lines)


def _record_of(result: RunResult, fault: datetime, lines: list[int]) -> Figure:
    shown = _around(result, fault)
    states = quantity(shown, "recloser_state")
    titles = ["voltage [pu]", "current at the recloser [kA]", *(["recloser"] if len(states.columns) else [])]
    figure = figure_of_rows(
        [title for title in titles for _ in range(2)], columns=2, shared_xaxes="columns", column_widths=[0.5, 0.5]
    )
    for col, seconds in ((1, CLOSE_UP_S), (2, float(shown.index[-1]) if len(shown) else CLOSE_UP_S)):
        part = shown.loc[shown.index <= seconds]
        _add_voltages(figure, result, part, lines, col)
        _add_currents(figure, part, lines, col)
        if len(states.columns):
            _add_states(figure, part, lines, col)
        figure.update_xaxes(range=[-LEAD_S, seconds], col=col)
    figure.update_yaxes(rangemode="tozero", row=1)
    figure.update_xaxes(title_text="seconds after the fault", row=len(titles))
    return figure.update_layout(margin={"l": 90})


def _around(result: RunResult, fault: datetime) -> pd.DataFrame:
    """The fine record by seconds after the fault; what was before it stood since the last regular step."""
    record = result.table("protection")
    sequence = record.loc[inside(record.index, fault, fault + timedelta(seconds=_sequence_s(result, fault)))]
    before = record.loc[record.index < fault].iloc[-1:]
    seconds = (pd.DatetimeIndex(sequence.index) - pd.Timestamp(fault)).total_seconds()
    return pd.concat([before, sequence]).set_axis([*[-LEAD_S] * len(before), *seconds], axis="index")


def _sequence_s(result: RunResult, fault: datetime) -> float:
    """From the fault to a little after the last thing that protection did about it. [s]"""
    events = result.events
    until = fault + result.scenario.recloser.fault_window
    acts = events.index[events["kind"].isin(["recloser", "fault"]) & inside(events.index, fault, until)]
    return min((acts[-1] - fault).total_seconds() + RUN_OUT_S, (until - fault).total_seconds())


def _relay_lines(result: RunResult, fault: datetime) -> list[int]:
    """Lines of the reclosers that acted on this fault."""
    events = result.events
    acted = (events["kind"] == "recloser") & inside(events.index, fault, fault + result.scenario.recloser.fault_window)
    return sorted({int(line) for line in events.loc[acted, "element"]})


def _add_voltages(figure: Figure, result: RunResult, part: pd.DataFrame, lines: list[int], col: int) -> None:
    """Ahead of and behind each relay."""
    vm_pu = quantity(part, "vm_pu")
    ends = {line["index"]: (line["from_bus"], line["to_bus"]) for line in read_topology(result.folder).get("lines", ())}
    for line in lines:
        for bus, where, colour in zip(ends.get(line, ()), ("ahead", "behind"), (BLUE, ORANGE), strict=False):
            if bus in vm_pu:
                name = f"bus {bus}, {where} of the relay"
                add_curve(figure, vm_pu[bus], name, colour, row=1, col=col, shape="hv")


def _add_currents(figure: Figure, part: pd.DataFrame, lines: list[int], col: int) -> None:
    current = quantity(part, "line_i_ka")
    for line, colour in zip([line for line in lines if line in current], (INK, *COLOURS), strict=False):
        add_curve(figure, current[line], f"current in line {line}", colour, row=2, col=col, shape="hv", legend=col == 1)


def _add_states(figure: Figure, part: pd.DataFrame, lines: list[int], col: int) -> None:
    states = quantity(part, "recloser_state")
    order = [RecloserState.CLOSED, RecloserState.RESET, RecloserState.TRIPPED, RecloserState.RECLOSING,
             RecloserState.WAITING, RecloserState.LOCKOUT]  # fmt: skip
    height = {state.value: number for number, state in enumerate(order)}
    for line, colour in zip([line for line in lines if line in states], (INK, *COLOURS), strict=False):
        add_curve(
            figure, states[line].map(height), f"recloser {line}", colour, row=3, col=col, shape="hv", legend=False
        )
    axis: dict[str, Any] = {"tickvals": list(height.values()), "ticktext": [state.name.lower() for state in order]}
    figure.update_yaxes(row=3, col=col, range=[-0.5, len(order) - 0.5], **axis)
    figure.add_hline(2.5, line={"color": GREY, "dash": "dot", "width": 1}, row=3, col=col)
