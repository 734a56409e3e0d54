"""From a feeder and a file of results to their comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mosaik_scenarios.comparison.distances import Distances, distances_from_source
from mosaik_scenarios.comparison.flows import flows_between_buses
from mosaik_scenarios.comparison.hours import choose_rows, parse_hours
from mosaik_scenarios.comparison.matching import NodeMatch, Pair, match_branches, match_nodes, paired
from mosaik_scenarios.comparison.metrics import (
    PowerErrors,
    TapErrors,
    VoltageErrors,
    require_per_unit,
    require_same_unit,
)
from mosaik_scenarios.comparison.references import read_reference
from mosaik_scenarios.comparison.references.reference import FloatArray, IntArray, Reference
from mosaik_scenarios.comparison.result import Comparison
from mosaik_scenarios.comparison.taps import (
    ImposedTaps,
    TapChanger,
    TapRecord,
    find_changers,
    impose,
    read_taps,
    rows_at,
)
from mosaik_scenarios.comparison.twin import (
    NOWHERE,
    WHOLE,
    Probes,
    TapProbes,
    TwinResult,
    recorded_hours,
    solve_hours,
    solve_nominal,
)
from mosaik_scenarios.errors import ComparisonError
from networks.three_phase.tables import PHASES

if TYPE_CHECKING:
    from networks.feeder import Feeder


def compare(
    feeder: str | Path | Feeder,
    reference: str | Path | Reference,
    taps: str | Path | None = None,
    hours: str | Sequence[int] | range | None = None,
    solver: str = "pandapower",
    tolerance: float | None = None,
    unit: str | None = None,
    out: str | Path | None = None,
    force: bool = False,
) -> Comparison:
    """Solve a feeder as a reference did, and say how far the results are apart.

    A snapshot (a MATPOWER result, a bus table) is compared with the power flow at nominal loads and the feeder's own
    taps; values over time with the power flow at the loads that come with the feeder, hour by hour.

    Parameters
    ----------
    feeder
        A name, which stands for the network as published, without extensions; a file; or a feeder as it is.
    reference
        A file of one of the kinds in `mosaik_scenarios.comparison.references.kinds`, or what was read from it.
    taps
        A CSV file of tap positions to impose: columns such as TapA, TapB, TapC, one row an hour, or one row a regulator
        with columns regulator and tap. Without it a snapshot has the feeder's own taps, and over time the feeder's own
        regulators decide.
    hours
        The hours of the year to compare, such as ``"0:168"`` (168 not included).
    solver
        ``"pandapower"`` (balanced: a reference by phase is averaged over its phases) or ``"opendss"`` (by phase).
    tolerance
        What `Comparison.within_tolerance` is judged by: the largest difference of voltages [pu], or, where the
        reference has no voltages, of P at the source [percent].
    unit
        Of the reference's powers, W, kW or MW; unless given, what its header says, else kW (MATPOWER: MW).
    out
        Folder to write the page and its tables to.
    force
        Whether to replace a comparison that lies there.

    Raises
    ------
    ComparisonError
        The two cannot be compared; the message says why, and the way on.
    """
    if tolerance is not None and not (np.isfinite(tolerance) and tolerance >= 0):
        raise ComparisonError(f"expected a tolerance from 0, got {tolerance!r}.")
    read = reference if isinstance(reference, Reference) else read_reference(reference, unit)
    recorded_taps = None if taps is None else read_taps(taps)
    loaded, published = _loaded(feeder)
    if out is not None:
        from mosaik_scenarios.comparison.folder import require_free

        require_free(Path(out), force)
    comparison = _Task(loaded, published, read, recorded_taps, solver, hours).carry_out(tolerance)
    if out is not None:
        comparison.write(out, force=force)
    return comparison


def _loaded(feeder: str | Path | Feeder) -> tuple[Feeder, bool]:
    """The feeder, and whether it is a registered one, which is taken as published."""
    from networks.feeder import Feeder
    from networks.registry import FEEDERS, load_feeder

    if isinstance(feeder, Feeder):
        return feeder, False
    return load_feeder(feeder, extensions=()), str(feeder) in FEEDERS


class _Task:
    """One comparison, from what is compared to how far it is apart."""

    def __init__(
        self,
        feeder: Feeder,
        published: bool,
        reference: Reference,
        taps: TapRecord | None,
        solver: str,
        hours: str | Sequence[int] | range | None,
    ) -> None:
        self.feeder, self.published, self.reference, self.solver = feeder, published, reference, solver
        over_time = reference.states_time or reference.rows > 1 or hours is not None
        if over_time and reference.kind in ("MATPOWER result", "bus table"):
            raise ComparisonError(f"{reference.source}: a {reference.kind} is one power flow; leave --hours out.")
        self.hours: IntArray | None = None
        self.rows: IntArray = np.zeros(1, dtype=np.int64)
        self.wanted: range | None = None
        if over_time:
            self._choose_hours(hours)
        self.imposed = None if taps is None else self._impose(taps)

    def carry_out(self, tolerance: float | None) -> Comparison:
        """Match, solve, and take the differences."""
        feeder, reference = self.feeder, self.reference
        match = match_nodes(feeder, reference, self.solver == "opendss") if reference.voltages is not None else None
        tap_changers = self._tap_changers()
        twin = self._solve(match.probes if match else NOWHERE, _tap_probes(tap_changers))
        if not twin.solved.any():
            raise ComparisonError(
                f"the power flow of feeder {feeder.name} has no solution; there is nothing to compare."
            )
        distances = distances_from_source(feeder.net)
        unmatched = dict(match.unmatched if match else reference.ignored)
        voltages = self._voltage_errors(match, twin, distances, unmatched) if match else None
        branches = self._branch_errors(twin, unmatched)
        return Comparison(
            feeder=feeder.name,
            solver=self.solver,
            reference=reference,
            voltages=voltages,
            source=self._source_errors(twin) or self._injection_errors(twin, match),
            taps=self._tap_errors(twin, tap_changers),
            branches=branches,
            hours=None if self.hours is None else self.hours[twin.solved],
            unsolved=() if self.hours is None else tuple(self.hours[~twin.solved].tolist()),
            how_matched=match.how if match else "",
            unmatched_reference=unmatched,
            unmatched_feeder=match.feeder_only if match else (),
            distances=distances,
            notes=tuple(self._notes(match)),
            approximations=feeder.approximations if self.solver == "pandapower" else (),
            tolerance=tolerance,
        )

    @property
    def begin(self) -> int:
        """The hour that the twin begins with."""
        return 0 if self.wanted is None else self.wanted.start

    def _choose_hours(self, hours: str | Sequence[int] | range | None) -> None:
        recorded = self.feeder.recorded_loads
        if recorded is None:
            raise ComparisonError(
                f"{self.reference.source} holds values over time, but feeder {self.feeder.name} comes without recorded "
                "loads, so that its power flow at those hours is unknown; compare a snapshot, or take a feeder with "
                "recorded loads."
            )
        available = recorded_hours(recorded)
        self.wanted = parse_hours(hours, available)
        stated = self.reference.hours_since(recorded.start)
        self.rows, self.hours = choose_rows(self.reference.source, self.reference.rows, stated, self.wanted, available)

    def _impose(self, taps: TapRecord) -> ImposedTaps:
        if self.hours is None:
            if taps.time.rows != 1:
                raise ComparisonError(
                    f"{taps.source}: expected the taps of one power flow, one row, got {taps.time.rows}."
                )
            return impose(taps, self.feeder)
        recorded = self.feeder.recorded_loads
        assert recorded is not None
        rows = rows_at(taps, self.hours, self.wanted, recorded_hours(recorded), recorded.start)
        return impose(taps, self.feeder, rows)

    def _tap_changers(self) -> dict[TapChanger, list[int]]:
        """The twin's tap changers, and the reference's columns that stand for each: all phases for a ganged one."""
        taps = self.reference.taps
        if taps is None:
            return {}
        if self.hours is None:
            raise ComparisonError(f"{self.reference.source}: taps are compared over time; give one row an hour.")
        columns: dict[TapChanger, list[int]] = {}
        for column, changer in enumerate(find_changers(taps.columns, self.feeder, self.reference.source).values()):
            own = changer if self.solver == "opendss" else TapChanger(changer.trafo, "")
            columns.setdefault(own, []).append(column)
        return columns

    def _solve(self, probes: Probes, tap_probes: TapProbes) -> TwinResult:
        if self.hours is None:
            return solve_nominal(self.feeder, self.solver, probes, self.imposed)
        return solve_hours(self.feeder, self.solver, self.hours, self.begin, probes, self.imposed, tap_probes)

    def _voltage_errors(
        self, match: NodeMatch, twin: TwinResult, distances: Distances, unmatched: dict[str, str]
    ) -> VoltageErrors:
        solved, source = twin.solved, self.reference.source
        alive = np.asarray(np.isfinite(twin.vm_pu[solved]).all(axis=0))
        for pair, there in zip(match.pairs, alive, strict=True):
            if not there:
                why = f"phase {pair.phase} is not there, or dead, in the twin" if pair.phase else "dead in the twin"
                unmatched.update(dict.fromkeys(pair.labels, why))
        pairs = tuple(pair for pair, there in zip(match.pairs, alive, strict=True) if there)
        if not pairs:
            raise ComparisonError(f"{source}: all buses that match are dead in the twin; there is nothing to compare.")
        assert self.reference.voltages is not None
        vm_pu, va_degree = paired(self.reference.voltages, pairs, self.rows[solved])
        ours = twin.vm_pu[np.ix_(solved, alive)]
        require_per_unit(ours, vm_pu, source)
        distance = distances.values[[pair.row for pair in pairs]]
        angle = None
        if va_degree is not None:
            angle = _angle_errors(twin.va_degree[np.ix_(solved, alive)], va_degree, distance, pairs, self._legs())
        hours = None if self.hours is None else self.hours[solved]
        return VoltageErrors(pairs, distance, distances.unit, hours, ours, vm_pu, angle)

    def _legs(self) -> set[str]:
        """Buses whose conductors are the legs of a secondary, which have no angle in a three-phase system."""
        tables = self.feeder.three_phase
        return set() if tables is None else set(tables.bus.bus[tables.bus.phases.str.contains("[12]")])

    def _source_errors(self, twin: TwinResult) -> PowerErrors | None:
        totals, solved = self.reference.totals, twin.solved
        if totals is None:
            return None
        rows = self.rows[solved]
        p, q = (None if power is None else power[rows] for power in (totals.p_mw, totals.q_mvar))
        p_twin, q_twin = twin.p_mw[solved], twin.q_mvar[solved]
        if p is not None:
            require_same_unit("P", p_twin, p, self.reference.unit, self.reference.source)
        elif q is not None:
            require_same_unit("Q", q_twin, q, self.reference.unit, self.reference.source)
        places = ["the source"] if self.hours is None else [f"hour {hour}" for hour in self.hours[solved]]
        return PowerErrors("source", places, p_twin, q_twin, p, q, self.reference.unit)

    def _tap_errors(self, twin: TwinResult, tap_changers: dict[TapChanger, list[int]]) -> TapErrors | None:
        taps, solved = self.reference.taps, twin.solved
        if taps is None or self.hours is None:
            return None
        positions = taps.positions[self.rows[solved]]
        theirs = np.column_stack([np.median(positions[:, columns], axis=1) for columns in tap_changers.values()])
        names = [" ".join(taps.columns[column] for column in columns) for columns in tap_changers.values()]
        return TapErrors(tuple(names), self.hours[solved], twin.tap_pos[solved], theirs)

    def _injection_errors(self, twin: TwinResult, match: NodeMatch | None) -> PowerErrors | None:
        """What a snapshot's sources feed into the network."""
        injection, net = self.reference.injection_mva, self.feeder.net
        sources = set(net.bus.index.get_indexer(net.ext_grid.bus[net.ext_grid.in_service]).tolist())
        pairs = [pair for pair in match.pairs if pair.row in sources] if match else []
        if injection is None or len(pairs) < len(sources):
            return None
        rows = [pair.row for pair in pairs]
        ours = -(twin.state.p_mw[rows] + 1j * twin.state.q_mvar[rows]).sum(keepdims=True)
        theirs = injection[[pair.columns[0] for pair in pairs]].sum(keepdims=True)
        require_same_unit("P", ours.real, theirs.real, self.reference.unit, self.reference.source)
        return PowerErrors(
            "source", ["the source"], ours.real, ours.imag, theirs.real, theirs.imag, self.reference.unit
        )

    def _branch_errors(self, twin: TwinResult, unmatched: dict[str, str]) -> PowerErrors | None:
        """Power into every branch at the end that the reference calls its beginning."""
        branches = self.reference.branches
        if branches is None:
            return None
        matched, why_not = match_branches(self.feeder.net, branches)
        unmatched.update(why_not)
        if not matched:
            return None
        reference = branches.p_from_mw + 1j * branches.q_from_mvar
        theirs = np.array([reference[places].sum() for places in matched.values()])
        flows = flows_between_buses(self.feeder.net, twin.state)
        ours = np.array([flows[ends] for ends in matched])
        first = [places[0] for places in matched.values()]
        names = [f"branch {branches.from_bus[place]}-{branches.to_bus[place]}" for place in first]
        return PowerErrors("branches", names, ours.real, ours.imag, theirs.real, theirs.imag, self.reference.unit)

    def _notes(self, match: NodeMatch | None) -> Iterator[str]:
        if self.published:
            yield "The feeder is the network as published, without the project's extensions."
        if match is not None and match.averaged:
            yield "The twin is balanced: the reference's phases are averaged at each bus."
        if self.reference.taps is not None and self.solver == "pandapower":
            yield "The twin has one ganged tap a transformer: it is compared with the median of the phases."
        if self.imposed is not None:
            yield "The taps are imposed" + ("." if self.solver == "opendss" else ", by their mean over the phases.")
        elif self.hours is not None and len(self.feeder.regulators):
            yield f"The feeder's own regulators decide on the taps, from hour {self.begin} on."


def _tap_probes(changers: Iterable[TapChanger]) -> TapProbes:
    changers = list(changers)
    phases = [PHASES.index(changer.phase) if changer.phase else WHOLE for changer in changers]
    return TapProbes(
        np.array([changer.trafo for changer in changers], dtype=np.int64), np.array(phases, dtype=np.int64)
    )


def _angle_errors(
    twin: FloatArray, reference: FloatArray, distance: FloatArray, pairs: Sequence[Pair], legs: set[str]
) -> FloatArray:
    """Differences of the angles, both relative to the first of the nearest voltages to the source. [degree]"""
    nearest = int(np.nanargmin(distance)) if np.isfinite(distance).any() else 0
    difference = (twin - twin[:, [nearest]]) - (reference - reference[:, [nearest]])
    difference = (difference + 180.0) % 360.0 - 180.0
    difference[:, [pair.bus in legs for pair in pairs]] = 0.0
    return difference
