"""Markers of cell types or clusters, by scanpy. The unit is the cell: they describe cells, not samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from tools.statistics.design import require_columns
from tools.statistics.volcano import draw_volcano

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

UNIT = "difference of means in the data's scale"
LEAST_CELLS = 10


def marker_features(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"] = "rest",
    method: Literal["wilcoxon", "t-test"] = "wilcoxon",
) -> pd.DataFrame:
    """Find the features that mark one cell type or cluster against another, or against the rest, by scanpy.

    The effect is the difference of the means in the data's own scale, not scanpy's fold change, which takes the data
    for ln(1 + x). Cells of one sample are not independent, so p describes cells; where cells were clustered on the same
    features it is too small.

    Relation: feature ~ group
    Refuses: missing values, raw
    Produces: statistics
    Seconds: 120
    Library: scanpy
    """
    import pandas as pd
    import scanpy

    require_columns(data.obs, [group])
    labels = data.obs[group].astype("string")
    chosen = _choose_cells(labels, group, case, control)
    part = data[chosen].copy()
    part.uns.pop("log1p", None)
    part.obs["compared"] = pd.Categorical(["case" if label == case else "control" for label in labels[chosen]])
    scanpy.tl.rank_genes_groups(part, "compared", groups=["case"], reference="control", method=method, use_raw=False)
    found = scanpy.get.rank_genes_groups_df(part, "case").set_index("names").loc[list(part.var_names)]
    case_cells = (part.obs["compared"] == "case").to_numpy()
    return _make_table(found, part, case_cells)


def _choose_cells(labels: pd.Series[str], group: str, case: str, control: str) -> np.ndarray:
    """Which cells are compared. Raises ValueError for unknown levels and for too few cells."""
    import numpy as np

    known = labels.notna().to_numpy()
    cases = (labels == case).fillna(False).to_numpy(dtype=bool)
    others = ~cases & known if control == "rest" else (labels == control).fillna(False).to_numpy(dtype=bool)
    for level, cells in ((case, cases), (control, others)):
        if cells.sum() < LEAST_CELLS:
            raise ValueError(f"level {level!r} of column {group} has {cells.sum()} cells; {LEAST_CELLS} are needed")
    return np.asarray(cases | others)


def _make_table(found: pd.DataFrame, part: AnnData, cases: np.ndarray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    effect = _mean(part.X[cases]) - _mean(part.X[~cases])
    spread = _mean(part.X) ** 2 == _mean(_square(part.X))
    p = np.where(spread, np.nan, found["pvals"].to_numpy(dtype=float))
    return pd.DataFrame({
        "entity": list(part.var_names), "effect": effect, "low": np.nan, "high": np.nan,
        "statistic": np.where(spread, np.nan, found["scores"]), "df": np.nan, "p": p, "n": part.n_obs, "unit": UNIT,
        "unit_of_analysis": "cell",
    })  # fmt: skip


def _mean(matrix: Any) -> np.ndarray:
    import numpy as np

    return np.asarray(matrix.mean(axis=0), dtype=float).ravel()


def _square(matrix: Any) -> Any:
    return matrix.multiply(matrix) if hasattr(matrix, "multiply") else matrix**2


def draw_marker_features(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw effect against p."""
    return draw_volcano(table, UNIT)
