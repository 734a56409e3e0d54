"""Transformers and their regulators."""

from __future__ import annotations

from math import sqrt
from typing import Any

from networks.errors import InvalidFeederError
from networks.importers.opendss.conductors import Conductors, Element, live_elements
from networks.three_phase.tables import WINDINGS

Row = dict[str, Any]


def transformer_rows(circuit: Element, conductors: Conductors, notes: list[str]) -> list[Row]:
    """Rows of the table `transformer`: a two-phase transformer is a bank of two units."""
    regulated = _regulated_windings(circuit)
    rows, split = [], []
    for transformer in live_elements(circuit["transformer"]):
        _require_representable(transformer, conductors.name)
        units = _units(transformer)
        if len(units) > 1:
            split.append(transformer["Name"])
        rows += [_transformer_row(unit, regulated.get(transformer["Name"]), conductors) for unit in units]
    if split:
        notes.append(f"two phases, written as a bank of two single-phase units: transformer {', '.join(split)}.")
    return rows


def regulator_rows(circuit: Element, conductors: Conductors, notes: list[str]) -> list[Row]:
    """Rows of the table `regulator`; the tap is the one the script leaves the transformer at."""
    transformers = {transformer["Name"]: transformer for transformer in live_elements(circuit["transformer"])}
    return [
        _regulator_row(control, transformers[control["Transformer"].lower()], conductors, notes)
        for control in live_elements(circuit["regcontrol"])
        if control["Transformer"].lower() in transformers
    ]


def _regulated_windings(circuit: Element) -> dict[str, int]:
    """Of each regulated transformer, the index of the winding with the taps."""
    return {
        control["Transformer"].lower(): (control["TapWinding"] or control["Winding"]) - 1
        for control in live_elements(circuit["regcontrol"])
    }


def _require_representable(transformer: Element, name: str) -> None:
    element = f"{name}: transformer.{transformer['Name']}"
    connections = transformer["Conns"]
    if len(connections) > len(WINDINGS):
        raise InvalidFeederError(f"{element} has {len(connections)} windings; expected two or three.")
    if transformer["Phases"] not in (1, 2, 3):
        raise InvalidFeederError(f"{element} has {transformer['Phases']} phases; expected one to three.")
    if len(set(connections)) > 1 and transformer["LeadLag"].lower() not in ("lag", "ansi"):
        raise InvalidFeederError(f"{element} has LeadLag={transformer['LeadLag']}; expected Lag (the default).")


def _units(transformer: Element) -> list[Element]:
    """The transformer itself, or the two single-phase units that a two-phase one consists of."""
    if transformer["Phases"] != 2:
        return [transformer]
    units = []
    for phase in range(2):
        nodes, kv = [], []
        for connection, conductors, rating in zip(
            transformer["Conns"], transformer["nodes"], transformer["kVs"], strict=True
        ):
            delta = connection == "delta"
            nodes.append([conductors[phase], conductors[phase + 1] if delta else conductors[-1]])
            kv.append(rating if delta else rating / sqrt(3.0))
        units.append(
            {
                **transformer,
                "Name": f"{transformer['Name']}_{phase + 1}",
                "Bank": transformer["Bank"] or transformer["Name"],
                "Phases": 1,
                "nodes": nodes,
                "kVs": kv,
                "kVAs": [kva / 2.0 for kva in transformer["kVAs"]],
            }
        )
    return units


def _transformer_row(transformer: Element, regulated: int | None, conductors: Conductors) -> Row:
    element = f"transformer.{transformer['Name']}"
    order = _winding_order(transformer, regulated, conductors.name)
    row: Row = {
        "transformer": transformer["Name"],
        "bank": (transformer["Bank"] or transformer["Name"]).lower(),
        "rated_kva": transformer["kVAs"][0],
    }
    for winding, index in zip(WINDINGS, order, strict=False):
        bus = transformer["buses"][index]
        nodes = _with_ground_last(transformer, index, conductors)
        phases, connection = conductors.winding(bus, nodes, transformer["Conns"][index], element)
        row |= {
            f"{winding}_bus": bus,
            f"{winding}_phases": phases,
            f"{winding}_connection": connection,
            f"{winding}_kv": transformer["kVs"][index],
            f"{winding}_r_percent": transformer["pctRs"][index],
            f"{winding}_tap_pu": 1.0 if index == regulated else transformer["Taps"][index],
        }
    row["xhl_percent"] = transformer["XHL"]
    if len(order) == 3:
        row |= {"xht_percent": transformer["XHT"], "xlt_percent": transformer["XLT"]}
    return row | {
        "no_load_loss_percent": transformer["pctNoLoadLoss"],
        "magnetising_percent": transformer["pctIMag"],
    }


def _winding_order(transformer: Element, regulated: int | None, name: str) -> list[int]:
    """The windings as the tables want them: the one with the taps is the secondary."""
    order = list(range(len(transformer["buses"])))
    if regulated in (None, 1):
        return order
    if regulated == 0 and len(order) == 2 and len(set(transformer["Conns"])) == 1:
        return [1, 0]
    raise InvalidFeederError(
        f"{name}: transformer.{transformer['Name']} is regulated at winding {regulated + 1}; expected winding 2."
    )


def _with_ground_last(transformer: Element, index: int, conductors: Conductors) -> list[int]:
    """The conductors of a winding; those a delta does not use are dropped, a leg that is wound in reverse turned."""
    nodes = transformer["nodes"][index]
    phases = transformer["Phases"]
    if transformer["Conns"][index] == "delta":
        return nodes[: 3 if phases == 3 else 2]
    nodes = nodes[: phases + 1]
    if phases == 1 and nodes[0] == 0 and nodes[1]:
        if index == 2 and transformer["buses"][2] in conductors.leg_buses:
            return [nodes[1], 0]
        raise InvalidFeederError(
            f"{conductors.name}: winding {index + 1} of transformer.{transformer['Name']} is wound from ground; "
            "expected that of the second leg of a centre-tapped secondary only."
        )
    return nodes


def _regulator_row(control: Element, transformer: Element, conductors: Conductors, notes: list[str]) -> Row:
    element = f"regcontrol.{control['Name']}"
    index = (control["TapWinding"] or control["Winding"]) - 1
    if transformer["Phases"] == 2 or control["Winding"] - 1 != index:
        raise InvalidFeederError(f"{conductors.name}: {element} regulates another winding than the one it measures.")
    if control["LDC_Z"]:
        raise InvalidFeederError(f"{conductors.name}: {element} has LDC_Z={control['LDC_Z']:g}; state R and X instead.")
    lowest, highest = transformer["MinTap"][index], transformer["MaxTap"][index]
    step = (highest - lowest) / transformer["NumTaps"][index]
    tap = (transformer["Taps"][index] - 1.0) / step
    if abs(tap - round(tap)) > 0.01:
        notes.append(f"{element}: its tap {transformer['Taps'][index]:g} lies between two steps and was rounded.")
    _note_what_is_left_out(control, element, notes)
    bus, phases = _measured(control, transformer, index, conductors)
    return {
        "regulator": control["Name"],
        "transformer": transformer["Name"],
        "controlled_bus": bus,
        "phases": phases,
        "v_set_v": control["VReg"],
        "bandwidth_v": control["Band"],
        "pt_ratio": control["PTRatio"],
        "ct_primary_a": control["CTPrim"],
        "line_drop_r_v": control["R"],
        "line_drop_x_v": control["X"],
        "delay_s": control["Delay"],
        "inter_tap_delay_s": control["TapDelay"],
        "tap_min": round((lowest - 1.0) / step),
        "tap_max": round((highest - 1.0) / step),
        "tap_step_percent": 100.0 * step,
        "tap_pos": round(tap),
        "max_taps_per_operation": control["MaxTapChange"],
    }


def _measured(control: Element, transformer: Element, index: int, conductors: Conductors) -> tuple[str, str]:
    """Bus and phases of the regulator's potential transformer."""
    own_bus = transformer["buses"][index]
    phases, connection = conductors.winding(
        own_bus,
        _with_ground_last(transformer, index, conductors),
        transformer["Conns"][index],
        f"transformer.{transformer['Name']}",
    )
    if not str(control["PTPhase"]).isdigit():
        raise InvalidFeederError(
            f"{conductors.name}: regcontrol.{control['Name']} has PTPhase={control['PTPhase']}; expected a phase."
        )
    first = int(control["PTPhase"]) - 1
    if len(phases) == 3:
        phases = (phases + phases)[first : first + (2 if connection == "delta" else 1)]
    remote, _, nodes = (control["Bus"] or "").lower().partition(".")
    if remote and remote != own_bus:
        live = [int(node) for node in nodes.split(".") if node.isdigit() and node != "0"]
        return remote, conductors.phases(remote, live, f"regcontrol.{control['Name']}") if live else phases
    return own_bus, phases


def _note_what_is_left_out(control: Element, element: str, notes: list[str]) -> None:
    left_out = [
        name
        for name, used in (
            (f"vlimit={control['VLimit']:g} V", control["VLimit"] > 0.0),
            ("reversible", control["Reversible"]),
            ("inversetime", control["InverseTime"]),
            ("cogen", control["Cogen"]),
            ("remoteptratio", control["Bus"] and control["RemotePTRatio"] != control["PTRatio"]),
        )
        if used
    ]
    if left_out:
        notes.append(f"{element}: {', '.join(left_out)} left out.")
