"""What planning knows of a data set: its size, states and missing values, its features, the columns of its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anndata import AnnData

    from tools.analysis.design import Design

MAX_LEVELS = 50


@dataclass(frozen=True)
class Column:
    """A metadata column. `levels` maps each value to its number of samples, where there are at most MAX_LEVELS."""

    numeric: bool
    levels: Mapping[str, int]
    missing: int


@dataclass(frozen=True)
class DataView:
    """`features` maps feature ids to the names that people know; `missing` is the share of X without a value. `groups`
    maps batch -> group level -> number of samples; "" stands for the batch where the design names none."""

    kind: str
    states: frozenset[str]
    samples: int
    missing: float
    features: Mapping[str, str]
    columns: Mapping[str, Column]
    groups: Mapping[str, Mapping[str, int]]
    paired: bool

    def name(self, entity: str) -> str:
        """Return the entity as people know it: its name, with the id where that is another."""
        known = self.features.get(entity, "")
        return f"{known} ({entity})" if known and known != entity else entity

    def batches(self, levels: tuple[str, str], least: int) -> list[str]:
        """Return the batches with at least `least` samples of each of the two group levels."""
        return [
            batch for batch, counts in self.groups.items() if min(counts.get(level, 0) for level in levels) >= least
        ]

    def summary(self) -> dict[str, Any]:
        """Return the first look as JSON."""
        columns = {
            name: {"numeric": column.numeric, "levels": dict(column.levels), "missing": column.missing}
            for name, column in self.columns.items()
        }
        return {
            "kind": self.kind,
            "states": sorted(self.states),
            "samples": self.samples,
            "features": len(self.features),
            "missing share": round(self.missing, 4),
            "groups by batch": {batch: dict(counts) for batch, counts in self.groups.items()},
            "columns": columns,
        }


def view_data(path: Path, design: Design) -> DataView:
    """Read a data set. Raises BadInput where it is none."""
    import numpy as np

    from tools.analysis.dataset.h5ad import read_dataset, read_states

    data = read_dataset(path)
    values = data.X.toarray() if hasattr(data.X, "toarray") else np.asarray(data.X)
    names = data.var.get("name", data.var_names)
    return DataView(
        kind=str(data.uns.get("kind", "table")),
        states=frozenset(read_states(data)),
        samples=data.n_obs,
        missing=float(np.isnan(values).mean()) if values.size else 0.0,
        features={str(id): str(name) for id, name in zip(data.var_names, names, strict=True)},
        columns={str(name): _view_column(data.obs[name]) for name in data.obs.columns},
        groups=_count_groups(data, design),
        paired=_is_paired(data, design),
    )


def _view_column(column: Any) -> Column:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    numeric = bool(is_numeric_dtype(column) and not is_bool_dtype(column))
    counts = column.dropna().astype(str).value_counts(sort=False)
    levels = {str(level): int(count) for level, count in counts.items() if count}
    return Column(numeric, levels if len(levels) <= MAX_LEVELS else {}, int(column.isna().sum()))


def _count_groups(data: AnnData, design: Design) -> dict[str, dict[str, int]]:
    if design.group is None:
        return {}
    group = data.obs[design.group].dropna().astype(str)
    if design.batch is None:
        return {"": {str(level): int(count) for level, count in group.value_counts().items()}}
    counts: dict[str, dict[str, int]] = {}
    for batch, level in zip(data.obs.loc[group.index, design.batch].astype(str), group, strict=True):
        counts.setdefault(batch, {}).setdefault(level, 0)
        counts[batch][level] += 1
    return dict(sorted(counts.items()))


def _is_paired(data: AnnData, design: Design) -> bool:
    """Whether the samples of one subject are in different groups."""
    if design.group is None or design.subject is None:
        return False
    levels = data.obs[[design.subject, design.group]].dropna().astype(str)
    return bool((levels.groupby(design.subject)[design.group].nunique() > 1).any())
