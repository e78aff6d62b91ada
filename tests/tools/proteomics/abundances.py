"""Small proteomes with known effects."""

from __future__ import annotations

from typing import Any

import anndata
import numpy as np
import pandas as pd


def make_proteome(
    samples: int = 60, proteins: int = 40, shifted: int = 5, shift: float = 1.5, missing: float = 0.0, site: float = 0.0,
    seed: int = 0,
) -> Any:  # fmt: skip
    """log2 values; P0, P1 ... are `shift` higher in cases; samples of site B are `site` higher in every other protein."""
    draw = np.random.default_rng(seed)
    group = np.array(["case", "control"] * (samples // 2))
    place = draw.permutation(np.array(["A", "B"] * (samples // 2)))
    values = draw.normal(20, 1, (samples, proteins))
    values[:, :shifted] += shift * (group == "case")[:, None]
    values[:, ::2] += site * (place == "B")[:, None]
    values[draw.random(values.shape) < missing] = np.nan
    obs = pd.DataFrame(
        {"group": pd.Categorical(group), "site": pd.Categorical(place), "age": draw.normal(60, 8, samples)},
        index=[f"s{index}" for index in range(samples)],
    )
    names = [f"P{index}" for index in range(proteins)]
    data = anndata.AnnData(
        values, obs, pd.DataFrame({"name": [f"GENE{index}" for index in range(proteins)]}, index=names)
    )
    data.uns["states"] = ["log2"]
    return data


def write_gmt(path: Any, **sets: list[str]) -> str:
    path.write_text("".join("\t".join([name, "", *members]) + "\n" for name, members in sets.items()))
    return str(path)
