"""What a feeder is refused for, as types one can catch."""


class FeederError(ValueError):
    """Base of every refusal of the `networks` package."""


class UnknownFeederError(FeederError):
    """A name that the registry does not hold and that is no file either."""


class InvalidFeederError(FeederError):
    """A network that cannot be simulated: no slack, disconnected, not solving, wrong units."""


class UnknownExtensionError(FeederError):
    """An extension that the feeder does not declare."""


class InvalidMeteringError(FeederError):
    """A user's metering plan that cannot be read or does not fit the network."""
