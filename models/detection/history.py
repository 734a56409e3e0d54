"""What the control room knows: one scan of it, and a record of many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidParameterError
from models.telemetry.quality import Quality

DAY_S = 86_400.0


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
    """

    time_s: float
    value: NDArray[np.float64]
    quality: NDArray[np.int8]
    objective: float
    degrees_of_freedom: float
    normalised_residual: NDArray[np.float64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n_channel,) Whether a channel holds a value that may be believed."""
        return np.isfinite(self.value) & (self.quality < Quality.MISSING)

    @property
    def day_angle_rad(self) -> float:
        """Time of day as the angle of a 24-hour clock. [rad]"""
        return 2 * np.pi * (self.time_s % DAY_S) / DAY_S


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
    value, quality, normalised_residual
        (n_time, n_channel)
    objective, degrees_of_freedom
        (n_time,)

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
        return cls(
            channels=channels,
            time_s=time_s,
            value=value,
            quality=np.where(np.isfinite(value), Quality.VALID, Quality.MISSING).astype(np.int8),
            objective=np.full(len(value), np.nan),
            degrees_of_freedom=np.zeros(len(value)),
            normalised_residual=np.full(np.shape(value), np.nan),
        )

    @classmethod
    def of_frames(cls, channels: tuple[str, ...], frames: Sequence[DetectorFrame]) -> "History":
        """A record of scans kept one by one."""
        arrays = {field.name: np.array([getattr(frame, field.name) for frame in frames]) for field in fields(cls)[1:]}
        return cls(channels=channels, **arrays)

    @classmethod
    def load(cls, path: Path) -> "History":
        """The record that `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(channels=tuple(arrays.pop("channels").tolist()), **arrays)

    def save(self, path: Path) -> None:
        """Write the record as plain arrays (NumPy's ``.npz``)."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
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
            )

    def __getitem__(self, part: slice) -> "History":
        arrays = {field.name: getattr(self, field.name)[part] for field in fields(self)[1:]}
        return History(channels=self.channels, **arrays)

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
        expected = {"value": table, "quality": table, "normalised_residual": table}
        expected |= {"objective": series, "degrees_of_freedom": series}
        came = {name: getattr(self, name).shape for name in expected}
        wrong = [f"{name} {came[name]} for {shape}" for name, shape in expected.items() if came[name] != shape]
        if wrong:
            raise InvalidParameterError(
                f"a history has one row a scan and one column a channel; wrong: {', '.join(wrong)}."
            )
