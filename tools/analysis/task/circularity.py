"""Finds what a group may have been defined from: a finding about it is circular, since the group was made from it.

Three kinds: metadata and features that separate the groups almost perfectly; metadata whose name is a part of such a
column's name; features that a word of such a column's name names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.analysis.dataset.levels import to_levels
from tools.analysis.task.column_words import find_words, is_general

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

MIN_AUC_COLUMN = 0.93  # area under the curve of one column against the groups
MIN_AUC_FEATURE = 0.98  # features are many: the best of them separates well by chance
MIN_EACH = 8  # samples of each group with a value
MIN_WORD = 3  # letters
MAX_NAMED = 5  # features that a word may name; one that names more is a family's


def find_defining(data: AnnData, group: str, case: str, control: str, known: Collection[str]) -> dict[str, str]:
    """Column or feature -> reason, in one line. `known` are columns with another part in the design."""
    labels = to_levels(data.obs[group])
    is_case, is_control = (labels == case).to_numpy(), (labels == control).to_numpy()
    numeric = [str(name) for name in data.obs if data.obs[name].dtype.kind in "iuf"]
    columns = [name for name in numeric if name not in known and "id" not in find_words(name)]
    found: dict[str, str] = {}
    for name in columns:
        auc = _separation(data.obs[name].to_numpy(), is_case, is_control)
        if auc >= MIN_AUC_COLUMN:
            found[name] = f"it separates {case} from {control} almost perfectly (AUC {auc:.2f})"
    separating = list(found)
    found |= dict(_find_parts(columns, separating))
    features = dict(_find_features(data, separating, is_case, is_control))
    found |= {name: reason for name, reason in features.items() if name not in known}
    return found


def _separation(values: Any, is_case: Any, is_control: Any) -> float:
    """Area under the ROC curve, whichever direction; 0.5 where too few have a value."""
    from scipy.stats import rankdata

    present = ~np.isnan(values)
    cases, controls = is_case & present, is_control & present
    n, m = int(cases.sum()), int(controls.sum())
    if n < MIN_EACH or m < MIN_EACH:
        return 0.5
    ranks = rankdata(np.concatenate([values[cases], values[controls]]))
    auc = (ranks[:n].sum() - n * (n + 1) / 2) / (n * m)
    return float(max(auc, 1 - auc))


def _find_parts(columns: list[str], separating: list[str]) -> Iterator[tuple[str, str]]:
    """Columns whose first words are all in a separating column's name: a ratio's numerator and denominator."""
    for name in columns:
        stem = set(find_words(name.split("[")[0].split("(")[0]))
        whole = [other for other in separating if other != name and stem and stem < set(find_words(other))]
        if whole and name not in separating and any(len(word) >= MIN_WORD for word in stem):
            yield name, f"its name is a part of {whole[0]}"


def _find_features(data: AnnData, separating: list[str], is_case: Any, is_control: Any) -> Iterator[tuple[str, str]]:
    matrix = np.asarray(data.X, dtype="float64")
    for index, name in enumerate(data.var_names):
        auc = _separation(matrix[:, index], is_case, is_control)
        if auc >= MIN_AUC_FEATURE and name not in separating:
            yield str(name), f"it separates the groups almost perfectly (AUC {auc:.2f})"
    yield from _find_named_features(data.var, separating)


def _find_named_features(var: pd.DataFrame, separating: list[str]) -> Iterator[tuple[str, str]]:
    """Features that a separating column names: a word of its name is their symbol or ends their description."""
    names = [_name_words(row) for row in var.to_dict("records")]
    for column in separating:
        stem = find_words(column.split("[")[0].split("(")[0])
        for word in (w for w in stem if len(w) >= MIN_WORD and not w.isdigit() and not is_general(w)):
            hits = [str(name) for name, words in zip(var.index, names, strict=True) if word in words and name != column]
            if len(hits) <= MAX_NAMED:
                yield from ((name, f"'{word}' in {column} names it") for name in hits)


def _name_words(feature: dict[Any, Any]) -> set[str]:
    """The symbol in lower case, and the last word of the description."""
    symbol = "".join(find_words(str(feature.get("name", ""))))
    return {symbol, *find_words(str(feature.get("description", "")))[-1:]}
