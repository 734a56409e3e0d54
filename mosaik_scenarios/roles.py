"""What every simulator is told at its start: the scenario and the feeder in each role's own words."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from models.profiles import LoadRecord
from mosaik_scenarios.errors import ScenarioError
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.sections import Fault
from mosaik_scenarios.telemetry import DECLARED
from networks.feeder import Feeder
from networks.supply import lines_behind

if TYPE_CHECKING:
    from pandas import DataFrame, Series

# Generation of the supply area at the start, over the rating of its machines: what is left is the governor's reserve.
AREA_LOADING_PU = 0.6


@dataclass(frozen=True)
class Roles:
    """The parameters of every simulator of one experiment."""

    scenario: Scenario
    feeder: Feeder

    @cached_property
    def plan(self) -> "DataFrame":
        """The metering plan that the scenario asks for; phase by phase where the plant is solved so.

        Raises
        ------
        FeederError
            If it does not fit the network, or is a file that cannot be read.
        """
        from networks.checks import check_meters
        from networks.metering import with_accuracy_classes, with_phasor_units

        telemetry, seed = self.scenario.telemetry, self.scenario.seed
        plan = with_phasor_units(self.feeder.net, self._plan_by_name(telemetry.metering), telemetry.pmus, seed)
        check_meters(plan, self.feeder.net)
        plan = with_accuracy_classes(plan, telemetry.accuracy_class.model_dump(exclude_none=True))
        if self.circuit is None:
            return plan
        from networks.three_phase.phase_metering import plan_by_phase

        return plan_by_phase(plan, self.circuit)

    def _plan_by_name(self, metering: str) -> "DataFrame":
        from networks.metering import plan_of
        from networks.metering_file import read_metering_plan

        if metering == DECLARED:
            return self.feeder.meters
        if metering.endswith(".csv"):
            return read_metering_plan(metering, self.feeder.net)
        return plan_of(self.feeder.net, metering, self.scenario.seed)

    @cached_property
    def order(self) -> dict[str, list[int]]:
        """pandapower indices in vector order."""
        tables = ("bus", "line", "trafo", "load", "sgen", "ext_grid", "switch")
        return {table: self.feeder.net[table].index.tolist() for table in tables}

    @property
    def judged_channels(self) -> tuple[str, ...]:
        """Names of the channels that detectors learn and judge: all but the states of taps and switches.

        A status holds for days and then steps. It has no noise to learn, its silence is nothing to alarm on, and a step
        is as much the feeder's daily business as an attack.
        """
        return tuple(self.plan.name[self._judged])

    @property
    def judged_channel_buses(self) -> tuple[int, ...]:
        """The bus at which each of the `judged_channels` measures."""
        return tuple(bus for bus, judged in zip(self.channel_buses, self._judged, strict=True) if judged)

    @property
    def _judged(self) -> "Series":
        from models.telemetry.status import STATUS_TYPES

        return ~self.plan.measurement_type.isin(STATUS_TYPES)

    def detector(self) -> dict[str, Any]:
        """All channels of the telemetry, and when the scenario starts."""
        return {"channels": self.plan.name.tolist(), "start_time_of_day_s": self.start_time_of_day_s}

    @property
    def start_time_of_day_s(self) -> float:
        """Time since midnight at the start. [s]"""
        start = self.scenario.start
        return (start - start.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()

    @property
    def days_seed(self) -> int:
        """Seed of what is different from day to day (noise, losses, what customers happen to do).

        The same feeder has the same customers on every day, but no two days share their luck: what a detector learns
        on earlier days must not return on the day it is tested.
        """
        start = int(self.scenario.start.timestamp())
        return int(np.random.SeedSequence([self.scenario.seed, start]).generate_state(1, np.uint64)[0])

    def network_start(self) -> dict[str, Any]:
        """Taps, switches and slacks as the net has them at the start."""
        net = self.feeder.net
        return {
            "tap_pos": net.trafo.tap_pos.fillna(0).to_numpy(dtype=np.int64),
            "switch_closed": net.switch.closed.to_numpy(dtype=bool),
            "slack": net.ext_grid.index.to_numpy(),
        }

    def profiles(self) -> dict[str, Any]:
        """Loads by standard profile, at nominal power, as the feeder recorded them, or from the user's files."""
        scenario = self.scenario
        return {
            "loads": self.feeder.loads(),
            "start": scenario.start.isoformat(),
            "duration_s": scenario.duration.total_seconds(),
            "customers_seed": scenario.seed,
            "seed": self.days_seed,
            "location": vars(self.feeder.location),
            "data": self._load_data(),
        }

    def _load_data(self) -> Any:
        data = self.scenario.loads
        if data == "recorded":
            return self._recorded_loads()
        return data if isinstance(data, str) else data.model_dump(exclude_none=True)

    def _recorded_loads(self) -> LoadRecord:
        recorded, feeder = self.feeder.recorded_loads, self.feeder
        if recorded is None:
            problem = f"expected standard, nominal or a file, since feeder {feeder.name} comes with no recorded loads"
            raise ScenarioError([("loads", problem)])
        return LoadRecord.of_meters(
            f"the recording of feeder {feeder.name}", timezone=feeder.location.timezone, **vars(recorded)
        )

    def photovoltaic(self) -> dict[str, Any]:
        """Static generators, those of them that follow the sun, and how they stand."""
        sgen = self.feeder.net.sgen
        return {
            "p_mw": sgen.p_mw.tolist(),
            "q_mvar": sgen.q_mvar.tolist(),
            "photovoltaic": _by_index(self.feeder.pv, "sgen"),
            "sgen_index": self.order["sgen"],
        }

    def disturbances(self) -> dict[str, Any]:
        """Faults, switching by hand, load steps and generation trips."""
        scenario = self.scenario
        return {
            "faults": [{**self._place(fault), **_window(fault)} for fault in scenario.faults],
            "switching": [
                {"switch": event.switch, "at_s": event.at.total_seconds(), "closed": event.closed}
                for event in scenario.switching
            ],
            "load_steps": [_power_event(step) for step in scenario.area.load_steps],
            "generation_trips": [_power_event(trip) for trip in scenario.area.generation_trips],
            "switch_index": self.order["switch"],
        }

    def generator(self) -> dict[str, Any]:
        """The feeder's own machine where it hosts one, else the supply area as one machine."""
        if len(self.feeder.machines):
            return self._hosted_machine(self.feeder.machines.iloc[0])
        area = self.scenario.area
        return {
            "view": "supply_area",
            "machine": {
                "rated_mva": area.rating_mva,
                "inertia_constant_s": area.inertia_s,
                "damping_pu": area.damping_pu,
                "nominal_hz": float(self.feeder.net.f_hz),
            },
            "governor": {"droop_pu": area.droop_pu, "time_constant_s": area.governor_time_constant_s},
            "operating_point": {"base_load_mw": AREA_LOADING_PU * area.rating_mva},
        }

    def _hosted_machine(self, machine: Any) -> dict[str, Any]:
        constants = ("rated_mva", "inertia_constant_s", "damping_pu", "nominal_hz")
        start = ("transient_reactance_pu", "p_mw", "q_mvar", "vm_pu", "va_degree")
        return {
            "view": "hosted_machine",
            "machine": {name: float(machine[name]) for name in constants},
            "operating_point": {
                **{name: float(machine[name]) for name in start},
                "network_mva": float(self.feeder.net.sn_mva),
            },
        }

    def grid(self) -> dict[str, Any]:
        """The net, its circuit where that is solved, the places of its faults and the machine it hosts."""
        params: dict[str, Any] = {
            "net": self.feeder.net,
            "circuit": self.circuit,
            "faults": [self._place(fault) for fault in self.scenario.faults],
            "regulators": self.regulators() if self.regulates_locally else [],
        }
        if len(self.feeder.machines):
            machine = self.feeder.machines.iloc[0]
            on_network_base = float(self.feeder.net.sn_mva) / float(machine.rated_mva)
            params["machine"] = {
                "position": self.order["ext_grid"].index(int(machine.ext_grid)),
                "reactance_pu": float(machine.transient_reactance_pu) * on_network_base,
            }
        return params

    @cached_property
    def circuit(self) -> Any:
        """The feeder phase by phase, as OpenDSS is told it; None for the balanced solver.

        Raises
        ------
        ScenarioError
            If the feeder has no such solver.
        """
        solver, solvers, tables = self.scenario.solver, self.feeder.solvers, self.feeder.three_phase
        if solver not in solvers:
            raise ScenarioError(
                [("solver", f"expected {' or '.join(solvers)} for feeder {self.feeder.name}, got {solver!r}")]
            )
        if solver != "opendss" or tables is None:
            return None
        from networks.three_phase.opendss_circuit import opendss_circuit

        return opendss_circuit(tables, self.feeder.net)

    def transformer(self) -> dict[str, Any]:
        """Thermal nameplates, with the losses that the net states."""
        from models.plant.transformer_nameplate import nameplates

        cooling = self.feeder.transformers.set_index("trafo").cooling
        return {
            "parameters": nameplates(self.feeder.net.trafo, cooling.loc[self.order["trafo"]].tolist()),
            "trafo_index": self.order["trafo"],
        }

    def scada(self) -> dict[str, Any]:
        """Meters and channel; biases and clocks stay what they are from day to day, as the feeder's customers do."""
        telemetry = self.scenario.telemetry
        return {
            "plan": self.plan,
            "order": {table: self.order[table] for table in ("bus", "line", "trafo", "switch")},
            "meter_settings": telemetry.meters(),
            "channel_settings": telemetry.channel(self.scenario.scan_period),
            "stations": self.channel_buses,
            "seed": self.days_seed,
            "installation_seed": self.scenario.seed,
        }

    def attacker(self) -> dict[str, Any]:
        """The attacks, and what they can reach."""
        return {
            "attacks": [attack.parameters for attack in self.scenario.attacks],
            "plan": self.plan,
            "channel_buses": self.channel_buses,
            "net": self.feeder.net,
            "start_time_of_day_s": self.start_time_of_day_s,
            "seed": self.days_seed,
        }

    def estimator(self) -> dict[str, Any]:
        """The control room's own copy of the network, its metering plan, and what it knows of links and customers."""
        channel = self.scenario.telemetry.channel(self.scenario.scan_period)
        return {
            "network": self.feeder.net,
            "circuit": self.circuit,
            "plan": self.plan,
            "reporting": {
                "scan_period_s": channel.scan_period_s,
                "deadband_percent": channel.deadband_percent,
                "loss_probability": channel.absent_probability,
            },
            "load_class": self.feeder.loads().profile.tolist(),
            "significance": self.scenario.estimator.significance,
            "identification_threshold": self.scenario.estimator.residual_threshold,
            "method": self.scenario.estimator.method,
        }

    @property
    def regulates_locally(self) -> bool:
        """Whether the tap changers follow relays of their own at the plant, rather than the control room."""
        return self.scenario.regulator.source == "local"

    def regulators(self) -> list[dict[str, Any]]:
        """Settings of the regulators, none if the scenario leaves them out."""
        return self.feeder.regulator_settings() if self.scenario.regulator.enabled else []

    def regulator_names(self) -> list[Any]:
        """Their transformers, whose units are ganged unless each moves by itself, as "3 a"."""
        rows = self.regulators()
        if self.regulates_locally and self.scenario.solver == "opendss":
            return [f"{row['trafo']} {row['phases']}" if row.get("phases") else int(row["trafo"]) for row in rows]
        return list(dict.fromkeys(int(row["trafo"]) for row in rows))

    def voltage_regulator(self) -> dict[str, Any]:
        """The regulators that the control room commands."""
        return {
            "regulators": [] if self.regulates_locally else self.regulators(),
            "order": {table: self.order[table] for table in ("bus", "trafo")},
            "tap_pos": self.network_start()["tap_pos"].tolist(),
            "source": "estimated" if self.regulates_locally else self.scenario.regulator.source,
            "plan": self.plan,
        }

    def recloser(self) -> dict[str, Any]:
        """The reclosers, unless the scenario leaves them out."""
        enabled = self.scenario.recloser.enabled
        return {
            "reclosers": self.feeder.reclosers.to_dict("records") if enabled else [],
            "order": {table: self.order[table] for table in ("line", "switch")},
            "switch_closed": self.network_start()["switch_closed"].tolist(),
        }

    @cached_property
    def channel_buses(self) -> list[int]:
        """The bus at which every channel measures, or its switch is."""
        net = self.feeder.net
        bus_of = {
            ("bus", None): dict(zip(net.bus.index, net.bus.index, strict=True)),
            ("line", "from"): net.line.from_bus,
            ("line", "to"): net.line.to_bus,
            ("trafo", "hv"): net.trafo.hv_bus,
            ("trafo", "lv"): net.trafo.lv_bus,
            ("trafo", None): net.trafo.hv_bus,
            ("switch", None): net.switch.bus,
        }
        channels = self.plan[["element_type", "side", "element"]].itertuples(index=False)
        return [
            int(bus_of[element_type, side if isinstance(side, str) else None][element])
            for element_type, side, element in channels
        ]

    def _place(self, fault: Fault) -> dict[str, Any]:
        """Where a fault is: on its line, at the end of a line at its bus, or on a line the recloser protects."""
        line, position = fault.line, fault.position
        if fault.bus is not None:
            line, position = self._line_end_at(fault.bus)
        elif line is None:
            line = self._protected_line()
        elif line not in self.feeder.net.line.index:
            raise ScenarioError([("faults", f"expected a line of feeder {self.feeder.name}, got line {line}")])
        return {"line": line, "position": position, "resistance_ohm": fault.resistance_ohm}

    def _line_end_at(self, bus: int) -> tuple[int, float]:
        line = self.feeder.net.line
        for end, position in (("from_bus", 0.0), ("to_bus", 1.0)):
            at_bus = line.index[(line[end] == bus) & line.in_service]
            if len(at_bus):
                return int(at_bus[0]), position
        raise ScenarioError([("faults", f"expected a bus with a line in service, got bus {bus}")])

    def _protected_line(self) -> int:
        """The middle one of the lines behind the feeder's last recloser."""
        if not len(self.feeder.reclosers):
            problem = f"expected the line of each fault, since feeder {self.feeder.name} has no recloser; state it"
            raise ScenarioError([("faults", f"{problem} or leave faults out")])
        behind = lines_behind(self.feeder.net, int(self.feeder.reclosers.line.iloc[-1]))
        return behind[len(behind) // 2]


def _by_index(table: "DataFrame", column: str) -> dict[int, dict[Any, Any]]:
    return {int(row.pop(column)): row for row in table.to_dict("records")}


def _window(fault: Fault) -> dict[str, float]:
    duration_s = fault.duration.total_seconds() if fault.kind == "temporary" else float("inf")
    return {"start_s": fault.start.total_seconds(), "duration_s": duration_s}


def _power_event(step: Any) -> dict[str, float]:
    at: timedelta = step.at
    return {"at_s": at.total_seconds(), "p_mw": step.p_mw}
