"""Units of what channels measure."""

UNITS = {"v": "pu", "va": "degree", "p": "MW", "q": "Mvar", "i": "kA"}
"""By measurement type, which is the first word of a channel's name."""


def unit_of(channel: str) -> str:
    """Unit of a channel by its name; empty for the position of a tap or a switch."""
    return UNITS.get(channel.partition(" ")[0], "")
