"""The balanced pandapower net of a feeder's three-phase tables, and what had to be approximated for it."""

from __future__ import annotations

from collections import Counter
from math import hypot, isfinite, pi
from typing import TYPE_CHECKING, Any

from networks.layout import geojson
from networks.three_phase.banks import Bank, banks_of, require_two_windings, trafo_parameters
from networks.three_phase.folding import (
    configuration_matrices,
    folded_current,
    folded_impedance,
    folded_susceptance,
    is_untransposed,
    line_to_line_kv,
)
from networks.three_phase.start import let_runpp_converge
from networks.three_phase.tables import LEGS, PHASES, SOURCE_IMPEDANCE, STIFF_SOURCE, ThreePhaseTables

if TYPE_CHECKING:
    from pandapower import pandapowerNet
    from pandas import DataFrame

BASE_MVA = 1.0
# Below this Newton's method cannot tell an impedance from none: such lines become switches.
LEAST_IMPEDANCE_PU = 1e-6
# The line "source impedance" is none that anyone could overload.
NO_RATING_KA = 99.0
NUMBERS = {1: "single-phase", 2: "two-phase", 3: "three-phase"}


def balanced_net(tables: ThreePhaseTables) -> tuple[pandapowerNet, tuple[str, ...]]:
    """The feeder as a balanced net, and what is approximated in it, a line each.

    Names tie the net to the tables: buses, lines, loads, switches (bus-bus) and shunts (capacitors) carry theirs, a
    transformer that of its bank. The stiff voltage behind the source is a bus of its own, ``"<bus> stiff source"``; the
    line from it is ``"source impedance"``. Elements of one or two phases stand for three-phase ones with the same power
    and losses (`networks.three_phase.folding`), the units of a bank for one transformer at their mean tap
    (`networks.three_phase.banks`).

    Raises
    ------
    InvalidFeederError
        If a transformer feeds something from a third winding.
    """
    builder = _Builder(tables)
    builder.add_buses()
    builder.add_source()
    builder.add_transformers()
    builder.add_lines()
    builder.add_switches()
    builder.add_loads()
    builder.add_capacitors()
    let_runpp_converge(builder.net)
    return builder.net, tuple(builder.approximations)


class _Builder:
    """A net in the making."""

    def __init__(self, tables: ThreePhaseTables) -> None:
        import pandapower

        self.tables = tables
        self.f_hz = float(tables.source.f_hz.iloc[0])
        self.net = pandapower.create_empty_network(f_hz=self.f_hz, sn_mva=BASE_MVA)
        self.approximations: list[str] = []
        self.vn_kv = dict(zip(tables.bus.bus, tables.bus.vn_kv.astype(float), strict=True))
        self.banks = list(banks_of(tables))
        self.index: dict[str, int] = {}

    def add_buses(self) -> None:
        import pandapower

        table = self.tables.bus
        indices = pandapower.create_buses(self.net, len(table), table.vn_kv.to_numpy(float), name=list(table.bus))
        self.index = {name: int(index) for name, index in zip(table.bus, indices, strict=True)}
        places = table[["x", "y"]].to_numpy(float)  # of tables read from a script, None is in a column of objects
        # Nobody said where a bus without coordinates is.
        self.net.bus["geo"] = [geojson(x, y) if isfinite(hypot(x, y)) else None for x, y in places.tolist()]

    def add_source(self) -> None:
        import pandapower

        source = self.tables.source.iloc[0]
        vn_kv = self.vn_kv[source.bus]
        stiff = pandapower.create_bus(self.net, vn_kv, name=f"{source.bus} {STIFF_SOURCE}")
        vm_pu = float(source.vm_pu) * float(source.vn_kv) / vn_kv
        pandapower.create_ext_grid(self.net, stiff, vm_pu=vm_pu, va_degree=float(source.va_degree))
        pandapower.create_line_from_parameters(
            self.net,
            stiff,
            self.index[source.bus],
            length_km=1.0,
            r_ohm_per_km=float(source.r1_ohm),
            x_ohm_per_km=max(float(source.x1_ohm), _least_ohm(vn_kv)),
            c_nf_per_km=0.0,
            max_i_ka=NO_RATING_KA,
            name=SOURCE_IMPEDANCE,
        )

    def add_transformers(self) -> None:
        import pandapower

        folded = Counter[str]()
        for bank in self.banks:
            self._note(require_two_windings(bank, self.tables))
            self._note(_merged(bank))
            if not len(bank.regulators):
                folded["centre-tapped" if bank.is_centre_tapped else NUMBERS[len(bank.phases)]] += 1
            parameters = trafo_parameters(bank, self.vn_kv)
            hv_bus, lv_bus = self.index[parameters.pop("hv_name")], self.index[parameters.pop("lv_name")]
            pandapower.create_transformer_from_parameters(self.net, hv_bus=hv_bus, lv_bus=lv_bus, **parameters)
        for kind in ("single-phase", "two-phase"):
            if folded[kind]:
                self._note(f"{_count(folded[kind], f'{kind} transformer')} folded: rated power in three phases.")
        if folded["centre-tapped"]:
            self._note(f"{_count(folded['centre-tapped'], 'centre-tapped transformer')} folded: both legs in series.")

    def add_lines(self) -> None:
        import pandapower

        matrices_of = {row["configuration"]: row for row in _records(self.tables.line_configuration)}
        folded, untransposed = Counter[str](), 0
        rows: list[dict[str, Any]] = []
        for line in _records(self.tables.line):
            phases = line["phases"]
            impedance, susceptance = configuration_matrices(matrices_of[line["configuration"]], len(phases))
            row = self._line(line, folded_impedance(impedance, phases), folded_susceptance(susceptance, phases))
            if row is None:
                self._connect(line["line"], line["from_bus"], line["to_bus"], closed=True)
                continue
            rows.append(row)
            folded[phases] += 1
            untransposed += len(phases) == 3 and is_untransposed(impedance)
        if rows:
            pandapower.create_lines_from_parameters(self.net, **_columns(rows))
        self._note_folded_lines(folded)
        if untransposed:
            self._note(f"{_count(untransposed, 'untransposed line')} by the positive sequence.")

    def add_switches(self) -> None:
        across = {bank.buses: bank.name for bank in self.banks}
        for switch in _records(self.tables.switch):
            bank = across.get(frozenset((switch["from_bus"], switch["to_bus"])))
            if bank is None:
                self._connect(switch["switch"], switch["from_bus"], switch["to_bus"], bool(switch["closed"]))
            else:
                self._note(f"switch {switch['switch']}, the conductor past transformer {bank}, left out.")

    def add_loads(self) -> None:
        import pandapower

        table = self.tables.load
        if len(table):
            pandapower.create_loads(self.net, **_columns([self._load(row) for row in _records(table)]))
        few = table[table.phases.str.len() < 3]
        if len(few):
            share = 100.0 * few.p_kw.sum() / table.p_kw.sum()
            self._note(
                f"{_count(len(few), 'load')} of one or two phases ({share:.0f} % of the active power) spread over "
                "three; what their unbalance loses in lines of three phases is left out."
            )

    def add_capacitors(self) -> None:
        import pandapower

        table = self.tables.capacitor
        for row in _records(table):
            pandapower.create_shunt(
                self.net,
                self.index[row["bus"]],
                q_mvar=-row["q_kvar"] / 1000.0,
                vn_kv=line_to_line_kv(row["kv"], row["phases"], row["connection"]),
                name=row["capacitor"],
            )
        few = int((table.phases.str.len() < 3).sum())
        if few:
            self._note(f"{_count(few, 'capacitor')} of one or two phases spread over three.")

    def _line(self, line: dict[str, Any], z_ohm_per_km: complex, b_us_per_km: float) -> dict[str, Any] | None:
        """Arguments of `create_lines_from_parameters`; None for a line without an impedance worth the name."""
        least_ohm = _least_ohm(self.vn_kv[line["from_bus"]])
        if abs(z_ohm_per_km) * line["length_km"] < least_ohm:
            return None
        return {
            "name": line["line"],
            "from_buses": self.index[line["from_bus"]],
            "to_buses": self.index[line["to_bus"]],
            "length_km": line["length_km"],
            "r_ohm_per_km": z_ohm_per_km.real,
            "x_ohm_per_km": z_ohm_per_km.imag or least_ohm,
            "c_nf_per_km": b_us_per_km / (2.0 * pi * self.f_hz) * 1e3,
            "max_i_ka": folded_current(line["max_i_ka"], line["phases"]),
        }

    def _load(self, row: dict[str, Any]) -> dict[str, Any]:
        """Nominal power of a pandapower load is that at the base voltage of its bus, not at its own rated voltage."""
        vm_pu = self.vn_kv[row["bus"]] / line_to_line_kv(row["kv"], row["phases"], row["connection"])
        load = {"name": row["load"], "buses": self.index[row["bus"]]}
        for power, nominal in (("p", row["p_kw"]), ("q", row["q_kvar"])):
            impedance = row[f"const_z_{power}_percent"] * vm_pu**2
            current = row[f"const_i_{power}_percent"] * vm_pu
            constant = 100.0 - row[f"const_z_{power}_percent"] - row[f"const_i_{power}_percent"]
            whole = impedance + current + constant
            load[f"const_z_{power}_percent"] = 100.0 * (impedance / whole)
            load[f"const_i_{power}_percent"] = min(100.0 * (current / whole), 100.0 * (1.0 - impedance / whole))
            load["p_mw" if power == "p" else "q_mvar"] = nominal / 1000.0 * whole / 100.0
        return load

    def _connect(self, name: str, one: str, other: str, closed: bool) -> None:
        import pandapower

        pandapower.create_switch(
            self.net, self.index[one], self.index[other], et="b", closed=closed, type="CB", name=name
        )

    def _note(self, line: str | None) -> None:
        if line:
            self.approximations.append(line)

    def _note_folded_lines(self, phases: Counter[str]) -> None:
        """Lines of fewer than three phases by how many they have."""
        legs = sum(number for used, number in phases.items() if set(used) <= set(LEGS))
        for n in (1, 2):
            number = sum(count for used, count in phases.items() if len(used) == n and not set(used) <= set(LEGS))
            if number:
                self._note(f"{_count(number, f'{NUMBERS[n]} line')} folded: impedance x {3.0 / n:g}.")
        if legs:
            self._note(f"{_count(legs, 'line')} on the legs of centre-tapped secondaries folded: both legs in series.")


def _merged(bank: Bank) -> str | None:
    """What becomes of the taps of a regulated bank."""
    if not len(bank.regulators) or len(bank.first.primary_phases) == 3:
        return None
    if len(bank.units) == 1:
        return f"regulator {bank.name} on phase {bank.phases} acts on all three at tap {bank.mean_tap:g}."
    connected = " in open delta" if bank.is_open_delta else ""
    if bank.phases != PHASES:
        connected = f" on phases {bank.phases}"
    taps = ", ".join(str(tap) for tap in bank.regulators.tap_pos)
    return (
        f"regulator bank {bank.name} of {len(bank.units)} units{connected} merged at tap {bank.mean_tap:.4g} "
        f"(mean of {taps})."
    )


def _records(table: DataFrame) -> list[dict[str, Any]]:
    return [{str(column): value for column, value in row.items()} for row in table.to_dict("records")]


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {key: [row[key] for row in rows] for key in rows[0]}


def _least_ohm(vn_kv: float) -> float:
    return LEAST_IMPEDANCE_PU * vn_kv**2 / BASE_MVA


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
