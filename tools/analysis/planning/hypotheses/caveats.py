"""Looks for circularity (a group that was defined by what is found to differ) and for confounding (a group that goes
with batch or covariates). What is found is said with the finding; it is no reason to drop it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tools.analysis.design import Design

if TYPE_CHECKING:
    from anndata import AnnData

LIKENESS = 0.6
"""The least rank correlation at which a feature may stand for a column that defined the group."""
UNBALANCED_P = 0.05
LEAST_SAMPLES = 8


class Caveat(BaseModel):
    """One line, with the numbers in it. `about` is a feature (circularity) or a column (confounding)."""

    about: str
    text: str
    numbers: list[float] = []


def find_circularity(path: Path, design: Design, features: Sequence[str]) -> list[Caveat]:
    """Return a caveat for each of the features (ids) that defined the group, by its name or by its correlation with
    what did. Only features that are in the data are looked at."""
    from tools.analysis.dataset.h5ad import read_dataset

    if not design.defines_group or design.group is None:
        return []
    data = read_dataset(path)
    known = [feature for feature in features if feature in data.var_names]
    found = [_check_feature(data, feature, design) for feature in known]
    return [caveat for caveat in found if caveat is not None]


def find_confounding(path: Path, design: Design) -> list[Caveat]:
    """Return a caveat for the batch and each covariate that differs between the groups."""
    from tools.analysis.dataset.h5ad import read_dataset

    if design.group is None:
        return []
    obs = read_dataset(path).obs
    obs = obs[obs[design.group].astype(str).isin([str(design.case), str(design.control)])]
    columns = dict.fromkeys([*([design.batch] if design.batch else []), *design.covariates])
    return [caveat for column in columns if (caveat := _check_balance(obs, column, design))]


def _check_feature(data: AnnData, feature: str, design: Design) -> Caveat | None:
    """Look for the feature's name first; else for the definer that it goes with most."""
    name = str(data.var.loc[feature, "name"]) if "name" in data.var else feature
    if {feature.casefold(), name.casefold()} & {definer.casefold() for definer in design.defines_group}:
        return Caveat(about=feature, text=f"{design.group} was defined from {name} itself: circular")
    found = [_compare(data, feature, name, definer, design) for definer in design.defines_group]
    return max(filter(None, found), key=lambda caveat: abs(caveat.numbers[0]), default=None)


def _compare(data: AnnData, feature: str, name: str, definer: str, design: Design) -> Caveat | None:
    from scipy.stats import spearmanr

    measured = _values(data, feature)
    defining = _defining_values(data, definer)
    if defining is None:
        return None
    both = ~(_isnan(measured) | _isnan(defining))
    if both.sum() < LEAST_SAMPLES:
        return None
    r = float(spearmanr(measured[both], defining[both]).statistic)
    if not abs(r) >= LIKENESS:
        return None
    told = f"{name} goes with {definer} (rank correlation {r:.2f})"
    text = f"{told}, from which {design.group} was defined: it may be partly circular"
    return Caveat(about=feature, text=text, numbers=[r])


def _values(data: AnnData, feature: str) -> Any:
    import numpy as np

    column = data[:, feature].X
    return np.asarray(column.toarray() if hasattr(column, "toarray") else column, dtype=float).ravel()


def _defining_values(data: AnnData, definer: str) -> Any:
    """Return the numbers of a metadata column or feature; None where it has none."""
    from pandas.api.types import is_numeric_dtype

    if definer in data.var_names:
        return _values(data, definer)
    if definer in data.obs and is_numeric_dtype(data.obs[definer]):
        return data.obs[definer].to_numpy(dtype=float)
    return None


def _isnan(values: Any) -> Any:
    import numpy as np

    return np.isnan(values)


def _check_balance(obs: Any, column: str, design: Design) -> Caveat | None:
    from pandas import crosstab
    from pandas.api.types import is_bool_dtype, is_numeric_dtype
    from scipy.stats import chi2_contingency, mannwhitneyu

    known = obs[[design.group, column]].dropna()
    groups = known[design.group].astype(str)
    empty = ""
    if is_numeric_dtype(known[column]) and not is_bool_dtype(known[column]):
        arms = [known.loc[groups == level, column] for level in (design.case, design.control)]
        if min(map(len, arms)) == 0:
            return None
        p = float(mannwhitneyu(*arms).pvalue)
    else:
        counts = crosstab(groups, known[column].astype(str))
        if min(counts.shape) < 2:
            return None
        p = float(chi2_contingency(counts).pvalue)
        lacking = [str(level) for level in counts.columns if (counts[level] == 0).any()]
        empty = f"; only one of the groups is in {', '.join(lacking)}" if lacking else ""
    if p > UNBALANCED_P and not empty:
        return None
    return Caveat(about=column, text=f"{design.group} is unbalanced over {column} (p = {p:.2g}{empty})", numbers=[p])
