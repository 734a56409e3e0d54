"""The trees of an isolation forest as plain arrays, and the ways of scans through them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.scan_features import Features
from models.errors import InvalidParameterError

LEAF = -1
"""In the place of a feature: here the tree ends."""

TREE_ARRAYS = ("feature", "cut", "left", "right", "depth", "scans")


def grown(features: Features, trees: int, scans_a_tree: int, seed: int) -> dict[str, NDArray[Any]]:
    """Trees that scikit-learn grows on the features, as the arrays that `IsolationTrees` reads.

    Parameters
    ----------
    features
        (n_scan, n_feature) Of clean scans, finite.
    trees, scans_a_tree
        Number of trees, and random scans that each is grown on. [-]
    seed
        Same seed, same trees. [-]
    """
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=trees, max_samples=min(scans_a_tree, len(features)), random_state=seed)
    grown_trees = [tree.tree_ for tree in forest.fit(features).estimators_]
    most_nodes = max(tree.node_count for tree in grown_trees)
    shape = (trees, most_nodes)
    arrays: dict[str, NDArray[Any]] = {
        "feature": np.full(shape, LEAF, dtype=np.int32),
        "cut": np.zeros(shape),
        "left": np.zeros(shape, dtype=np.int16),
        "right": np.zeros(shape, dtype=np.int16),
        "depth": np.zeros(shape, dtype=np.int16),
        "scans": np.ones(shape, dtype=np.int16),
    }
    for number, tree in enumerate(grown_trees):
        row = (number, slice(tree.node_count))
        ends = tree.children_left == tree.children_right
        arrays["feature"][row] = np.where(ends, LEAF, tree.feature)
        arrays["cut"][row] = tree.threshold
        arrays["left"][row], arrays["right"][row] = tree.children_left, tree.children_right
        arrays["depth"][row] = tree.compute_node_depths() - 1  # the root is at 0 here, at 1 there
        arrays["scans"][row] = tree.n_node_samples
    return arrays


def require_trees(arrays: Mapping[str, NDArray[Any]], n_feature: int) -> None:
    """Refuse arrays that no walk could follow.

    Raises
    ------
    InvalidParameterError
        If they name a node or a feature that is not there.
    """
    n_node = arrays["feature"].shape[1]
    limits = (("feature", n_feature), ("left", n_node), ("right", n_node))
    one_shape = len({arrays[name].shape for name in TREE_ARRAYS}) == 1
    if not one_shape or any(arrays[name].min() < LEAF or arrays[name].max() >= limit for name, limit in limits):
        raise InvalidParameterError(
            f"expected trees of {n_node} nodes and {n_feature} features, got some whose branches lead nowhere; fit the "
            "model anew."
        )


class IsolationTrees:
    """Walks scans through the trees, all at once.

    Parameters
    ----------
    arrays
        (n_tree, n_node) each, the root first: `feature` that a node cuts, `LEAF` where the tree ends; `cut`, up to
        which (inclusive) scans go `left`, else `right` (indices of nodes); `depth` of the node, `scans` of the sample
        that came there.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._feature, self._cut = arrays["feature"], arrays["cut"]
        self._left, self._right = arrays["left"], arrays["right"]
        self._depth = arrays["depth"]
        self._path_length = arrays["depth"] + average_path_length(arrays["scans"])
        self._deepest = max(int(self._depth.max()), 1)
        self._average = float(average_path_length(arrays["scans"][0, 0]))

    def score(self, features: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Anomaly score (n_scan,) [1]_ and local importances (n_scan, n_feature) [2]_ of features (n_scan, n_feature).

        An importance is the mean, over the cuts at the feature that the scan met, of 1 / (depth at which its tree
        ended) - 1 / (greatest depth); NaN where it met none.

        References
        ----------
        .. [1] F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", IEEE ICDM 2008, equation 2.
        .. [2] M. Carletti, M. Terzi, G. A. Susto, Engineering Applications of Artificial Intelligence 119, 2023, local
           DIFFI.
        """
        met, leaf = self._walk(features)
        tree = np.arange(len(self._feature))
        mean_path = self._path_length[tree, leaf].mean(axis=1)
        swiftness = 1 / np.maximum(self._depth[tree, leaf], 1) - 1 / self._deepest
        return 2 ** (-mean_path / self._average), _mean_by_feature(met, swiftness, features.shape[1])

    def _walk(self, features: Features) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Features of the cuts met (n_level, n_scan, n_tree), `LEAF` after the end, and the leaves (n_scan, n_tree)."""
        n_tree, scan = len(self._feature), np.arange(len(features))[:, None]
        tree = np.arange(n_tree)
        node = np.zeros((len(features), n_tree), dtype=np.int64)
        met = np.full((self._deepest, *node.shape), LEAF, dtype=np.int32)
        for level in range(self._deepest):
            met[level] = self._feature[tree, node]
            goes_left = features[scan, met[level]] <= self._cut[tree, node]
            onwards = np.where(goes_left, self._left[tree, node], self._right[tree, node])
            node = np.where(met[level] == LEAF, node, onwards)
        return met, node


def average_path_length(scans: NDArray[Any]) -> NDArray[np.float64]:
    """Mean length of a way to a leaf in a random tree of so many scans (of an unsuccessful search).

    References
    ----------
    .. [1] F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", IEEE ICDM 2008, equation 1; 1 for two scans, as in
       scikit-learn.
    """
    others = np.maximum(scans - 1.0, 1.0)
    of_many = 2 * (np.log(others) + np.euler_gamma) - 2 * others / np.maximum(scans, 1)
    return np.where(scans > 2, of_many, np.where(scans == 2, 1.0, 0.0))


def _mean_by_feature(met: NDArray[np.int32], swiftness: NDArray[np.float64], n_feature: int) -> NDArray[np.float64]:
    """(n_scan, n_feature) Mean of `swiftness` (n_scan, n_tree) over the cuts at each feature; NaN without a cut."""
    n_scan = len(swiftness)
    is_cut = met != LEAF
    place = (np.arange(n_scan)[:, None] * n_feature + met)[is_cut]
    size = n_scan * n_feature
    total = np.bincount(place, weights=np.broadcast_to(swiftness, met.shape)[is_cut], minlength=size)
    count = np.bincount(place, minlength=size)
    return np.divide(total, count, out=np.full(size, np.nan), where=count > 0).reshape(n_scan, n_feature)
