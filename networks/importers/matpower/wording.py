"""Sentences about how many of something there are."""

from networks.importers.matpower.case import BoolArray


def counted(mask: BoolArray, one: str, many: str) -> str:
    """For example ``1 bus has`` or ``3 buses have``."""
    count = int(mask.sum())
    return f"{count} {one if count == 1 else many}"
