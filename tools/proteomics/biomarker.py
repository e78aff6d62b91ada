"""A classifier of two groups, judged on samples that it did not see: nested cross-validation by site or subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tools.statistics.design import choose_two_groups, require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

FOLDS, RESAMPLES = 5, 1000
_STRENGTHS = (0.01, 0.1, 1.0)


def biomarker_model(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    keep_together: Annotated[str | None, "batch"] = None,
    panel: int = 10,
    seed: int = 0,
) -> tuple[pd.DataFrame, Figure]:
    """Tell two groups apart by a panel of proteins: logistic regression, judged by nested cross-validation.

    Missing values are filled in, proteins chosen and the penalty set inside each training part. Samples of one level of
    `keep_together` (site, subject) are never on both sides of a split. The effect is the area under the ROC curve of
    the held-out predictions; p is of the Mann-Whitney test.

    Relation: group ~ features
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 300
    Library: scikit-learn, scipy
    """
    import numpy as np

    target = choose_two_groups(data.obs, group, case, control, least=FOLDS).dropna()
    values = np.asarray(data[target.index].X, dtype=float)
    values = values[:, np.isfinite(values).mean(axis=0) >= 0.5]
    if not values.shape[1]:
        raise ValueError("no protein was measured in half of the samples")
    labels = target.to_numpy(dtype=int)
    blocks = _read_blocks(data.obs.loc[target.index], keep_together)
    splits = _split(labels, blocks, seed)
    scores = np.full(len(labels), np.nan)
    for train, test in splits:
        model = _make_model(min(panel, values.shape[1]), values[train], labels[train], blocks[train], seed)
        scores[test] = model.decision_function(values[test])
    return _judge(labels, scores, f"panel of {panel}", seed)


def _read_blocks(obs: pd.DataFrame, keep_together: str | None) -> np.ndarray:
    """The block of every sample; each its own where none is named."""
    import numpy as np

    if keep_together is None:
        return np.arange(len(obs))
    require_columns(obs, [keep_together])
    blocks = obs[keep_together].astype("string").fillna("missing").to_numpy(dtype=str)
    if len(np.unique(blocks)) < 2:
        raise ValueError(f"column {keep_together} has one level: there is nothing to hold out")
    return np.asarray(blocks)


def _split(labels: np.ndarray, blocks: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Outer or inner folds whose training parts hold both groups. Raises ValueError where there are none."""
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold

    count = min(FOLDS, len(np.unique(blocks)), int(np.bincount(labels).min()))
    if count < 2:
        raise ValueError("too few samples or blocks to hold any out")
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(labels, labels, blocks)
    kept = [(train, test) for train, test in folds if len(set(labels[train])) == 2]
    if len(kept) < 2:
        raise ValueError("the held-out blocks leave one group only to train on")
    return kept


def _make_model(panel: int, values: np.ndarray, labels: np.ndarray, blocks: np.ndarray, seed: int) -> Any:
    """Fit the pipeline, its penalty chosen by cross-validation within the training part."""
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    steps = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), SelectKBest(f_classif, k=panel),
        LogisticRegression(max_iter=1000, class_weight="balanced"),
    )  # fmt: skip
    grid = {"logisticregression__C": list(_STRENGTHS)}
    try:
        inner = _split(labels, blocks, seed)
    except ValueError:  # one block only is left to train on: no choice is made
        return steps.fit(values, labels)
    return GridSearchCV(steps, grid, scoring="roc_auc", cv=inner).fit(values, labels)


def _judge(labels: np.ndarray, scores: np.ndarray, name: str, seed: int) -> tuple[pd.DataFrame, Figure]:
    import numpy as np
    import pandas as pd
    from scipy.stats import bootstrap, mannwhitneyu
    from sklearn.metrics import roc_auc_score

    seen = np.isfinite(scores)
    labels, scores = labels[seen], scores[seen]
    test = mannwhitneyu(scores[labels == 1], scores[labels == 0])

    parts = (scores[labels == 1], scores[labels == 0])
    drawn = bootstrap(parts, _area, vectorized=True, n_resamples=RESAMPLES, method="percentile", rng=seed)
    low, high = drawn.confidence_interval
    effect = roc_auc_score(labels, scores)
    row = {
        "entity": name, "effect": effect, "low": low, "high": high, "statistic": np.nan, "df": np.nan,
        "p": test.pvalue, "n": len(labels), "r": 2 * effect - 1, "r_low": 2 * low - 1, "r_high": 2 * high - 1,
        "unit": "area under the ROC curve",
    }  # fmt: skip
    return pd.DataFrame([row]), _draw_curve(labels, scores, float(effect))


def _area(cases: np.ndarray, controls: np.ndarray, axis: int = -1) -> np.ndarray:
    """Areas under the ROC curve: the Mann-Whitney statistic per pair."""
    import numpy as np
    from scipy.stats import mannwhitneyu

    statistic = mannwhitneyu(cases, controls, axis=axis, method="asymptotic").statistic
    return np.asarray(statistic / (cases.shape[axis] * controls.shape[axis]))


def _draw_curve(labels: np.ndarray, scores: np.ndarray, effect: float) -> Figure:
    import matplotlib.pyplot as plt
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(labels, scores)
    figure, axes = plt.subplots(figsize=(4.5, 4.5))
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=0.8)
    axes.plot(false, true, color="tab:blue")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title=f"held-out samples: area {effect:.2f}")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
