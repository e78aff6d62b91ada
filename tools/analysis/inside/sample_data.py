"""Makes the small data sets that a tool's contract test is run on. Everything is drawn from one fixed seed.

Samples: 24, with the columns `group` (case, control; paired by `patient`), `site`, `sex`, `stage`, `age`, `months` and
`died`. Features: P0 to P29; P0 to P4 are two log2 higher in cases, P10 to P21 go together. For tools that compare
samples of cells there are `donor`, `arm` and `kind`, with many cells per donor.
"""

from collections.abc import Callable
from typing import Any

SAMPLES, FEATURES, PLANTED, DONORS, CELLS = 24, 30, 5, 8, 25
SHIFT = 2.0


def make_clean() -> Any:
    """Complete log2 values near 20."""
    import anndata
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng(7)
    group = np.array(["case", "control"] * (SAMPLES // 2))
    values = draw.normal(20, 1, (SAMPLES, FEATURES)) + draw.normal(0, 0.3, (SAMPLES, 1))
    values[:, :PLANTED] += SHIFT * (group == "case")[:, None]
    values[:, 10:22] += draw.normal(0, 2, (SAMPLES, 1))
    obs = pd.DataFrame(
        {
            "group": pd.Categorical(group),
            "patient": [f"patient{index // 2}" for index in range(SAMPLES)],
            "site": pd.Categorical(draw.permutation(["A", "B", "C"] * (SAMPLES // 3))),
            "sex": pd.Categorical(draw.permutation(["female", "male"] * (SAMPLES // 2))),
            "stage": pd.Categorical(draw.permutation(["early", "middle", "late"] * (SAMPLES // 3))),
            "age": draw.normal(60, 8, SAMPLES),
            "months": draw.exponential(24, SAMPLES).round(1) + 0.5,
            "died": draw.permutation([1, 1, 1, 0] * (SAMPLES // 4)),
        },
        index=[f"s{index}" for index in range(SAMPLES)],
    )
    return _wrap(anndata.AnnData(values, obs))


def make_cells() -> Any:
    """Cells of eight donors, with values near 2, in a shape that `donor`, `arm` and `kind` describe."""
    import anndata
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng(7)
    donor = np.repeat(np.arange(DONORS), CELLS)
    arm = np.array(["treated", "placebo"])[donor % 2]
    kind = np.where(draw.random(len(donor)) < np.where(arm == "treated", 0.7, 0.3), "T", "B")
    values = draw.gamma(2, 1, (len(donor), FEATURES))
    values[:, :PLANTED] += (kind == "T")[:, None] * SHIFT
    obs = pd.DataFrame(
        {
            "donor": [f"donor{number}" for number in donor],
            "arm": pd.Categorical(arm),
            "kind": pd.Categorical(kind),
            "group": pd.Categorical(np.where(kind == "T", "case", "control")),
            "site": pd.Categorical(np.array(["A", "B"])[donor // 2 % 2]),
            "age": draw.normal(60, 8, len(donor)),
        },
        index=[f"c{index}" for index in range(len(donor))],
    )
    return _wrap(anndata.AnnData(values, obs))


def _wrap(data: Any) -> Any:
    data.var_names = [f"P{index}" for index in range(data.n_vars)]
    data.var["name"] = [f"GENE{index}" for index in range(data.n_vars)]
    return data


def write_sets(path: str) -> None:
    """Three gene sets of the symbols: the planted features, and two others."""
    sets = {"planted": range(PLANTED), "second": range(10, 18), "third": range(18, 28)}
    lines = ["\t".join([name, "", *(f"GENE{index}" for index in members)]) for name, members in sets.items()]
    with open(path, "w") as file:  # noqa: PTH123
        file.write("\n".join(lines))


def with_missing(data: Any) -> Any:
    """A seventh of the values are missing, at random; one feature has none at all."""
    import numpy as np

    data.X[np.random.default_rng(1).random(data.shape) < 1 / 7] = np.nan
    data.X[:, FEATURES - 1] = np.nan
    return data


def with_constants(data: Any) -> Any:
    """Three features are constant."""
    data.X[:, -3:] = 20.0
    return data


def with_one_group(data: Any) -> Any:
    """Only the samples of one group are left, in every column of groups."""
    chosen = (data.obs["group"] == "control").to_numpy()
    for name in ("arm", "sex", "stage"):
        if name in data.obs:
            chosen &= (data.obs[name] == data.obs[name][chosen].iloc[0]).to_numpy()
    return data[chosen].copy()


def with_one_case(data: Any) -> Any:
    """One sample of the case group is left."""
    import numpy as np

    cases = np.flatnonzero((data.obs["group"] == "case").to_numpy())
    return data[np.setdiff1d(np.arange(data.n_obs), cases[1:])].copy()


def with_duplicates(data: Any) -> Any:
    """Features share their shown names two by two."""
    data.var["name"] = [f"GENE{index // 2 * 2}" for index in range(data.n_vars)]
    return data


def with_isoforms(data: Any) -> Any:
    """Shown names are protein groups with isoforms."""
    data.var["name"] = [f"P{14000 + index};P{14000 + index}-2" for index in range(data.n_vars)]
    return data


def reversed_samples(data: Any) -> Any:
    return data[::-1].copy()


def on_raw_scale(data: Any) -> Any:
    data.X = 2.0**data.X
    return data


VARIANTS: dict[str, Callable[[Any], Any]] = {
    "missing": with_missing,
    "constant": with_constants,
    "one group": with_one_group,
    "one case": with_one_case,
    "duplicated names": with_duplicates,
    "isoform groups": with_isoforms,
    "reversed samples": reversed_samples,
    "raw scale": on_raw_scale,
}
