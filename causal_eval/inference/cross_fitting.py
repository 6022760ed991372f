"""Cross-fitting: what is predicted for a row comes from a model that has not seen it, nor its cluster (Chernozhukov et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


def folds_of(d: Floats, cluster: Ints, k: int, rng: np.random.Generator) -> Ints:
    """(n,) fold 0..k-1: each with the same share of treated, clusters whole."""
    import numpy as np

    size = int(cluster.max()) + 1
    treated = np.bincount(cluster, weights=d, minlength=size)
    total = np.bincount(cluster, minlength=size)
    # Clusters in random order, sorted by their share of treated, dealt out in turn.
    order = rng.permutation(size)
    order = order[np.argsort((treated / total)[order], kind="stable")]
    fold = np.empty(size, dtype=np.int64)
    for start in range(0, size, k):
        block = order[start : start + k]
        fold[block] = rng.permutation(k)[: len(block)]
    out: Ints = fold[cluster]
    return out


def out_of_fold(model: Any, X: Floats, target: Floats, w: Floats, folds: Ints, train: Bools | None = None) -> Floats:
    """(n,) predictions of ``target``, each by a model trained on the other folds.

    Args:
        model: an unfitted scikit-learn estimator; a classifier gives the probability of 1.
        train: (n,) rows a model may be trained on; all unless given. Predictions are made for every row.
    """
    import warnings

    import numpy as np
    from sklearn.base import clone, is_classifier

    out = np.empty(len(X))
    weighted = bool(np.ptp(w) > 0)
    classifies = is_classifier(model)
    for f in np.unique(folds):
        held = folds == f
        rows = ~held if train is None else ~held & train
        if len(np.unique(folds)) == 1:
            rows = np.ones(len(X), dtype=bool) if train is None else train
        fitted = clone(model)
        extra = {_weight_name(model): w[rows]} if weighted else {}
        with warnings.catch_warnings():
            # Feature names, convergence to 1e-10 and deprecations inside the learners: nothing the user can act on.
            warnings.simplefilter("ignore")
            fitted.fit(X[rows], target[rows], **extra)
            out[held] = fitted.predict_proba(X[held])[:, 1] if classifies else fitted.predict(X[held])
    return out


def _weight_name(model: Any) -> str:
    steps = getattr(model, "steps", None)
    return f"{steps[-1][0]}__sample_weight" if steps else "sample_weight"
