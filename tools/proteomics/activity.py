"""Activities of regulators or pathways, scored per sample by decoupler and compared between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tools.statistics.bars import draw_effects
from tools.statistics.design import build_design, choose_two_groups
from tools.statistics.gene_sets import find_symbols, match_sets, read_gmt
from tools.statistics.linear import fit_features
from tools.statistics.scores import standardise

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

UNIT = "activity (t of the univariate linear model)"


def activity_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    sets: Annotated[str, "sets"] = "",
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    smallest: int = 5,
    largest: int = 500,
) -> pd.DataFrame:
    """Score every gene set in every sample against all other proteins (decoupler's univariate linear model), and
    compare the scores between two groups in a linear model with covariates.

    It asks whether a set moves more than the rest of the proteome does. Proteins measured in fewer than half of the
    samples are left out; other missing values count as the protein's mean.

    Relation: activity ~ group
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 180
    Library: decoupler, statsmodels
    """
    import anndata
    import decoupler
    import numpy as np
    import pandas as pd

    design = build_design(data.obs, choose_two_groups(data.obs, group, case, control), covariates)
    scores = standardise(np.asarray(data[design.index].X, dtype=float))
    usable = np.isfinite(scores).any(axis=0)
    names = list(data.var_names[usable])
    symbols = {name: found for name, found in find_symbols(data).items() if name in set(names)}
    matched = match_sets(read_gmt(sets), symbols, smallest, largest)
    net = pd.DataFrame(
        [(name, member, 1.0) for name, members in matched.items() for member in members],
        columns=["source", "target", "weight"],
    )
    made = anndata.AnnData(np.nan_to_num(scores[:, usable], nan=0.0), pd.DataFrame(index=design.index))
    made.var_names = names
    decoupler.mt.ulm(made, net, tmin=smallest)
    activity = made.obsm["score_ulm"]
    table = fit_features(activity.to_numpy(dtype=float), list(activity.columns), design)
    return table.assign(members=[";".join(matched[name]) for name in activity.columns], unit=UNIT)


def draw_activity_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the activities with the smallest p."""
    return draw_effects(table, UNIT)
