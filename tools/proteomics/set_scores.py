"""Feature sets between two groups: a score per sample is tested with covariates, so the unit is the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tools.statistics.bars import draw_effects
from tools.statistics.competition import compare_with_rest
from tools.statistics.design import build_design, choose_two_groups
from tools.statistics.gene_sets import find_symbols, match_sets, read_gmt
from tools.statistics.linear import fit_features
from tools.statistics.scores import score_sets, standardise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

UNIT = "mean z-score of the members"


def set_score_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    sets: Annotated[str, "sets"] = "",
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    smallest: int = 5,
    largest: int = 500,
) -> pd.DataFrame:
    """Compare gene sets between two groups by a score per sample, in a linear model with covariates.

    The score is the mean z-score of the members that a sample measured. The effect is the difference of the scores,
    case minus control, in standard deviations. A set is tested for itself: it may move with the whole proteome. So
    `p_beyond_rest` ranks sets by whether their members differ more than the other proteins do.

    Relation: set ~ group
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 120
    Library: statsmodels, scikit-learn, scipy
    """
    import numpy as np

    matched = match_sets(read_gmt(sets), find_symbols(data), smallest, largest)
    table = compare_scores(data, matched, group, case, control, covariates)
    design = build_design(data.obs, choose_two_groups(data.obs, group, case, control), covariates)
    single = fit_features(np.asarray(data[design.index].X, dtype=float), list(data.var_names), design)
    statistics = dict(zip(single["entity"], single["statistic"], strict=True))
    members = {name: joined.split(";") for name, joined in zip(table["entity"], table["members"], strict=True)}
    return table.assign(p_beyond_rest=compare_with_rest(statistics, members, table["effect"].to_numpy() > 0))


def member_score_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    members: Annotated[list[str], "feature"],
    label: str = "members",
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
) -> pd.DataFrame:
    """Compare the mean z-score of named features between two groups: tests a module or set that was found elsewhere.

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
    return compare_scores(data, {label: known}, group, case, control, covariates)


def compare_scores(
    data: AnnData, sets: Mapping[str, list[str]], group: str, case: str, control: str, covariates: Sequence[str]
) -> pd.DataFrame:
    """Score every set in the samples of the two groups and test it. Members that are constant or were measured in
    fewer than half of the samples don't count."""
    import numpy as np

    design = build_design(data.obs, choose_two_groups(data.obs, group, case, control), covariates)
    scores = standardise(np.asarray(data[design.index].X, dtype=float))
    counted = {name for name, known in zip(data.var_names, np.isfinite(scores).any(axis=0), strict=True) if known}
    usable = {name: [member for member in members if member in counted] for name, members in sets.items()}
    table = fit_features(score_sets(scores, list(data.var_names), usable), list(usable), design)
    return table.assign(members=[";".join(members) for members in usable.values()], unit=UNIT)


def draw_set_score_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the sets with the smallest p."""
    return draw_effects(table, UNIT)
