"""How few random cuts does it take to part a scan from clean ones?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import Progress
from models.detection.history import History
from models.detection.isolation_trees import TREE_ARRAYS, IsolationTrees, grown, require_trees
from models.detection.scan_features import features_of, filled, medians, sample_of_clean_scans
from models.detection.scanwise import ScanwiseDetector
from models.detection.stored_arrays import of_shapes
from models.errors import InvalidParameterError


class IsolationForestDetector(ScanwiseDetector):
    """Isolation forest on the values and normalised residuals of a scan, without its past.

    The trees are grown by scikit-learn as published [1]_, on random clean scans, and walked here, so that one scan
    takes a fraction of a millisecond and nothing but plain arrays is kept. Cuts lie anywhere between a feature's least
    and greatest value, so that no feature needs a scale. A score of 0.5 is that of an average scan, near 1 that of one
    which the first cuts part from all others; 0.5 is the threshold until `calibrate` replaces it. What is missing is
    taken for the clean median of its feature.

    Channel scores are local DIFFI [2]_, the larger of a channel's two features: they rank the channels of one scan, and
    compare nothing between scans. A scan meets some hundreds of cuts in all, so that on a large feeder few channels
    have a score.

    Parameters
    ----------
    trees
        Number of trees. [-]
    scans_a_tree
        Random clean scans that each is grown on. [-]

    References
    ----------
    .. [1] F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", IEEE International Conference on Data Mining 2008:
       100 trees of 256 samples.
    .. [2] M. Carletti, M. Terzi, G. A. Susto, "Interpretable Anomaly Detection with DIFFI: Depth-based feature
       importance of Isolation Forest", Engineering Applications of Artificial Intelligence 119, 2023.
    """

    name = "isolation_forest"

    def __init__(self, trees: int = 100, scans_a_tree: int = 256) -> None:
        for name, value, least in (("trees", trees, 1), ("scans_a_tree", scans_a_tree, 2)):
            if not value >= least:
                raise InvalidParameterError(f"{name} must be at least {least}, got {value}; 100 and 256 are published.")
        super().__init__(threshold=0.5)
        self.trees = trees
        self.scans_a_tree = scans_a_tree

    @property
    def parameters(self) -> dict[str, int]:
        """The constructor's arguments."""
        return {"trees": self.trees, "scans_a_tree": self.scans_a_tree}

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Grow the trees on attack-free days; parameters as of `Detector.fit`."""
        super().fit(clean)
        sample = sample_of_clean_scans(clean, seed)
        typical = medians(sample)
        trees = grown(filled(sample, typical), self.trees, self.scans_a_tree, seed)
        self.restore({**trees, "typical": typical})

    def judge_scans(
        self, value: NDArray[np.float64], normalised_residual: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The forest's scores [0 to 1], NaN for scans of which nothing is known, and local importances of channels."""
        features = features_of(value, normalised_residual)
        score, importance = self._trees.score(filled(features, self._learned["typical"]))
        score[~np.isfinite(features).any(axis=1)] = np.nan
        return score, np.fmax(*np.hsplit(importance, 2))

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `learned` gave.

        Raises
        ------
        InvalidParameterError
            If an array is missing, of another shape than channels and parameters ask for, or no tree.
        """
        n_feature = 2 * len(self.channels)
        of_trees = dict.fromkeys(TREE_ARRAYS, (self.trees, None))
        arrays = of_shapes(learned, {"typical": (n_feature,), **of_trees})
        require_trees(arrays, n_feature)
        self._learned = arrays
        self._trees = IsolationTrees(self._learned)
