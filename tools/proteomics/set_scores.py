"""Feature sets between two groups: a score per sample is tested with covariates, so the unit is the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tools.statistics.bars import draw_effects
from tools.statistics.design import build_design, choose_two_groups
from tools.statistics.gene_sets import find_symbols, match_sets, read_gmt
from tools.statistics.linear import fit_features
from tools.statistics.scores import score_sets, standardise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

UNIT = "difference of the set score (standard deviations)"


def set_score_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    sets: Annotated[str, "sets"] = "",
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    against: Literal["rest", "nothing"] = "rest",
    smallest: int = 5,
    largest: int = 500,
) -> pd.DataFrame:
    """Compare gene sets between two groups by a score per sample, in a linear model with covariates.

    The score is the mean z-score of the members that a sample measured, less the mean of all other proteins: a shift
    of the whole proteome is no finding about a set. With `against` nothing the mean of the members is taken as it is.
    The effect is the difference of the scores, case minus control, in standard deviations.

    Relation: set ~ group
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 120
    Library: statsmodels, scikit-learn
    """
    matched = match_sets(read_gmt(sets), find_symbols(data), smallest, largest)
    return compare_scores(data, matched, group, case, control, covariates, against == "rest")


def member_score_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    members: Annotated[list[str], "feature"],
    label: str = "members",
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    against: Literal["rest", "nothing"] = "rest",
) -> pd.DataFrame:
    """Compare the score of named features between two groups: tests a module or set that was found elsewhere.

    The score is that of `set_score_difference`.

    Relation: module ~ group
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 30
    Library: statsmodels, scikit-learn
    """
    known = [member for member in members if member in data.var_names]
    if not known:
        raise ValueError(f"none of the {len(members)} members is a feature of the data")
    return compare_scores(data, {label: known}, group, case, control, covariates, against == "rest")


def compare_scores(
    data: AnnData, sets: Mapping[str, list[str]], group: str, case: str, control: str, covariates: Sequence[str],
    against_rest: bool,
) -> pd.DataFrame:  # fmt: skip
    """Score every set in the samples of the two groups and test it. Members that are constant or were measured in
    fewer than half of the samples don't count."""
    import numpy as np

    design = build_design(data.obs, choose_two_groups(data.obs, group, case, control), covariates)
    scores = standardise(np.asarray(data[design.index].X, dtype=float))
    counted = {name for name, known in zip(data.var_names, np.isfinite(scores).any(axis=0), strict=True) if known}
    usable = {name: [member for member in members if member in counted] for name, members in sets.items()}
    table = fit_features(score_sets(scores, list(data.var_names), usable, against_rest), list(usable), design)
    return table.assign(members=[";".join(members) for members in usable.values()], unit=UNIT)


def draw_set_score_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the sets with the smallest p."""
    return draw_effects(table, UNIT)
