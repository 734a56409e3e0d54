"""How the LSTM detectors are built, trained and read."""

from dataclasses import dataclass, fields

from models.errors import InvalidParameterError


@dataclass(frozen=True)
class LstmParameters:
    """What both LSTM detectors have.

    Attributes
    ----------
    hidden_size
        Units of each LSTM. [-]
    window_scans
        Scans through which one training step propagates back. [scans]
    windows_per_update
        Windows in one training step. [-]
    updates
        Training steps. [-]
    learning_rate
        Largest learning rate of the one-cycle schedule. [-]
    smoothing, slow_smoothing
        Weight of the newest residual in its short and its long moving average; 1 is no smoothing. [0 to 1]
    warm_up_scans
        Scans at the beginning of a stream that fill the memory and are not judged. [scans]

    Raises
    ------
    InvalidParameterError
    """

    hidden_size: int = 64
    window_scans: int = 60
    windows_per_update: int = 24
    updates: int = 300
    learning_rate: float = 1e-3
    smoothing: float = 0.3
    slow_smoothing: float = 0.06
    warm_up_scans: int = 10

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise InvalidParameterError(f"{field.name} must be positive, got {value}; {field.default} is usual.")
        for name in ("smoothing", "slow_smoothing"):
            if getattr(self, name) > 1:
                raise InvalidParameterError(f"{name} must not exceed 1, got {getattr(self, name)}.")


@dataclass(frozen=True)
class AutoencoderParameters(LstmParameters):
    """Size, training and smoothing of the LSTM autoencoder.

    Attributes
    ----------
    code_size
        Width of the bottleneck, narrowed to a quarter of the channels where these are few. [-]
    corrupted_share
        Share of the channels that are forged in a training window. [0 to 1]
    """

    code_size: int = 16
    corrupted_share: float = 0.15

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.corrupted_share > 1:
            raise InvalidParameterError(f"corrupted_share must not exceed 1, got {self.corrupted_share}.")


@dataclass(frozen=True)
class ForecasterParameters(LstmParameters):
    """Size, training and smoothing of the LSTM forecaster.

    Attributes
    ----------
    gain_spread
        Standard deviation of the logarithm of the gain by which a channel's innovations are multiplied in a training
        window: other customers are as regular, but not as moderate. [-]
    """

    smoothing: float = 0.5
    warm_up_scans: int = 60
    gain_spread: float = 0.3
