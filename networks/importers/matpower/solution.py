"""What MATPOWER's power flow left in a result struct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from networks.errors import InvalidFeederError
from networks.importers.matpower.case import (
    BS,
    F_BUS,
    GEN_BUS,
    GS,
    PF,
    PG,
    PT,
    QF,
    QG,
    QT,
    T_BUS,
    VA,
    VM,
    BoolArray,
    FloatArray,
    IntArray,
    case_from_fields,
)


@dataclass(frozen=True, eq=False)
class MatpowerSolution:
    """A solved case: voltages, flows and generation, one element a row of MATPOWER's tables and in their order.

    Attributes
    ----------
    name
        Of the file.
    base_mva
        [MVA]
    bus_number
        MATPOWER's bus numbers, (n_bus,).
    bus_in_service
        False for isolated buses, whose voltages mean nothing, (n_bus,).
    vm_pu, va_degree
        Solved voltages, (n_bus,).
    shunt_p_mw, shunt_q_mvar
        What the buses' shunts draw at the solved voltage, consumption positive, (n_bus,).
    branch_from_bus, branch_to_bus
        Bus numbers, (n_branch,).
    branch_in_service
        (n_branch,)
    p_from_mw, q_from_mvar, p_to_mw, q_to_mvar
        Flows into every branch at its ends, (n_branch,).
    gen_bus
        Bus numbers, (n_gen,).
    gen_in_service
        (n_gen,)
    gen_p_mw, gen_q_mvar
        Generation, (n_gen,). NaN where `runpf` leaves it so: several generators of one bus without a reactive range.
    """

    name: str
    base_mva: float
    bus_number: IntArray
    bus_in_service: BoolArray
    vm_pu: FloatArray
    va_degree: FloatArray
    shunt_p_mw: FloatArray
    shunt_q_mvar: FloatArray
    branch_from_bus: IntArray
    branch_to_bus: IntArray
    branch_in_service: BoolArray
    p_from_mw: FloatArray
    q_from_mvar: FloatArray
    p_to_mw: FloatArray
    q_to_mvar: FloatArray
    gen_bus: IntArray
    gen_in_service: BoolArray
    gen_p_mw: FloatArray
    gen_q_mvar: FloatArray

    @property
    def p_generation_mw(self) -> float:
        """Of all generators in service. [MW]"""
        return float(self.gen_p_mw[self.gen_in_service].sum())

    @property
    def q_generation_mvar(self) -> float:
        """Of all generators in service. [Mvar]"""
        return float(self.gen_q_mvar[self.gen_in_service].sum())

    @property
    def p_loss_mw(self) -> float:
        """Lost in the branches. [MW]"""
        on = self.branch_in_service
        return float((self.p_from_mw + self.p_to_mw)[on].sum())


def solution_from_fields(name: str, fields: Mapping[str, Any]) -> MatpowerSolution:
    """The solution that a result struct holds.

    Raises
    ------
    InvalidFeederError
        If it is a case that nobody solved, or one whose power flow did not converge.
    """
    case = case_from_fields(name, {**fields, **_without_gaps(fields)})
    if case.branch.shape[1] <= QT:
        raise InvalidFeederError(
            f"{name}: branch has {case.branch.shape[1]} columns, so no flows (columns 14 to 17): "
            "this is a case, not a result; save what runpf returns."
        )
    if "success" in fields and not np.all(fields["success"]):
        raise InvalidFeederError(f"{name}: success is 0, the power flow did not converge in MATPOWER.")
    bus, branch, gen = case.bus, case.branch, np.asarray(fields["gen"], dtype=float)
    return MatpowerSolution(
        name=name,
        base_mva=case.base_mva,
        bus_number=case.bus_number,
        bus_in_service=case.bus_in_service,
        vm_pu=bus[:, VM],
        va_degree=bus[:, VA],
        shunt_p_mw=bus[:, GS] * bus[:, VM] ** 2,
        shunt_q_mvar=-bus[:, BS] * bus[:, VM] ** 2,
        branch_from_bus=branch[:, F_BUS].astype(np.int64),
        branch_to_bus=branch[:, T_BUS].astype(np.int64),
        branch_in_service=case.branch_in_service,
        p_from_mw=branch[:, PF],
        q_from_mvar=branch[:, QF],
        p_to_mw=branch[:, PT],
        q_to_mvar=branch[:, QT],
        gen_bus=gen[:, GEN_BUS].astype(np.int64),
        gen_in_service=case.gen_in_service,
        gen_p_mw=gen[:, PG],
        gen_q_mvar=gen[:, QG],
    )


def _without_gaps(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The generators with zero for what `runpf` could not share out, so that the rest can be checked as a case."""
    gen = np.asarray(fields.get("gen"))
    return {"gen": np.nan_to_num(gen, posinf=np.inf, neginf=-np.inf)} if gen.dtype.kind == "f" else {}
