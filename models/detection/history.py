"""What the control room knows: one scan of it, and a record of many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.errors import InvalidParameterError
from models.telemetry.quality import Quality

DAY_S = 86_400.0
UNKNOWN_BUS = -1


@dataclass(frozen=True, eq=False)
class DetectorFrame:
    """What the control room knows at one scan.

    Attributes
    ----------
    time_s
        Time since midnight of the first day, running on beyond 86 400. [s]
    value
        (n_channel,) Received values, NaN where missing. [pu, MW, Mvar or kA]
    quality
        (n_channel,) Codes of `Quality`. [-]
    objective
        J(x) of the state estimation; NaN without an estimate. [-]
    degrees_of_freedom
        Of that estimate. [-]
    normalised_residual
        (n_channel,) Residual over its standard deviation; NaN where a channel has none. [-]
    estimated
        (n_channel,) What the channels read in the estimated state; NaN without one. [pu, MW, Mvar or kA]
    expected
        (n_channel,) What they read in the power flow of the forecasts alone, which no meter has a part in; NaN without
        one. [pu, MW, Mvar or kA]
    ghi_w_per_m2, ambient_c
        What the weather service tells: global horizontal irradiance and air temperature. [W/m^2], [degC]
    """

    time_s: float
    value: NDArray[np.float64]
    quality: NDArray[np.int8]
    objective: float
    degrees_of_freedom: float
    normalised_residual: NDArray[np.float64]
    estimated: NDArray[np.float64]
    expected: NDArray[np.float64]
    ghi_w_per_m2: float = 0.0
    ambient_c: float = 20.0

    @classmethod
    def of_telemetry(cls, time_s: float, value: NDArray[np.float64], quality: NDArray[np.int8]) -> "DetectorFrame":
        """A scan of which nothing is known but the telemetry."""
        nothing = np.full(len(value), np.nan)
        return cls(time_s, value, quality, np.nan, 0.0, nothing, nothing, nothing)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n_channel,) Whether a channel holds a value that may be believed."""
        return np.isfinite(self.value) & (self.quality < Quality.MISSING)

    @property
    def day_angle_rad(self) -> float:
        """Time of day as the angle of a 24-hour clock. [rad]"""
        return 2 * np.pi * (self.time_s % DAY_S) / DAY_S


OF_SCANS = tuple(field.name for field in fields(DetectorFrame))


@dataclass(frozen=True, eq=False)
class History:
    """Successive scans of the same channels: the fields of `DetectorFrame` with a leading time axis.

    Iterating yields the scans as frames; ``history[a:b]`` is a part of it.

    Attributes
    ----------
    channels
        Names of the channels, in the order of the vectors.
    time_s
        (n_time,) Evenly spaced, since midnight of the first day. [s]
    value, quality, normalised_residual, estimated, expected
        (n_time, n_channel)
    objective, degrees_of_freedom, ghi_w_per_m2, ambient_c
        (n_time,)
    channel_bus
        (n_channel,) pandapower index of the bus at which every channel measures, -1 where unknown.

    Raises
    ------
    InvalidParameterError
        If shapes disagree, channel names repeat or time is not evenly spaced.
    """

    channels: tuple[str, ...]
    time_s: NDArray[np.float64]
    value: NDArray[np.float64]
    quality: NDArray[np.int8]
    objective: NDArray[np.float64]
    degrees_of_freedom: NDArray[np.float64]
    normalised_residual: NDArray[np.float64]
    estimated: NDArray[np.float64]
    expected: NDArray[np.float64]
    ghi_w_per_m2: NDArray[np.float64]
    ambient_c: NDArray[np.float64]
    channel_bus: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        for field in fields(self)[1:]:
            object.__setattr__(self, field.name, np.asarray(getattr(self, field.name)))
        self._check_channels()
        self._check_time()
        self._check_shapes()

    @classmethod
    def of_values(cls, channels: tuple[str, ...], time_s: NDArray[np.float64], value: NDArray[np.float64]) -> "History":
        """A record of telemetry alone: nobody estimated the state, every finite value is valid."""
        quality = np.where(np.isfinite(value), Quality.VALID, Quality.MISSING).astype(np.int8)
        frames = (DetectorFrame.of_telemetry(*scan) for scan in zip(time_s.tolist(), value, quality, strict=True))
        return cls.of_frames(channels, tuple(frames))

    @classmethod
    def of_frames(
        cls, channels: tuple[str, ...], frames: Sequence[DetectorFrame], channel_bus: ArrayLike | None = None
    ) -> "History":
        """A record of scans kept one by one."""
        arrays = {name: np.array([getattr(frame, name) for frame in frames]) for name in OF_SCANS}
        buses = np.full(len(channels), UNKNOWN_BUS) if channel_bus is None else np.asarray(channel_bus, dtype=np.int64)
        return cls(channels=channels, channel_bus=buses, **arrays)

    @classmethod
    def load(cls, path: Path) -> "History":
        """The record that `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(channels=tuple(arrays.pop("channels").tolist()), **arrays)

    def save(self, path: Path) -> None:
        """Write the record as plain arrays (NumPy's ``.npz``), what is by channel in single precision.

        A meter's converter has 14 bits; what was the same value twice stays the same.
        """
        arrays = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        of_channels = [name for name, array in arrays.items() if array.ndim == 2 and array.dtype == np.float64]
        arrays |= {name: arrays[name].astype(np.float32) for name in of_channels}
        np.savez(path, channels=np.array(self.channels), **arrays)

    @property
    def step_s(self) -> float:
        """Time from scan to scan. [s]"""
        return float(self.time_s[1] - self.time_s[0])

    @property
    def days(self) -> float:
        """Time the scans cover. [d]"""
        return len(self) * self.step_s / DAY_S

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n_time, n_channel) Whether a channel holds a value that may be believed."""
        return np.isfinite(self.value) & (self.quality < Quality.MISSING)

    @property
    def day_angle_rad(self) -> NDArray[np.float64]:
        """(n_time,) Time of day as the angle of a 24-hour clock. [rad]"""
        return 2 * np.pi * (self.time_s % DAY_S) / DAY_S

    def __len__(self) -> int:
        return len(self.time_s)

    def __iter__(self) -> Iterator[DetectorFrame]:
        for scan in range(len(self)):
            yield DetectorFrame(
                time_s=float(self.time_s[scan]),
                value=self.value[scan],
                quality=self.quality[scan],
                objective=float(self.objective[scan]),
                degrees_of_freedom=float(self.degrees_of_freedom[scan]),
                normalised_residual=self.normalised_residual[scan],
                estimated=self.estimated[scan],
                expected=self.expected[scan],
                ghi_w_per_m2=float(self.ghi_w_per_m2[scan]),
                ambient_c=float(self.ambient_c[scan]),
            )

    def __getitem__(self, part: slice) -> "History":
        arrays = {name: getattr(self, name)[part] for name in OF_SCANS}
        return History(channels=self.channels, channel_bus=self.channel_bus, **arrays)

    def _check_channels(self) -> None:
        if not self.channels or len(set(self.channels)) != len(self.channels):
            raise InvalidParameterError(
                f"a history needs channels of different names, got {len(self.channels)} names "
                f"of which {len(set(self.channels))} differ; name every channel once."
            )

    def _check_time(self) -> None:
        if self.time_s.ndim != 1 or len(self.time_s) < 2:
            raise InvalidParameterError(
                f"a history needs two scans or more, got time_s of shape {self.time_s.shape}; record a longer run."
            )
        steps = np.diff(self.time_s)
        if not (steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-6)):
            raise InvalidParameterError(
                f"a history needs evenly spaced scans, got steps of {steps.min():g} s to {steps.max():g} s; "
                "record it without dense windows."
            )

    def _check_shapes(self) -> None:
        series: tuple[int, ...] = (len(self.time_s),)
        table = (*series, len(self.channels))
        expected = dict.fromkeys(("value", "quality", "normalised_residual", "estimated", "expected"), table)
        expected |= dict.fromkeys(("objective", "degrees_of_freedom", "ghi_w_per_m2", "ambient_c"), series)
        expected |= {"channel_bus": (len(self.channels),)}
        came = {name: getattr(self, name).shape for name in expected}
        wrong = [f"{name} {came[name]} for {shape}" for name, shape in expected.items() if came[name] != shape]
        if wrong:
            raise InvalidParameterError(
                f"a history has one row a scan and one column a channel; wrong: {', '.join(wrong)}."
            )
