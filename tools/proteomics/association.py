"""Abundance against a numeric outcome, paired differences, and one protein against all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tools.statistics.bars import draw_effects
from tools.statistics.design import TARGET, build_design, choose_two_groups, read_numbers, require_columns
from tools.statistics.linear import fit_features
from tools.statistics.volcano import draw_volcano

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

LEAST = 8  # values beside the columns of the design


def abundance_association(
    data: AnnData,
    outcome: Annotated[str, "numeric"],
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    scale: Literal["linear", "rank"] = "linear",
) -> pd.DataFrame:
    """Relate every protein to a numeric outcome by a linear model with covariates.

    The effect is the change of log2 abundance per unit of the outcome; with `scale` rank, per rank, which outliers
    can't drive.

    Relation: feature ~ numeric
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 120
    Library: statsmodels
    """
    target = read_numbers(data.obs, outcome)
    design = build_design(data.obs, target.rank() if scale == "rank" else target, covariates)
    values = data[design.index].to_df()
    values = values.rank() if scale == "rank" else values
    table = fit_features(values.to_numpy(dtype=float), data.var_names, design, LEAST, two_groups=False)
    return table.assign(unit="ranks per rank" if scale == "rank" else f"log2 per unit of {outcome}")


def draw_abundance_association(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw effect against p."""
    return draw_volcano(table, str(table["unit"].iloc[0]))


def paired_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    subject: Annotated[str, "subject"],
    least_pairs: int = 3,
) -> pd.DataFrame:
    """Compare two conditions within the same subjects: a paired t-test per protein.

    The effect is the mean log2 difference, case minus control, over the subjects that have both. Several samples of a
    subject and condition are averaged. What is constant within a subject needs no covariate.

    Relation: feature ~ group
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 60
    Library: statsmodels
    """
    import pandas as pd

    require_columns(data.obs, [subject])
    chosen = choose_two_groups(data.obs, group, case, control, least=least_pairs)
    values = data.to_df().groupby([data.obs[subject].astype("string"), chosen]).mean()
    cases, controls = (values.xs(level, level=1) for level in (1.0, 0.0))
    both = cases.index.intersection(controls.index)
    if len(both) < least_pairs:
        raise ValueError(f"{len(both)} subjects have both {case!r} and {control!r}; at least {least_pairs} are needed")
    design = pd.DataFrame({TARGET: 1.0}, index=both)
    differences = (cases.loc[both] - controls.loc[both]).to_numpy(dtype=float)
    table = fit_features(differences, data.var_names, design, least_pairs - 1, two_groups=False)
    return table.assign(unit="mean log2 difference of pairs")


def draw_paired_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the volcano plot."""
    return draw_volcano(table, "mean log2 difference of pairs")


def coabundance(
    data: AnnData,
    feature: Annotated[str, "feature"],
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
) -> pd.DataFrame:
    """Relate one protein to every other by a linear model with covariates, on the samples that measured both.

    The effect is the change of the other's log2 abundance per log2 of this one.

    Relation: feature ~ feature
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 120
    Library: statsmodels
    """
    if feature not in data.var_names:
        raise ValueError(f"no feature {feature!r} in the data")
    target = data.to_df()[feature]
    if target.nunique() < LEAST:
        raise ValueError(f"feature {feature!r} has {target.nunique()} different values; at least {LEAST} are needed")
    design = build_design(data.obs, target, covariates)
    others = [name for name in data.var_names if name != feature]
    values = data[design.index, others].X
    return fit_features(values, others, design, LEAST, two_groups=False).assign(unit=f"log2 per log2 of {feature}")


def draw_coabundance(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the proteins with the smallest p."""
    return draw_effects(table, str(table["unit"].iloc[0]))
