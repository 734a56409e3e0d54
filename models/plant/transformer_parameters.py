"""What must be known of a liquid-immersed transformer before its temperatures can be computed.

Two descriptions, by what the owner knows: `NameplateThermal` serves clause 7 of IEEE Std C57.91-2011, `DetailedThermal`
(a test report and the masses) serves its Annex G. Dry-type transformers are not covered.
"""

from collections.abc import Mapping
from typing import Any

from models.errors import InvalidParameterError, choose
from models.plant.transformer_nameplate import NameplateThermal
from models.plant.transformer_test_report import DetailedThermal, LossTest

ThermalParameters = NameplateThermal | DetailedThermal
THERMAL_PARAMETERS: dict[str, type[NameplateThermal] | type[DetailedThermal]] = {
    "nameplate": NameplateThermal,
    "detailed": DetailedThermal,
}


def thermal_parameters(description: Mapping[str, Any] | ThermalParameters) -> ThermalParameters:
    """Parameters from a plain mapping such as ``{"model": "nameplate", "cooling": "ONAF"}``; objects pass through.

    Raises
    ------
    UnknownNameError
        If ``model`` is neither ``"nameplate"`` (taken when absent) nor ``"detailed"``.
    InvalidParameterError
        If a field is missing, unknown or out of its range.
    """
    if isinstance(description, ThermalParameters):
        return description
    fields = dict(description)
    kind = choose(THERMAL_PARAMETERS, fields.pop("model", "nameplate"), "thermal model")
    try:
        if isinstance(fields.get("losses"), Mapping):
            fields["losses"] = LossTest(**fields["losses"])
        return kind(**fields)
    except TypeError as error:
        raise InvalidParameterError(f"{kind.__name__}: {error}; see its docstring for the fields.") from error
