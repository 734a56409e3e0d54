"""The OpenDSS circuit of a feeder's three-phase tables: commands, and where each element of the net is found in it.

The circuit crosses to whoever runs the engine as plain data, so that the network knows no solver and the solver no
tables. OpenDSS documentation: R. C. Dugan, D. Montenegro, "The Open Distribution System Simulator (OpenDSS), Reference
Guide", EPRI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from networks.errors import InvalidFeederError
from networks.three_phase import opendss_commands as commands
from networks.three_phase.folding import line_to_line_kv
from networks.three_phase.opendss_commands import NODE_OF_PHASE, unique_names
from networks.three_phase.opendss_transformers import tap_changer_table, winding_table
from networks.three_phase.phase_angles import nominal_angles
from networks.three_phase.phase_shares import phase_shares
from networks.three_phase.tables import SOURCE_IMPEDANCE, STIFF_SOURCE, ThreePhaseTables

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class OpenDSSCircuit:
    """What builds the circuit, and the maps from the balanced net (`pandapower` indices) to it.

    Attributes
    ----------
    commands
        OpenDSS commands that build the whole circuit, its first loads in the order of `load` and `sgen`.
    source
        `bus` (OpenDSS name), `vn_kv`; `line`, the net's line that stands for its impedance (None where it has none).
    node
        One row a node: `bus`; `node` (OpenDSS ``"name.1"``); `phase`, 0 to 2 for a to c, where the legs 1 and 2 of a
        centre-tapped secondary stand in the places of a and b; `vn_kv` (line to line); `va_degree`, the angle it has
        in a balanced system.
    line
        One row a line: `line`, `element`, `from_bus`, `to_bus` (OpenDSS names), `phases`, `nodes` (``".1.2.3"``),
        `configuration` (OpenDSS line code), `length_km`.
    switch
        One row a switch: `switch`, and the `element` and its `terminal` that it opens.
    winding
        `opendss_transformers.winding_table`.
    tap_changer
        `opendss_transformers.tap_changer_table`.
    load
        One row a load of the net, in its order: `load`, `element` (of class Load), and its powers at its own rated
        voltage over those at the base voltage of its bus, `p_at_rated` and `q_at_rated`: the former are OpenDSS's, the
        latter the net's.
    sgen
        The elements of class Load that are the net's static generators: negative loads.
    load_share, sgen_share
        One row a load (or static generator) and phase that it draws from: its `element` (from 0, in the net's order),
        `bus`, `phase` as in `node`, and `share`, complex, of its power (`phase_shares.phase_shares`).
    """

    commands: tuple[str, ...]
    source: Mapping[str, Any]
    node: DataFrame
    line: DataFrame
    switch: DataFrame
    winding: DataFrame
    tap_changer: DataFrame
    load: DataFrame
    sgen: tuple[str, ...]
    load_share: DataFrame
    sgen_share: DataFrame


def opendss_circuit(tables: ThreePhaseTables, net: Any) -> OpenDSSCircuit:
    """The circuit of `tables`, mapped to the balanced net that was built from them.

    Units of regulated banks stand at their published taps and have no controls of their own: whoever steps the circuit
    moves them. Static generators, and switches at the ends of lines, are the net's own. The former are constant power
    in all phases of their bus (or between them, on a feeder without a neutral), below half their voltage an impedance,
    as loads are.

    Parameters
    ----------
    tables
        The feeder phase by phase.
    net
        Its pandapower net; elements carry the names of the tables.

    Raises
    ------
    InvalidFeederError
        If an element of the net has no counterpart in the tables.
    """
    return _Builder(tables, net).circuit()


class _Builder:
    """Names of everything in OpenDSS, by table and name there."""

    def __init__(self, tables: ThreePhaseTables, net: Any) -> None:
        self.tables, self.net = tables, net
        self.f_hz = float(tables.source.f_hz.iloc[0])
        self.has_neutral = bool((tables.load.connection == "wye").any())
        self.bus = _by_name(tables.bus.bus)
        self.configuration = _by_name(tables.line_configuration.configuration)
        self.capacitor = _by_name(tables.capacitor.capacitor)
        self.transformer = _by_name(tables.transformer.transformer)
        # Lines and switches are one class in OpenDSS, and so are loads and static generators.
        line_names, switch_names = list(tables.line.line), list(tables.switch.switch)
        elements = unique_names([*line_names, *(f"switch_{name}" for name in switch_names)])
        self.line = dict(zip(line_names, elements, strict=False))
        self.switch = dict(zip(switch_names, elements[len(line_names) :], strict=True))
        loads = self._loads_in_order()
        consumers = unique_names([*loads, *(f"sgen_{index}" for index in net.sgen.index)])
        self.load = dict(zip(loads, consumers, strict=False))
        self.sgen = tuple(consumers[len(loads) :])

    def circuit(self) -> OpenDSSCircuit:
        _require(self.net.trafo.name, set(self.tables.transformer.bank), "trafo")
        tap_changer = tap_changer_table(self.tables, self.net, self.transformer)
        return OpenDSSCircuit(
            commands=tuple(self._commands(tap_changer)),
            source=self._source(),
            node=self._nodes(),
            line=self._lines(),
            switch=self._switches(),
            winding=winding_table(self.tables, self.net, self.transformer),
            tap_changer=tap_changer,
            load=self._loads(),
            sgen=self.sgen,
            load_share=self._load_shares(),
            sgen_share=self._sgen_shares(),
        )

    def _loads_in_order(self) -> list[str]:
        """Loads in the order of the net, then those that only the tables have."""
        of_net = list(self.net.load.name)
        _require(of_net, set(self.tables.load.load), "load")
        return of_net + [name for name in self.tables.load.load if name not in set(of_net)]

    def _commands(self, tap_changer: DataFrame) -> list[str]:
        tables, bus = self.tables, self.bus
        off = set(self.net.shunt.name[~self.net.shunt.in_service.astype(bool)])
        taps: dict[str, Any] = {row["element"]: row for row in tap_changer.to_dict("records")}
        switches = set(self.net.switch.name)
        loads = tables.load.set_index("load", drop=False).loc[list(self.load)]
        return [
            *commands.circuit(tables.source.iloc[0], bus[tables.source.bus.iloc[0]]),
            *(
                commands.line_code(row, self.configuration[row.configuration], self.f_hz)
                for row in _rows(tables.line_configuration)
            ),
            *(commands.line(row, self.line[row.line], bus, self.configuration) for row in _rows(tables.line)),
            *(
                commands.switch(row, self.switch[row.switch], bus)
                for row in _rows(tables.switch)
                # Nobody could close a switch that the net does not have.
                if row.closed or row.switch in switches
            ),
            *(
                commands.transformer(row, self.transformer[row.transformer], bus, taps)
                for row in _rows(tables.transformer)
            ),
            *(
                commands.capacitor(row, self.capacitor[row.capacitor], bus)
                for row in _rows(tables.capacitor)
                if row.capacitor not in off
            ),
            *(commands.load(row, self.load[row.load], bus) for row in _rows(loads.iloc[: len(self.net.load)])),
            *self._static_generators(),
            *(commands.load(row, self.load[row.load], bus) for row in _rows(loads.iloc[len(self.net.load) :])),
            *commands.solution(sorted(set(tables.bus.vn_kv), reverse=True)),
        ]

    def _static_generators(self) -> list[str]:
        of_bus = self.tables.bus.set_index("bus")
        names = self.net.bus.name.loc[self.net.sgen.bus]
        _require(names, set(of_bus.index), "bus of a static generator")
        return [
            commands.static_generator(
                element, self.bus[name], of_bus.phases[name], of_bus.vn_kv[name], p_mw, self.has_neutral
            )
            for element, name, p_mw in zip(self.sgen, names, self.net.sgen.p_mw, strict=True)
        ]

    def _source(self) -> dict[str, Any]:
        row = self.tables.source.iloc[0]
        impedance = self.net.line.index[self.net.line.name == SOURCE_IMPEDANCE]
        return {
            "bus": self.bus[row.bus],
            "vn_kv": float(row.vn_kv),
            "line": int(impedance[0]) if len(impedance) else None,
        }

    def _nodes(self) -> DataFrame:
        angles = nominal_angles(self.tables)
        index_of = {name: int(index) for index, name in self.net.bus.name.items()}
        named_so = {name for name in index_of if not str(name).endswith(STIFF_SOURCE)}
        _require(named_so, set(self.bus), "bus")
        rows = [
            (
                index_of[row.bus],
                f"{self.bus[row.bus]}.{NODE_OF_PHASE[phase]}",
                NODE_OF_PHASE[phase] - 1,
                row.vn_kv,
                angles[row.bus][phase],
            )
            for row in _rows(self.tables.bus)
            if row.bus in index_of
            for phase in row.phases
        ]
        return _frame(("bus", "node", "phase", "vn_kv", "va_degree"), rows)

    def _loads(self) -> DataFrame:
        published, vn_kv = self.tables.load.set_index("load"), self.tables.bus.set_index("bus").vn_kv
        rows = []
        for index, name in self.net.load.name.items():
            row = published.loc[name]
            v = vn_kv[row.bus] / line_to_line_kv(row.kv, row.phases, row.connection)
            at_rated = (
                100.0
                / (100.0 + row[f"const_z_{power}_percent"] * (v**2 - 1.0) + row[f"const_i_{power}_percent"] * (v - 1.0))
                for power in "pq"
            )
            rows.append((index, self.load[name], *at_rated))
        return _frame(("load", "element", "p_at_rated", "q_at_rated"), rows)

    def _load_shares(self) -> DataFrame:
        published = self.tables.load.set_index("load").loc[list(self.net.load.name)]
        return _shares(self.net.load.bus, published.phases, published.connection)

    def _sgen_shares(self) -> DataFrame:
        phases = self.tables.bus.set_index("bus").phases.loc[list(self.net.bus.name.loc[self.net.sgen.bus])]
        return _shares(
            self.net.sgen.bus, phases, (commands.connection_of_generator(p, self.has_neutral) for p in phases)
        )

    def _lines(self) -> DataFrame:
        of_net = self.net.line[self.net.line.name != SOURCE_IMPEDANCE]
        _require(of_net.name, set(self.line), "line")
        published = self.tables.line.set_index("line")
        rows = []
        for index, name in of_net.name.items():
            row = published.loc[name]
            ends = (self.bus[row.from_bus], self.bus[row.to_bus])
            rows.append(
                (
                    index,
                    self.line[name],
                    *ends,
                    row.phases,
                    commands.nodes(row.phases),
                    self.configuration[row.configuration],
                    row.length_km,
                )
            )
        columns = ("line", "element", "from_bus", "to_bus", "phases", "nodes", "configuration", "length_km")
        return _frame(columns, rows)

    def _switches(self) -> DataFrame:
        rows = [(index, *self._opened_by(row)) for index, row in self.net.switch.iterrows()]
        return _frame(("switch", "element", "terminal"), rows)

    def _opened_by(self, switch: Any) -> tuple[str, int]:
        """The element, and its terminal, that a switch of the net opens."""
        if switch.et == "l":
            line = self.net.line.loc[switch.element]
            _require([line["name"]], set(self.line), "line")
            return self.line[line["name"]], 1 if switch.bus == line.from_bus else 2
        if switch.et == "b":
            # A line without an impedance worth a name is a switch in a balanced net.
            elements = self.line | self.switch
            _require([switch["name"]], set(elements), "switch")
            return elements[switch["name"]], 1
        raise InvalidFeederError(
            f"the OpenDSS circuit knows switches between buses and at lines, got et {switch.et!r}; "
            "put the switch at a line or solve the feeder with pandapower."
        )


def _by_name(names: Any) -> dict[str, str]:
    return dict(zip(names, unique_names(list(names)), strict=True))


def _rows(table: DataFrame) -> Any:
    return table.itertuples(index=False)


def _shares(buses: Iterable[int], phases: Iterable[str], connections: Iterable[str]) -> DataFrame:
    rows = [
        (element, int(bus), phase, share)
        for element, (bus, conductors, connection) in enumerate(zip(buses, phases, connections, strict=True))
        for phase, share in phase_shares(conductors, connection).items()
    ]
    return _frame(("element", "bus", "phase", "share"), rows)


def _frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> DataFrame:
    from pandas import DataFrame

    return DataFrame([list(row) for row in rows], columns=list(columns))


def _require(names: Any, known: set[str], kind: str) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidFeederError(
            f"the three-phase tables know no {kind} {unknown[0]!r}, which the balanced net has; "
            "build the net from the tables, or solve it with pandapower."
        )
