"""Does every channel move on as it, and all the others, let one expect a scan ago?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Progress
from models.detection.channel_forecast import ChannelForecast, fitted
from models.detection.confirmed_readings import ConfirmedReadings
from models.detection.context import CONTEXT_OF_ALL, Level, context_of
from models.detection.history import DetectorFrame, History
from models.detection.innovation import KINDS, StandardisedInnovations, Usual, learn_usual
from models.detection.lstm_detector import PACE, Array, LstmDetector, Shapes
from models.detection.lstm_parameters import ForecasterParameters
from models.detection.streaming_forecaster import StreamingForecaster

OFFSET, MOVEMENT = KINDS.index("residual"), KINDS.index("estimate")

NETWORK_LIMIT = 5.0
"""A forged error reaches the network no further than this, lest it drown the others. [standard deviations]"""

EXPLAINED = 0.99
"""Share of the deviations' variance that the directions of the joint test explain. [0 to 1]"""

MOST_DIRECTIONS = 64
LEAST_VARIANCE = 1e-9
"""Of a direction in which nothing happens on clean days. [-]"""

JOINT_LIMIT = 8.0
"""One channel counts for no more in the joint test: it has a score of its own. [standard deviations]"""


class LstmForecasterDetector(LstmDetector):
    """LSTM forecaster over all channels, with its memory kept from scan to scan.

    The control room's forecasts are wrong by how customers stray from their profiles. Each channel's innovation of the
    estimate (what it reads in the estimated state, less what it reads in the power flow of the forecasts) is foretold
    from its own last ones (`ChannelForecast`); the network, which sees what all channels were last wrong by, the
    forecasts, time of day and weather, corrects that and says how uncertain it is. Three things are judged: how far
    each innovation is from what was foretold, over the uncertainty foretold; how far each measurement is from its
    estimate, beyond the meter's own bias; and whether the deviations are together larger than they should be, since a
    replayed or shifted state moves many channels a little.

    What is usual is learnt online, and slowly (`RollingCalibration`), so that other customers, other meters' bias and
    another season do not matter.
    """

    name = "lstm_forecaster"
    parameters_type = ForecasterParameters
    _parameters: ForecasterParameters

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Train the network on attack-free days; parameters as of `Detector.fit`."""
        from models.detection.forecaster_network import ForecasterRecord, train

        super().fit(clean)
        usual, level = learn_usual(clean, PACE), Level.of(clean)
        innovations = [_standardised(record, usual) for record in clean]
        coefficients, error_scale = fitted([innovation[:, MOVEMENT] for innovation in innovations])
        records = [
            ForecasterRecord(_own_errors(innovation[:, MOVEMENT], coefficients, error_scale), context_of(record, level))
            for innovation, record in zip(innovations, clean, strict=True)
        ]
        weights = train(records, self._parameters, seed, progress)
        deviations = [_deviations(error, context, weights) for error, context in records]
        own = {"coefficients": coefficients, "error_scale": error_scale}
        self._learned = {**usual._asdict(), **level._asdict(), **own, **weights, **_joint_test(deviations)}
        self._learn_silence(clean)
        offsets = [innovation[:, OFFSET] for innovation in innovations]
        self._learn_scale([map(self._residuals_of, *pair) for pair in zip(deviations, offsets, strict=True)])

    @property
    def _weights_of_newest(self) -> tuple[float, ...]:
        return 1.0, self._parameters.smoothing, self._parameters.slow_smoothing

    @property
    def _number_of_series(self) -> int:
        return 2 * len(self.channels) + 1

    def _begin(self, weights: Mapping[str, NDArray[Any]]) -> None:
        learned = self._learned
        self._network = StreamingForecaster(weights)
        self._innovations = StandardisedInnovations(Usual(learned["location"], learned["scale"]), PACE)
        self._own = ChannelForecast(learned["coefficients"], learned["error_scale"])
        self._level = Level(learned["level_mean"], learned["level_spread"])
        self._readings = ConfirmedReadings(len(self.channels))
        self._last_error = np.zeros(len(self.channels), dtype=np.float32)

    def _residual(self, frame: DetectorFrame) -> Array:
        mean, scale = self._network.step(self._last_error, context_of(frame, self._level))
        innovation = self._innovations.of(frame)
        self._innovations.learn(innovation)
        error = self._own.update(innovation[MOVEMENT])
        self._last_error = shown(error)
        return self._residuals_of((error - mean) / scale, innovation[OFFSET])

    def _residuals_of(self, deviation: Array, offset: Array) -> Array:
        """(2 * n_channel + 1,) How far off innovations and meters are, and how far the innovations are all together."""
        return np.concatenate([deviation, self._readings.of(offset), self._joint(deviation)])

    def _joint(self, deviation: Array) -> Array:
        """(1,) How much larger the deviations are together than usual; a cube root makes it nearly normal [1]_.

        References
        ----------
        .. [1] E. B. Wilson, M. M. Hilferty, "The Distribution of Chi-Square", Proceedings of the National Academy of
           Sciences 17(12), 1931.
        """
        if not np.isfinite(deviation).any():
            return np.full(1, np.nan)
        return np.cbrt(_energy(deviation, self._learned["directions"])) - self._learned["usual_energy"]

    def _shapes(self) -> Shapes:
        n_channel, hidden = len(self.channels), self._parameters.hidden_size
        return {
            "input_weight": (hidden, 2 * n_channel + CONTEXT_OF_ALL),
            "input_bias": (hidden,),
            "memory_weight": (4 * hidden, 2 * hidden),
            "memory_bias": (4 * hidden,),
            "output_weight": (2 * n_channel, hidden),
            "output_bias": (2 * n_channel,),
            "location": (len(KINDS), n_channel),
            "scale": (len(KINDS), n_channel),
            "level_mean": (n_channel,),
            "level_spread": (n_channel,),
            "coefficients": (2, n_channel),
            "error_scale": (n_channel,),
            "directions": (None, n_channel),
            "usual_energy": (1,),
        }


def shown(error: Array) -> NDArray[np.float32]:
    """(n_channel,) What the network sees of the last errors; nothing of what is unknown. [standard deviations]"""
    return np.clip(np.nan_to_num(error), -NETWORK_LIMIT, NETWORK_LIMIT).astype(np.float32)


def _standardised(record: History, usual: Usual) -> Array:
    innovations = StandardisedInnovations(usual, PACE)
    standardised = []
    for frame in record:
        standardised.append(innovations.of(frame))
        innovations.learn(standardised[-1])
    return np.array(standardised)


def _own_errors(movement: Array, coefficients: Array, error_scale: Array) -> NDArray[np.float32]:
    """(n_time, n_channel) What each channel's own forecast was wrong by in a record. [standard deviations]"""
    forecast = ChannelForecast(coefficients, error_scale)
    return np.array([forecast.update(innovation) for innovation in movement], dtype=np.float32)


def _deviations(
    errors: NDArray[np.float32], contexts: NDArray[np.float32], weights: Mapping[str, NDArray[Any]]
) -> Array:
    """(n_time, n_channel) How far a record's errors are from what the network foretells. [its standard deviations]"""
    network, last_error = StreamingForecaster(weights), np.zeros_like(errors[0])
    deviations = np.empty(errors.shape)
    for scan, (error, context) in enumerate(zip(errors, contexts, strict=True)):
        mean, scale = network.step(last_error, context)
        deviations[scan] = (error - mean) / scale
        last_error = shown(error)
    return deviations


def _joint_test(deviations: Sequence[Array]) -> dict[str, Array]:
    """Whitened principal directions of the deviations, as many as explain them, and the usual root of their energy."""
    counted = _counted(np.concatenate(deviations))
    variance, vectors = np.linalg.eigh(counted.T @ counted / len(counted))
    variance, vectors = variance[::-1], vectors[:, ::-1]
    needed = 1 + int(np.searchsorted(np.cumsum(variance), EXPLAINED * variance.sum()))
    kept = slice(min(needed, MOST_DIRECTIONS, len(variance)))
    directions = (vectors[:, kept] / np.sqrt(np.maximum(variance[kept], LEAST_VARIANCE))).T.copy()
    energy = np.array([_energy(deviation, directions) for deviation in counted])
    return {"directions": directions, "usual_energy": np.array([np.median(np.cbrt(energy))])}


def _energy(deviation: Array, directions: Array) -> float:
    along = directions @ _counted(deviation)
    return float(along @ along)


def _counted(deviation: Array) -> Array:
    return np.clip(np.nan_to_num(deviation), -JOINT_LIMIT, JOINT_LIMIT)
