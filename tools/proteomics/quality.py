"""Quality of samples and missingness of proteins, compared between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tools.statistics.bars import draw_effects
from tools.statistics.design import build_design, choose_two_groups
from tools.statistics.linear import fit_features

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure


def sample_quality(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
) -> pd.DataFrame:
    """Compare the quality of the samples between two groups: the share of missing values, the median and the spread.

    A difference says that the groups were not measured alike: differences of proteins may come from that.

    Relation: feature ~ group
    Requires: log2
    Refuses: imputed, scaled
    Produces: statistics
    Seconds: 20
    Library: statsmodels
    """
    import numpy as np

    design = build_design(data.obs, choose_two_groups(data.obs, group, case, control), covariates)
    frame = data[design.index].to_df()
    low, median, high = frame.quantile([0.25, 0.5, 0.75], axis=1).to_numpy(dtype=float)
    numbers = np.column_stack([frame.isna().mean(axis=1), median, high - low])
    names = ["share of missing values", "median abundance", "interquartile range"]
    return fit_features(numbers, names, design).assign(unit="case minus control")


def draw_sample_quality(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the differences."""
    return draw_effects(table, "case minus control")


def presence_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
) -> pd.DataFrame:
    """Test whether a protein is measured more often in one of two groups: Fisher's exact test.

    The effect is the log2 odds ratio of being measured. Proteins that all or none of the samples have stay untested.
    It takes no covariates: where sites measured differently, a difference may be the site's.

    Relation: feature ~ group
    Requires: log2
    Refuses: imputed, scaled
    Produces: statistics
    Seconds: 30
    Library: scipy, statsmodels
    """
    import numpy as np
    import pandas as pd

    chosen = choose_two_groups(data.obs, group, case, control).dropna()
    present = np.isfinite(np.asarray(data[chosen.index].X, dtype=float))
    case_samples = chosen.to_numpy() == 1
    rows = [_compare(name, column, case_samples) for name, column in zip(data.var_names, present.T, strict=True)]
    return pd.DataFrame(rows).assign(unit="log2 odds ratio")


def _compare(name: str, present: Any, cases: Any) -> dict[str, Any]:
    import numpy as np
    from scipy.stats import fisher_exact
    from statsmodels.stats.contingency_tables import Table2x2

    counts = np.array([[int((present[chosen] == kind).sum()) for kind in (True, False)] for chosen in (cases, ~cases)])
    row = {"entity": name, "statistic": np.nan, "df": np.nan, "n": len(present)}
    if present.all() or not present.any():
        return row | {
            "effect": np.nan,
            "low": np.nan,
            "high": np.nan,
            "p": np.nan,
            "untested": "measured in all or none",
        }
    table = Table2x2(counts, shift_zeros=True)
    low, high = np.array(table.log_oddsratio_confint(0.05)) / np.log(2)
    effect = table.log_oddsratio / np.log(2)
    return row | {"effect": effect, "low": low, "high": high, "p": fisher_exact(counts).pvalue, "untested": ""}
