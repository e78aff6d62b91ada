"""Looks for batch effects on principal components, and corrects for them (exploration only)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tools.statistics.design import INTERCEPT, TARGET, build_design, require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

LEAST_FEATURES, LEAST_PRESENT = 10, 0.8


def assess_batch(
    data: AnnData,
    batch: Annotated[str, "batch"],
    group: Annotated[str | None, "group"] = None,
    components: int = 5,
) -> pd.DataFrame:
    """Test how much of each principal component the batch explains, and how much the group.

    Features that at least 80 % of the samples measured are used; a missing value counts as the feature's mean. The
    effect is the share of a component's variance (R squared) with p of the F-test; a row per component and column.

    Relation: cluster ~ group
    Requires: log2
    Refuses: scaled
    Produces: statistics
    Seconds: 30
    Library: scikit-learn, statsmodels
    """
    import numpy as np
    import pandas as pd

    columns = [batch, *([group] if group else [])]
    require_columns(data.obs, columns)
    scores, shares = _project(np.asarray(data.X, dtype=float), components)
    rows = [
        _explain(scores[:, index], data.obs[column], f"PC{index + 1} ~ {column}", shares[index])
        for column in columns
        for index in range(scores.shape[1])
    ]
    return pd.DataFrame(rows).assign(unit="share of the component's variance")


def _project(values: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of the standardised features, and their share of the variance."""
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    present = values[:, np.isfinite(values).mean(axis=0) >= LEAST_PRESENT]
    varying = present[:, np.nanstd(present, axis=0) > 0] if present.size else present
    if varying.shape[1] < LEAST_FEATURES:
        raise ValueError(f"{varying.shape[1]} features vary and were measured often; {LEAST_FEATURES} are needed")
    model = PCA(n_components=min(components, *varying.shape), svd_solver="full")
    return model.fit_transform(np.nan_to_num(StandardScaler().fit_transform(varying))), model.explained_variance_ratio_


def _explain(score: np.ndarray, column: pd.Series[Any], name: str, share: float) -> dict[str, Any]:
    import numpy as np
    import pandas as pd
    from statsmodels.regression.linear_model import OLS

    known = column.notna().to_numpy()
    dummies = pd.get_dummies(column[known].astype("object"), drop_first=True, dtype=float)
    if dummies.shape[1] == 0 or dummies.shape[1] >= known.sum() - 1:
        raise ValueError(f"column {column.name} has {column.nunique()} levels for {known.sum()} samples")
    fit = OLS(score[known], np.column_stack([np.ones(known.sum()), dummies])).fit()
    return {
        "entity": name, "effect": fit.rsquared, "low": np.nan, "high": np.nan, "statistic": np.nan, "df": np.nan,
        "p": fit.f_pvalue, "n": int(known.sum()), "f": fit.fvalue, "variance_share": share,
    }  # fmt: skip


def draw_assess_batch(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the first two components, coloured by each column that was asked about."""
    import numpy as np

    from tools.statistics.embedding import draw_by_columns

    scores, _ = _project(np.asarray(data.X, dtype=float), 2)
    columns = list(dict.fromkeys(str(name).split(" ~ ")[1] for name in table["entity"]))
    return draw_by_columns(scores, data.obs[columns])


def correct_batch(
    data: AnnData,
    batch: Annotated[str, "batch"],
    keep: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
) -> AnnData:
    """Remove batch effects by ComBat, keeping what the columns of `keep` explain.

    For exploration only: tests of difference refuse corrected data and take the batch as a covariate. Samples that
    lack a column of `keep` are left out.

    Requires: log2
    Refuses: missing values, batch_corrected, scaled
    Produces: batch_corrected
    Seconds: 60
    Library: scanpy
    """
    import numpy as np
    import scanpy

    require_columns(data.obs, [batch, *keep])
    labels = data.obs[batch]
    if labels.isna().any():
        raise ValueError(f"{int(labels.isna().sum())} samples have no {batch}")
    counts = labels.astype("string").value_counts()
    if len(counts) < 2 or counts.min() < 2:
        raise ValueError(f"column {batch} needs two batches or more, of two samples each; it has {dict(counts)}")
    first = (labels.astype("string") == counts.index[0]).astype(float).rename("batch")
    design = build_design(data.obs, first, keep)
    varying = np.asarray(data.X, dtype=float).std(axis=0) > 0
    part = data[design.index, varying].copy()
    part.obs = design.drop(columns=[TARGET, INTERCEPT]).assign(
        batch=labels[design.index].astype(str).astype("category")
    )
    numbers = [name for name in part.obs if name != "batch"]  # all levels of a covariate would make ComBat singular
    data = data[design.index].copy()
    corrected = scanpy.pp.combat(part, key="batch", covariates=numbers or None, inplace=False)
    if not np.isfinite(corrected).all():
        raise ValueError(f"ComBat gives no numbers: after leaving out samples without {keep} a batch has too few")
    data.X[:, varying] = corrected
    return data
